"""The comparison trains, tests and times networks on the same batches."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.training.experiments import compare, compare_report, prepared
from monitor.training.experiments.one_network import endless

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:tf2onnx.*"),
]


def batches(count: int, size: int = 32, n: int = 12) -> list[tuple[np.ndarray, np.ndarray]]:
    """Three classes that differ in their colour."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(count):
        labels = rng.integers(0, 3, n)
        rois = rng.integers(0, 60, (n, size, size, 3)).astype(np.uint8)
        rois[np.arange(n), :, :, labels] += 150
        made.append((rois, labels))
    return made


@pytest.mark.long
def test_one_network_from_training_to_its_row() -> None:
    made = batches(3)
    test = {
        part: (np.concatenate([b[0] for b in made]), np.concatenate([b[1] for b in made]))
        for part in ("test", "validation")
    }
    options = argparse.Namespace(seed=0, freeze=3, rate=3e-3, margin=0.3, bn_as_seen=False)
    row = compare.train(compare.Job("cnn_bn", "none", 32, 0.02), made, test, options)
    assert 0 <= row["test_accuracy"] <= 1
    assert row["test_door"]["bare_right"].count == sum(int((b[1] == 1).sum()) for b in made)
    assert row["test_count"] == 36
    assert row["faces_seen"] == row["steps"] * 12 > 0
    assert 0 < row["ms_batch_8"] < 1000
    assert row["weights"] == "random"
    assert "passes" in row["cut_short"]
    assert "cnn_bn" in compare_report.table([row], "elsewhere")


def test_every_network_sees_the_same_pictures_at_its_own_size() -> None:
    made = batches(2)
    stream = endless(made, 24)
    first = [next(stream) for _ in range(3)]
    assert first[0][0].shape == (12, 24, 24, 3)
    assert np.array_equal(first[0][0], first[2][0])  # round again
    assert not np.array_equal(first[0][0], first[1][0])


def test_what_was_prepared_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = batches(2)
    test = dict.fromkeys(("test", "validation"), made[0])
    monkeypatch.setattr(prepared, "prepare", lambda args: (made, test))
    args = compare.parser().parse_args(["--data", "d", "--prepared", str(tmp_path / "p.npz")])
    prepared.prepared(args)
    monkeypatch.setattr(prepared, "prepare", lambda args: pytest.fail("made again"))
    again, tests_again = prepared.prepared(args)
    for a, b in zip([*made, made[0]], [*again, tests_again["validation"]], strict=True):
        np.testing.assert_array_equal(a[0], b[0])
        np.testing.assert_array_equal(a[1], b[1])
    args.seed = 1
    with pytest.raises(ConfigError, match="other options"):
        prepared.prepared(args)
    (tmp_path / "p.npz").write_bytes(b"nothing")
    with pytest.raises(ConfigError, match="delete it"):
        prepared.prepared(args)


def test_networks_can_be_added(tmp_path: Path) -> None:
    path = tmp_path / "comparison.json"
    rows = [{"network": "cnn_pool"}, {"network": "vgg19"}]
    path.write_text(json.dumps({"rows": rows, "not_run": ["xception", "vgg19"], "command": "c"}))
    assert compare_report.earlier(path, ["vgg19"]) == {
        "rows": rows[:1],
        "not_run": ["xception"],
        "command": "c",
    }
    with pytest.raises(ConfigError, match="without --add"):
        compare_report.earlier(tmp_path / "none.json", ["vgg19"])


def test_a_time_of_day_that_has_passed_is_tomorrow() -> None:
    soon, past = compare._deadline("23:59"), compare._deadline("00:00")
    assert 0 <= soon - time.time() <= 86400
    assert 0 <= past - time.time() <= 86400
    assert compare._deadline(None) == float("inf")


@pytest.mark.parametrize(
    ("extra", "says"),
    [(["--networks", "alexnet"], "unknown network alexnet"), (["--until", "noon"], "01:05")],
)
def test_mistakes_are_named(tmp_path: Path, extra: list[str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        compare.main(["--data", str(tmp_path), *extra])

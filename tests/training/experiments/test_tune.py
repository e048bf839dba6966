"""The search runs real trials, keeps to its budget and writes what it found."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.training.experiments import tune
from monitor.training.pictures.chips import load_chips

Chips = Callable[..., Path]
pytestmark = [
    # Keras 3.15 with numpy 2.4
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:keras_tuner.*"),
]


@pytest.mark.long
def test_two_trials_and_the_best_of_them(tmp_path: Path, write_chips: Chips) -> None:
    data = write_chips(tmp_path / "chips", {"masked": 30, "unmasked": 30, "incorrect": 30})
    arguments = [
        "--data",
        str(data),
        "--network",
        "cnn_bn",
        "--weights",
        "none",
        "--size",
        "32",
        "--trials",
        "2",
        "--faces",
        "60",
    ]
    assert (
        tune.main(
            [
                *arguments,
                "--epochs-max",
                "2",
                "--budget-minutes",
                "5",
                "--out",
                str(tmp_path / "out"),
            ]
        )
        == 0
    )
    best = json.loads((tmp_path / "out" / "best.json").read_text())
    assert len(best["trials"]) == 2
    assert best["trials"][0]["val_loss"] <= best["trials"][1]["val_loss"]
    assert {name: best[name] for name in tune.SETTINGS} == {
        name: best["trials"][0][name] for name in tune.SETTINGS
    }
    text = (tmp_path / "out" / "trials.md").read_text()
    assert "the budget ended" not in text
    assert text.count("\n| ") == 4  # head, rule, two trials


@pytest.mark.long
def test_the_budget_ends_the_search(tmp_path: Path, write_chips: Chips) -> None:
    data = write_chips(tmp_path / "chips", {"masked": 30, "unmasked": 30})
    arguments = [
        "--data",
        str(data),
        "--network",
        "cnn_bn",
        "--weights",
        "none",
        "--size",
        "32",
        "--trials",
        "5",
        "--faces",
        "40",
    ]
    assert (
        tune.main(
            [
                *arguments,
                "--epochs-max",
                "3",
                "--budget-minutes",
                "0",
                "--out",
                str(tmp_path / "out"),
            ]
        )
        == 0
    )
    best = json.loads((tmp_path / "out" / "best.json").read_text())
    assert [trial["epochs_run"] for trial in best["trials"]] == [1]
    assert "after 1 of 5 trials" in (tmp_path / "out" / "trials.md").read_text()


def test_no_source_drowns_the_others(tmp_path: Path, write_chips: Chips) -> None:
    root = write_chips(tmp_path, {"masked": 40, "unmasked": 6})
    write_chips(root, {"masked": 6}, source="small")
    chosen = tune.balanced(load_chips(root), 18, seed=0)
    assert Counter((c.source, c.label) for c in chosen) == {
        ("made", "masked"): 6,
        ("made", "unmasked"): 6,
        ("small", "masked"): 6,
    }
    assert len({c.path for c in tune.balanced(load_chips(root), 1000, seed=0)}) == 52


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        (["--trials", "0"], "--trials must be 1 or more"),
        (["--network", "cnn_bm"], "did you mean cnn_bn"),
        (["--network", "cnn_bn"], "use --weights none"),
    ],
)
def test_mistakes_are_named(
    tmp_path: Path, write_chips: Chips, extra: list[str], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        tune.main(["--data", str(write_chips(tmp_path, {"masked": 2})), *extra])

"""Closed-set classifiers: augmentation, schedule, and a whole small training with its report."""

from __future__ import annotations

import json
import time
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.training.experiments import closed_set
from monitor.training.learning import listed

# Keras 3.15 with numpy 2.4, on saving weights.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

COLOURS = {"ada": (60, 60, 200), "ben": (200, 80, 60)}


def write_people(root: Path, sessions: int = 4) -> Path:
    """`root`/PERSON/SESSION/*.png: ovals, red or blue by the person, each session before its own
    background.
    """
    for number, (person, colour) in enumerate(COLOURS.items()):
        for session in range(sessions):
            rng = np.random.default_rng(100 * number + session)
            image = cv2.resize(
                rng.integers(0, 255, (8, 8, 3), np.uint8), (160, 160), interpolation=cv2.INTER_CUBIC
            )
            cv2.ellipse(image, (80, 80), (44, 58), 0, 0, 360, colour, -1)
            folder = root / person / f"session{session}"
            folder.mkdir(parents=True)
            for i in range(3):
                cv2.imwrite(str(folder / f"{i}.png"), cv2.convertScaleAbs(image, alpha=1 - 0.1 * i))
    return root


def test_augment_shifts_turns_and_mirrors_within_bounds() -> None:
    face = np.zeros((112, 112, 3), np.uint8)
    cv2.circle(face, (30, 56), 6, (255, 255, 255), -1)  # left of the middle
    before = face.copy()
    rng = np.random.default_rng(0)
    places = []
    for _ in range(60):
        ys, xs = np.nonzero(closed_set.augment(face, rng)[..., 0] > 127)
        places.append((xs.mean(), ys.mean()))
    x, y = np.array(places).T
    assert (face == before).all()
    assert 15 < (x > 56).sum() < 45  # about half are mirrored
    off = np.minimum(np.abs(x - 30), np.abs(x - 81))
    assert off.max() < closed_set.SHIFT * 112 + 3
    assert (
        np.abs(y - 56).max() < closed_set.SHIFT * 112 + 26 * np.sin(np.radians(closed_set.TURN)) + 1
    )
    assert np.abs(y - 56).max() > 4


def test_batches_show_every_face_once_an_epoch_and_repeat_by_seed() -> None:
    faces = np.repeat(np.arange(10, dtype=np.uint8)[:, None] * 20, 112 * 112 * 3, axis=1).reshape(
        10, 112, 112, 3
    )
    person = np.arange(10)
    epoch = np.concatenate([who for _, who in islice(closed_set.batches(faces, person, 5, 0), 2)])
    assert sorted(epoch) == list(range(10))
    for rois, who in islice(closed_set.batches(faces, person, 5, 0), 3):
        assert rois.dtype == np.float32
        np.testing.assert_allclose(rois[:, 56, 56, 0], who * 20 / 127.5 - 1, atol=1e-6)
    first, again, other = (
        next(closed_set.batches(faces, person, 5, seed))[1].tolist() for seed in (3, 3, 4)
    )
    assert first == again != other


def test_batches_are_rgb() -> None:
    red = np.zeros((2, 112, 112, 3), np.uint8)
    red[..., 2] = 255  # BGR
    rois, _ = next(closed_set.batches(red, np.zeros(2, np.intp), 2, 0))
    assert (rois[..., 0] == 1).all()
    assert (rois[..., 1:] == -1).all()


def test_the_rate_rises_and_falls() -> None:
    rates = [closed_set.rate_at(share, 1.0) for share in (0, 0.025, 0.05, 0.5, 0.99, 5)]
    assert rates[0] < rates[1] < rates[2] == 1
    assert 1 > rates[3] > rates[4] >= rates[5] == 0.01


@pytest.mark.long
def test_a_small_training_learns_and_reports(tmp_path: Path) -> None:
    root = write_people(tmp_path / "few")
    argv = [
        "--data",
        str(tmp_path),
        "--sets",
        root.name,
        "--networks",
        "cnn_pool",
        "--epochs",
        "6",
        "--batch",
        "6",
    ]
    argv += [
        "--minutes",
        "5",
        "--no-drawn",
        "--embedding",
        "sface",
        "--out",
        str(tmp_path / "out"),
        "--summary",
    ]
    assert closed_set.main([*argv, str(tmp_path / "docs")]) == 0
    report = json.loads((tmp_path / "docs" / "closed_set.json").read_text(encoding="utf-8"))
    sface, cnn = report["rows"]
    assert sface["training_minutes"] is None
    assert (cnn["method"], cnn["all"]["count"], cnn["laid_on"]["count"]) == ("custom CNN", 6, 6)
    assert cnn["all"]["value"] == 1  # red or blue
    assert cnn["macro_f1"] == 1
    assert cnn["parameters"] > 1_000_000
    assert "6.0 epochs" in cnn["note"]
    assert "cut by" not in cnn["note"]
    text = (tmp_path / "docs" / "closed_set.md").read_text(encoding="utf-8")
    assert "| few | custom CNN | 100.0 % (6/6) | 1.000 |" in text
    assert text == (tmp_path / "out" / "closed_set.md").read_text(encoding="utf-8")


def test_the_clock_ends_a_training(tmp_path: Path) -> None:
    options = closed_set.parser().parse_args(
        ["--data", str(tmp_path), "--epochs", "100000", "--batch", "4"]
    )
    taught = closed_set.few_report.Lesson(
        np.zeros((8, 112, 112, 3), np.uint8), np.arange(8) % 2, np.zeros(8, bool), np.arange(8)
    )
    made = closed_set.train("cnn_pool", taught, 2, time.monotonic() + 0.5, options)
    assert made.note.endswith("cut by --minutes")
    assert made.note.startswith("from random weights;")


def test_without_time_no_network_begins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_people(tmp_path / "few", 2)
    argv = [
        "--data",
        str(tmp_path),
        "--sets",
        "few",
        "--minutes",
        "0",
        "--embedding",
        "",
        "--out",
        str(tmp_path / "out"),
    ]
    assert closed_set.main(argv) == 0
    text = (tmp_path / "out" / "closed_set.md").read_text(encoding="utf-8")
    assert (
        "Not run for lack of time: custom CNN on few, InceptionV3 on few, MobileNetV2 on few."
        in text
    )


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--networks", "vgg19"], "unknown network vgg19"),
        (["--epochs", "0"], "1 or more"),
        (["--sets", "none"], "not there"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, more: list[str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        closed_set.main(["--data", str(tmp_path), "--out", str(tmp_path / "out"), *more])


def test_labels_cover_the_networks() -> None:
    assert set(closed_set.NAMES) <= set(listed.names())

"""The curves behind the defaults: counting, not choosing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from monitor.config import Config
from monitor.errors import ConfigError
from monitor.faces.classify import STATES, MaskClassifier
from monitor.records import Detections, Frame, Image, MaskState
from monitor.training.defaults import choose, curves, vote_curve
from monitor.training.mask.scoring import load_classifier
from monitor.training.pictures.chips import Chip, load_chips
from monitor.training.report.metrics import Rate

BOX = (10.0, 10.0, 70.0, 80.0)


def chip(name: str, label: str) -> Chip:
    return Chip(Path(name), "voc", label, BOX, None, 70, name, None, name)


def answer(confidence: float, state: str, px: float = 70) -> dict[str, object]:
    return {
        "box": np.array(BOX, np.float32),
        "confidence": confidence,
        "raw_state": state,
        "state_confidence": 0.9,
        "px": px,
        "sharpness": 100.0,
        "side_on": 0.1,
    }


def test_a_higher_threshold_finds_no_more() -> None:
    chips = [chip("a.png", "unmasked"), chip("b.png", "masked")]
    spare = answer(0.9, "unmasked") | {"box": np.array([300, 300, 380, 380], np.float32)}
    faces = {"a.png": [answer(0.45, "unmasked"), spare], "b.png": [answer(0.9, "masked")]}
    rows = {r["threshold"]: r for r in curves.detector_curve(chips, {0: faces}, 40)}
    assert rows[0.45]["rates"]["unmasked"]["found"] == Rate(1, 1)
    assert rows[0.5]["rates"]["unmasked"]["found"] == Rate(0, 1)
    assert rows[0.8]["rates"]["masked"]["found"] == Rate(1, 1)
    assert rows[0.8]["spare_boxes_a_picture"] == 0.5


def test_unsure_leaves_out_the_small_ones() -> None:
    chips = [chip(f"{i}.png", "unmasked") for i in range(4)]
    small_is_wrong = {
        f"{i}.png": [answer(0.9, "masked" if i < 2 else "incorrect", px=20 + 20 * i)]
        for i in range(4)
    }
    judged = curves.judged(chips, small_is_wrong, 0.4)
    assert judged.right.tolist() == [False, False, True, True]  # a wrong alarm still alarms
    rows = curves.unsure_curve(judged, "size, px", (0, 30, 50))
    assert [r["unsure"] for r in rows] == [Rate(0, 4), Rate(1, 4), Rate(2, 4)]
    assert [r["wrong"] for r in rows] == [Rate(2, 4), Rate(1, 3), Rate(0, 2)]


def test_margin_and_jitter_begin_with_what_the_model_was_made_for(
    tmp_path: Path, linear_model: Path, write_chips: Callable[..., Path]
) -> None:
    chips = load_chips(write_chips(tmp_path, {"masked": 8, "unmasked": 8, "incorrect": 8}))
    classifier = load_classifier(linear_model)
    jitter = curves.jitter_curve(classifier, chips)
    margin = {r["margin"]: r for r in curves.margin_curve(classifier, chips, chips)}
    assert set(margin) == set(curves.MARGINS)
    assert jitter[0]["masked_right"].count == 8
    correct = [
        sum(r[k].hits for k in ("masked_right", "bare_right", "incorrect_right")) for r in jitter
    ]
    assert correct[0] > 20
    assert correct[-1] < correct[0]  # a linear model minds where the face is


class Mind:
    """A classifier that goes by the picture's brightness: dark is masked."""

    name, size, margin = "mind", 8, 0.0

    def rois(self, image_bgr: Image, boxes: np.ndarray) -> np.ndarray:
        return np.full((len(boxes), 8, 8, 3), image_bgr.mean() / 127.5 - 1, np.float32)

    def probabilities(self, rois: np.ndarray) -> np.ndarray:
        state = [MaskState.MASKED if roi.mean() < 0 else MaskState.UNMASKED for roi in rois]
        return np.array(
            [[0.9 if s is own else 0.05 for s in STATES] for own in state], np.float32
        ).reshape(-1, 3)


class Eye:
    """A detector that always sees one face, and counts how often it looks."""

    name = "eye"

    def __init__(self) -> None:
        self.looks = 0

    def detect(self, image_bgr: Image, smallest_px: float = 0.0) -> Detections:
        self.looks += 1
        marks = np.array([[[30, 35], [50, 35], [40, 45], [32, 60], [48, 60]]], np.float32)
        return Detections(np.array([BOX], np.float32), np.array([0.9], np.float32), marks)


def shots(brightness: list[int]) -> list[Frame]:
    made = []
    for i, value in enumerate(brightness):
        image = np.full((100, 100, 3), value, np.uint8)
        # A change that a change detector sees, and the mean does not.
        image[::2, i % 2 :: 2] = max(0, value - 20)
        t = i / 25
        made.append(Frame(image, i, t, t, vote_curve.START, "clip", live=False))
    return made


def test_a_mask_that_goes_on_is_seen_after_a_while() -> None:
    clip = vote_curve.Clip("clip", ((0, MaskState.UNMASKED), (60, MaskState.MASKED)), 1)
    config = Config()
    found = vote_curve.run(
        clip, shots([220] * 60 + [20] * 60), vote_curve.Remembering(Eye()), Mind(), config
    )  # type: ignore[arg-type]
    assert found["visits"] == 1
    assert found["sightings"] == 1
    assert found["switches"] == 1
    assert 0 < found["masked_after_s"] < 2
    assert found["right"].count > 60
    assert found["right"].value > 0.7


def test_a_flicker_does_not_switch() -> None:
    clip = vote_curve.Clip("clip", ((0, MaskState.MASKED),), 0)
    brightness = [20] * 60
    brightness[40] = 220
    found = vote_curve.run(clip, shots(brightness), vote_curve.Remembering(Eye()), Mind(), Config())  # type: ignore[arg-type]
    assert (found["switches"], found["sightings"], found["right"].value) == (0, 0, 1.0)
    assert found["masked_after_s"] is None


def test_each_picture_is_searched_once() -> None:
    eye, frames = Eye(), shots([20] * 3)
    detector = vote_curve.Remembering(eye)
    for _ in range(4):
        for frame in frames:
            assert len(detector.detect(frame.image)) == 1
    assert eye.looks == 3


def test_a_remembered_answer_is_the_same_answer(linear_model: Path) -> None:
    network = load_classifier(linear_model).network
    rois = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 3)).astype(np.float32)
    plain, remembering = MaskClassifier(network), vote_curve.RememberingClassifier(network)
    first = remembering.probabilities(rois[:3])
    again = remembering.probabilities(rois[[2, 3, 0, 0]])
    np.testing.assert_allclose(first, plain.probabilities(rois[:3]), atol=1e-6)
    np.testing.assert_allclose(again, plain.probabilities(rois[[2, 3, 0, 0]]), atol=1e-6)
    assert remembering.probabilities(rois[:0]).shape == (0, 3)
    assert remembering.size == 16


def test_mistakes_are_named(tmp_path: Path, linear_model: Path) -> None:
    with pytest.raises(ConfigError, match="no annotations"):
        choose.main([str(linear_model), "--data", str(tmp_path), "--out", str(tmp_path)])
    with pytest.raises(ConfigError, match="0,640,960"):
        choose.main(
            [str(linear_model), "--data", str(tmp_path), "--out", str(tmp_path), "--sides", "big"]
        )

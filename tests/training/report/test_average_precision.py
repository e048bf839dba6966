"""Average precision against cases counted by hand by COCO's rules."""

from __future__ import annotations

import pytest

from monitor.training.report.average_precision import Annotated, Answer, by_class, curve

FACE = (0.0, 0.0, 100.0, 100.0)
ELSEWHERE = (500.0, 500.0, 600.0, 600.0)


def moved(part: float) -> tuple[float, float, float, float]:
    """`FACE` moved so that the IoU with it is `part`."""
    by = 100 * (1 - part) / (1 + part)
    return (by, 0.0, 100.0 + by, 100.0)


def test_five_answers_to_three_faces() -> None:
    annotated = [Annotated(name, FACE, "masked") for name in "abc"]
    answers = [
        Answer("a", FACE, "masked", 0.9),  # right
        Answer("x", FACE, "masked", 0.8),  # nobody there
        Answer("b", FACE, "masked", 0.7),  # right
        Answer("b", FACE, "masked", 0.6),  # the face has its answer
        Answer("c", FACE, "masked", 0.5),  # right
    ]
    found = curve(annotated, answers, "masked", 0.5)
    assert found.right.tolist() == [True, False, True, False, True]
    assert found.precision == pytest.approx(3 / 5)
    assert found.recall == 1
    # precision 1 up to a recall of 1/3 (34 points), 2/3 up to 2/3 (33), 3/5 up to 1 (34)
    by_hand = (34 * 1 + 33 * 2 / 3 + 34 * 3 / 5) / 101
    assert found.average_precision == pytest.approx(by_hand)


def test_what_is_never_found_counts_as_precision_none() -> None:
    annotated = [Annotated(name, FACE, "masked") for name in "abcd"]
    found = curve(annotated, [Answer("a", FACE, "masked", 0.9)], "masked", 0.5)
    assert found.average_precision == pytest.approx(26 / 101)  # recalls 0 to 0.25


def test_a_box_that_is_off_counts_at_low_iou_alone() -> None:
    annotated = [Annotated("a", FACE, "unmasked")]
    found = by_class(annotated, [Answer("a", moved(0.72), "unmasked", 0.9)], ("unmasked",))
    assert found["classes"]["unmasked"]["ap50"] == pytest.approx(1)
    # right at 0.5, 0.55, 0.6, 0.65 and 0.7
    assert found["classes"]["unmasked"]["ap50_95"] == pytest.approx(0.5)
    assert found["map50_95"] == pytest.approx(0.5)


def test_the_wrong_class_is_a_mistake_in_one_and_a_miss_in_the_other() -> None:
    annotated = [Annotated("a", FACE, "unmasked"), Annotated("b", FACE, "masked")]
    answers = [Answer("a", FACE, "masked", 0.9), Answer("b", FACE, "masked", 0.8)]
    found = by_class(annotated, answers, ("masked", "unmasked", "incorrect"))
    masked, unmasked, incorrect = found["classes"].values()
    assert (masked["precision"], masked["recall"]) == (0.5, 1)
    assert masked["ap50"] == pytest.approx(0.5)
    assert (unmasked["precision"], unmasked["recall"], unmasked["ap50"]) == (None, 0, 0)
    assert incorrect["ap50"] is None  # nobody wears it wrong: no part of the mean
    assert found["map50"] == pytest.approx(0.25)


def test_the_surest_answer_takes_the_face_and_the_best_fitting_face() -> None:
    both = [Annotated("a", FACE, "masked"), Annotated("a", moved(0.6), "masked")]
    answers = [
        Answer("a", moved(0.55), "masked", 0.5),
        Answer("a", moved(0.65), "masked", 0.9),
    ]
    assert curve(both, answers, "masked", 0.5).right.tolist() == [True, True]
    one = curve([Annotated("a", FACE, "masked")], answers, "masked", 0.5)
    assert one.right.tolist() == [True, False]  # 0.9 first


def test_small_and_unlabelled_faces_are_neither_right_nor_wrong() -> None:
    annotated = [
        Annotated("a", FACE, "masked"),
        Annotated("b", FACE, "masked", counted=False),
        Annotated("c", FACE, None),
    ]
    answers = [
        Answer("c", FACE, "masked", 0.95),
        Answer("b", FACE, "masked", 0.9),
        Answer("d", ELSEWHERE, "masked", 0.85, counted=False),  # too small, and nothing there
        Answer("a", FACE, "masked", 0.8),
        Answer("b", ELSEWHERE, "masked", 0.7),  # large, and nothing there
    ]
    found = curve(annotated, answers, "masked", 0.5)
    assert found.faces == 1
    assert found.right.tolist() == [True, False]
    assert found.average_precision == pytest.approx(1)


def test_a_counted_face_is_preferred_to_one_that_fits_better() -> None:
    annotated = [Annotated("a", FACE, None), Annotated("a", moved(0.6), "masked")]
    found = curve(annotated, [Answer("a", FACE, "masked", 0.9)], "masked", 0.5)
    assert found.right.tolist() == [True]


def test_nothing_at_all() -> None:
    found = by_class([], [], ("masked",))
    assert found["map50"] is None
    assert found["classes"]["masked"]["precision"] is None

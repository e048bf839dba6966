"""Figures against values worked out by hand or known from the literature."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.training.report import metrics

CLASSES = ("masked", "unmasked", "incorrect")


def answers(*names: str, confidence: float = 0.8) -> np.ndarray:
    rest = (1 - confidence) / 2
    return np.array([[confidence if c == n else rest for c in CLASSES] for n in names])


def truth(*names: str) -> np.ndarray:
    return np.array([CLASSES.index(n) for n in names])


def test_wilson_interval_of_nine_in_ten() -> None:
    low, high = metrics.rate([True] * 9 + [False]).interval
    assert low == pytest.approx(0.5958, abs=1e-3)  # Wilson 1927, worked out by hand
    assert high == pytest.approx(0.9821, abs=1e-3)


def test_rate_of_nothing_is_no_number_and_says_so() -> None:
    empty = metrics.rate([])
    assert np.isnan(empty.value)
    assert empty.as_json()["value"] is None
    assert str(empty) == "no faces"


def test_per_class_counts_and_confusion() -> None:
    found = metrics.per_class(
        truth("masked", "masked", "unmasked", "incorrect"),
        answers("masked", "unmasked", "unmasked", "masked"),
        CLASSES,
    )
    assert found["confusion"] == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert found["accuracy"] == 0.5
    assert found["classes"]["masked"]["precision"] == 0.5
    assert found["classes"]["unmasked"]["recall"] == 1.0
    assert found["classes"]["incorrect"]["f1"] == 0.0
    assert found["macro_f1"] == pytest.approx((0.5 + 2 / 3 + 0) / 3)


def test_macro_f1_leaves_out_classes_that_are_not_there() -> None:
    found = metrics.per_class(truth("masked", "unmasked"), answers("masked", "unmasked"), CLASSES)
    assert found["macro_f1"] == 1.0
    assert found["classes"]["incorrect"] == {
        "precision": None,
        "recall": None,
        "f1": None,
        "support": 0,
    }


def test_at_the_door_a_wrong_alarm_still_alarms() -> None:
    door = metrics.door_rates(
        truth("unmasked", "unmasked", "incorrect", "incorrect", "masked"),
        answers("unmasked", "incorrect", "unmasked", "masked", "masked"),
        CLASSES,
    )
    assert (door["bare_right"].hits, door["bare_alarmed"].hits, door["bare_right"].count) == (
        1,
        2,
        2,
    )
    assert (door["incorrect_right"].hits, door["incorrect_alarmed"].hits) == (0, 1)
    assert (door["masked_right"].hits, door["masked_alarmed"].hits) == (1, 0)


def test_class_order_comes_from_the_card() -> None:
    order = ("incorrect", "masked", "unmasked")
    door = metrics.door_rates(np.array([2, 1]), np.array([[0.1, 0.1, 0.8], [0.1, 0.8, 0.1]]), order)
    assert door["bare_right"].value == 1.0
    assert door["masked_right"].value == 1.0


def test_roc_area_of_one_pair_swapped() -> None:
    confidence = np.array([[0.9, 0.05, 0.05], [0.6, 0.2, 0.2], [0.7, 0.2, 0.1], [0.1, 0.8, 0.1]])
    areas = metrics.roc(truth("masked", "masked", "unmasked", "unmasked"), confidence, CLASSES)
    assert areas["alarm"]["auc"] == pytest.approx(0.75)  # of four pairs one is the wrong way round
    assert "incorrect" not in areas  # nothing to tell apart


def test_temperature_mends_over_confidence() -> None:
    rng = np.random.default_rng(0)
    right = rng.random(4000) < 0.8
    said = rng.integers(0, 3, 4000)
    label = np.where(right, said, (said + 1) % 3)
    confidence = np.full((4000, 3), 0.005)
    confidence[np.arange(4000), said] = 0.99
    halves = np.arange(4000) % 2 == 0
    scaled, temperature = metrics.crossfit_temperature(label, confidence, halves)
    assert metrics.reliability(label, confidence)["ece"] == pytest.approx(0.19, abs=0.02)
    assert metrics.reliability(label, scaled)["ece"] < 0.03
    assert temperature > 2
    assert np.allclose(scaled.sum(axis=1), 1)
    assert (scaled.argmax(axis=1) == said).all()  # calibration changes no answer


def test_ece_of_honest_confidences_is_nought() -> None:
    confidence = np.array([[1.0, 0, 0], [0, 1.0, 0]])
    assert metrics.reliability(np.array([0, 1]), confidence)["ece"] == 0.0

"""The mask classifier around its network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fakes import FakeNetwork, mask_card

from monitor.errors import ModelError
from monitor.faces.boxes import NO_BOXES
from monitor.faces.classify import MAX_BATCH, STATES, MaskClassifier
from monitor.records import MaskState


def rois(n: int) -> np.ndarray:
    return np.zeros((n, 16, 16, 3), np.float32)


def test_columns_follow_the_card() -> None:
    network = FakeNetwork((0.1, 0.2, 0.7), mask_card(classes=["incorrect", "masked", "unmasked"]))
    row = MaskClassifier(network).probabilities(rois(1))[0]
    by_state = dict(zip(STATES, row.tolist(), strict=True))
    assert by_state[MaskState.INCORRECT] == pytest.approx(0.1)
    assert by_state[MaskState.MASKED] == pytest.approx(0.2)
    assert by_state[MaskState.UNMASKED] == pytest.approx(0.7)


def test_no_face_never_reaches_the_network() -> None:
    network = FakeNetwork()
    classifier = MaskClassifier(network)
    assert classifier.probabilities(
        classifier.rois(np.zeros((9, 9, 3), np.uint8), NO_BOXES)
    ).shape == (0, 3)
    assert network.batches == []


@pytest.mark.parametrize("n", [1, 2, MAX_BATCH])
def test_all_faces_go_in_one_batch(n: int) -> None:
    network = FakeNetwork()
    assert MaskClassifier(network).probabilities(rois(n)).shape == (n, 3)
    assert network.batches == [(n, 16, 16, 3)]


def test_a_crowd_goes_in_pieces() -> None:
    network = FakeNetwork()
    assert MaskClassifier(network).probabilities(rois(200)).shape == (200, 3)
    assert sum(shape[0] for shape in network.batches) == 200
    assert max(shape[0] for shape in network.batches) <= MAX_BATCH


def test_size_and_margin_come_from_the_card() -> None:
    classifier = MaskClassifier(FakeNetwork())
    batch = classifier.rois(
        np.zeros((50, 50, 3), np.uint8), np.array([[10, 10, 20, 20]], np.float32)
    )
    assert batch.shape == (1, 16, 16, 3)
    assert classifier.name == "fake_v1"
    assert classifier.margin == 0.25


@pytest.mark.parametrize(
    "changes",
    [
        {"classes": ["masked", "unmasked"]},
        {"classes": ["masked", "unmasked", "nose"]},
        {"classes": None},
        {"input": {}},
        {"input": {"size": "big", "margin": 0}},
        {"input": None},
    ],
)
def test_a_card_that_does_not_fit_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="mask model's card is incomplete"):
        MaskClassifier(FakeNetwork(card=mask_card(**changes)))


def test_a_card_without_a_name_is_refused() -> None:
    card = mask_card()
    del card["name"]
    with pytest.raises(ModelError, match="'name'"):
        MaskClassifier(FakeNetwork(card=card))

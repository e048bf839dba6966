"""A picture that never changes, or a black one, is told from one that shows this moment."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.camera.evidence import BLACK_AFTER_S, FROZEN_AFTER_S, Doubt, Evidence
from monitor.records import Image

RATE = 10


def lit(seed: int = 0, level: int = 120) -> Image:
    rng = np.random.default_rng(seed)
    return rng.integers(level - 2, level + 3, (240, 320, 3)).astype(np.uint8)


def watch(evidence: Evidence, images: list[Image], start: float = 100.0) -> list[Doubt | None]:
    return [evidence.look(image, start + i / RATE) for i, image in enumerate(images)]


def test_a_picture_that_is_the_same_for_long_is_frozen_until_it_changes() -> None:
    frames = round(FROZEN_AFTER_S * RATE)
    doubts = watch(Evidence(), [*(lit().copy() for _ in range(frames + 5)), lit(1)])
    assert set(doubts[: frames - 1]) == {None}
    assert doubts[frames + 1] is Doubt.FROZEN
    assert doubts[-1] is None


def test_one_pixel_that_changes_is_a_change() -> None:
    images = []
    for i in range(round(FROZEN_AFTER_S * RATE) + 20):
        image = lit().copy()
        image[101, 103] = i % 7  # beside every grid
        images.append(image)
    assert set(watch(Evidence(), images)) == {None}


@pytest.mark.parametrize("level", [0, 2])
def test_a_black_picture_is_said_even_with_noise(level: int) -> None:
    frames = round(BLACK_AFTER_S * RATE)
    black = [
        np.random.default_rng(i).integers(0, level + 1, (240, 320, 3)).astype(np.uint8)
        for i in range(frames + 5)
    ]
    doubts = watch(Evidence(), [*black, lit()])
    assert set(doubts[: frames - 1]) == {None}
    assert doubts[frames + 1] is Doubt.BLACK
    assert doubts[-1] is None


def test_a_lamp_in_the_dark_is_no_black_picture() -> None:
    images = []
    for i in range(60):
        image = np.random.default_rng(i).integers(0, 3, (240, 320, 3)).astype(np.uint8)
        image[100:140, 100:140] = 200
        images.append(image)
    assert set(watch(Evidence(), images)) == {None}


def test_a_pause_is_no_evidence() -> None:
    evidence = Evidence()
    assert evidence.look(lit(), 100.0) is None
    assert evidence.look(lit(), 1000.0) is None
    assert evidence.look(lit(), 1000.5) is None

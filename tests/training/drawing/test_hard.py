"""Hard views keep what a face says and look different from easy ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from monitor.records import Image
from monitor.training.drawing import fabric, hard, occlude
from monitor.training.drawing.camera_faults import View

MARKS = np.array([[77, 77], [115, 77], [96, 96], [82, 118], [110, 118]], np.float32)
TO_FACE = np.array([[1.1, 0, 34], [0, 1.1, 20]], np.float32)


def test_every_face_stays_a_picture_of_its_size_and_repeats_itself(
    face: Callable[..., Image],
) -> None:
    image = face("masked", 1)
    for seed in range(40):
        first, second = (
            hard.spoil(hard.dress(image, MARKS, rng), rng)
            for rng in (np.random.default_rng(seed), np.random.default_rng(seed))
        )
        assert first.shape == image.shape
        assert first.dtype == np.uint8
        assert np.array_equal(first, second)


def test_some_faces_are_dressed_and_some_are_left(face: Callable[..., Image]) -> None:
    image = face("unmasked", 2)
    same = [
        np.array_equal(hard.dress(image, MARKS, np.random.default_rng(seed)), image)
        for seed in range(60)
    ]
    assert 5 < 60 - sum(same) < 40


def test_nothing_is_drawn_on_a_face_too_small_for_it(face: Callable[..., Image]) -> None:
    image = face("unmasked", 3)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        assert hard.dress(image, MARKS / 10, rng) is image


def test_goggles_cover_the_eyes_and_leave_the_mouth(face: Callable[..., Image]) -> None:
    image = face("unmasked", 4)
    rng = np.random.default_rng(0)
    dressed = occlude.goggles(image, TO_FACE, fabric.colour(rng), rng)
    assert not np.array_equal(dressed[77, 77], image[77, 77])
    assert np.array_equal(dressed[112:140, 80:112], image[112:140, 80:112])


def test_a_hood_leaves_the_middle_of_the_face(face: Callable[..., Image]) -> None:
    image = face("masked", 5)
    rng = np.random.default_rng(0)
    dressed = occlude.hood(image, TO_FACE, fabric.colour(rng), rng)
    assert np.array_equal(dressed[90:110, 85:105], image[90:110, 85:105])
    assert not np.array_equal(dressed[:60], image[:60])


def test_heads_lean_lie_and_narrow() -> None:
    plain = View(50, 50, 40, 0, False)
    views = [hard.turn(plain, np.random.default_rng(seed)) for seed in range(300)]
    assert any(abs(v.angle) > 60 for v in views)
    assert any(v.narrow < 0.7 for v in views)
    assert sum(v == plain for v in views) > 150

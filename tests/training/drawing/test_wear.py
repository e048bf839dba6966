"""Masks drawn on faces, what is drawn that is no mask, and what the camera does to both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.faces.align import TEMPLATE, TEMPLATE_BOX
from monitor.identity.drawn_masks import template_to_face
from monitor.records import Image
from monitor.training.drawing import camera_faults, fabric, occlude, wear
from monitor.training.learning.stream import Stream
from monitor.training.mask import batches
from monitor.training.pictures.chips import LABELS, Chip
from monitor.training.pictures.pool import Face


def face(label: str = "unmasked", seed: int = 0, source: str = "a") -> Face:
    """Noise with a bare face's landmarks: what is drawn is then easy to tell from what was
    there.
    """
    image = np.random.default_rng(seed).integers(100, 140, (150, 160, 3), dtype=np.uint8)
    marks = TEMPLATE + np.array([20, 10], np.float32)
    x0, y0, x1, y1 = TEMPLATE_BOX
    box = (x0 + 20, y0 + 10, x1 + 20, y1 + 10)
    return Face(
        image,
        Chip(Path(f"{label}{seed}.jpg"), source, label, box, marks, 100.0, "o", None, "g"),
        None,
        marks,
    )


@pytest.fixture
def bank() -> fabric.Bank:
    return fabric.Bank(None, [face("masked", 5)])


def changed(a: Image, b: Image) -> np.ndarray:
    return np.abs(a.astype(int) - b).max(axis=2) > 25


@pytest.mark.parametrize(
    ("how", "nose", "mouth"),
    [("right", 1, 1), ("nose_out", 0, 1), ("mouth_out", 0, 0), ("chin", 0, 0), ("ear", 0, 0)],
)
def test_each_way_of_wearing_covers_what_it_should(
    how: str, nose: int, mouth: int, bank: fabric.Bank
) -> None:
    f = face()
    assert f.landmarks is not None
    for seed in range(20):
        rng = np.random.default_rng(seed)
        _, mask = wear.wear(f.image, f.landmarks, how, bank.style(rng), bank, rng)
        assert mask is not None
        assert mask.sum() / 255 > 200, (how, seed)
        (nx, ny) = f.landmarks[2].round().astype(int)
        (mx, my) = f.landmarks[3:].mean(0).round().astype(int)
        assert (mask[ny, nx] > 127) == nose, (how, seed)
        assert (mask[my, mx] > 127) == mouth, (how, seed)


def test_bare_is_untouched_and_a_pair_differs_in_the_mask_alone(bank: fabric.Bank) -> None:
    f = face()
    assert f.landmarks is not None
    before = f.image.copy()
    rng = np.random.default_rng(1)
    same, none = wear.wear(f.image, f.landmarks, "bare", bank.style(rng), bank, rng)
    assert none is None
    assert np.array_equal(same, before)
    drawn, mask = wear.wear(
        f.image, f.landmarks, "right", bank.style(np.random.default_rng(3)), bank, rng
    )
    assert mask is not None
    assert np.array_equal(f.image, before), "drawing must not touch the picture it was given"
    above = slice(0, int(f.landmarks[:2, 1].min()) - 12)
    assert not changed(drawn, before)[above].any()


def test_a_face_turned_on_its_side_gets_its_mask_there(bank: fabric.Bank) -> None:
    f = face()
    assert f.landmarks is not None
    turned = np.rot90(f.image).copy()  # counter-clockwise: (x, y) -> (y, width - 1 - x)
    marks = np.stack([f.landmarks[:, 1], f.image.shape[1] - 1 - f.landmarks[:, 0]], axis=1)
    rng = np.random.default_rng(0)
    _, mask = wear.wear(turned, marks, "right", bank.style(rng), bank, rng)
    assert mask is not None
    x, y = marks[3:].mean(0).round().astype(int)
    assert mask[y, x] > 127


def test_another_head_covers_a_rim_and_leaves_the_middle() -> None:
    f, other = face(), face(seed=1)
    bright = np.full_like(other.image, 250)
    covered = []
    for seed in range(30):
        out = occlude.neighbour(
            f.image, f.chip.box, bright, other.chip.box, np.random.default_rng(seed)
        )
        x0, y0, x1, y1 = (round(v) for v in f.chip.box)
        seen = changed(out, f.image)
        covered.append(seen.mean())
        middle = seen[
            y0 + (y1 - y0) * 2 // 5 : y0 + (y1 - y0) * 3 // 5,
            x0 + (x1 - x0) * 2 // 5 : x0 + (x1 - x0) * 3 // 5,
        ]
        assert middle.mean() < 0.5
    assert 0.05 < float(np.median(covered)) < 0.6


@pytest.mark.parametrize("draw", [occlude.hand, occlude.beard])
def test_hand_and_beard_cover_the_mouth_or_its_surroundings(draw: object) -> None:
    f = face()
    assert f.landmarks is not None
    to_face = template_to_face(f.landmarks)
    hits = sum(
        changed(draw(f.image, to_face, np.random.default_rng(s)), f.image)[80:140].any()
        for s in range(10)
    )  # type: ignore[operator]
    assert hits >= 8


def test_cap_leaves_the_eyes_and_glasses_the_mouth() -> None:
    f = face()
    assert f.landmarks is not None
    to_face = template_to_face(f.landmarks)
    eyes, mouth = int(f.landmarks[:2, 1].max()), int(f.landmarks[3:, 1].min())
    for seed in range(10):
        rng = np.random.default_rng(seed)
        capped = changed(
            occlude.cap(f.image, to_face, np.array([0, 0, 255], np.float32), rng), f.image
        )
        assert capped[: eyes - 25].mean() > 0.5
        assert not capped[mouth:].any()
        worn = changed(occlude.glasses(f.image, to_face, rng), f.image)
        assert worn[eyes - 16 : eyes + 20].any()
        assert not worn[mouth:].any()


def test_hair_falls_beside_the_nose() -> None:
    f = face()
    assert f.landmarks is not None
    to_face = template_to_face(f.landmarks)
    x, y = f.landmarks[2].round().astype(int)
    seen = [
        changed(occlude.hair(f.image, to_face, np.random.default_rng(s)), f.image)
        for s in range(10)
    ]
    assert all(c.any() for c in seen)
    assert sum(bool(c[y, x]) for c in seen) <= 1


def test_scarf_leaves_nose_and_mouth_bare() -> None:
    f = face()
    assert f.landmarks is not None
    for seed in range(10):
        colour = np.array([0, 0, 255], np.float32)
        out = occlude.scarf(
            f.image, template_to_face(f.landmarks), colour, None, np.random.default_rng(seed)
        )
        assert not changed(out, f.image)[: int(f.landmarks[:, 1].max()) + 3].any()


def test_augmentation_repeats_by_its_generator() -> None:
    f = face()
    for seed in range(15):
        one, two = (np.random.default_rng(seed) for _ in range(2))
        views = [camera_faults.live_view(f.chip.box, 0.3, True, g) for g in (one, two)]
        assert views[0] == views[1]
        made = [
            camera_faults.degrade(camera_faults.crop(f.image, views[0], 96, g), g)
            for g in (one, two)
        ]
        assert made[0].shape == (96, 96, 3)
        assert made[0].dtype == np.uint8
        assert np.array_equal(made[0], made[1])


def test_view_without_turn_or_flip_is_the_programs_crop() -> None:
    from monitor.faces.boxes import crop_square

    f = face()
    x0, y0, x1, y1 = f.chip.box
    half = max(x1 - x0, y1 - y0) * 1.3 / 2
    view = camera_faults.View((x0 + x1) / 2, (y0 + y1) / 2, half, 0.0, False)
    smooth = np.tile(np.linspace(0, 255, 160, dtype=np.float32)[None, :, None], (150, 1, 3)).astype(
        np.uint8
    )
    ours = camera_faults.crop(smooth, view, 64, np.random.default_rng(0))[8:56, 8:56].astype(int)
    theirs = crop_square(smooth, np.array(f.chip.box, np.float32), 0.3, 64)[8:56, 8:56].astype(int)
    assert np.abs(ours - theirs).max() <= 4


def maker(bank: fabric.Bank | None, seed: int = 0) -> batches.Maker:
    faces = [face(label, i, source) for i in range(6) for label in LABELS for source in ("a", "b")]
    return batches.Maker(faces, bank, batches.Recipe(48, 0.3, batch=20), seed)


def test_batches_repeat_by_seed_and_number(bank: fabric.Bank) -> None:
    one, two = maker(bank).batch(3), maker(bank).batch(3)
    assert one[0].shape == (20, 48, 48, 3)
    assert np.array_equal(one[0], two[0])
    assert np.array_equal(one[1], two[1])
    assert not np.array_equal(one[0], maker(bank).batch(4)[0])
    assert not np.array_equal(one[0], maker(bank, 1).batch(3)[0])


def test_stream_gives_the_same_batches_in_order(bank: fabric.Bank) -> None:
    m = maker(bank)
    stream = Stream(m.batch, 2, 7, workers=2)
    try:
        got = list(stream)
    finally:
        stream.close()
    assert len(got) == 5
    for i, (pictures, labels) in enumerate(got, start=2):
        assert np.array_equal(pictures, m.batch(i)[0])
        assert np.array_equal(labels, m.batch(i)[1])


def test_a_mask_outside_the_crop_does_not_make_a_face_incorrect(bank: fabric.Bank) -> None:
    mask = np.zeros((150, 160), np.uint8)
    mask[140:] = 255
    assert batches._visible(mask, camera_faults.View(80, 70, 60, 0, False)) < batches.SEEN_MIN
    assert batches._visible(mask, camera_faults.View(80, 95, 60, 0, False)) > batches.SEEN_MIN


def test_sources_are_drawn_evenly() -> None:
    faces = [face("masked", i, "big") for i in range(90)] + [
        face("masked", i, "small") for i in range(10)
    ]
    rng = np.random.default_rng(0)
    drawn = batches.Faces(faces, 0.5)
    share = np.mean([drawn.draw(rng).source == "small" for _ in range(600)])
    assert 0.2 < share < 0.3  # sqrt(10) / (sqrt(90) + sqrt(10)) = 0.25

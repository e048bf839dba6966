"""Labels stay in the picture, beside their box, and off other faces and labels."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.gui.picture.labels import LabelPlacer, Rect, overlaps

BOUNDS: Rect = (0.0, 0.0, 900.0, 506.0)


def inside(rect: Rect) -> bool:
    return rect[0] >= 0 and rect[1] >= 0 and rect[2] <= BOUNDS[2] and rect[3] <= BOUNDS[3]


def place(boxes: list[Rect], placer: LabelPlacer | None = None):  # type: ignore[no-untyped-def]
    full, short = [(120.0, 20.0)] * len(boxes), [(58.0, 20.0)] * len(boxes)
    return (placer or LabelPlacer()).place(boxes, list(range(len(boxes))), full, short, BOUNDS)


@pytest.mark.parametrize("seed", range(20))
def test_labels_of_a_crowd_never_overlap_nor_leave_the_picture(seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes = []
    for _ in range(20):
        x, y, side = rng.uniform(0, 840), rng.uniform(0, 430), rng.uniform(24, 130)
        boxes.append((x, y, min(900.0, x + side), min(506.0, y + 1.2 * side)))
    labels = [label for label in place(boxes) if label is not None]
    assert len(labels) >= 16
    for i, label in enumerate(labels):
        assert inside(label.rect)
        assert not any(overlaps(label.rect, other.rect) for other in labels[i + 1 :])


def test_twenty_faces_side_by_side_all_have_a_label() -> None:
    boxes: list[Rect] = [
        (
            10 + 88.0 * (i % 10),
            60 + 200.0 * (i // 10),
            70 + 88.0 * (i % 10),
            140 + 200.0 * (i // 10),
        )
        for i in range(20)
    ]
    assert all(label is not None for label in place(boxes))


@pytest.mark.parametrize(
    "box",
    [(0, 0, 900, 506), (-40, -40, 60, 60), (860, 460, 960, 560), (400, 0, 500, 506), (3, 3, 4, 4)],
)
def test_a_box_at_any_edge_has_a_label_inside(box: Rect) -> None:
    (label,) = place([box])
    assert label is not None
    assert inside(label.rect)


def test_a_label_stays_on_its_side() -> None:
    placer = LabelPlacer()
    (first,) = place([(400, 10, 480, 100)], placer)  # no room above
    (second,) = place([(400, 40, 480, 130)], placer)  # now there is, but nothing jumps
    assert first.rect[1] > 100
    assert second.rect[1] > 130


def near(label: Rect, box: Rect, px: float = 5.0) -> bool:
    return overlaps(label, (box[0] - px, box[1] - px, box[2] + px, box[3] + px))


@pytest.mark.parametrize("seed", range(5))
def test_with_room_a_label_is_at_its_face_and_covers_no_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes: list[Rect] = []
    for i in range(12):  # one in each field of 4 x 3, with half of the field left free
        column, row = i % 4, i // 4
        x, y = 225 * column + rng.uniform(0, 60), 168 * row + rng.uniform(0, 40)
        boxes.append((x, y, x + rng.uniform(40, 110), y + rng.uniform(50, 90)))
    labels = place(boxes)
    for i, label in enumerate(labels):
        assert label is not None
        assert near(label.rect, boxes[i])
        assert not any(overlaps(label.rect, box) for j, box in enumerate(boxes) if j != i)


@pytest.mark.parametrize("seed", range(5))
def test_the_long_label_never_covers_another_face_however_crowded(seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes: list[Rect] = [
        (x, y, x + 90, y + 110)
        for x, y in zip(rng.uniform(0, 800, 25), rng.uniform(0, 390, 25), strict=True)
    ]
    labels = place(boxes)
    assert any(label is not None and label.short for label in labels)
    for i, label in enumerate(labels):
        if label is not None and not label.short:
            assert not any(overlaps(label.rect, box) for j, box in enumerate(boxes) if j != i)


def test_the_word_goes_where_there_is_no_room_for_it() -> None:
    bounds: Rect = (0.0, 0.0, 100.0, 200.0)
    (label,) = LabelPlacer().place(
        [(20, 60, 80, 140)], [1], [(120.0, 20.0)], [(58.0, 20.0)], bounds
    )
    assert label is not None
    assert label.short
    (none,) = LabelPlacer().place(
        [(0, 0, 9, 9)], [1], [(120.0, 20.0)], [(58.0, 20.0)], (0, 0, 9, 9)
    )
    assert none is None


def test_the_order_of_the_faces_does_not_move_the_labels() -> None:
    boxes: list[Rect] = [(100 + 70.0 * i, 100 + 9.0 * i, 160 + 75.0 * i, 190.0) for i in range(5)]
    forward, backward = place(boxes), place(boxes[::-1])
    assert forward == backward[::-1]


def test_a_side_is_forgotten_with_its_face() -> None:
    placer = LabelPlacer()
    place([(400, 10, 480, 100)], placer)  # below: no room above
    place([], placer)
    (again,) = place([(400, 40, 480, 130)], placer)
    assert again.rect[3] < 40

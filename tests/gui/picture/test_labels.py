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

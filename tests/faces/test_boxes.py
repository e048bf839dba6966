"""Box maths: empty, one, off each border."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.faces import boxes


@pytest.mark.parametrize("empty", [(), [], np.empty((0, 4)), np.empty((0,)), [[]]])
def test_anything_empty_is_no_boxes(empty: object) -> None:
    array = boxes.as_boxes(empty)  # type: ignore[arg-type]
    assert array.shape == (0, 4)
    assert array.dtype == np.float32


@pytest.mark.parametrize("wrong", [[1, 2, 3, 4], [[1, 2, 3]], np.zeros((2, 2, 4))])
def test_wrong_shape_is_named(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"\(N, 4\), not"):
        boxes.as_boxes(wrong)  # type: ignore[arg-type]


def test_xywh_to_xyxy_leaves_its_input_alone() -> None:
    xywh = np.array([[10, 20, 3, 4]], np.float32)
    assert boxes.xywh_to_xyxy(xywh).tolist() == [[10, 20, 13, 24]]
    assert xywh.tolist() == [[10, 20, 3, 4]]
    assert boxes.xywh_to_xyxy(()).shape == (0, 4)


@pytest.mark.parametrize(
    ("box", "clipped"),
    [
        ([-5, 2, 4, 8], [0, 2, 4, 8]),
        ([2, -5, 4, 8], [2, 0, 4, 8]),
        ([2, 2, 40, 8], [2, 2, 20, 8]),
        ([2, 2, 4, 80], [2, 2, 4, 10]),
        ([2, 3, 4, 5], [2, 3, 4, 5]),
        ([30, 30, 40, 40], [20, 10, 20, 10]),
        ([-9, -9, -1, -1], [0, 0, 0, 0]),
    ],
)
def test_clip(box: list[float], clipped: list[float]) -> None:
    assert boxes.clip(np.array([box], np.float32), (20, 10)).tolist() == [clipped]


def test_clip_of_nothing() -> None:
    assert boxes.clip(boxes.NO_BOXES, (20, 10)).shape == (0, 4)


def test_longer_side() -> None:
    assert boxes.longer_side(np.array([[0, 0, 3, 5], [1, 1, 8, 2]], np.float32)).tolist() == [5, 7]
    assert boxes.longer_side(boxes.NO_BOXES).shape == (0,)


@pytest.mark.parametrize(
    ("a", "b", "iou"),
    [
        ([0, 0, 10, 10], [0, 0, 10, 10], 1),
        ([0, 0, 10, 10], [10, 0, 20, 10], 0),  # max is exclusive: neighbours do not overlap
        ([0, 0, 10, 10], [5, 0, 15, 10], 1 / 3),
        ([0, 0, 10, 10], [2, 2, 7, 7], 0.25),
        ([0, 0, 0, 0], [0, 0, 10, 10], 0),
        ([5, 5, 5, 5], [5, 5, 5, 5], 0),
        ([10, 10, 0, 0], [0, 0, 10, 10], 0),  # upside down: no area
    ],
)
def test_iou(a: list[float], b: list[float], iou: float) -> None:
    pair = boxes.iou_matrix(np.array([a], np.float32), np.array([b], np.float32))
    assert pair.shape == (1, 1)
    assert pair[0, 0] == pytest.approx(iou)


def test_iou_shapes() -> None:
    three = np.array([[0, 0, 1, 1]] * 3, np.float32)
    assert boxes.iou_matrix(three, boxes.NO_BOXES).shape == (3, 0)
    assert boxes.iou_matrix(boxes.NO_BOXES, three).shape == (0, 3)
    assert boxes.iou_matrix(three, three[:2]).shape == (3, 2)
    with pytest.raises(ValueError, match="must be"):
        boxes.iou_matrix(np.zeros((2, 3), np.float32), three)


def test_nms_keeps_the_most_confident_of_each_heap() -> None:
    array = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60], [0, 1, 10, 11]], np.float32)
    kept = boxes.nms(array, np.array([0.5, 0.9, 0.6, 0.7], np.float32), 0.3)
    assert kept.tolist() == [1, 2]


def test_nms_of_none_and_of_one() -> None:
    assert boxes.nms(boxes.NO_BOXES, np.empty(0, np.float32), 0.3).tolist() == []
    assert boxes.nms(
        np.array([[0, 0, 1, 1]], np.float32), np.ones(1, np.float32), 0.3
    ).tolist() == [0]


def numbered(width: int = 20, height: int = 10) -> np.ndarray:
    """A picture whose blue is the column and whose green is the row."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0], image[..., 1] = np.arange(width), np.arange(height)[:, None]
    return image


def test_crop_is_the_square_round_the_box() -> None:
    crop = boxes.crop_square(numbered(), np.array([4, 2, 8, 6], np.float32), 0.0, 4)
    assert crop[..., 0].tolist() == [[4, 5, 6, 7]] * 4
    assert crop[:, 0, 1].tolist() == [2, 3, 4, 5]


def test_crop_margin_is_a_part_of_the_longer_side() -> None:
    crop = boxes.crop_square(numbered(), np.array([4, 3, 8, 5], np.float32), 0.5, 6)
    assert crop[0, :, 0].tolist() == [3, 4, 5, 6, 7, 8]
    assert crop[:, 0, 1].tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("box", "columns", "rows"),
    [
        ([-2, 2, 2, 6], [0, 0, 0, 1], [2, 3, 4, 5]),
        ([18, 2, 22, 6], [18, 19, 19, 19], [2, 3, 4, 5]),
        ([4, -2, 8, 2], [4, 5, 6, 7], [0, 0, 0, 1]),
        ([4, 8, 8, 12], [4, 5, 6, 7], [8, 9, 9, 9]),
    ],
)
def test_crop_repeats_the_edge(box: list[float], columns: list[int], rows: list[int]) -> None:
    crop = boxes.crop_square(numbered(), np.array(box, np.float32), 0.0, 4)
    assert crop[0, :, 0].tolist() == columns
    assert crop[:, 0, 1].tolist() == rows


@pytest.mark.parametrize(
    "box",
    [
        [0, 0, 1, 1],
        [19, 9, 20, 10],
        [20, 10, 20, 10],
        [-30, -30, -10, -10],
        [40, 30, 60, 50],
        [5, 5, 5, 5],
        [8, 8, 2, 2],
        [-100, -100, 100, 100],
        [19.6, 9.6, 19.9, 9.9],
    ],
)
def test_crop_of_any_box_is_a_picture(box: list[float]) -> None:
    crop = boxes.crop_square(numbered(), np.array(box, np.float32), 0.25, 16)
    assert crop.shape == (16, 16, 3)
    assert crop.dtype == np.uint8


def test_crop_of_one_pixel_picture() -> None:
    image = np.full((1, 1, 3), 77, np.uint8)
    image.setflags(write=False)
    assert (boxes.crop_square(image, np.array([0, 0, 1, 1], np.float32), 0.3, 8) == 77).all()

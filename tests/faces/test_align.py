"""The five-point alignment, against OpenCV's own and by what it must do to known points."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.faces.align import (
    SIZE,
    TEMPLATE,
    TEMPLATE_BOX,
    align,
    apply,
    from_boxes,
    matrices,
    similarity,
)
from monitor.records import FloatArray, Image

# Eileen Collins in bare.jpg, by eye.
LANDMARKS = np.array([[201, 105], [245, 105], [221, 127], [203, 145], [242, 145]], np.float32)
BOX = np.array([[178, 63, 269, 173]], np.float32)


@pytest.fixture
def bare(data: Path) -> Image:
    image = cv2.imread(str(data / "bare.jpg"))
    assert image is not None
    return image  # type: ignore[return-value]


def moved(angle_deg: float, scale: float, shift: tuple[float, float]) -> FloatArray:
    """The template's points turned, scaled and shifted."""
    matrix = cv2.getRotationMatrix2D((56, 56), angle_deg, scale)
    matrix[:, 2] += shift
    return (TEMPLATE @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("angle", "scale", "shift"), [(0, 1, (0, 0)), (30, 2.5, (300, 90)), (-170, 0.3, (-40, 8))]
)
def test_similarity_undoes_a_turn_scale_and_shift(
    angle: float, scale: float, shift: tuple[float, float]
) -> None:
    points = moved(angle, scale, shift)[None]
    np.testing.assert_allclose(apply(similarity(points), points)[0], TEMPLATE, atol=2e-3)


def test_similarity_has_the_least_squared_error() -> None:
    points = (LANDMARKS + np.random.default_rng(1).normal(0, 4, (5, 2)))[None].astype(np.float32)
    best = similarity(points)
    error = float(((apply(best, points)[0] - TEMPLATE) ** 2).sum())
    rng = np.random.default_rng(2)
    for _ in range(50):
        a, b, x, y = rng.normal(0, [1e-3, 1e-3, 0.1, 0.1])
        other = best + np.array([[[a, -b, x], [b, a, y]]], np.float32)
        assert float(((apply(other, points)[0] - TEMPLATE) ** 2).sum()) >= error


def test_similarity_never_mirrors() -> None:
    mirrored = LANDMARKS[[1, 0, 2, 4, 3]][None]
    matrix = similarity(mirrored)[0]
    assert matrix[0, 0] == pytest.approx(matrix[1, 1])
    assert matrix[0, 1] == pytest.approx(-matrix[1, 0])


def test_similarity_of_several_faces_is_that_of_each() -> None:
    faces = np.stack([LANDMARKS, moved(12, 3, (5, 6))])
    np.testing.assert_allclose(similarity(faces)[1:], similarity(faces[1:]))
    assert similarity(np.empty((0, 5, 2), np.float32)).shape == (0, 2, 3)


@pytest.mark.parametrize("shape", [(5, 2), (1, 4, 2), (1, 5, 3)])
def test_similarity_refuses_other_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(N, 5, 2\)"):
        similarity(np.zeros(shape, np.float32))


def test_matches_opencv(bare: Image) -> None:
    """`cv2.FaceRecognizerSF.alignCrop` fits the same similarity to the same template."""
    matrix, _ = cv2.estimateAffinePartial2D(LANDMARKS, TEMPLATE, method=cv2.LMEDS)
    ours = similarity(LANDMARKS[None])[0]
    np.testing.assert_allclose(ours[:, :2], matrix[:, :2], atol=0.05)
    face = align(bare, BOX, LANDMARKS[None])[0]
    theirs = cv2.warpAffine(bare, ours.astype(np.float64), (SIZE, SIZE))
    np.testing.assert_array_equal(face, theirs)


def test_box_comes_where_a_faces_box_lies() -> None:
    x0, y0, x1, y1 = TEMPLATE_BOX
    box = np.array([[100, 50, 100 + 2 * (x1 - x0), 50 + 2 * (y1 - y0)]], np.float32)
    corners = box.reshape(1, 2, 2)
    np.testing.assert_allclose(apply(from_boxes(box), corners).ravel(), TEMPLATE_BOX, atol=1e-3)


def test_without_landmarks_the_face_is_nearly_where_it_is_with_them(bare: Image) -> None:
    by_box = apply(matrices(BOX, None), LANDMARKS[None])[0]
    assert np.abs(by_box - TEMPLATE).max() < 12
    assert align(bare, BOX, None).shape == (1, SIZE, SIZE, 3)


@pytest.mark.parametrize("bad", [np.nan, 7.0])
def test_landmarks_that_are_none_fall_back_to_the_box(bad: float) -> None:
    landmarks = np.full((1, 5, 2), bad, np.float32)
    np.testing.assert_array_equal(matrices(BOX, landmarks), from_boxes(BOX))


def test_wild_landmarks_fall_back_to_the_box() -> None:
    wild = np.array([[[0, 0], [0, 90], [300, 300], [5, 5], [500, 1]]], np.float32)
    np.testing.assert_array_equal(matrices(BOX, wild), from_boxes(BOX))


def test_numbers_must_agree() -> None:
    with pytest.raises(ValueError, match="1 boxes but 2"):
        matrices(BOX, np.zeros((2, 5, 2), np.float32))


def test_no_faces(bare: Image) -> None:
    assert align(bare, np.empty((0, 4), np.float32), None).shape == (0, SIZE, SIZE, 3)
    assert align(bare, np.empty((0, 4), np.float32), np.empty((0, 5, 2), np.float32)).shape == (
        0,
        SIZE,
        SIZE,
        3,
    )


def test_the_picture_is_not_touched_and_may_be_read_only(bare: Image) -> None:
    copy = bare.copy()
    bare.setflags(write=False)
    align(bare, BOX, LANDMARKS[None])
    np.testing.assert_array_equal(bare, copy)


@pytest.mark.parametrize("factor", [3, 6, 11])
def test_a_large_face_gives_the_same_as_a_small_one(bare: Image, factor: int) -> None:
    """Large faces are shrunk by areas first: without that, pixels would be skipped and edges would
    crawl.
    """
    small = align(bare, BOX, LANDMARKS[None])[0].astype(int)
    large = cv2.resize(bare, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    # Pixel centres: x -> (x + 0.5) f - 0.5.
    points = (LANDMARKS + 0.5) * factor - 0.5
    face = align(large, BOX * factor, points[None])[0].astype(int)  # type: ignore[arg-type]
    assert np.abs(face - small).mean() < 3


def test_shrinking_leaves_no_moire(bare: Image) -> None:
    checks = (np.indices((2000, 2000)).sum(axis=0) % 2 * 255).astype(np.uint8)
    image = cv2.merge([checks] * 3)
    face = align(image, np.array([[300, 300, 1700, 1900]], np.float32), None)[0]  # type: ignore[arg-type]
    assert face[20:90, 20:90].std() < 6
    assert abs(float(face[20:90, 20:90].mean()) - 127.5) < 4


@pytest.mark.parametrize(
    "box",
    [[-500, -500, -400, -380], [5000, 5000, 5100, 5100], [0, 0, 0, 0], [-9000, -9000, 9000, 9000]],
)
def test_any_box(bare: Image, box: list[float]) -> None:
    assert align(bare, np.array([box], np.float32), None).shape == (1, SIZE, SIZE, 3)


def test_one_pixel_picture() -> None:
    assert align(
        np.zeros((1, 1, 3), np.uint8), np.array([[0, 0, 1, 1]], np.float32), None
    ).shape == (1, SIZE, SIZE, 3)

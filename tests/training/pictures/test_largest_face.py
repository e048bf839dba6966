"""The largest face of a picture, and what stands in for it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.detect.yunet import YuNet
from monitor.errors import ConfigError
from monitor.faces.align import align
from monitor.records import Image
from monitor.training.pictures.faces import (
    largest_face,
    pictures_in,
    read_aligned,
    read_detected,
    read_picture,
)

# The face of tests/data/bare.jpg, by hand.
BOX = (178, 63, 269, 173)


@pytest.fixture(scope="module")
def detector() -> YuNet:
    return YuNet(confidence_min=0.3, min_face_px=10)


def test_the_larger_of_two_faces_is_taken(data: Path, detector: YuNet) -> None:
    image = read_picture(data / "bare.jpg")
    small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    both = np.zeros((image.shape[0], image.shape[1] + small.shape[1], 3), np.uint8)
    both[: small.shape[0], : small.shape[1]] = small
    both[:, small.shape[1] :] = image
    found = largest_face(both, detector)
    assert found.box is not None
    wanted = np.add(BOX, (small.shape[1], 0, small.shape[1], 0))
    assert np.abs(np.array(found.box) - wanted).max() < 15
    assert found.face.shape == (112, 112, 3)


def test_without_a_face_all_but_the_rim_is_taken(detector: YuNet) -> None:
    ramp = np.linspace(60, 200, 200, dtype=np.float32)
    image: Image = np.repeat(ramp[None, :, None], 160, axis=0).repeat(3, axis=2).astype(np.uint8)
    taken = largest_face(image, detector)
    assert taken.box is None
    whole = align(image, np.array([[15, 15, 185, 145]], np.float32), None)[0]
    assert np.abs(taken.face.astype(int) - whole)[30:90, 30:90].max() <= 1


def test_a_folder_is_read_by_name_and_none_is_empty(data: Path, tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "notes.txt"):
        cv2.imwrite(str(tmp_path / "x.png"), np.full((112, 112, 3), ord(name[0]), np.uint8))
        (tmp_path / "x.png").rename(tmp_path / name)
    assert [p.name for p in pictures_in(tmp_path)] == ["a.JPG", "b.png"]
    assert read_aligned(pictures_in(tmp_path))[:, 0, 0, 0].tolist() == [ord("a"), ord("b")]
    assert pictures_in(tmp_path / "nowhere") == []
    assert read_aligned([]).shape == (0, 112, 112, 3)


def test_a_broken_picture_is_named(tmp_path: Path, detector: YuNet) -> None:
    (tmp_path / "x.jpg").write_bytes(b"no picture")
    with pytest.raises(ConfigError, match=r"x\.jpg cannot be read as a picture: repair"):
        read_detected([tmp_path / "x.jpg"], detector)

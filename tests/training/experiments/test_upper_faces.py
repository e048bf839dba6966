"""Upper halves of faces: where MTCNN and the fallbacks put them, and what a folder of them
remembers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.detect.yunet import YuNet
from monitor.errors import ConfigError
from monitor.faces.align import SIZE, TEMPLATE, TEMPLATE_BOX
from monitor.records import Image
from monitor.training.experiments import upper_faces
from monitor.training.experiments.upper_faces import FOUND, SIDE, Cache, Found, Picture, upper_half

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves


def turned(degrees: float, scale: float = 2.0) -> np.ndarray:
    """(5, 2) landmarks of a face in a 300 x 300 picture, tilted."""
    matrix = cv2.getRotationMatrix2D((56, 70), degrees, scale)
    return (TEMPLATE @ matrix[:, :2].T + matrix[:, 2] + [90, 80]).astype(np.float32)


def around(landmarks: np.ndarray) -> np.ndarray:
    return np.concatenate([landmarks.min(axis=0) - 30, landmarks.max(axis=0) + 30])


@pytest.mark.parametrize("degrees", [0.0, 35.0])
def test_the_eyes_of_a_tilted_face_come_level_to_their_places_and_the_mouth_is_cut_off(
    degrees: float,
) -> None:
    landmarks = turned(degrees)
    image = np.zeros((300, 300, 3), np.uint8)
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 255, 0)]
    for (x, y), colour in zip(landmarks, colours, strict=True):
        cv2.circle(image, (round(float(x)), round(float(y))), 5, colour, -1)
    half = upper_half(image, (around(landmarks), landmarks))
    assert half.shape == (SIDE, SIDE, 3)
    x0, y0, x1, y1 = TEMPLATE_BOX
    for eye, channel in ((0, 0), (1, 1)):
        wanted = (TEMPLATE[eye] - [x0, y0]) * [SIDE / (x1 - x0), 2 * SIDE / (y1 - y0)]
        rows, columns = np.nonzero(half[..., channel] > 128)
        assert [columns.mean(), rows.mean()] == pytest.approx(wanted, abs=2.5)
    assert half[: SIDE * 3 // 4, :, 2].max() == 0  # the nose tip lies below
    assert not ((half[..., 0] > 128) & (half[..., 1] > 128)).any()  # and so does the mouth


def test_without_a_face_an_aligned_picture_lies_on_the_template_and_another_in_its_middle() -> None:
    image = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3), np.uint8)
    known = upper_half(image, (np.array(TEMPLATE_BOX, np.float32), TEMPLATE))
    assert np.abs(upper_half(image, None, aligned=True).astype(int) - known).max() <= 2
    other = upper_half(image, None)
    assert not np.array_equal(other, known)
    assert (other.max(axis=2) > 0).mean() > 0.95  # hardly anything from outside the picture


def test_a_drawn_mask_reaches_into_the_lower_edge_alone() -> None:
    landmarks = turned(0)
    image = np.full((300, 300, 3), 90, np.uint8)
    bare, drawn = (upper_half(image, (around(landmarks), landmarks), mask=m) for m in (None, 0))
    rows = np.nonzero((bare != drawn).any(axis=(1, 2)))[0]
    assert len(rows) > 0
    assert rows.min() > SIDE * 0.7


def test_mtcnn_finds_the_points_that_the_programs_detector_finds(data: Path) -> None:
    image = cv2.imread(str(data / "bare.jpg"))
    detected = YuNet().detect(image)
    best = int((detected.boxes[:, 2:] - detected.boxes[:, :2]).prod(axis=1).argmax())
    assert detected.landmarks is not None
    wanted = detected.landmarks[best]
    nothing = np.zeros((90, 60, 3), np.uint8)
    found, none = upper_faces.Mtcnn()([image, nothing], 0)
    assert none is None
    assert found is not None
    eyes = float(np.hypot(*(wanted[1] - wanted[0])))
    assert np.abs(found[1] - wanted).max() < 0.25 * eyes
    box, (x, y) = found[0], wanted[2]
    assert box[0] < x < box[2]
    assert box[1] < y < box[3]


class Fake:
    """Finds a face at the first look where a picture's first pixel is white, at the second where it
    is grey.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def __call__(self, images_bgr: Sequence[Image], look: int) -> list[Found | None]:
        self.asked.append((look, len(images_bgr)))
        face = np.array([10, 10, 90, 90], np.float32), TEMPLATE
        return [face if int(image[0, 0, 0]) == (255, 128)[look] else None for image in images_bgr]


@pytest.fixture
def three(tmp_path: Path) -> list[Picture]:
    result = []
    for value, kind in ((255, "bare"), (128, "masked"), (0, "masked")):
        path = tmp_path / "in" / f"{value}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), np.full((100, 100, 3), value, np.uint8))
        result.append(Picture(path, "rmfrd", "ann", kind))
    return result


def test_counts_the_looks_and_goes_on_where_it_was_stopped(
    three: list[Picture], tmp_path: Path
) -> None:
    fake, folder = Fake(), tmp_path / "out"
    assert Cache(folder).add(three[:2], lambda: fake, 1, now=lambda: 0) == 0
    with (folder / "index.csv").open("a") as file:
        file.write("rmfrd,ann,mas")  # killed while it wrote
    with (folder / "index.csv").open("a") as file:
        file.write("\n")
    cache = Cache(folder)
    assert cache.add(three, lambda: fake, 1, now=lambda: 0) == 0
    assert fake.asked == [(0, 2), (1, 1), (0, 1), (1, 1)]
    ready = Cache(folder).ready(three)
    assert [u.found for u in ready] == list(FOUND)
    assert upper_faces.counts(ready)["rmfrd masked"] == {
        FOUND[0]: 0,
        FOUND[1]: 1,
        FOUND[2]: 1,
        "pictures": 2,
    }
    assert cv2.imread(str(cache.file(three[0], drawn=True))).shape == (SIDE, SIDE, 3)
    assert not cache.file(three[1], drawn=True).exists()  # a masked face gets no second mask


def test_stops_when_the_time_is_over(
    three: list[Picture], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upper_faces, "BATCH", 1)
    clock = iter(range(100))
    cache = Cache(tmp_path / "out")
    missing = cache.add(three, Fake, 4, now=lambda: next(clock))
    assert missing in (1, 2)
    assert len(cache.ready(three)) == 3 - missing


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"no picture")
    with pytest.raises(ConfigError, match=r"x\.jpg cannot be read"):
        Cache(tmp_path / "out").add(
            [Picture(tmp_path / "x.jpg", "lfw", "bob", "bare")], Fake, 1, now=lambda: 0
        )

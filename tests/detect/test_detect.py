"""The detectors, on pictures that may be shipped (see assets/SOURCES.md)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.config import DetectConfig
from monitor.detect import FaceDetector, haar, make_detector, ssd, yunet, yunet_masked
from monitor.errors import ConfigError, ModelError
from monitor.faces.boxes import iou_matrix, longer_side
from monitor.records import Detections, Image

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
# in bare.jpg and masked.jpg, by eye: brow to chin
FACE = np.array([[178, 63, 268, 176]], np.float32)
MAKERS: dict[str, Callable[[], FaceDetector]] = {
    "yunet": lambda: yunet.YuNet(threads=1),
    "yunet_masked": lambda: yunet.YuNet(threads=1, model=yunet_masked.MODEL),
    "ssd": lambda: ssd.ResNetSsd(threads=1),
    "haar": lambda: haar.HaarCascade(),
}


def picture(name: str) -> Image:
    image = cv2.imread(str(DATA / name))
    assert image is not None
    return image


@pytest.fixture(scope="module", params=list(MAKERS))
def detector(request: pytest.FixtureRequest) -> FaceDetector:
    return MAKERS[request.param]()


def check(found: Detections, image: Image) -> None:
    height, width = image.shape[:2]
    assert found.boxes.shape == (len(found), 4)
    assert found.boxes.dtype == np.float32
    assert found.confidence.shape == (len(found),)
    assert found.confidence.dtype == np.float32
    assert np.all(np.diff(found.confidence) <= 0)
    assert np.all((found.confidence >= 0) & (found.confidence <= 1))
    assert np.all(found.boxes >= 0)
    assert np.all(found.boxes <= [width, height, width, height])
    assert found.landmarks is None or found.landmarks.shape == (len(found), 5, 2)


def test_bare_face_is_found(detector: FaceDetector) -> None:
    image = picture("bare.jpg")
    image.setflags(write=False)
    found = detector.detect(image)
    check(found, image)
    assert len(found) >= 1
    assert iou_matrix(FACE, found.boxes[:1])[0, 0] > 0.5


def test_nothing_sure_is_found_where_nobody_is(detector: FaceDetector) -> None:
    """YuNet gives the cup of coffee 0.47: a track needs 0.7 to begin for such things."""
    image = picture("no_face.jpg")
    found = detector.detect(image)
    check(found, image)
    assert found.confidence.max(initial=0) < 0.7


def test_nothing_is_found_on_a_wall(detector: FaceDetector) -> None:
    found = detector.detect(np.full((480, 640, 3), 200, np.uint8))
    assert found.boxes.shape == (0, 4)
    assert len(found) == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 1), (2, 3), (31, 33), (479, 641)])
def test_any_size(detector: FaceDetector, shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    check(detector.detect(image), image)


def test_strided_view(detector: FaceDetector) -> None:
    wide = np.zeros((350, 1024, 3), np.uint8)
    wide[:, ::2] = picture("bare.jpg")
    found = detector.detect(wide[:, ::2])
    np.testing.assert_array_equal(found.boxes, detector.detect(picture("bare.jpg")).boxes)


def test_picture_before_leaves_no_trace(detector: FaceDetector) -> None:
    image = picture("bare.jpg")
    fresh = detector.detect(image)
    detector.detect(np.full((352, 512, 3), 255, np.uint8))
    detector.detect(cv2.resize(image, (1280, 720)))
    again = detector.detect(image)
    np.testing.assert_array_equal(fresh.boxes, again.boxes)
    np.testing.assert_array_equal(fresh.confidence, again.confidence)


@pytest.mark.parametrize("name", ["yunet", "ssd"])
def test_masked_face_is_found(name: str) -> None:
    found = MAKERS[name]().detect(picture("masked.jpg"))
    assert iou_matrix(FACE, found.boxes[:1]).max(initial=0) > 0.5


def test_min_face_px_and_confidence_min() -> None:
    image = picture("bare.jpg")
    for make in (yunet.YuNet, ssd.ResNetSsd, haar.HaarCascade):
        assert len(make(min_face_px=300).detect(image)) == 0
        assert len(make(confidence_min=0.99999).detect(image)) == 0


@pytest.mark.parametrize("name", ["bare.jpg", "masked.jpg", "no_face.jpg"])
@pytest.mark.parametrize("confidence_min", [0.3, 0.6])
def test_yunet_finds_what_opencv_finds(name: str, confidence_min: float) -> None:
    image = picture(name)
    height, width = image.shape[:2]
    reference = cv2.FaceDetectorYN.create(
        str(yunet.MODEL), "", (width, height), confidence_min, yunet.NMS_IOU_MAX
    )
    _, faces = reference.detect(image)
    faces = np.empty((0, 15), np.float32) if faces is None else faces
    found = yunet.YuNet(confidence_min, side=max(width, height), min_face_px=1, threads=1).detect(
        image
    )
    assert len(found) == len(faces)
    xyxy = np.hstack([faces[:, :2], faces[:, :2] + faces[:, 2:4]]).clip(
        0, [width, height, width, height]
    )
    np.testing.assert_allclose(found.boxes, xyxy, atol=1)
    assert found.landmarks is not None
    np.testing.assert_allclose(found.landmarks.reshape(-1, 10), faces[:, 4:14], atol=1)
    np.testing.assert_allclose(found.confidence, faces[:, 14], atol=1e-3)


def test_yunet_landmarks_are_in_order() -> None:
    found = yunet.YuNet(threads=1).detect(picture("bare.jpg"))
    assert found.landmarks is not None
    right_eye, left_eye, nose, right_mouth, left_mouth = found.landmarks[0]
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_mouth[0] < nose[0] < left_mouth[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


@pytest.mark.parametrize(("name", "face_px"), [("bare.jpg", 32), ("masked.jpg", 40)])
def test_yunet_finds_small_faces_in_a_720p_frame(name: str, face_px: int) -> None:
    """Masked faces need more pixels: of real ones with 32 px it finds seven in ten at this working
    size.
    """
    scale = face_px / float(longer_side(FACE)[0])
    small = cv2.resize(picture(name), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    frame = np.full((720, 1280, 3), 128, np.uint8)
    corners = [
        (0, 0),
        (1280 - width, 0),
        (600, 300),
        (17, 720 - height),
        (1280 - width, 720 - height),
    ]
    for x, y in corners:
        frame[y : y + height, x : x + width] = small
    found = yunet.YuNet(threads=1).detect(frame)
    expected = np.concatenate(
        [FACE * scale + np.array([x, y, x, y], np.float32) for x, y in corners]
    )
    assert np.all(iou_matrix(expected, found.boxes).max(axis=1) > 0.4)


@pytest.mark.parametrize(
    ("frame_side", "min_face_px", "side"),
    [
        (640, 20, 640),
        (960, 20, 736),
        (1280, 20, 960),
        (1920, 20, 960),
        (3840, 20, 960),
        (1920, 64, 736),
        (400, 20, 640),
        (1, 20, 32),
    ],
)
def test_working_side_follows_the_frame(frame_side: int, min_face_px: int, side: int) -> None:
    assert yunet.working_side(frame_side, min_face_px) == side


def test_yunet_works_at_the_side_that_is_set() -> None:
    """At 96 px the face has 17 px left, and its box comes back in pixels of the picture all the
    same.
    """
    found = yunet.YuNet(0.3, side=96, threads=1).detect(picture("bare.jpg"))
    assert iou_matrix(FACE, found.boxes[:1]).max(initial=0) > 0.4


@pytest.mark.parametrize("name", ["bare.jpg", "masked.jpg", "no_face.jpg", "hopper.jpg"])
def test_ssd_finds_what_the_caffe_network_finds(name: str) -> None:
    """caffe_boxes.json was written by monitor/training/detectors/convert_detectors.py (its
    docstring has the command).
    """
    expected = np.array(
        json.loads((DATA / "caffe_boxes.json").read_text())[name], np.float32
    ).reshape(-1, 5)
    image = (
        cv2.imread(str(ROOT / "assets/portraits/hopper.jpg"))
        if name == "hopper.jpg"
        else picture(name)
    )
    found = ssd.ResNetSsd(0.3, min_face_px=1, threads=1).detect(image)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found.boxes, expected[:, :4], atol=1)
    np.testing.assert_allclose(found.confidence, expected[:, 4], atol=2e-3)


def settings(name: str, confidence_min: float | None = None, working_side: int = 0) -> DetectConfig:
    return DetectConfig(name, confidence_min, working_side, threads=1)


@pytest.mark.parametrize("name", list(MAKERS))
def test_make_detector(name: str) -> None:
    made = make_detector(settings(name))
    assert made.name == name
    assert (
        len(made.detect(picture("bare.jpg")))
        == len(MAKERS[name]().detect(picture("bare.jpg")))
        >= 1
    )
    assert (
        len(make_detector(settings(name, confidence_min=0.99999)).detect(picture("bare.jpg"))) == 0
    )


def test_make_detector_refuses() -> None:
    with pytest.raises(ConfigError, match="yunet, ssd, haar or yunet_masked"):
        make_detector(settings("yolo"))
    with pytest.raises(ConfigError, match="300 px only"):
        make_detector(settings("ssd", working_side=640))


@pytest.mark.parametrize(("module", "make"), [(yunet, yunet.YuNet), (ssd, ssd.ResNetSsd)])
def test_missing_model_is_named(
    module: object, make: Callable[[], object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "MODEL", tmp_path / "gone.onnx")
    with pytest.raises(ModelError, match=r"gone\.onnx"):
        make()


def test_opencv_without_cascades_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(ModelError, match="no Haar cascades"):
        haar.HaarCascade()


def test_cascade_file_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cv2.data, "haarcascades", str(tmp_path))
    with pytest.raises(ModelError, match="is missing"):
        haar.HaarCascade()
    (tmp_path / "haarcascade_frontalface_default.xml").write_text("<nothing/>")
    with pytest.raises(ModelError, match="cannot be read"):
        haar.HaarCascade()


def test_demo_clip_has_its_two_visits() -> None:
    """Times as in assets/make_demo.py: two visits, a pause before, between and after."""
    capture = cv2.VideoCapture(str(ROOT / "assets" / "demo.mp4"))
    detector = yunet.YuNet(0.7, threads=2)
    found: dict[float, int] = {}
    for index in range(450):
        assert capture.grab()
        if index % 10 == 0:
            ok, frame = capture.retrieve()
            assert ok
            found[index / 20] = len(detector.detect(frame))
    assert not capture.grab()
    capture.release()
    present = [(3.0, 7.0), (14.0, 19.5)]
    absent = [(0.0, 0.5), (9.0, 11.5), (21.5, 22.0)]
    assert all(found[t] == 1 for t in found if any(a <= t <= b for a, b in present))
    assert all(found[t] == 0 for t in found if any(a <= t <= b for a, b in absent))


@pytest.mark.parametrize("name", ["bare.jpg", "masked.jpg"])
def test_a_mirrored_search_tells_of_the_picture_as_it_is(name: str) -> None:
    """The same faces where they are, the person's right eye still the right one."""
    detector, image = yunet.YuNet(threads=1), picture(name)
    plain = detector._detect(image, 640, 0.5)
    mirrored = detector._detect(image, 640, 0.5, mirrored=True)
    assert plain.landmarks is not None
    assert mirrored.landmarks is not None
    overlap = iou_matrix(plain.boxes, mirrored.boxes)
    assert overlap.max(axis=1) == pytest.approx(1, abs=0.2)
    other = mirrored.landmarks[overlap.argmax(axis=1)]
    size = longer_side(plain.boxes)[:, None]
    assert (np.linalg.norm(plain.landmarks - other, axis=2) < 0.15 * size).all()

"""Zones in the real pipeline: who stands where nothing counts is nobody's visit."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.analysis.pipeline import Pipeline
from monitor.app import RunOptions, build_pipeline
from monitor.camera.turn import Turn
from monitor.camera.zones import Polygon, Zones, around
from monitor.camera.zones_file import save_zones, zones_path
from monitor.config import Config, load_config
from monitor.detect import detect_in
from monitor.detect.yunet import YuNet
from monitor.records import FrameResult, Image
from tests.fakes import FakeClassifier, FakeDetector, face_at, found, frame

FACE: Polygon = ((0.36, 0.1), (0.56, 0.1), (0.56, 0.55), (0.36, 0.55))
ELSEWHERE: Polygon = ((0.7, 0.5), (0.95, 0.5), (0.95, 0.95), (0.7, 0.95))


@pytest.fixture
def bare(data: Path) -> Image:
    image = cv2.imread(str(data / "bare.jpg"))
    assert image is not None
    return image


def run(zones: Zones, image: Image, seconds: float = 1.5) -> list[FrameResult]:
    save_zones(zones_path(), "door", zones)
    pipeline = build_pipeline(RunOptions(config=load_config(None)), "shift")
    return [
        pipeline.process([frame(i / 10, index=i, camera="door", pixels=image)])[0]
        for i in range(round(10 * seconds))
    ]


@pytest.mark.parametrize(
    ("zones", "visits"),
    [
        (Zones(), 1),
        (Zones(counting=(FACE,)), 1),
        (Zones(ignored=(ELSEWHERE,)), 1),
        (Zones(counting=(ELSEWHERE,)), 0),
        (Zones(ignored=(FACE,)), 0),
        (Zones(counting=(FACE,), ignored=(FACE,)), 0),
    ],
)
def test_a_visit_begins_where_it_counts_alone(zones: Zones, visits: int, bare: Image) -> None:
    results = run(zones, bare)
    assert len({v.visit_id for r in results for v in r.visits}) == visits
    assert any(r.faces for r in results) is bool(visits)
    assert any(r.sightings for r in results) is bool(visits)


def test_the_zones_of_one_camera_are_not_those_of_another(bare: Image) -> None:
    save_zones(zones_path(), "hall", Zones(ignored=(FACE,)))
    assert any(r.faces for r in run(Zones(), bare))


def test_a_part_finds_the_same_face_at_the_same_place(bare: Image) -> None:
    """In a large frame of which it is a tenth, as closely, and landmarks too."""
    image = np.full((720, 1280, 3), 120, np.uint8)
    image[300:650, 700:1212] = bare
    detector = YuNet()
    whole, part = detector.detect(image), detect_in(detector, image, (700, 260, 1220, 660))
    assert len(whole) == len(part) == 1
    np.testing.assert_allclose(part.boxes, whole.boxes, atol=6)
    assert whole.landmarks is not None
    assert part.landmarks is not None
    np.testing.assert_allclose(part.landmarks, whole.landmarks, atol=6)


def test_a_part_is_searched_in_so_many_fewer_pixels() -> None:
    """A network's cost goes by its input's pixels; the time is measured in monitor/bench."""
    image, detector = np.full((720, 1280, 3), 120, np.uint8), YuNet()
    pixels = []
    for part in ((0, 0, 1280, 720), (192, 16, 832, 720), (300, 100, 700, 500)):
        for smallest_px in (20.0, 150.0):
            detect_in(detector, image, part, smallest_px)
            pixels.append(detector._blob[0, 0].size)
    assert pixels[2] < 0.6 * pixels[0]
    assert pixels[3] < 0.6 * pixels[1]
    assert pixels[4] < 0.25 * pixels[0]
    assert pixels[5] < 0.25 * pixels[1]


def test_a_detector_that_knows_no_parts_is_given_the_cut_picture() -> None:
    detector = FakeDetector([found(face_at(100))])
    image = np.zeros((480, 640, 3), np.uint8)
    boxes = detect_in(detector, image, (50, 60, 600, 400), 33.0).boxes
    np.testing.assert_allclose(boxes[0] - face_at(100), (50, 60, 50, 60))
    assert detector.smallest == [33.0]


def test_a_place_that_is_ignored_from_now_on_ends_the_visit_and_draws_nothing_more() -> None:
    box = face_at(100)
    pipeline = Pipeline(FakeDetector([found(box)]), FakeClassifier(), Config(), "shift")  # type: ignore[arg-type]

    def at(t: float) -> FrameResult:
        return pipeline.process([frame(t, camera="door")])[0]

    for i in range(10):
        result = at(i / 10)
    assert len(result.faces) == 1
    pipeline.use_zones({"door": Zones(ignored=(around(box, frame().size_wh),))})
    later = [at(0.95 + i / 20) for i in range(60)]  # searched and not searched frames
    assert not any(r.faces for r in later)
    ended = [v for r in later for v in r.visits]
    assert [v.open for v in ended] == [False]
    pipeline.use_zones({})
    assert any(at(4 + i / 10).faces for i in range(10))


def test_pictures_that_stand_alone_are_cut_too(bare: Image) -> None:
    save_zones(zones_path(), "door", Zones(ignored=(FACE,)))
    pipeline = build_pipeline(RunOptions(config=load_config(None)), "shift")
    still = frame(camera="door", pixels=bare, still=True, file="a.jpg")
    assert pipeline.process([still])[0].faces == ()
    pipeline.use_zones({})
    assert len(pipeline.process([still])[0].faces) == 1


def test_zones_turn_with_the_camera() -> None:
    """A poster that was ignored stays so when its camera is turned upside down, and who stands in
    the corner where it was before counts.
    """
    corner, opposite = face_at(100, 80), face_at(540, 400)  # of 640 x 480 pixels
    drawn = Zones(ignored=(around(corner, (640, 480)),), turn=Turn())
    for place, turned, visits in (
        (corner, {}, 0),
        (opposite, {}, 1),
        (opposite, {"rotate": 180}, 0),
        (corner, {"rotate": 180}, 1),
        (face_at(540, 80), {"mirror": True}, 0),
        (corner, {"mirror": True}, 1),
    ):
        config = load_config(None, {"track": {"still_after_s": 0}})
        pipeline = Pipeline(FakeDetector([found(place)]), FakeClassifier(), config, "shift")  # type: ignore[arg-type]
        pipeline.use_zones({"door": drawn})
        results = [
            pipeline.process([frame(i / 10, index=i, **turned)])[0]  # type: ignore[arg-type]
            for i in range(15)
        ]
        assert len({v.visit_id for r in results for v in r.visits}) == visits, (place, turned)

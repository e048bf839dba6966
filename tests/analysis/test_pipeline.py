"""Frame -> FrameResult, with faked networks."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import MASKED, UNMASKED, FakeClassifier, FakeDetector, FakeNetwork, face_at, found, frame

from monitor.analysis.pipeline import Pipeline
from monitor.analysis.turns import EMBED_MAX
from monitor.config import Config, DetectConfig
from monitor.faces.boxes import NO_BOXES
from monitor.faces.classify import MaskClassifier
from monitor.identity.identify import Identifier, IdentityVote
from monitor.identity.match import Matcher
from monitor.identity.person import VISITOR
from monitor.records import Detections, FrameResult, MaskState

NOBODY = Detections(NO_BOXES, np.empty(0, np.float32))


def pipeline(detections: list[Detections], classifier: object | None = None) -> Pipeline:
    return Pipeline(FakeDetector(detections), classifier or FakeClassifier(), Config(), "shift")  # type: ignore[arg-type]


def run(one: Pipeline, n: int, camera: str = "door") -> list[FrameResult]:
    return [one.process([frame(i / 10, index=i, camera=camera)])[0] for i in range(n)]


def test_nobody() -> None:
    (result,) = pipeline([NOBODY]).process([frame()])
    assert (result.faces, result.visits, result.sightings) == ((), (), ())


def test_no_frames() -> None:
    classifier = FakeClassifier()
    assert pipeline([NOBODY], classifier).process([]) == []
    assert classifier.batches == []


def test_all_faces_of_a_frame_go_in_one_batch() -> None:
    network = FakeNetwork()
    one = pipeline([found(face_at(100), face_at(300), face_at(500))], MaskClassifier(network))
    one.process([frame()])
    assert network.batches == [(3, 16, 16, 3)]


def test_several_cameras_share_a_batch_and_nothing_else() -> None:
    classifier = FakeClassifier([UNMASKED])
    one = pipeline([found(face_at(100))], classifier)
    results = []
    for i in range(30):
        results += one.process([frame(i / 10, camera="left"), frame(i / 10, camera="right")])
    assert classifier.batches[0] == 2
    assert {r.frame.camera for r in results} == {"left", "right"} == set(one.cameras)
    visits = {v.visit_id: v.camera for r in results for v in r.visits}
    assert visits == {"shift-v1": "left", "shift-v2": "right"}
    assert [v.visit_id for v in one.end("left").visits] == ["shift-v1"]
    assert one.cameras == ("right",)


def test_each_camera_gets_its_own_answers() -> None:
    one = Pipeline(
        FakeDetector([NOBODY, found(face_at(100)), found(face_at(200))]),
        FakeClassifier([MASKED]),  # type: ignore[arg-type]
        Config(),
        "shift",
    )
    results = one.process([frame(camera=c, still=True, file=c) for c in ("a", "b", "c")])
    assert [len(r.faces) for r in results] == [0, 1, 1]
    assert results[2].faces[0].xyxy.tolist() == list(face_at(200))


class FakeIdentifier:
    """Makes embeddings that no vote needs more than four of."""

    def __init__(self) -> None:
        self.batches: list[int] = []  # faces in each call

    def embed(self, image: np.ndarray, boxes: np.ndarray, landmarks: object) -> np.ndarray:
        self.batches.append(len(boxes))
        return np.tile(np.eye(1, 4, dtype=np.float32), (len(boxes), 1))

    def new_vote(self) -> IdentityVote:
        card = {"output": {"dimension": 4}, "threshold": {"far": [1e-2, 1], "threshold": [0.9, 0]}}
        return IdentityVote(Matcher((), card))

    assign_unique = staticmethod(Identifier.assign_unique)


def test_embeddings_are_spread_over_the_frames_and_end_when_everybody_is_named() -> None:
    identifier, people = FakeIdentifier(), [face_at(60 + 100 * i, size=64) for i in range(5)]
    detector, classifier = FakeDetector([found(*people)]), FakeClassifier()
    one = Pipeline(detector, classifier, Config(), "shift", identifier)  # type: ignore[arg-type]
    results = run(one, 150)
    assert max(identifier.batches) == EMBED_MAX
    assert {face.identity for face in results[-1].faces} == {VISITOR}
    assert len(results[-1].faces) == 5
    assert sum(identifier.batches[-30:]) == 0


def test_single_pictures_are_not_followed() -> None:
    one = pipeline([found(face_at(100))])
    for i in range(20):
        (result,) = one.process([frame(float(i), still=True, file=f"{i}.jpg")])
        assert [face.track_id for face in result.faces] == [None]
        assert result.visits == ()
        assert result.sightings == ()
    assert one.cameras == ()


def test_a_visit_from_begin_to_end() -> None:
    one = pipeline([found(face_at(100))])
    results = run(one, 30)
    assert [v.state for r in results for v in r.visits][-1] is MaskState.UNMASKED
    assert sum(bool(r.sightings) for r in results) >= 1
    changes = one.end("door")
    assert [v.open for v in changes.visits] == [False]
    assert [s.open for s in changes.sightings] == [False]
    assert one.end("door").visits == ()
    assert one.end("unknown").visits == ()


def test_expire_of_an_unknown_camera_is_nothing() -> None:
    assert pipeline([NOBODY]).expire("nowhere", 1e9).visits == ()


def test_timings_are_seconds() -> None:
    timings = run(pipeline([found(face_at(100))]), 1)[0].timings
    assert 0 <= timings.detect_s < 5
    assert 0 <= timings.classify_s < 5
    assert timings.identify_s == 0


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 900, 3), (480, 640, 3)])
def test_any_size_of_picture(shape: tuple[int, int, int]) -> None:
    height, width = shape[:2]
    one = pipeline(
        [found((0, 0, 1, 1), (width - 1, height - 1, width, height))], MaskClassifier(FakeNetwork())
    )
    for i in range(5):
        image = np.zeros(shape, np.uint8)
        image.setflags(write=False)
        (result,) = one.process([frame(i / 10, pixels=image)])
    assert len(result.faces) == 2


def test_the_size_may_change_in_mid_run() -> None:
    one = pipeline([found(face_at(40, y=40, size=40))], MaskClassifier(FakeNetwork()))
    for i, side in enumerate([480, 480, 100, 100, 300]):
        one.process([frame(i / 10, pixels=np.zeros((side, side, 3), np.uint8))])
    assert one.end("door").visits != ()


def test_nothing_is_searched_more_often_than_it_must() -> None:
    config = Config(detect=DetectConfig(every_s=0.1, idle_every_s=0.5, sweep_every_s=1.0))
    detector = FakeDetector([NOBODY])
    idle = Pipeline(detector, FakeClassifier(), config, "shift")  # type: ignore[arg-type]
    for i in range(100):
        assert idle.process([frame(i / 25, index=i)])[0].faces == ()
    assert len(detector.smallest) == 8  # four seconds, twice a second
    # and for small faces once a second
    assert detector.smallest.count(config.detect.min_face_px) == 4
    detector = FakeDetector([found(face_at(100))])
    busy = Pipeline(detector, FakeClassifier(), config, "shift")  # type: ignore[arg-type]
    for i in range(100):
        busy.process([frame(i / 25, index=i)])
    assert 32 <= len(detector.smallest) <= 42  # ten times a second, on a grid of 25


def test_every_frame_is_searched_where_that_is_wanted() -> None:
    config = Config(detect=DetectConfig(every_s=0, idle_every_s=0, sweep_every_s=0))
    detector = FakeDetector([NOBODY])
    one = Pipeline(detector, FakeClassifier(), config, "shift")  # type: ignore[arg-type]
    run(one, 20)
    assert detector.smallest == [config.detect.min_face_px] * 20


def test_between_two_searches_faces_move_on() -> None:
    config = Config(detect=DetectConfig(every_s=0.2))
    walking = [found(face_at(100 + 20 * i)) for i in range(40)]  # 100 px a second
    one = Pipeline(FakeDetector(walking), FakeClassifier(), config, "shift")  # type: ignore[arg-type]
    results = [one.process([frame(i / 25, index=i)])[0] for i in range(60)]
    faces = [r.faces[0] for r in results if r.faces]
    assert len(faces) > 40  # no frame is left out once the visit has begun
    middles = np.array([(f.xyxy[0] + f.xyxy[2]) / 2 for f in faces])
    assert (np.diff(middles) >= 0).all()
    assert len(np.unique(middles)) > 30
    assert {f.track_id for f in faces} == {1}


def test_a_forecast_stays_in_the_picture() -> None:
    config = Config(detect=DetectConfig(every_s=1.0))
    walking = [found(face_at(320 + 250 * i)) for i in range(9)]
    one = Pipeline(FakeDetector(walking), FakeClassifier(), config, "shift")  # type: ignore[arg-type]
    for i in range(100):
        for face in one.process([frame(i / 10, index=i)])[0].faces:
            assert face.xyxy[0] >= 0
            if face.xyxy[2] > 640:
                # the detector's own word
                assert any((face.xyxy == w.boxes[0]).all() for w in walking)


def test_nobody_looks_at_a_frame_that_is_not_searched() -> None:
    class Unseen:
        size_wh = (640, 480)

        @property
        def image(self) -> np.ndarray:
            raise AssertionError("somebody looked")

    searched = FakeDetector([Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32))])
    one = Pipeline(searched, FakeClassifier(), Config(), "shift")
    one.process([frame(0.0)])
    (result,) = one.process([frame(0.01, pixels=Unseen())])
    assert result.faces == ()
    assert len(searched.smallest) == 1

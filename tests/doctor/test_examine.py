"""The doctor looks at real clips and a real stream through the program's own pipeline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from doctor_clips import (
    at_the_door,
    backlit,
    blurred,
    bright,
    covered,
    dark,
    far,
    small,
    write_clip,
)
from fakes import FakeClock, FakeSource, picture
from mjpeg import MjpegCamera, silent_port
from rtsp import RATE, RtspCamera

from monitor.analysis.pipeline import Pipeline
from monitor.app import RunOptions, build_pipeline
from monitor.camera.source import Picture, camera_source, recording
from monitor.config import CameraConfig, ClassifyConfig
from monitor.doctor.examine import examine
from monitor.doctor.judge import Fault, Topic, bad, judge
from monitor.doctor.measured import Examined
from monitor.errors import CameraError, CameraMistakeError, DamagedPictureError
from monitor.records import Frame, FrameResult

FAST = CameraConfig(open_timeout_s=2, read_timeout_s=2)
BY_THIS_PC = {Fault.LATE, Fault.STOOD_STILL}  # a machine that is busy tests, too


@pytest.fixture
def pipeline() -> Iterator[Pipeline]:
    made = build_pipeline(RunOptions(), "doctor")
    yield made
    made.close()


def faults(seen: Examined) -> set[Fault]:
    """What is to be mended of the camera."""
    found = {finding.fault for finding in bad(judge(seen, ClassifyConfig()))}
    return {fault for fault in found if fault is not None} - BY_THIS_PC


def examine_clip(path: Path, pipeline: Pipeline, seconds: float = 3.0) -> Examined:
    return examine(recording("video", path, FAST), pipeline, FAST, seconds)


def test_a_good_clip_has_nothing_to_mend(pipeline: Pipeline, tmp_path: Path) -> None:
    seen = examine_clip(write_clip(tmp_path / "good.mp4", at_the_door()), pipeline)
    assert faults(seen) == set()
    assert seen.name == "good.mp4"
    assert seen.delivery.size_wh == seen.delivery.claimed_wh == (960, 540)
    assert seen.delivery.pictures == len(at_the_door())
    assert seen.delivery.rate == pytest.approx(20, rel=0.01)
    assert seen.delivery.claimed_rate == pytest.approx(20, rel=0.01)
    assert len(seen.people.sizes_px) == 1
    assert 120 < seen.people.sizes_px[0] < 180
    assert seen.latency is not None
    assert 0 < seen.latency.median_s <= seen.latency.p95_s
    assert not seen.frozen


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (dark, {Fault.DARK}),
        (bright, {Fault.BRIGHT}),
        (backlit, {Fault.BACKLIT}),
        (blurred, {Fault.BLURRED}),
        (small, {Fault.SMALL}),
        (covered, {Fault.NOTHING_TO_SEE}),
        (far, {Fault.FACES_SMALL}),
    ],
)
def test_what_is_wrong_is_found_and_nothing_else(
    change: Callable[[Any], Any], expected: set[Fault], pipeline: Pipeline, tmp_path: Path
) -> None:
    images = [change(image) for image in at_the_door()]
    assert faults(examine_clip(write_clip(tmp_path / "door.mp4", images), pipeline)) == expected


class Busy:
    """A pipeline on a computer that takes a second for each picture."""

    def __init__(self, pipeline: Pipeline, clock: FakeClock) -> None:
        self._pipeline, self._clock = pipeline, clock

    def process(self, frames: list[Frame]) -> list[FrameResult]:
        self._clock.t += 1.0
        return self._pipeline.process(frames)


def test_a_busy_computer_sees_no_less_of_a_recording(pipeline: Pipeline, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "far.mp4", [far(image) for image in at_the_door()][:28])
    clock = FakeClock(100.0)
    busy: Any = Busy(pipeline, clock)
    seen = examine(recording("video", clip, FAST), busy, FAST, 3.0, clock)
    assert clock.t == 100.0 + 28
    assert faults(seen) == {Fault.FACES_SMALL}


def test_a_slow_camera_is_told(pipeline: Pipeline, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "slow.mp4", at_the_door()[::5], rate=4)
    seen = examine_clip(clip, pipeline)
    assert faults(seen) == {Fault.SLOW}
    assert seen.delivery.rate == pytest.approx(4, rel=0.01)


def test_damage_in_a_clip_is_counted(
    pipeline: Pipeline, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = write_clip(tmp_path / "torn.mp4", at_the_door())
    torn, middle = bytearray(clip.read_bytes()), clip.stat().st_size // 2
    for start in range(middle, middle + 80_000, 4000):
        torn[start : start + 600] = bytes(range(200)) * 3
    clip.write_bytes(torn)
    seen = examine_clip(clip, pipeline)
    assert seen.delivery.damaged > 1
    assert seen.delivery.pictures + seen.delivery.damaged <= len(at_the_door())
    assert Fault.DAMAGED in faults(seen)
    caplog.clear()


def test_the_look_ends_after_its_time(pipeline: Pipeline, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "long.mp4", at_the_door() * 4)  # 10 s
    began = time.monotonic()
    seen = examine_clip(clip, pipeline, 2.0)
    assert time.monotonic() - began < 9
    assert 1.0 < seen.delivery.seconds < 9


def test_a_stream_is_measured(pipeline: Pipeline) -> None:
    camera = RtspCamera(at_the_door()[:30])
    camera.live()
    try:
        seen = examine(camera_source(camera.url, FAST), pipeline, FAST, 3.0)
    finally:
        camera.die()
    assert seen.delivery.size_wh == seen.delivery.claimed_wh == (960, 540)
    assert seen.delivery.rate is not None
    assert 1 < seen.delivery.rate < 1.5 * RATE
    assert (seen.delivery.lost, seen.delivery.trouble) == (0, "")
    assert len(seen.people.sizes_px) >= 1
    assert faults(seen) <= {Fault.SLOW, Fault.SLOWER_THAN_CLAIMED}  # of a busy machine


def test_damaged_pictures_are_counted(pipeline: Pipeline) -> None:
    camera = _Torn()
    camera.show(at_the_door()[0])
    camera.live()
    try:
        seen = examine(camera_source(camera.url, FAST), pipeline, FAST, 3.0)
    finally:
        camera.die()
    assert seen.delivery.pictures > seen.delivery.damaged > 1
    assert Fault.DAMAGED in faults(seen)


class _Torn(MjpegCamera):
    """Every third picture breaks off."""

    sent = 0

    def jpeg(self) -> bytes:
        self.sent += 1
        whole = super().jpeg()
        return whole[: len(whole) // 2] if self.sent % 3 == 0 else whole


def no_pictures(seen: Examined) -> str:
    """Why there are none, in the source's words."""
    [finding] = judge(seen, ClassifyConfig())
    assert (finding.topic, finding.fault) == (Topic.PICTURES, Fault.NO_PICTURES)
    return seen.delivery.trouble


def test_a_camera_that_never_answers_is_told_in_time(pipeline: Pipeline) -> None:
    with silent_port() as silent:
        url = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/live"
        began = time.monotonic()
        seen = examine(camera_source(url, FAST), pipeline, FAST, 60.0)
    assert time.monotonic() - began < 20
    assert "does not answer within 2 s" in no_pictures(seen)


def test_a_camera_that_is_off_is_told_at_once(pipeline: Pipeline) -> None:
    source = FakeSource(live=True)
    source.open_errors = [CameraError("camera 0 is busy: close other programs")] * 9
    assert no_pictures(examine(source, pipeline, FAST, 60.0)) == source_line(source)
    assert source.opened == 1


def source_line(source: FakeSource) -> str:
    return str(source.open_errors[0])


def test_a_camera_whose_read_hangs_is_told_in_time(pipeline: Pipeline) -> None:
    source = FakeSource(live=True)

    def hang() -> None:
        time.sleep(8)  # longer than it is waited for
        raise CameraError("gone")

    source.next = hang  # type: ignore[assignment]
    seen = examine(source, pipeline, FAST, 60.0)
    assert no_pictures(seen) in ("", "gone")
    assert seen.delivery.pictures == 0


def test_a_wrong_password_is_the_users_to_mend(pipeline: Pipeline) -> None:
    source = FakeSource(live=True)
    source.open_errors = [CameraMistakeError("the door refuses this password")] * 9
    with pytest.raises(CameraMistakeError, match="refuses this password"):
        examine(source, pipeline, FAST, 60.0)


def test_a_camera_that_is_lost_meanwhile_is_told(pipeline: Pipeline) -> None:
    noise = np.random.default_rng(4)
    source = FakeSource([picture(i / 10) for i in range(5)], live=True)
    more = iter([CameraError("its cable is out"), *(picture(2 + i / 10) for i in range(400))])

    def give() -> Any:
        time.sleep(0.05 + 0.001 * noise.random())
        one = next(more)
        if isinstance(one, Exception):
            raise one
        return one

    source.next = give
    seen = examine(source, pipeline, FAST, 2.5)
    assert seen.delivery.lost == 1
    assert seen.delivery.trouble == "its cable is out"
    assert Fault.LOST in faults(seen)


def test_only_damaged_pictures(pipeline: Pipeline) -> None:
    source = FakeSource(live=True)

    def torn() -> None:
        time.sleep(0.05)
        raise DamagedPictureError("torn")

    source.next = torn  # type: ignore[assignment]
    seen = examine(source, pipeline, FAST, 60.0)
    assert "sends damaged pictures" in no_pictures(seen)


def test_a_stream_that_falls_silent_stood_still(pipeline: Pipeline) -> None:
    source = FakeSource([picture(i / 10) for i in range(5)], live=True)

    def hang() -> None:
        time.sleep(4)
        raise CameraError("gone")

    source.next = hang  # type: ignore[assignment]
    seen = examine(source, pipeline, FAST, 2.0)
    assert 1.5 < seen.delivery.longest_gap_s < 4
    assert Fault.STOOD_STILL in {finding.fault for finding in bad(judge(seen, ClassifyConfig()))}


def test_the_same_picture_again_and_again_is_frozen(pipeline: Pipeline) -> None:
    clock, image = FakeClock(), at_the_door()[0]
    source = FakeSource(live=True)

    def give() -> Picture:
        time.sleep(0.02)
        clock.t += 0.2
        return Picture(image.copy(), clock.t)

    source.next = give
    seen = examine(source, pipeline, FAST, 12.0, now=clock)
    assert seen.frozen
    assert Fault.FROZEN in faults(seen)

"""A camera that hangs otherwise: what its pictures look like to whoever comes after."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeSource

from monitor.camera.address import parse_address
from monitor.camera.capture import CaptureThread
from monitor.camera.slot import LatestSlot
from monitor.camera.source import Picture, camera_source
from monitor.camera.turn import Turn, turned, turned_image
from monitor.config import CameraConfig, load_config
from monitor.errors import ConfigError
from monitor.records import Frame, Image

A, B, C, D = 10, 20, 30, 40
CORNERS = np.repeat(np.uint8([[A, B], [C, D]])[..., None], 3, axis=2)


class Lazy:
    """A picture that tells how often it was looked at."""

    size_wh = (320, 240)

    def __init__(self) -> None:
        self.looks = 0

    @property
    def image(self) -> Image:
        self.looks += 1
        return np.zeros((240, 320, 3), np.uint8)


@pytest.mark.parametrize(
    ("turn", "corners"),
    [
        (Turn(), [[A, B], [C, D]]),
        (Turn(90), [[C, A], [D, B]]),  # clockwise
        (Turn(180), [[D, C], [B, A]]),
        (Turn(270), [[B, D], [A, C]]),
        (Turn(0, True), [[B, A], [D, C]]),
        (Turn(90, True), [[A, C], [B, D]]),
    ],
)
def test_turned_clockwise_and_then_mirrored(turn: Turn, corners: list[list[int]]) -> None:
    assert turned_image(CORNERS, turn)[..., 0].tolist() == corners


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("more", [90, 180, 270])
def test_further_turns_what_is_seen(mirror: bool, more: int) -> None:
    turn = Turn(90, mirror)
    seen = turned_image(turned_image(CORNERS, turn), Turn(more))
    assert np.array_equal(turned_image(CORNERS, turn.further(more)), seen)


def test_a_picture_is_turned_when_it_is_looked_at_and_once() -> None:
    lazy = Lazy()
    picture = turned(lazy, Turn(90))
    assert not isinstance(picture, np.ndarray)
    assert (picture.size_wh, lazy.looks) == ((240, 320), 0)
    assert picture.image.shape == (320, 240, 3)
    assert picture.image is picture.image
    assert not picture.image.flags.writeable
    assert lazy.looks == 1
    assert turned(lazy, Turn()) is lazy


def first_frame(source: FakeSource) -> Frame:
    slot: LatestSlot[Frame] = LatestSlot()
    thread = CaptureThread(source, slot, CameraConfig())
    thread.start()
    frame = slot.get(5)
    thread.stop()
    thread.join(5)
    assert frame is not None
    return frame


@pytest.mark.parametrize("live", [True, False])
def test_the_capture_thread_turns_a_camera_and_no_recording(live: bool) -> None:
    source = FakeSource([Picture(CORNERS.copy(), 0.0)], live=live, name="Front door")
    source.turn = Turn(180)
    source.address = parse_address("3") if live else None
    frame = first_frame(source)
    assert frame.image[0, 0, 0] == (D if live else A)
    assert not frame.image.flags.writeable
    assert frame.camera == "Front door"
    assert frame.camera_key == (parse_address("3").key if live else "Front door")


def test_the_settings_turn_every_camera() -> None:
    config = load_config(None, {"camera": {"rotate": 90, "mirror": True}}).camera
    for address in ("0", "rtsp://door/a", "http://door/a"):
        assert camera_source(address, config).turn == Turn(90, True)
    with pytest.raises(ConfigError, match=r"camera\.rotate = 45: did you mean|valid are"):
        load_config(None, {"camera": {"rotate": 45}})
    with pytest.raises(ConfigError, match="true or false"):
        load_config(None, {"camera": {"mirror": 1}})


def test_a_camera_has_one_key_whoever_looks_at_it() -> None:
    key = parse_address("rtsp://door:554/live").key
    assert parse_address("rtsp://anna:secret@door:554/live").key == key
    assert parse_address("rtsp://door:554/live2").key != key
    assert "door" not in key

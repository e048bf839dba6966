"""The list of cameras: what is kept of one, what never is, and what becomes of a damaged list."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from fakes import FakeSource
from memory_keyring import BrokenKeyring, MemoryKeyring, keyring_in_use

from monitor.camera import passwords
from monitor.camera.address import parse_address
from monitor.camera.kept import KeptCamera, KeptCameras, check_name
from monitor.camera.turn import Turn
from monitor.config import CameraConfig
from monitor.errors import CameraError

DOOR = "rtsp://anna:s3cret@door:554/live?token=t0ken"
SHOWN = "rtsp://door:554/live"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cameras.json"


def names(kept: KeptCameras) -> list[str]:
    return [camera.title for camera in kept.cameras]


def test_a_camera_is_known_by_its_name_and_turn_in_the_next_run(path: Path) -> None:
    kept = KeptCameras(path)
    assert (kept.cameras, kept.set_up, kept.fault) == ((), False, "")
    door = kept.put("3", name="Front door", turn=Turn(90, True))
    kept.put("http://yard/stream.mjpg")
    again = KeptCameras(path)
    assert again.set_up
    assert again.cameras == kept.cameras
    assert names(again) == ["Front door", "http://yard/stream.mjpg"]
    source = again.source(again.cameras[0], CameraConfig(rotate=270))
    assert (source.name, source.turn) == ("Front door", Turn(90, True))
    # what was not set goes by the settings
    yard = again.source(again.cameras[1], CameraConfig(rotate=270))
    assert (yard.name, yard.turn) == ("http://yard/stream.mjpg", Turn(270))
    assert again.named("3", CameraConfig()).name == "Front door"
    assert again.named("4", CameraConfig()).name == "camera 4"
    assert again.get(door.camera_id) == door


def test_a_password_is_in_no_file(path: Path) -> None:
    kept = KeptCameras(path)
    camera = kept.put(DOOR, name="Door")
    assert kept.address(camera) == parse_address(DOOR).url
    written = path.read_text()
    assert SHOWN in written
    for secret in ("s3cret", "t0ken", "anna", parse_address(DOOR).key):
        assert secret not in written
    assert "s3cret" not in repr(kept.cameras)


def test_the_keyring_gives_a_password_back(path: Path) -> None:
    with keyring_in_use(MemoryKeyring()) as ring:
        assert passwords.can_keep()
        camera = KeptCameras(path).put(DOOR)
        assert passwords.keep(camera.camera_id, parse_address(DOOR).url)
        again = KeptCameras(path)
        assert [c.camera_id for c in again.locked] == [camera.camera_id]
        with pytest.raises(CameraError, match="needs its password"):
            again.source(again.cameras[0], CameraConfig())
        again.unlock()
        assert again.locked == ()
        assert again.source(again.cameras[0], CameraConfig()).address == parse_address(DOOR)
        passwords.forget(camera.camera_id)
        passwords.forget(camera.camera_id)  # twice does no harm
        assert ring.kept == {}
    assert not passwords.can_keep()  # as the tests begin: none


@pytest.mark.parametrize("ring", [None, BrokenKeyring()])
def test_without_a_keyring_the_camera_stays_and_is_locked(
    path: Path, ring: BrokenKeyring | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def look() -> None:
        camera = KeptCameras(path).put(DOOR)
        assert not passwords.keep(camera.camera_id, DOOR)
        again = KeptCameras(path)
        again.unlock()
        assert [c.shown for c in again.locked] == [SHOWN]
        assert again.sources(CameraConfig()) == ((), "")

    if ring is None:
        look()
    else:
        with keyring_in_use(ring):
            look()
    assert "s3cret" not in caplog.text


def test_the_same_camera_with_another_password_is_the_same(path: Path) -> None:
    kept = KeptCameras(path)
    door = kept.put(DOOR, name="Door")
    changed = kept.put(DOOR.replace("s3cret", "changed"))
    assert (changed.camera_id, changed.name) == (door.camera_id, "Door")
    other = kept.put(DOOR.replace("t0ken", "other"))  # another picture of another place
    assert other.camera_id != door.camera_id
    assert len(kept.cameras) == 2


def test_order_switch_and_remove(path: Path) -> None:
    kept = KeptCameras(path)
    one, two, three = (kept.put(number).camera_id for number in "123")
    kept.move(three, -2)
    assert names(KeptCameras(path)) == ["camera 3", "camera 1", "camera 2"]
    kept.move(three, -1)  # it is the first already
    kept.move(two, 1)  # and the last
    assert names(kept) == ["camera 3", "camera 1", "camera 2"]
    kept.move(three, 1)
    assert names(kept) == ["camera 1", "camera 3", "camera 2"]
    kept.switch((), (one, two))
    assert [c.on for c in KeptCameras(path).cameras] == [False, True, False]
    kept.switch((two,))
    sources, wrong = KeptCameras(path).sources(CameraConfig())
    assert ([s.name for s in sources], wrong) == (["camera 3", "camera 2"], "")
    kept.remove(three)
    assert names(KeptCameras(path)) == ["camera 1", "camera 2"]


def test_two_windows_do_not_undo_each_other(path: Path) -> None:
    first, second = KeptCameras(path), KeptCameras(path)
    first.put("1")
    second.put("2")
    assert names(KeptCameras(path)) == ["camera 1", "camera 2"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"{}",
        b'{"cameras": [{"id": 3}]}',
        b'{"cameras": [{"id": "a", "name": "x\\ny", "address": "3"}]}',
        b'{"cameras": [{"id": "a", "name": "", "address": "3", "rotate": 45}]}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_list_is_said_and_kept_aside(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    kept = KeptCameras(path)
    assert kept.cameras == ()
    assert kept.set_up  # the demonstration is not played: there was a camera once
    assert "cannot be read (it is damaged)" in kept.fault
    assert "\n" not in kept.fault
    kept.put("3")
    assert kept.fault == ""
    assert names(KeptCameras(path)) == ["camera 3"]
    assert path.with_name("cameras.damaged.json").read_bytes() == content


def test_an_address_written_by_hand_is_named_and_the_others_are_watched(path: Path) -> None:
    entries = [
        {"id": "a", "name": "Hall", "address": "ftp://hall"},
        {"id": "b", "name": "Door", "address": "3"},
    ]
    path.write_text(json.dumps({"version": 1, "cameras": entries}))
    sources, wrong = KeptCameras(path).sources(CameraConfig())
    assert [s.name for s in sources] == ["Door"]
    assert "ftp://hall" in wrong


def test_a_list_that_cannot_be_written_is_said(path: Path) -> None:
    kept = KeptCameras(path)
    path.mkdir()
    kept.put("3")
    assert names(kept) == ["camera 3"]  # for this run
    assert str(path) in kept.fault


def test_names() -> None:
    assert check_name("  Front   door ", ["Yard"]) == "Front door"
    assert check_name("", ["", "Yard"]) == ""
    for name in ("yard", "x" * 61, "a\x00b"):
        with pytest.raises(CameraError):
            check_name(name, ["Yard"])
    assert KeptCamera("a", "3").title == "camera 3"
    assert FakeSource().turn == Turn()

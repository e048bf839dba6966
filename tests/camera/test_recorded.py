"""When a recording was made."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest

from monitor.camera.recorded import Recorded, recorded_at
from monitor.errors import CameraError

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "name",
    [
        "2026-11-21_08-30-05.mp4",
        "door 20261121_083005.avi",
        "cam1-2026.11.21-08.30.05-x.mkv",
        "20261121083005.mp4",
        "2026-11-21T08:30:05.mp4",
    ],
)
def test_a_name_tells_local_time(name: str, tmp_path: Path, berlin: None) -> None:
    (tmp_path / name).touch()
    assert recorded_at(tmp_path / name, NOW) == datetime(2026, 11, 21, 7, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "name", ["a.mp4", "2026-13-41_08-30-05.mp4", "120261121083005.mp4", "4026-11-21_08-30-05.mp4"]
)
def test_else_its_file_was_written_at_its_end(name: str, tmp_path: Path, demo_clip: Path) -> None:
    path = tmp_path / name
    shutil.copy(demo_clip, path)
    end = NOW - timedelta(days=2)
    os.utime(path, (end.timestamp(), end.timestamp()))
    assert timedelta(seconds=5) < end - recorded_at(path, NOW) < timedelta(minutes=2)


@pytest.mark.parametrize("name", ["a.mp4", "2030-01-01_00-00-00.mp4"])
def test_it_never_ends_in_the_future(name: str, tmp_path: Path, demo_clip: Path) -> None:
    path = tmp_path / name
    shutil.copy(demo_clip, path)
    os.utime(path, (NOW.timestamp() + 1e6, NOW.timestamp() + 1e6))
    assert recorded_at(path, NOW) < NOW - timedelta(seconds=5)


def test_a_folder(tmp_path: Path) -> None:
    os.utime(tmp_path, (1e9, 1e9))
    assert recorded_at(tmp_path, NOW) == datetime.fromtimestamp(1e9, UTC)


def noting(source: Path, path: Path, noted: str, written: datetime) -> Path:
    """A copy of a clip whose container notes a time, and whose file was written at another."""
    with av.open(str(source)) as clip, av.open(str(path), "w") as copy:
        copy.metadata["creation_time"] = noted
        track = clip.streams.video[0]
        copied = copy.add_stream_from_template(track)
        for packet in clip.demux(track):
            if packet.dts is not None:
                packet.stream = copied
                copy.mux(packet)
    os.utime(path, (written.timestamp(), written.timestamp()))
    return path


@pytest.mark.parametrize("kind", ["mp4", "mov", "mkv"])
def test_what_the_container_notes_comes_before_when_its_file_was_written(
    kind: str, tmp_path: Path, demo_clip: Path
) -> None:
    path = noting(demo_clip, tmp_path / f"a.{kind}", "2026-11-20T07:15:00Z", NOW)
    assert recorded_at(path, NOW) == datetime(2026, 11, 20, 7, 15, tzinfo=UTC)


def test_a_name_comes_before_what_the_container_notes(
    tmp_path: Path, demo_clip: Path, berlin: None
) -> None:
    path = tmp_path / "2026-11-21_08-30-00.mp4"
    noting(demo_clip, path, "2026-11-20T07:15:00Z", NOW)
    assert recorded_at(path, NOW) == datetime(2026, 11, 21, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "noted", ["1904-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2000-01-01T00:00:10Z"]
)
def test_a_clock_that_was_never_set_is_not_believed(
    noted: str, tmp_path: Path, demo_clip: Path
) -> None:
    end = NOW - timedelta(days=2)
    path = noting(demo_clip, tmp_path / "a.mkv", noted, end)
    assert timedelta(seconds=5) < end - recorded_at(path, NOW) < timedelta(minutes=2)


def test_a_note_of_the_future_is_not_believed(tmp_path: Path, demo_clip: Path) -> None:
    end = NOW - timedelta(days=2)
    path = noting(demo_clip, tmp_path / "a.mp4", "2026-11-25T12:00:10Z", end)
    assert timedelta(seconds=5) < end - recorded_at(path, NOW) < timedelta(minutes=2)


def test_the_user_is_believed_first(tmp_path: Path, demo_clip: Path) -> None:
    path = noting(demo_clip, tmp_path / "a.mp4", "2026-11-20T07:15:00Z", NOW)
    said = NOW - timedelta(days=9)
    assert Recorded(path, said).began(NOW) == said
    with pytest.raises(CameraError, match="cannot be read"):
        Recorded(tmp_path / "gone.mp4").began(NOW)


def test_a_length_that_its_bytes_cannot_hold_is_not_believed(tmp_path: Path) -> None:
    """One wild time stamp makes a clip of two pictures a week long."""
    path = tmp_path / "wild.mkv"
    with av.open(str(path), "w") as clip:
        stream = clip.add_stream("mjpeg", 10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for pts in (0, 1, 10 * 86400 * 6):
            frame = av.VideoFrame(64, 48, "yuvj420p")
            frame.pts = pts
            clip.mux(stream.encode(frame))
        clip.mux(stream.encode(None))
    end = NOW - timedelta(days=10)
    os.utime(path, (end.timestamp(), end.timestamp()))
    assert recorded_at(path, NOW) == end

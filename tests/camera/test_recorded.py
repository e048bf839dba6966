"""When a recording was made."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.camera.recorded import recorded_at

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

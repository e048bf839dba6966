"""Recordings that release 0.1 misread, in ../shared/cases."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import run

pytestmark = pytest.mark.shared

ONE_BARE = "1 visit: 0 masked, 1 unmasked"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("interlaced_bare.mts", [ONE_BARE, "; 1 sighting"]),
        ("interlaced_720.mts", [ONE_BARE, "; 1 sighting"]),
        ("progressive_720.mp4", [ONE_BARE, "; 1 sighting"]),
        ("damaged_before_person.mp4", ["1 visit", "; 1 sighting", "18 frames could not be read"]),
        ("fps_1000_header.avi", ["1 visit"]),
        ("preview_track_first.mkv", ["1 visit"]),
        ("wild_timestamp.mkv", [ONE_BARE, "; 1 sighting"]),
        ("gap_two_hours.mp4", [ONE_BARE, "; 1 sighting"]),
        ("sar_2_1_masked.mp4", ["1 visit: 1 masked"]),
    ],
)
def test_recordings(shared: Path, tmp_path: Path, name: str, words: list[str]) -> None:
    path = shared / "cases" / name
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    store = f"sqlite:///{tmp_path / 'm.db'}"
    done = run(tmp_path, "--headless", "--video", path, "--store", store)
    assert done.code == 0, done.err
    for word in words:
        assert word in done.out + done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("name", ["animated.webp", "header_only.mp4"])
def test_recordings_without_a_picture(shared: Path, tmp_path: Path, name: str) -> None:
    path = shared / "cases" / name
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    done = run(tmp_path, "--headless", "--video", path, "--store", f"sqlite:///{tmp_path / 'm.db'}")
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert f"no picture of {name} could be read" in done.err

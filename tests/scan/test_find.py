"""Which clips are found, and whose footage each is taken for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.scan.find import camera_of, find_clips


def made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0")
    return path


@pytest.mark.parametrize(
    ("below", "camera"),
    [
        ("front door/2026-11-21/08.mp4", "front door"),
        ("2026-11-21/ch01/08-30-00.mp4", "ch01"),
        ("2026-11-21/08.mp4", "site"),
        ("08.mp4", "site"),
        ("Tür/1.mp4", "Tür"),
    ],
)
def test_the_nearest_folder_with_letters_is_the_camera(
    tmp_path: Path, below: str, camera: str
) -> None:
    site = tmp_path / "site"
    assert camera_of(site / below, site) == camera


def test_folders_of_digits_alone_name_nobody() -> None:
    assert camera_of(Path("/2026/11/21.mp4"), Path("/2026")) == "scan"


def test_clips_are_found_below_in_order_and_each_once(tmp_path: Path) -> None:
    wanted = [made(tmp_path / "a" / "2.MP4"), made(tmp_path / "b" / "c" / "1.mkv")]
    for other in ("a/notes.txt", "a/.hidden.mp4", ".trash/3.mp4", "a/picture.jpg"):
        made(tmp_path / other)
    os.symlink(wanted[0], tmp_path / "b" / "link.mp4")
    found = find_clips([tmp_path, tmp_path / "a", wanted[1]])
    assert [clip.path for clip in found.clips] == sorted(str(p.resolve()) for p in wanted)
    assert not found.refused
    assert {clip.camera for clip in find_clips([tmp_path], "hall").clips} == {"hall"}


def test_a_file_may_be_named_itself(tmp_path: Path) -> None:
    clip = made(tmp_path / "yard" / "1.dav")
    (found,) = find_clips([clip]).clips
    assert (found.path, found.camera) == (str(clip.resolve()), "yard")


def test_a_link_to_nothing_and_a_pipe_are_passed_over(tmp_path: Path) -> None:
    os.symlink(tmp_path / "gone", tmp_path / "link.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    found = find_clips([tmp_path])
    assert not found.clips
    assert ["cannot be read" in r.why or "no file but a pipe" in r.why for r in found.refused] == [
        True,
        True,
    ]


def test_no_clip_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no clip in"):
        find_clips([tmp_path])
    with pytest.raises(ConfigError, match="is not there"):
        find_clips([tmp_path / "gone"])


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads every folder"
)
def test_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    made(tmp_path / "a" / "1.mp4")
    (tmp_path / "b").mkdir(mode=0)
    found = find_clips([tmp_path])
    assert len(found.clips) == len(found.refused) == 1
    with pytest.raises(ConfigError, match="cannot be read"):
        find_clips([tmp_path / "b"])

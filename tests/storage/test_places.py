"""No output is an input or another output, by whatever name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.storage.places import check_apart, store_files


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"film")
    return path


def test_an_input_by_its_name_a_link_and_a_detour(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "soft").symlink_to(clip)
    os.link(clip, tmp_path / "hard")
    (tmp_path / "d").mkdir()
    for path in (clip, tmp_path / "soft", tmp_path / "hard", tmp_path / "d" / ".." / "clip.mp4"):
        with pytest.raises(ConfigError, match="--csv would write over the recording"):
            check_apart({"--csv": [path]}, {"the recording": [clip]})
    check_apart({"--csv": [tmp_path / "s.csv"]}, {"the recording": [clip]})


def test_outputs_among_themselves(tmp_path: Path) -> None:
    for first, second in (("a", "a"), ("S.csv", "s.csv")):
        with pytest.raises(ConfigError, match="--events would write over --csv"):
            check_apart({"--csv": [tmp_path / first], "--events": [tmp_path / second]}, {})
    (tmp_path / "gone").symlink_to(tmp_path / "a")
    with pytest.raises(ConfigError):
        check_apart({"--csv": [tmp_path / "a"], "--events": [tmp_path / "gone"]}, {})


def test_the_files_of_a_store() -> None:
    names = ["/d/m.db", "/d/m.db-wal", "/d/m.db-shm", "/d/m.db-journal"]
    for url in ("sqlite:////d/m.db", "sqlite:///file:/d/m.db?uri=true", "sqlite:///file:/d/m%2Edb"):
        assert [path.as_posix() for path in store_files(url)] == names
    assert (
        store_files("postgresql://h/x") == store_files("nonsense") == store_files("sqlite://") == []
    )

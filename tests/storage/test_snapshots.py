"""Pictures of sightings: private, and deleted in time."""

from __future__ import annotations

import os
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.errors import StoreError
from monitor.storage.snapshots import SIDE_PX, Snapshots

IMAGE = np.full((100, 120, 3), 60, np.uint8)
BOX = np.array([100, 80, 140, 120], np.float32)  # over the corner


def test_kept_and_forgotten(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "pictures")
    snapshots.keep("a-v1-s1", IMAGE, BOX)
    saved = cv2.imread(str(tmp_path / "pictures" / "a-v1-s1.jpg"))
    assert saved is not None
    assert saved.shape == (SIDE_PX, SIDE_PX, 3)
    snapshots.forget("a-v1-s1")
    snapshots.forget("a-v1-s1")
    assert not list((tmp_path / "pictures").iterdir())


@pytest.mark.skipif(os.name == "nt", reason="POSIX rights")
def test_for_the_owner_alone(tmp_path: Path) -> None:
    Snapshots(tmp_path / "pictures").keep("a", IMAGE, BOX)
    assert stat.S_IMODE((tmp_path / "pictures").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "pictures" / "a.jpg").stat().st_mode) == 0o600


def test_old_ones_are_purged(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    now = datetime.now(UTC)
    for name, days in (("old", 31), ("new", 1)):
        snapshots.keep(name, IMAGE, BOX)
        moment = (now - timedelta(days=days)).timestamp()
        os.utime(tmp_path / f"{name}.jpg", (moment, moment))
    assert snapshots.purge(now - timedelta(days=30)) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["new.jpg"]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be made"):
        Snapshots(tmp_path / "file")
    snapshots = Snapshots(tmp_path / "pictures")
    (tmp_path / "pictures").rename(tmp_path / "gone")
    (tmp_path / "pictures").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        snapshots.keep("a", IMAGE, BOX)


def test_a_folder_that_was_deleted_meanwhile_is_made_anew(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "pictures")
    snapshots.keep("a", IMAGE, BOX)
    shutil.rmtree(tmp_path / "pictures")
    snapshots.keep("b", IMAGE, BOX)
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["b.jpg"]
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "pictures").stat().st_mode) == 0o700


def test_switched_off_they_are_still_deleted_in_time(tmp_path: Path) -> None:
    Snapshots(tmp_path).keep("old", IMAGE, BOX)
    os.utime(tmp_path / "old.jpg", (0, 0))
    off = Snapshots(tmp_path, on=False)
    off.keep("new", IMAGE, BOX) if off.on else None
    off.purge(datetime.now(UTC) - timedelta(days=30))
    assert not list(tmp_path.iterdir())
    never = Snapshots(tmp_path / "never", on=False)
    assert never.purge(datetime.now(UTC)) == 0
    assert not (tmp_path / "never").exists()

"""What was found is kept until it is in the store: a scan goes on from there."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes import sighting, visit

from monitor.camera.clip import Cut
from monitor.data_folder import data_folder
from monitor.errors import StoreError
from monitor.records import Correction
from monitor.scan.kept import Kept
from monitor.scan.records import Clip, Looked, Mark, Piece, Stretch

STRETCH = Stretch(
    Mark(1024, 512, 10.0, 77),
    Mark(2048, 1536, 20.0, 78),
    (visit(1, open=False), visit(2, corrected=Correction.NEVER_MOVED, open=False)),
    (sighting(1, open=False),),
)


def test_a_piece_comes_back_as_it_was() -> None:
    kept = Kept("store")
    piece = Piece((STRETCH,), open_ended=True, even=False, failed=3)
    kept.keep("key", piece)
    assert kept.piece("key") == piece
    assert kept.piece("other") is None
    kept.drop("key")
    assert kept.piece("key") is None
    kept.close()


def test_only_its_owner_can_read_it() -> None:
    kept = Kept("store")
    kept.keep("key", Piece((STRETCH,)))
    folders = [data_folder() / "scan", *(data_folder() / "scan").iterdir()]
    for path in [*folders, *(p for f in folders[1:] for p in f.iterdir())]:
        assert path.stat().st_mode & 0o077 == 0, path
    kept.close()


def test_a_file_that_was_cut_short_is_nothing() -> None:
    kept = Kept("store")
    kept.keep("key", Piece((STRETCH,)))
    (path,) = (data_folder() / "scan").glob("*/key.json")
    path.write_bytes(path.read_bytes()[:-20])
    assert kept.piece("key") is None
    kept.close()


def test_a_clip_that_was_changed_is_looked_at_again() -> None:
    kept, clip = Kept("store"), Clip("/footage/1.mp4", 10, 20, "door")
    looked = Looked(clip, "ab" * 32, datetime(2026, 11, 21, tzinfo=UTC), 60.0, (Cut(5, 4, 10.0),))
    kept.keep_look(looked, 10.0)
    assert kept.looked(clip, 10.0) == looked
    assert kept.looked(clip, 20.0) is None
    assert kept.looked(Clip("/footage/1.mp4", 10, 21, "door"), 10.0) is None
    kept.drop_looks([clip], 10.0)
    assert kept.looked(clip, 10.0) is None
    kept.close()


def test_one_scan_at_a_time_fills_a_store() -> None:
    first, other = Kept("store"), Kept("other store")
    with pytest.raises(StoreError, match="another scan is filling the store store"):
        Kept("store")
    first.close()
    Kept("store").close()
    other.close()


def test_what_nobody_has_gone_on_with_is_deleted_after_a_month() -> None:
    kept = Kept("store")
    kept.keep("old", Piece((STRETCH,)))
    kept.keep("new", Piece((STRETCH,)))
    (path,) = (data_folder() / "scan").glob("*/old.json")
    os.utime(path, (time.time() - 31 * 86400,) * 2)
    kept.close()
    kept = Kept("store")
    assert kept.piece("old") is None
    assert kept.piece("new") is not None
    kept.close()


def test_a_disk_that_takes_nothing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(target: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    kept = Kept("store")
    monkeypatch.setattr("monitor.scan.kept.write_whole", full)
    with pytest.raises(StoreError, match=r"No space left on device.*run the same command again"):
        kept.keep("key", Piece((STRETCH,)))
    kept.close()

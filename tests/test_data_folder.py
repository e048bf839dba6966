"""The user's data folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import platformdirs
import pytest

from monitor.data_folder import data_folder
from monitor.errors import StoreError


def test_it_is_made_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "user_data_dir", lambda *a, **k: str(tmp_path / "a" / "b"))
    assert data_folder() == data_folder() == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b").is_dir()
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


def test_it_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(platformdirs, "user_data_dir", lambda *a, **k: str(tmp_path / "file" / "b"))
    with pytest.raises(StoreError, match="give a place with --store"):
        data_folder()

"""The user's data folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import platformdirs
import pytest
from fakes import NOON, visit

from monitor.data_folder import data_folder
from monitor.errors import StoreError
from monitor.identity.forget import forget
from monitor.storage.store import Store


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


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such names")
@pytest.mark.parametrize(
    "name", ["a %41 b", "what? and &why", "C#", "50%", "%3F?mode=memory", "ä;=@:"]
)
def test_the_store_lies_in_it_whatever_it_is_called(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platformdirs, "user_data_dir", lambda *a, **k: str(tmp_path / name))
    store = Store()
    store.begin_shift("shift", NOON)
    store.save([visit(1, identity="Zofia Quirk")], [])
    assert store.file == tmp_path / name / "monitor.db"
    assert forget("zofia quirk", tmp_path / "g.npz", "") is not None
    assert [one.identity for one in store.read_visits()] == [None]
    store.close()
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == [name]
    again = Store()
    assert len(again.read_visits()) == 1
    again.close()

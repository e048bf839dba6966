"""`forget` as the user types it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.identity.commands import run_forget
from monitor.records import MaskState, Sighting, Visit
from monitor.storage.snapshots import Snapshots
from monitor.storage.store import Store
from tests.identity.command_line import CommandLine


def filled(store: Store, name: str | None) -> None:
    now = datetime.now(UTC)
    store.begin_shift("s", now)
    for number, identity in enumerate((name, name, "Other", None)):
        visit = Visit(
            *(f"v{number}", "camera 0", now, now, MaskState.UNMASKED),
            open=False,
            identity=identity,
            shift_id="s",
        )
        sighting = Sighting(
            f"s{number}",
            "camera 0",
            f"v{number}",
            now,
            now,
            2.0,
            MaskState.UNMASKED,
            MaskState.UNMASKED,
            0.9,
            identity,
            "m",
            open=False,
            shift_id="s",
        )
        store.save([visit], [sighting])


def test_forget_removes_everything_and_gives_a_receipt(desk: CommandLine) -> None:
    desk.enrol("Eileen", "collins", "--keep-pictures", desk.folder / "kept")
    desk.enrol("Grace", "hopper")
    store = Store(desk.store)
    filled(store, "Eileen")
    said = desk.run(run_forget, "eileen")
    assert "Eileen was forgotten on" in said
    assert "6 embeddings and the consent given" in said
    assert "the name removed from 4 visits and sightings" in said
    assert "pictures: 3 deleted" in said
    assert "CSV files" in said
    assert [p.name for p in desk.people()] == ["Grace"]
    assert [v.identity for v in store.read_visits()] == [None, None, "Other", None]
    assert [s.identity for s in store.read_sightings()] == [None, None, "Other", None]
    assert not list((desk.folder / "kept").iterdir())
    store.close()
    with pytest.raises(ConfigError, match="nobody called Eileen"):
        desk.run(run_forget, "Eileen")


def test_forget_deletes_the_snapshots_of_the_person_alone(
    desk: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.data_folder.data_folder", lambda: desk.folder)
    desk.enrol("Eileen")
    store = Store(desk.store)
    filled(store, "Eileen")
    mine, other = (
        next(s for s in store.read_sightings() if s.identity == name)
        for name in ("Eileen", "Other")
    )
    snapshots = Snapshots(desk.folder / "snapshots")
    for sighting in (mine, other):
        snapshots.keep(
            sighting.sighting_id,
            np.zeros((50, 50, 3), np.uint8),
            np.array([5, 5, 30, 30], np.float32),
        )
    store.close()
    assert "snapshots: 1 pictures of sightings deleted" in desk.run(run_forget, "Eileen")
    assert [p.stem for p in (desk.folder / "snapshots").iterdir()] == [other.sighting_id]


def test_forget_a_name_that_only_the_store_knows(desk: CommandLine) -> None:
    store = Store(desk.store)
    filled(store, "Ann")
    store.close()
    assert "the name was not in it" in desk.run(run_forget, "Ann")
    with pytest.raises(ConfigError, match="nobody is enrolled"):
        desk.run(run_forget, "Ann")


def test_forget_names_the_nearest(desk: CommandLine) -> None:
    desk.enrol("Eileen")
    with pytest.raises(ConfigError, match="did you mean 'Eileen'"):
        desk.run(run_forget, "Eilen")
    assert len(desk.people()) == 1

"""Faces are kept of visits that the receptionist judges, of nobody else; and go when they must."""

from __future__ import annotations

import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from door import desk

from monitor.identity.forget import forget
from monitor.learning.collect import VISITS_MAX, Collector
from monitor.learning.commands import run_learn
from monitor.learning.kept import Kept, KeptFaces
from monitor.learning.manifest import difference, manifest_of, read_manifest, write_manifest
from monitor.learning.places import Places
from monitor.learning.withdrawn import purge
from monitor.records import (
    Correction,
    Face,
    Frame,
    FrameResult,
    MaskState,
    Timings,
    Visit,
)
from monitor.storage.ledger import Ledger
from monitor.storage.outputs import Outputs
from monitor.storage.store import Store

MOMENT = datetime(2026, 11, 2, 8, tzinfo=UTC)
BOX = np.float32([180, 60, 270, 176])


class Desk:
    """A ledger whose camera sees one face of many visits."""

    def __init__(self, places: Places, data: Path, store: Store) -> None:
        self.image = cv2.imread(str(data / "bare.jpg"))
        self.places = places
        self.ledger = Ledger(store, "shift", Outputs(keeper=Collector(places, 3, 90)))
        self.t = 0.0

    def see(
        self,
        name: str,
        state: MaskState = MaskState.UNMASKED,
        *,
        identity: str | None = None,
        searched: bool = True,
        live: bool = True,
    ) -> None:
        self.t += 1
        moment = MOMENT + timedelta(seconds=self.t)
        visit = Visit(name, "door", moment, moment, state, identity=identity)
        light = (self.image * (0.9 + self.t / 1000)).astype(np.uint8)  # no two pictures are alike
        frame = Frame(light, int(self.t), self.t, self.t, moment, "door", live=live)
        face = Face(BOX, 0.95, state, 0.9, state, 0.9, 1, name)
        timings = Timings(0.01 if searched else 0.0)
        self.ledger.record(FrameResult(frame, (face,), timings, (visit,), model="mask_v5"))

    def kept(self) -> list[Kept]:
        return KeptFaces(self.places).all()


@pytest.fixture
def seen(places: Places, data: Path) -> Desk:
    return Desk(places, data, Store())


def test_a_corrected_visit_leaves_a_few_faces_and_others_none(seen: Desk) -> None:
    for _ in range(8):
        seen.see("one")
        seen.see("two")
    assert seen.kept() == []
    seen.ledger.correct("one", Correction.MASKED)
    kept = seen.kept()
    assert len(kept) == 3
    about = kept[0].about
    assert {k.about.visit_id for k in kept} == {"one"}
    assert (about.label, about.camera, about.model, about.state) == (
        *("masked", "door", "mask_v5", "unmasked"),
    )
    picture = KeptFaces(seen.places).picture(kept[0].sha256)
    x0, y0, x1, y1 = about.box
    assert 0 < x0 < x1 < picture.shape[1]
    assert 0 < y0 < y1 < picture.shape[0]
    assert about.face_px == pytest.approx(116)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such rights")
def test_kept_faces_are_for_their_owner_alone(seen: Desk) -> None:
    seen.see("one")
    seen.ledger.correct("one", Correction.UNMASKED)  # confirmed
    assert len(seen.kept()) == 1
    for path in [seen.places.root, seen.places.faces, *seen.places.faces.iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_correction_that_is_taken_back_takes_the_faces_with_it(seen: Desk) -> None:
    seen.see("one")
    seen.ledger.correct("one", Correction.MASKED)
    assert seen.ledger.undo()
    assert seen.kept() == []
    seen.ledger.correct("one", Correction.INCORRECT)
    assert [k.about.label for k in seen.kept()] == ["incorrect"]


def test_only_faces_of_the_state_that_was_judged_are_kept(seen: Desk) -> None:
    seen.see("one", MaskState.MASKED)
    seen.see("one", MaskState.UNMASKED)  # takes the mask off
    seen.ledger.correct("one", Correction.MASKED)
    assert [k.about.state for k in seen.kept()] == ["unmasked"]


def test_recordings_and_frames_that_were_not_searched_leave_nothing(seen: Desk) -> None:
    seen.see("one", live=False)
    seen.see("two", searched=False)
    for name in ("one", "two"):
        seen.ledger.correct(name, Correction.MASKED)
    assert seen.kept() == []


def test_no_more_visits_wait_than_memory_is_set_aside_for(seen: Desk) -> None:
    for number in range(VISITS_MAX + 1):
        seen.see(f"v{number}")
    seen.ledger.correct("v0", Correction.MASKED)
    assert seen.kept() == []
    seen.ledger.correct("v1", Correction.MASKED)
    assert len(seen.kept()) == 1


def test_whoever_is_forgotten_leaves_faces_and_data_sets(seen: Desk, tmp_path: Path) -> None:
    seen.see("one", identity="Anna")
    seen.see("two", identity="Bert")
    for name in ("one", "two"):
        seen.ledger.correct(name, Correction.MASKED)
    seen.ledger.close()
    before = write_manifest(seen.places, manifest_of(seen.kept()))
    receipt = forget("anna", tmp_path / "gallery.npz", "")
    assert receipt is not None
    assert receipt.faces == 1
    assert [k.about.visit_id for k in seen.kept()] == ["two"]
    after = read_manifest(seen.places, before.version)  # it is found by its old version
    assert after.version != before.version
    assert [e.visit_id for e in after.entries] == ["two"]
    assert not (seen.places.sets / f"{before.version}.json").exists()


def test_a_running_program_forgets_faces_that_wait_and_that_are_kept(seen: Desk) -> None:
    seen.see("one", identity="Anna")
    seen.see("two", identity="Anna")
    seen.ledger.correct("one", Correction.MASKED)
    seen.ledger.forget(["Anna"])
    assert seen.kept() == []
    seen.ledger.correct("two", Correction.MASKED)
    assert seen.kept() == []


def test_what_is_too_old_is_deleted(seen: Desk) -> None:
    seen.see("one")
    seen.ledger.correct("one", Correction.MASKED)
    assert purge(seen.places, 90, MOMENT + timedelta(days=89)) == 0
    assert purge(seen.places, 90, MOMENT + timedelta(days=91)) == 1
    assert list(seen.places.faces.iterdir()) == []


def test_the_same_content_has_the_same_version_and_two_can_be_compared(seen: Desk) -> None:
    seen.see("one")
    seen.see("two")
    seen.ledger.correct("one", Correction.MASKED)
    first = write_manifest(seen.places, manifest_of(seen.kept()))
    assert manifest_of(reversed(seen.kept())) == first
    seen.ledger.correct("two", Correction.UNMASKED)
    second = write_manifest(seen.places, manifest_of(seen.kept()))
    found = difference(first, second)
    assert [e.visit_id for e in found.added] == ["two"]
    assert (found.removed, found.judged_anew) == ((), ())
    said: list[str] = []
    run_learn(["diff", first.version[:6], second.version], said.append)
    assert said[-1] == "1 added, 0 removed, 0 judged anew"


def test_forgetting_by_hand_deletes_one_visit(seen: Desk) -> None:
    for name in ("one", "two"):
        seen.see(name)
        seen.ledger.correct(name, Correction.MASKED)
    said: list[str] = []
    run_learn(["forget", "--visit", "one"], said.append)
    assert said == ["1 kept faces deleted, out of all data sets too"]
    assert [k.about.visit_id for k in seen.kept()] == ["two"]


def test_the_store_of_the_desk_names_the_model(places: Places) -> None:
    store = Store()
    desk(store, places, 6)
    assert {s.model for s in Store().read_sightings()} == {"mask_v5"}
    assert all(s.corrected is not None for s in Store().read_sightings())

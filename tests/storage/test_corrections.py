"""The receptionist's word: counted, stored and exported alike, and taken back step by step."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from books import Desk
from fakes import sighting, visit

from monitor.records import Correction, Count, MaskState
from monitor.storage.writer import RETRY_S


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(tmp_path)
    yield opened
    opened.store.close()


@pytest.mark.parametrize("correction", list(Correction))
def test_correction_and_undo(desk: Desk, correction: Correction) -> None:
    desk.ledger.absorb([visit(1), visit(2, MaskState.MASKED)], [sighting(1)])
    before = desk.ledger.count()
    desk.ledger.correct("shift-v1", correction)
    visits, sightings = desk.read()
    assert visits["shift-v1"].corrected is correction
    assert sightings["shift-v1-s1"].corrected is correction
    assert desk.ledger.update().sightings[0].corrected is correction
    desk.window_and_export_agree()
    assert desk.ledger.undo()
    visits, sightings = desk.read()
    assert visits["shift-v1"].corrected is None
    assert sightings["shift-v1-s1"].corrected is None
    assert desk.ledger.count() == before
    desk.window_and_export_agree()
    assert not desk.ledger.undo()


def test_no_person_is_counted_nowhere(desk: Desk) -> None:
    desk.ledger.absorb([visit(1)], [sighting(1)])
    desk.ledger.correct("shift-v1", Correction.NO_PERSON)
    assert desk.ledger.count() == Count()
    desk.window_and_export_agree()


def test_undo_goes_back_step_by_step(desk: Desk) -> None:
    desk.ledger.absorb([visit(1), visit(2)], [])
    desk.ledger.correct("shift-v1", Correction.MASKED)
    desk.ledger.correct("shift-v1", Correction.INCORRECT)
    desk.ledger.correct("shift-v2", Correction.NO_PERSON)
    seen = [desk.ledger.count()]
    while desk.ledger.undo():
        seen.append(desk.ledger.count())
    assert seen == [
        Count(incorrect=1),
        Count(unmasked=1, incorrect=1),
        Count(masked=1, unmasked=1),
        Count(unmasked=2),
    ]


def test_an_update_says_what_was_corrected_and_whether_it_can_be_undone(desk: Desk) -> None:
    desk.ledger.absorb([visit(1), visit(2)], [])
    updates = [desk.ledger.update()]
    for visit_id, word in (("shift-v1", Correction.MASKED), ("shift-v2", Correction.NO_PERSON)):
        desk.ledger.correct(visit_id, word)
        updates.append(desk.ledger.update())
    desk.ledger.correct("shift-v1", None)
    updates.append(desk.ledger.update())
    both = {"shift-v1": Correction.MASKED, "shift-v2": Correction.NO_PERSON}
    assert [dict(update.corrections) for update in updates] == [
        {},
        {"shift-v1": Correction.MASKED},
        both,
        {"shift-v2": Correction.NO_PERSON},
    ]
    assert [update.undoable for update in updates] == [False, True, True, True]
    while desk.ledger.undo():
        pass
    assert (dict(desk.ledger.update().corrections), desk.ledger.update().undoable) == ({}, False)


def test_a_corrected_visit_stays_so_when_the_machine_goes_on(desk: Desk) -> None:
    desk.ledger.absorb([visit(1)], [sighting(1)])
    desk.ledger.correct("shift-v1", Correction.MASKED)
    desk.ledger.absorb([visit(1, MaskState.INCORRECT)], [sighting(1, seconds_unmasked=9.0)])
    desk.ledger.absorb([visit(1, open=False)], [sighting(1, open=False)])
    assert desk.ledger.count() == Count(masked=1)
    visits, sightings = desk.read()
    assert visits["shift-v1"].corrected is Correction.MASKED
    assert sightings["shift-v1-s1"].corrected is Correction.MASKED
    assert desk.rows()[0]["corrected"] == "masked"


def test_a_visit_corrected_before_its_sighting_opens(desk: Desk) -> None:
    desk.ledger.absorb([visit(1)], [])
    desk.ledger.correct("shift-v1", Correction.MASKED)
    desk.ledger.absorb([], [sighting(1)])
    assert desk.read()[1]["shift-v1-s1"].corrected is Correction.MASKED
    assert desk.ledger.update().sightings[0].corrected is Correction.MASKED
    desk.window_and_export_agree()
    desk.ledger.undo()
    assert desk.read()[1]["shift-v1-s1"].corrected is None


def test_corrections_wait_for_a_broken_store(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.ledger.absorb([visit(1)], [sighting(1)])
    desk.store.broken = True
    desk.ledger.correct("shift-v1", Correction.MASKED)
    desk.ledger.annotate("shift-v1-s1", "a visor")
    assert desk.ledger.count() == Count(masked=1)
    desk.ledger.absorb([visit(1, open=False)], [sighting(1, open=False)])
    desk.store.broken = False
    desk.clock.t += RETRY_S + 0.1
    desk.ledger.tidy()
    kept = desk.read()[1]["shift-v1-s1"]
    assert (kept.corrected, kept.note, kept.open) == (Correction.MASKED, "a visor", False)
    assert desk.ledger.update().problem == ""
    assert not desk.ledger.tidy()
    desk.window_and_export_agree()
    caplog.clear()


def test_taking_back_what_was_never_stored(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.store.broken = True
    desk.ledger.absorb([visit(1)], [sighting(1)])
    desk.ledger.correct("shift-v1", Correction.NO_PERSON)
    desk.ledger.absorb([visit(1, open=False)], [sighting(1, open=False)])
    desk.ledger.undo()
    desk.store.broken = False
    desk.ledger.close()
    visits, sightings = desk.read()
    assert visits["shift-v1"].corrected is None
    assert sightings["shift-v1-s1"].corrected is None
    caplog.clear()


def test_notes(desk: Desk) -> None:
    desk.ledger.absorb([visit(1)], [sighting(1)])
    desk.ledger.annotate("shift-v1-s1", "=a visor")
    desk.ledger.annotate("unknown", "lost")
    assert desk.ledger.update().sightings[0].note == "=a visor"
    desk.ledger.absorb([], [sighting(1, open=False)])
    assert desk.read()[1]["shift-v1-s1"].note == "=a visor"
    assert desk.ledger.update().sightings[0].note == "=a visor"
    assert desk.rows()[0]["note"] == "'=a visor"


def test_correcting_a_stranger_is_nothing(desk: Desk) -> None:
    desk.ledger.correct("unknown", Correction.MASKED)
    assert not desk.ledger.undo()
    assert desk.ledger.count() == Count()


def test_a_correction_reaches_what_still_waits(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """A sighting that the store and the CSV do not have yet is shown and written as corrected."""
    desk.store.broken = True
    desk.csv.unlink()
    desk.csv.mkdir()
    desk.ledger.absorb([visit(1)], [sighting(1, open=False)])
    desk.ledger.correct("shift-v1", Correction.MASKED)
    desk.store.broken = False
    desk.csv.rmdir()
    desk.clock.t += RETRY_S + 0.1
    desk.ledger.tidy()
    assert desk.ledger.update().sightings[0].corrected is Correction.MASKED
    assert desk.read()[1]["shift-v1-s1"].corrected is Correction.MASKED
    assert [row["corrected"] for row in desk.rows()] == ["masked"]
    caplog.clear()


def test_what_the_machine_finds_to_be_no_person_is_counted_nowhere(desk: Desk) -> None:
    desk.ledger.absorb([visit(1)], [sighting(1, open=False)])
    again = sighting(2, sighting_id="shift-v1-s2", visit_id="shift-v1")
    desk.ledger.absorb([], [again])
    ended = visit(1, corrected=Correction.NO_PERSON, open=False)
    desk.ledger.absorb([ended], [dataclasses.replace(again, open=False)])
    assert desk.ledger.count() == Count()
    assert desk.ledger.update().sighting_total == 0
    visits, sightings = desk.read()
    assert visits["shift-v1"].corrected is Correction.NO_PERSON
    assert {s.corrected for s in sightings.values()} == {Correction.NO_PERSON}
    assert len(sightings) == 2
    desk.window_and_export_agree()
    assert not desk.ledger.undo()  # it was not the receptionist's
    desk.ledger.correct("shift-v1", Correction.UNMASKED)
    assert desk.ledger.count() == Count(unmasked=1)
    desk.window_and_export_agree()


def test_the_receptionists_word_goes_before_what_the_machine_finds_out(desk: Desk) -> None:
    desk.ledger.absorb([visit(1)], [sighting(1)])
    desk.ledger.correct("shift-v1", Correction.MASKED)
    ended = visit(1, corrected=Correction.NO_PERSON, open=False)
    desk.ledger.absorb([ended], [sighting(1, open=False)])
    assert desk.ledger.count() == Count(masked=1)
    visits, sightings = desk.read()
    assert visits["shift-v1"].corrected is Correction.MASKED
    assert sightings["shift-v1-s1"].corrected is Correction.MASKED
    desk.window_and_export_agree()

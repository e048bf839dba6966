"""The export of one recording, and the books that it comes from."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from books import result
from fakes import NOON, frame, sighting, visit

from monitor.errors import PlaceTakenError
from monitor.records import Correction, Count, FrameResult, MaskState, Timings
from monitor.storage import shift_books
from monitor.storage.export_recording import Found, export_recording
from monitor.storage.export_wish import Wish
from monitor.storage.ledger import Ledger
from monitor.storage.outputs import Outputs
from monitor.storage.store import Store


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def of_clip(number: int, *, live: bool = False) -> FrameResult:
    """Somebody without a mask, in a clip or before a camera."""
    camera = "door" if live else "clip"
    found = result(
        visits=(visit(number, camera=camera, open=False),),
        sightings=(sighting(number, camera=camera, open=False),),
    )
    return dataclasses.replace(found, frame=frame(camera=camera, live=live))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(
        Store(f"sqlite:///{tmp_path / 'm.db'}"), "shift", Outputs(recordings_apart=True)
    )
    yield opened
    opened.close()


def test_rows_and_totals_are_those_of_the_recording(tmp_path: Path, ledger: Ledger) -> None:
    for number in (1, 2, 3):
        ledger.record(of_clip(number))
    ledger.record(of_clip(4, live=True))
    ledger.correct("shift-v2", Correction.MASKED)
    ledger.annotate("shift-v3-s1", "Had a cold")
    found = Found("clip", NOON, *ledger.recording("clip"))
    written = export_recording(found, tmp_path / "out.csv", Wish())
    assert (written.sightings, written.taken_back) == (2, 1)
    listed = {row["sighting_id"]: row for row in rows(tmp_path / "out.csv")}
    assert set(listed) == {f"shift-v{number}-s1" for number in (1, 2, 3)}
    assert listed["shift-v2-s1"]["corrected"] == "masked"
    assert listed["shift-v3-s1"]["note"] == "Had a cold"
    (shift,) = rows(tmp_path / "out_shifts.csv")
    assert (shift["shift"], shift["masked"], shift["unmasked"], shift["sightings"]) == (
        *("clip", "1", "2", "2"),
    )
    with pytest.raises(PlaceTakenError):
        export_recording(found, tmp_path / "out.csv", Wish())


def test_pictures_that_stand_alone_are_in_the_totals(tmp_path: Path) -> None:
    found = Found("pictures", NOON, [], [], Count(masked=5, unmasked=2))
    export_recording(found, tmp_path / "out.csv", Wish())
    assert rows(tmp_path / "out.csv") == []
    (shift,) = rows(tmp_path / "out_shifts.csv")
    assert (shift["masked"], shift["unmasked"], shift["compliance_percent"]) == ("5", "2", "71.4")


def test_a_recording_that_begins_anew_counts_from_zero_and_the_camera_goes_on(
    ledger: Ledger,
) -> None:
    ledger.record(of_clip(1, live=True))
    for number in (2, 3):
        ledger.record(of_clip(number))
    ledger.correct("shift-v2", Correction.NO_PERSON)
    ledger.begin_recording("clip")
    update = ledger.update()
    assert update.count == Count(unmasked=1)
    assert (update.sighting_total, [s.camera for s in update.sightings]) == (1, ["door"])
    assert update.corrections == {}
    assert ledger.recording("clip") == ([], [], Count())
    ledger.undo()  # of what is not known any more
    assert ledger.count() == Count(unmasked=1)
    ledger.record(of_clip(5))
    assert ledger.count() == Count(unmasked=2)
    ledger.begin_recording("door")  # no recording
    assert ledger.count() == Count(unmasked=2)


def test_what_is_in_no_store_is_not_let_go(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shift_books, "KEPT_MAX", 20)
    monkeypatch.setattr(shift_books, "SHOWN_MAX", 5)
    for number in range(60):
        ledger.record(of_clip(number))
        ledger.record(of_clip(100 + number, live=True))
    visits, sightings, _ = ledger.recording("clip")
    assert len(visits) == len(sightings) == 60
    assert {visit.state for visit in visits} == {MaskState.UNMASKED}
    assert len(ledger.recording("door")[0]) < 60
    assert ledger.count() == Count(unmasked=120)


def test_single_pictures_are_counted_anew_too(ledger: Ledger) -> None:
    from tests.gui.looks import make_face

    shown = frame(camera="pictures", live=False, still=True)
    face = make_face((0, 0, 10, 10), visit_id=None)
    for _ in range(2):
        ledger.begin_recording("pictures")
        ledger.record(FrameResult(shown, (face, face), Timings()))
        assert ledger.recording("pictures")[2] == Count(masked=2)
    assert ledger.count() == Count(masked=2)

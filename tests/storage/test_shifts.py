"""A shift goes on after a restart, and the next one begins by the clock while the program runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from books import result, still
from fakes import FakeClock, sighting, visit

from monitor.records import Correction, Count, MaskState, Shift
from monitor.storage.ledger import Ledger
from monitor.storage.outputs import Outputs
from monitor.storage.shifts import ShiftClock, desk_token
from monitor.storage.store import Store
from monitor.storage.totals import OfShift, totals_between

MORNING = datetime.fromisoformat("2026-11-30T08:00+01:00")
TIMES = "Morning 06:00, Late 14:00"


class Reception:
    """Starts and ends programs on one store; the clock on the wall is moved by hand."""

    def __init__(self, path: Path) -> None:
        self.url, self.wall = f"sqlite:///{path}", MORNING
        self.running: list[Ledger] = []
        self._runs = 0

    def start(self, desk: str = "desk") -> Ledger:
        self._runs += 1
        clock = ShiftClock(TIMES, desk, lambda: self.wall)
        ledger = Ledger(Store(self.url), f"run{self._runs}", Outputs(), 0, FakeClock(), clock=clock)
        self.running.append(ledger)
        return ledger

    def end(self) -> None:
        while self.running:
            self.running.pop().close()

    def totals(self) -> dict[str, tuple[Count, int]]:
        store = Store(self.url)
        found = {
            t.period.shift_id: (t.count, t.sightings)
            for t in totals_between(store)
            if isinstance(t.period, OfShift)
        }
        store.close()
        return found


@pytest.fixture
def reception(tmp_path: Path, berlin: None) -> Iterator[Reception]:
    opened = Reception(tmp_path / "monitor.db")
    yield opened
    opened.end()


def seen(number: int, at: datetime, state: MaskState = MaskState.UNMASKED) -> dict[str, object]:
    first = at.astimezone(UTC)
    moments = {"first_seen": first, "last_seen": first + timedelta(seconds=2)}
    alarms = (sighting(number, **moments),) if state is MaskState.UNMASKED else ()
    return {"visits": (visit(number, state, **moments),), "sightings": alarms}


def test_this_mornings_list_is_there_after_a_restart(reception: Reception) -> None:
    first = reception.start()
    first.record(result(**seen(1, MORNING)))
    first.record(result(**seen(2, MORNING, MaskState.MASKED)))
    first.correct("shift-v2", Correction.INCORRECT)
    first.annotate("shift-v1-s1", "courier")
    before = first.update()
    reception.end()
    reception.wall += timedelta(hours=2)
    after = reception.start().update()
    assert after.shift == before.shift
    assert after.shift is not None
    assert (after.shift.name, after.shift.started) == ("Morning", MORNING - timedelta(hours=2))
    assert after.count == before.count == Count(unmasked=1, incorrect=1)
    assert after.sighting_total == before.sighting_total == 1
    (listed,) = after.sightings
    assert (listed.sighting_id, listed.note, listed.open) == ("shift-v1-s1", "courier", False)
    assert after.corrections == {"shift-v2": Correction.INCORRECT}


def test_what_came_before_the_restart_is_corrected_like_what_comes_after(
    reception: Reception,
) -> None:
    reception.start().record(result(**seen(1, MORNING)))
    reception.end()
    ledger = reception.start()
    ledger.record(result(**seen(2, MORNING + timedelta(minutes=5))))
    ledger.correct("shift-v1", Correction.MASKED)
    assert ledger.count() == Count(masked=1, unmasked=1)
    assert ledger.update().sighting_total == 1
    assert ledger.undo()
    assert ledger.count() == Count(unmasked=2)
    assert list(reception.totals().values()) == [(Count(unmasked=2), 2)]


def test_faces_of_single_pictures_have_books_of_their_own(reception: Reception) -> None:
    reception.start().record(still(MaskState.MASKED, MaskState.UNMASKED, wall=MORNING))
    reception.end()
    ledger = reception.start()
    ledger.record(still(MaskState.MASKED, wall=MORNING))
    assert ledger.count() == Count(masked=1)  # the desk's shift goes on without the first ones
    told = [count for count, _ in reception.totals().values() if count != Count()]
    assert sorted(told, key=lambda c: c.unmasked) == [Count(masked=1), Count(masked=1, unmasked=1)]


def test_the_next_shift_begins_by_the_clock(reception: Reception) -> None:
    ledger = reception.start()
    ledger.record(result(**seen(1, MORNING)))
    reception.wall = MORNING + timedelta(hours=5, minutes=59, seconds=59)
    assert not ledger.tidy()
    ledger.record(result(**seen(2, reception.wall)))  # still before the counter when it turns
    reception.wall += timedelta(seconds=1)
    assert ledger.tidy()
    update = ledger.update()
    assert update.shift is not None
    assert (update.shift.name, update.shift.started) == ("Late", reception.wall)
    assert (update.count, update.sightings, update.sighting_total) == (Count(), (), 0)
    ledger.record(result(**seen(2, MORNING + timedelta(hours=5, minutes=59, seconds=59))))
    ledger.record(result(**seen(3, reception.wall, MaskState.MASKED)))
    # seen for the first time before the turn, and known to be somebody only after it
    late = reception.wall - timedelta(milliseconds=200)
    ledger.record(result(**seen(4, late, MaskState.MASKED)))
    assert ledger.count() == Count(masked=1)
    assert list(reception.totals().values()) == [
        (Count(masked=1, unmasked=2), 2),
        (Count(masked=1), 0),
    ]


def test_a_shift_by_hand_counts_from_zero_and_survives_a_restart(reception: Reception) -> None:
    ledger = reception.start()
    ledger.record(result(**seen(1, MORNING)))
    reception.wall += timedelta(hours=1)
    ledger.begin_shift()
    assert ledger.count() == Count()
    ledger.record(result(**seen(2, reception.wall, MaskState.MASKED)))
    reception.end()
    update = reception.start().update()
    assert update.count == Count(masked=1)
    assert update.shift is not None
    assert update.shift.started == reception.wall


def test_after_the_turn_a_new_start_begins_the_new_shift(reception: Reception) -> None:
    reception.start().record(result(**seen(1, MORNING)))
    reception.end()
    reception.wall += timedelta(days=1)
    assert reception.start().count() == Count()


def test_another_desk_and_another_program_have_books_of_their_own(reception: Reception) -> None:
    first, second = reception.start(), reception.start()
    other = reception.start("another desk")
    first.record(result(**seen(1, MORNING)))
    shifts: set[Shift | None] = {ledger.update().shift for ledger in (first, second, other)}
    assert len(shifts) == 3
    assert (second.count(), other.count()) == (Count(), Count())


def test_a_clock_that_is_set_back_ends_no_shift(reception: Reception) -> None:
    ledger = reception.start()
    ledger.record(result(**seen(1, MORNING)))
    reception.wall -= timedelta(hours=5)
    assert not ledger.tidy()
    assert ledger.count() == Count(unmasked=1)


def test_a_desk_keeps_its_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.storage.shifts.data_folder", lambda: tmp_path)
    token = desk_token()
    assert len(token) == 16
    assert desk_token() == token
    (tmp_path / "desk").unlink()
    assert desk_token() != token


@pytest.mark.parametrize(
    ("times", "until"),
    [("00:00", None), (TIMES, MORNING.replace(hour=14)), ("08:30", MORNING.replace(minute=30))],
)
def test_a_shift_has_an_end_by_the_clock_where_times_were_set(
    reception: Reception, monkeypatch: pytest.MonkeyPatch, times: str, until: datetime | None
) -> None:
    monkeypatch.setattr(f"{__name__}.TIMES", times)
    reception.start()
    reception.end()
    store = Store(reception.url)
    (shift,) = store.read_shifts()
    store.close()
    assert shift.until == until

"""The past is looked up, filtered, searched and paged, however much of it there is."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fakes import sighting, visit, watch

from monitor.records import Correction, MaskState, Sighting, Visit, WatchState
from monitor.storage.history import LISTED_MAX, History, Wanted
from monitor.storage.store import Store
from monitor.storage.totals import (
    BY_CAMERA,
    TOGETHER,
    OfDay,
    OfHour,
    OfShift,
    totals,
    totals_between,
)

BEGAN = datetime(2026, 10, 24, 21, 52, 7, 500_000, tzinfo=UTC)  # the night before summer time ends
UNTIL = BEGAN + timedelta(days=3)
STATES = (MaskState.UNMASKED, MaskState.INCORRECT, MaskState.UNSURE)


def rows(number: int = 400) -> list[tuple[Visit, Sighting]]:
    """Of three days: two cameras, three shifts, corrections, names and notes."""
    rng = random.Random(11)
    made = []
    for i in range(number):
        first = BEGAN + (UNTIL - BEGAN) * i / number
        common = {
            "first_seen": first,
            "last_seen": first + timedelta(seconds=5),
            "camera": rng.choice(("door", "yard")),
            "shift_id": f"s{3 * i // number}",
            "corrected": rng.choice((None, None, None, *Correction)),
            "identity": rng.choice((None, "Ada", "Bob Müller")),
            "note": rng.choice(("", "", "Courier of the post")),
            "open": False,
        }
        state = rng.choice(STATES)
        made.append(
            (visit(i, state, **common), sighting(i, worst_state=state, final_state=state, **common))
        )
    return made


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was closed; it is copied and not opened again."""
    path = tmp_path_factory.mktemp("history") / "monitor.db"
    store = Store(f"sqlite:///{path}")
    made = rows()
    store.save([v for v, _ in made], [s for _, s in made])
    store.close()
    return path


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(filled, tmp_path / "monitor.db")
    opened = Store(f"sqlite:///{tmp_path / 'monitor.db'}")
    yield opened
    opened.close()


@pytest.fixture
def in_zone(zone: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot change the zone of a process")
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def all_of(store: Store, wanted: Wanted, page: int = 37) -> list[str]:
    """The ids of all pages, one after the other."""
    history = History(store)
    found = history.find(wanted)
    ids = []
    for offset in range(0, found.number, page):
        some = history.page(found, offset, page)
        assert len(some) == min(page, found.number - offset)
        ids += [row.sighting_id if isinstance(row, Sighting) else row.visit_id for row in some]
    return ids


def expected(wanted: Wanted) -> list[str]:
    """The same by reading everything."""
    found = []
    for of_visit, of_sighting in rows():
        row = of_visit if wanted.kind == "visits" else of_sighting
        state = row.state if isinstance(row, Visit) else row.worst_state
        shown = (row.corrected or state).value
        texts = (row.note, row.identity or "")
        if (
            wanted.since <= row.first_seen < wanted.until
            and wanted.camera in (None, row.camera)
            and (wanted.state is None or wanted.state.value == shown)
            and (not wanted.corrected or row.corrected is not None)
            and (wanted.shift_ids is None or row.shift_id in wanted.shift_ids)
            and (not wanted.text or any(wanted.text.casefold() in t.casefold() for t in texts))
        ):
            found.append(row.sighting_id if isinstance(row, Sighting) else row.visit_id)
    return found[::-1]


@pytest.mark.parametrize("kind", ["visits", "sightings"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"since": BEGAN + timedelta(hours=5, seconds=3)},
        {"until": BEGAN + timedelta(minutes=25)},
        {"since": BEGAN + timedelta(minutes=21), "until": BEGAN + timedelta(minutes=22)},
        {"since": UNTIL},
        {"since": UNTIL, "until": BEGAN},
        {"camera": "yard"},
        {"camera": "cellar"},
        {"state": MaskState.INCORRECT},
        {"state": Correction.NO_PERSON},
        {"corrected": True, "camera": "door"},
        {"shift_ids": frozenset({"s0", "s2"}), "state": MaskState.MASKED},
        {"shift_ids": frozenset()},
        {"text": "müller"},
        {"text": "COURIER", "camera": "yard"},
        {"text": "nobody is called that"},
        {"text": "ada", "since": BEGAN + timedelta(days=1), "corrected": True},
    ],
)
def test_the_list_is_what_was_asked_for(
    store: Store, kind: str, changes: dict[str, object]
) -> None:
    wanted = replace(Wanted(kind, BEGAN, UNTIL), **changes)
    assert all_of(store, wanted) == expected(wanted)


def test_an_id_is_found_by_its_beginning(store: Store) -> None:
    found = all_of(store, Wanted("sightings", BEGAN, UNTIL, text="shift-v39"))
    assert sorted(found) == sorted(f"shift-v{n}-s1" for n in (39, *range(390, 400)))
    assert all_of(store, Wanted("visits", BEGAN, UNTIL, text="shift-v399")) == ["shift-v399"]


def test_a_search_lists_the_newest_and_says_that_there_are_more(store: Store) -> None:
    many = [visit(1000 + i, first_seen=UNTIL, identity="Eve") for i in range(LISTED_MAX + 1)]
    store.save(many, [])
    found = History(store).find(Wanted("visits", BEGAN, UNTIL + timedelta(1), text="eve"))
    assert (found.number, found.more) == (LISTED_MAX, True)


def test_numbers_follow_corrections_and_purges(store: Store) -> None:
    history, wanted = History(store), Wanted("sightings", BEGAN, UNTIL, state=MaskState.MASKED)
    plain = next(s for _, s in rows() if s.corrected is None)
    before = history.find(wanted).number
    store.correct(plain.visit_id, Correction.MASKED)
    assert history.find(wanted).number == before + 1
    store.correct(plain.visit_id, None)
    assert history.find(wanted).number == before
    store.purge(BEGAN + timedelta(days=2))
    whole = Wanted("sightings", BEGAN, UNTIL)
    assert history.find(whole).number == len(all_of(store, whole)) == len(store.read_sightings())


@pytest.mark.parametrize(
    "zone",
    ["Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe"],
)
@pytest.mark.parametrize("by_camera", [False, True])
def test_the_database_counts_like_the_records_in_every_zone(
    store: Store, in_zone: None, by_camera: bool
) -> None:
    since, until = BEGAN + timedelta(minutes=7), UNTIL - timedelta(minutes=3)
    for span in ((None, None), (since, until), (since, since + timedelta(minutes=1))):
        visits, sightings = store.read_visits(*span), store.read_sightings(*span)
        wanted = totals([], visits, sightings, by_camera=by_camera)
        assert totals_between(store, *span, BY_CAMERA if by_camera else TOGETHER) == wanted
        for period in (OfShift, OfDay, OfHour):
            own = [t for t in wanted if isinstance(t.period, period)]
            assert totals_between(store, *span, [(period, by_camera)]) == own


def test_an_old_note_and_correction_leave_a_line_of_who_and_when(store: Store) -> None:
    at = datetime(2026, 11, 1, 8, tzinfo=UTC)
    plain = next(v for v, _ in rows() if v.corrected is None and not v.note)
    store.correct(plain.visit_id, Correction.INCORRECT, at)
    store.correct(plain.visit_id, Correction.INCORRECT, at)  # says nothing new
    store.annotate(plain.visit_id, "a visor", at + timedelta(minutes=1))
    first, second = store.read_changes({plain.visit_id})
    assert (first.field, first.before, first.after, first.at) == (
        *("corrected", None, "incorrect"),
        at,
    )
    assert (second.field, second.before, second.after) == ("note", "", "a visor")
    assert first.by
    (read,) = [v for v in store.read_visits() if v.visit_id == plain.visit_id]
    assert (read.corrected, read.note) == (Correction.INCORRECT, "a visor")


@pytest.mark.parametrize(
    "zone",
    ["Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe"],
)
def test_hours_watched_are_cut_where_local_hours_and_days_end(
    store: Store, in_zone: None, zone: str
) -> None:
    """Minute by minute the same, through a week in which summer time ends in some zones."""
    begins = datetime(2026, 10, 23, 21, 3, tzinfo=UTC)
    wanted: Counter[object] = Counter()
    watches = []
    for number, minutes in enumerate((1, 59, 60, 61, 1440, 1500, 7, 2880, 333)):
        state = (WatchState.LIVE, WatchState.LOST, WatchState.MOVED)[number % 3]
        ended = begins + timedelta(minutes=minutes)
        watches.append(watch(number, state, began=begins, ended=ended, open=False))
        for minute in range(minutes):
            here = (begins + timedelta(minutes=minute)).astimezone(ZoneInfo(zone))
            for period in (OfDay(here.date()), OfHour(here.date(), here.hour)):
                wanted[period, "on"] += 60
                wanted[period, "watched"] += 60 * (state is not WatchState.LOST)
        begins = ended
    store.save([], [], watches=watches)
    for of in (TOGETHER, [(OfDay, False)]):
        found = totals_between(store, watches[0].began, begins, of)
        for one in found:
            if isinstance(one.period, OfShift):
                continue
            assert one.on_s == wanted[one.period, "on"]
            assert one.watched_s == wanted[one.period, "watched"]
        periods = {one.period for one in found if isinstance(one.period, OfDay)}
        assert periods == {period for period, _ in wanted if isinstance(period, OfDay)}

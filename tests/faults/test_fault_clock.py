"""The clock is set while people are there: durations stay right, and the totals add up."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from desk import QUICK, Stage
from fakes import UNMASKED, FakeClassifier, frame, sighting, visit
from program import ROOT

from monitor.analysis.pipeline import Pipeline
from monitor.camera.capture import CaptureThread
from monitor.camera.slot import LatestSlot
from monitor.cli import main
from monitor.config import load_config
from monitor.records import Frame, Update
from monitor.storage.csv_log import CsvLog
from monitor.storage.export import Exported, export
from monitor.storage.export_wish import Wish
from monitor.storage.ledger import Ledger
from monitor.storage.outputs import Outputs
from monitor.storage.store import Store
from monitor.storage.totals import OfDay, totals

BERLIN = "Europe/Berlin"
STEP_S = 0.1
STATES = ("masked", "unmasked", "incorrect", "unsure")
Clock = Callable[
    [float], datetime
]  # seconds since the start, of the source's own time, to what the clock on the wall says


@pytest.fixture(autouse=True)
def _berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's zone is one with daylight saving."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot change the zone of a process")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", BERLIN)
        time.tzset()
        yield
    time.tzset()
    assert os.environ.get("TZ") != BERLIN


def steady(start: datetime) -> Clock:
    return lambda t: start + timedelta(seconds=t)


def set_back(start: datetime, at_s: float, by_s: float) -> Clock:
    """A clock that is set back at a moment."""
    return lambda t: start + timedelta(seconds=t - (by_s if t >= at_s else 0))


def at(*wall: int, fold: int = 0) -> datetime:
    """A wall time in Berlin, from the year down, as UTC."""
    fields = ("year", "month", "day", "hour", "minute", "second")
    said: dict[str, Any] = dict(zip(fields, wall, strict=False))
    return datetime(**said, fold=fold, tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)


class Day:
    """A pipeline with books, fed with frames of a faked clock: people stay for `stays` seconds, one
    after another.
    """

    def __init__(self, folder: Path, clock: Clock, stays: list[float]) -> None:
        self.store, self.csv_path = Store(f"sqlite:///{folder / 'm.db'}"), folder / "s.csv"
        self.url = f"sqlite:///{folder / 'm.db'}"
        stage = Stage()
        config = load_config(None, QUICK)
        pipeline = Pipeline(stage, FakeClassifier((UNMASKED,)), config, "shift")  # type: ignore[arg-type]
        ledger = Ledger(self.store, "shift", Outputs(CsvLog(self.csv_path)))
        self.update: Update = ledger.update()
        index = 0
        for stay_s in stays:
            for present, seconds in ((True, stay_s), (False, 1.0)):
                stage.enter() if present else stage.leave()
                for _ in range(round(seconds / STEP_S)):
                    t = index * STEP_S
                    (result,) = pipeline.process([frame(t, index=index, wall=clock(t))])
                    self.update = ledger.record(result)
                    index += 1
        self.sightings = self.store.read_sightings()
        self.visits = self.store.read_visits()
        self.shifts = self.store.read_shifts()
        sums = totals(self.shifts, self.visits, self.sightings)
        self.totals = [
            (
                type(t.period).__name__,
                [*(f"{getattr(t.count, s)}" for s in STATES), f"{t.sightings}"],
            )
            for t in sums
        ]
        self.days = [t.period.day.isoformat() for t in sums if isinstance(t.period, OfDay)]
        ledger.close()

    def rows(self) -> list[dict[str, str]]:
        with self.csv_path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def check(self, stays: list[float]) -> None:
        """One visit and one sighting for each, as long as it was by the source's own time, whatever
        the clock said.
        """
        expected = [stay_s - STEP_S for stay_s in stays]  # from the first frame to the last
        # Each was there from the first frame on; the state is known from the first answer on.
        assert sorted(s.seconds_unmasked for s in self.sightings) == pytest.approx(
            sorted(expected), abs=0.02
        )
        lengths = sorted((v.last_seen - v.first_seen).total_seconds() for v in self.visits)
        assert lengths == pytest.approx(sorted(expected), abs=0.02)
        assert all(s.first_seen <= s.last_seen and not s.open for s in self.sightings)
        rows = self.rows()
        assert len(rows) == len(stays)
        for row in rows:  # and the same in what a spreadsheet is given
            seen = datetime.fromisoformat(row["last_seen"]) - datetime.fromisoformat(
                row["first_seen"]
            )
            assert seen.total_seconds() == pytest.approx(float(row["seconds_unmasked"]), abs=0.02)
            assert datetime.fromisoformat(row["first_seen"]).utcoffset() is not None
        self.check_totals(self.totals, len(stays))

    def check_totals(self, lines: list[tuple[str, list[str]]], people: int) -> None:
        """Shifts, days and hours each add up to what the window shows."""
        sums: dict[str, Counter[str]] = {}
        for period, (*counts, sightings) in lines:
            kind = sums.setdefault(period, Counter())
            kind.update(dict(zip(STATES, map(int, counts), strict=True)))
            kind["sightings"] += int(sightings)
        assert len(sums) == 3  # shifts, days and hours
        for kind, total in sums.items():
            assert total["sightings"] == people, kind
            assert {s: total[s] for s in STATES} == {
                s: getattr(self.update.count, s) for s in STATES
            }, kind


STAYS = [4.0, 6.0, 3.0, 5.0]  # 22 s in all with a second between
NOON = at(2026, 11, 20, 12)
CLOCKS: dict[str, tuple[Clock, list[str]]] = {
    "steady": (steady(NOON), ["2026-11-20"]),
    "set back an hour while somebody is there": (set_back(NOON, 8.0, 3600), ["2026-11-20"]),
    "set back an hour while nobody is there": (set_back(NOON, 4.5, 3600), ["2026-11-20"]),
    "set back over midnight": (
        set_back(at(2026, 11, 20, 0, 30), 8.0, 3600),
        ["2026-11-19", "2026-11-20"],
    ),
    "set ahead an hour": (set_back(NOON, 8.0, -3600), ["2026-11-20"]),
    "over midnight": (steady(at(2026, 11, 20, 23, 59, 52)), ["2026-11-20", "2026-11-21"]),
    "into summer time": (steady(at(2026, 3, 29, 1, 59, 52)), ["2026-03-29"]),
    "out of summer time": (steady(at(2026, 10, 25, 2, 59, 52)), ["2026-10-25"]),
    "over new year": (steady(at(2026, 12, 31, 23, 59, 52)), ["2026-12-31", "2027-01-01"]),
}


@pytest.mark.parametrize("name", CLOCKS)
def test_the_clock_is_changed(tmp_path: Path, name: str) -> None:
    clock, days = CLOCKS[name]
    day = Day(tmp_path, clock, STAYS)
    day.check(STAYS)
    assert day.days == days
    assert day.update.sighting_total == len(STAYS)


def test_the_offset_of_each_moment_is_written(tmp_path: Path) -> None:
    """The same hour comes twice at the end of summer time: the offset tells them apart."""
    day = Day(tmp_path, steady(at(2026, 10, 25, 2, 59, 52)), STAYS)
    written = [row["first_seen"] for row in day.rows()]
    assert written[0].startswith("2026-10-25T02:59:")
    assert written[0].endswith("+02:00")
    assert written[-1].startswith("2026-10-25T02:00:")
    assert written[-1].endswith("+01:00")
    moments = [datetime.fromisoformat(text) for text in written]
    assert moments == sorted(moments)


@pytest.mark.parametrize(
    ("start", "day"),
    [
        (at(2026, 10, 25, 23, 59, 52), "2026-10-25"),  # a day of 25 hours
        (at(2026, 3, 29, 23, 59, 52), "2026-03-29"),  # a day of 23 hours
        (at(2026, 11, 20, 23, 59, 52), "2026-11-20"),
    ],
)
def test_the_export_of_a_day_ends_at_its_midnight(
    tmp_path: Path, start: datetime, day: str
) -> None:
    """Two come before midnight, two after: each day has its own."""
    people = Day(tmp_path, steady(start), STAYS)
    next_day = (datetime.fromisoformat(day) + timedelta(days=1)).date().isoformat()
    found = {}
    for one in (day, next_day):
        out = tmp_path / f"{one}.csv"
        assert main(["export", str(out), "--day", one, "--store", people.url]) == 0
        with out.open(encoding="utf-8-sig", newline="") as file:
            found[one] = [row["first_seen"] for row in csv.DictReader(file)]
    assert all(text.startswith(one) for one, texts in found.items() for text in texts)
    assert sum(len(texts) for texts in found.values()) == len(STAYS)
    assert all(found.values())


def test_exports_of_both_days_add_up(tmp_path: Path) -> None:
    people = Day(tmp_path, steady(at(2026, 11, 20, 23, 59, 52)), STAYS)
    midnight = at(2026, 11, 21, 0)
    store = Store(people.url)
    try:
        parts = [
            export(store, tmp_path / "a.csv", Wish(None, midnight)),
            export(store, tmp_path / "b.csv", Wish(midnight)),
        ]
    finally:
        store.close()
    assert sum(part.sightings for part in parts) == len(STAYS)
    lines = [line for part in parts for line in _period_lines(part)]
    people.check_totals(lines, len(STAYS))


def _period_lines(part: Exported) -> list[tuple[str, list[str]]]:
    """The totals by shift, day and hour: which of them, and masked to sightings."""
    lines = []
    for kind in ("shifts", "days", "hours"):
        with part.files[kind].open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                lines.append((kind, [row[name] for name in (*STATES, "sightings")]))
    return lines


def faked_clock(times: list[datetime]) -> type[datetime]:
    """A `datetime` whose `now` gives these in turn, then the last one for ever."""

    class Faked(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            moment = times.pop(0) if len(times) > 1 else times[0]
            return (
                moment.astimezone(tz)
                if tz is not None
                else moment.astimezone().replace(tzinfo=None)
            )

    return Faked


def test_the_capture_thread_goes_by_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wall clock is set back an hour between two pictures of a camera: no pause, no stall, no
    lost picture.
    """
    from fakes import FakeSource, picture

    monkeypatch.setattr(
        "monitor.camera.capture.datetime",
        faked_clock([NOON, NOON, NOON, NOON, NOON - timedelta(hours=1)]),
    )
    source = FakeSource([picture(0.1 * i) for i in range(6)], live=True)
    frames: list[Frame] = []
    slot: LatestSlot[Frame] = LatestSlot()
    thread = CaptureThread(source, slot, load_config(None, QUICK).camera)
    slot.put = lambda value, key=None: frames.append(value)  # type: ignore[method-assign, assignment]
    thread.start()
    thread.join(20)
    assert [f.t for f in frames] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert frames[0].wall_time - frames[-1].wall_time == timedelta(hours=1)
    captured = [f.captured_at for f in frames]
    assert captured == sorted(captured)


@pytest.mark.parametrize(
    "now",
    [at(2026, 10, 25, 15), at(2026, 3, 29, 15), at(2026, 11, 20, 0, 0, 1)],
    ids=["out of summer time", "into summer time", "a second after midnight"],
)
def test_the_window_counts_today_from_midnight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    """Also on the two days whose midnight had another offset than the present hour."""
    from monitor.app import RunOptions
    from monitor.gui.threads.bridge import Bridge
    from monitor.gui.threads.session import Session

    local = now.astimezone(ZoneInfo(BERLIN))
    midnight = at(local.year, local.month, local.day, 0)
    Day(tmp_path, steady(midnight - timedelta(seconds=8)), STAYS)  # two before midnight, two after
    monkeypatch.setattr("monitor.gui.threads.store_side.datetime", faked_clock([now]))
    config = load_config(None, {"store": {"url": f"sqlite:///{tmp_path / 'm.db'}"}})
    session = Session(RunOptions(config=config), Bridge())
    try:
        days = [total for total in session.read_totals() if isinstance(total.period, OfDay)]
    finally:
        session.close()
    assert [total.period for total in days] == [OfDay(local.date())]
    assert days[0].sightings == 2


SHIFT = """
import sys
from datetime import UTC, datetime
from monitor.storage.ledger import Ledger
from monitor.storage.shifts import new_shift_id
from monitor.storage.store import Store
ledger = Ledger(Store(sys.argv[1]), new_shift_id(datetime.now(UTC)), retention_days=30)
print(ledger.update().problem)
ledger.close()
"""


@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
@pytest.mark.parametrize(
    "by", ["+11 years", pytest.param("+40 days", marks=pytest.mark.long), "+0 days"]
)
def test_a_program_started_under_a_clock_that_is_ahead(tmp_path: Path, by: str) -> None:
    url = f"sqlite:///{tmp_path / 'm.db'}"
    store, now = Store(url), datetime.now(UTC)
    for days in range(28):
        seen = now - timedelta(days=days, minutes=1)
        times = {"first_seen": seen, "last_seen": seen, "open": False}
        store.begin_shift(f"shift {days}", seen)
        store.save([visit(days, **times)], [sighting(days, **times)])
    said = ""
    for _ in range(2):
        said = subprocess.run(
            ["faketime", by, sys.executable, "-c", SHIFT, url],
            cwd=ROOT,
            env=os.environ | {"FAKETIME_DONT_FAKE_MONOTONIC": "1"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=60,
        ).stdout
    assert len(store.read_visits()) == len(store.read_sightings()) == 28
    store.close()
    if by == "+0 days":
        assert said == "\n"
    else:
        assert "visits and sightings look older than 30 days and are kept" in said
        assert said.count("\n") == 1

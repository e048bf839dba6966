"""A week at the desk, played in fast time: the whole program with window, threads, store and files
by a clock that is moved (`week_desk.py`), a process a run. Cameras are lost, silent and covered,
the cameras are paused, the PC loses its power, the disk is full, summer time begins, shifts change,
visits are corrected. What the history shows, what the store holds, CSV and PDF are then the same.

The store is read here by its tables alone, and days are told apart by `zoneinfo`.
"""

from __future__ import annotations

import csv
import json
import os
import random
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader

BERLIN = ZoneInfo("Europe/Berlin")
FRONT, BACK = "Front door", "Back door"
DRIVER = Path(__file__).with_name("week_desk.py")
WATCHED = ("live", "moved")
KNOWN_S = 6.0  # a state is known that late at most, at both of its ends
KILL_COSTS_S = 14.0  # of what was watched: the beat, and a picture
STATES = ("masked", "unmasked", "incorrect", "unsure")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="full disks and zones are made by POSIX")


def at(text: str, *, fold: int = 0) -> float:
    """A local time of 2026, "03-28 23:50:00", in seconds since 1970."""
    moment = datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M:%S")
    return moment.replace(tzinfo=BERLIN, fold=fold).timestamp()


@dataclass
class Run:
    """From a start of the program to its end."""

    begin: float
    end: float
    stays: list[tuple[str, float, float, str]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)
    # what a camera was in but live: camera, state, from, to
    spells: list[tuple[str, str, float, float]] = field(default_factory=list)
    killed: bool = False

    def spell(self, camera: str, state: str, since: float, seconds: float) -> None:
        """A camera is lost, silent or covered for a while."""
        self.events += [(since, "state", camera, state), (since + seconds, "state", camera, "live")]
        shown = "covered" if state == "covered" else "lost"
        self.spells.append((camera, shown, since, since + seconds))

    def pause(self, since: float, seconds: float) -> None:
        self.events += [(since, "pause"), (since + seconds, "resume")]
        self.spells += [(camera, "paused", since, since + seconds) for camera in (FRONT, BACK)]

    def full_disk(self, since: float, seconds: float) -> None:
        self.events += [(since, "full"), (since + seconds, "free")]

    def kill(self) -> None:
        self.events.append((self.end - 0.5, "kill"))
        self.killed = True

    def visitors(self, seed: int, every_s: float) -> None:
        """Somebody now and then, nobody close to what else happens."""
        rng, moment = random.Random(seed), self.begin + 20
        taken = [(stay[1] - 20, stay[2] + 20) for stay in self.stays]
        taken += [(event[0] - 25, event[0] + 25) for event in self.events]
        taken += [(since - 25, until + 25) for _, _, since, until in self.spells]
        while moment < self.end - 60:
            ends = moment + rng.uniform(8, 20)
            if not any(since < ends and moment < until for since, until in taken):
                camera, kind = rng.choice((FRONT, BACK)), rng.choice(("bare", "masked"))
                self.stays.append((camera, moment, ends, kind))
            moment = ends + every_s * rng.uniform(0.6, 1.4)


class Played:
    """The runs of some days, one after the other, and what became of them."""

    def __init__(self, folder: Path, runs: list[Run], reads: dict[str, tuple[str, str]]) -> None:
        self.folder, self.runs, self.reads = folder, runs, reads
        self.store = folder / "m.db"
        self.told: list[dict[str, Any]] = []
        for number, run in enumerate(runs):
            self._play(number, run.begin, run.end, run)
        moment = runs[-1].end + 3600
        last = Run(moment, moment + 1)
        last.events = [(moment, "read", name, *days) for name, days in reads.items()]
        self._play(len(runs), moment, moment + 1, last, states={"Spare": "lost"})
        self.read: dict[str, dict[str, Any]] = self.told[-1]["read"]

    def _play(
        self, number: int, begin: float, end: float, run: Run, states: dict[str, str] | None = None
    ) -> None:
        script, out = self.folder / f"{number}.json", self.folder / f"{number}.out.json"
        said = {
            "home": str(self.folder),
            "store": str(self.store),
            "out": str(out),
            "begin": begin,
            "end": end,
            "cameras": list(states) if states else [FRONT, BACK],
            "states": states or {},
            "stays": run.stays,
            "events": run.events,
        }
        script.write_text(json.dumps(said))
        kept = {key: value for key, value in os.environ.items() if key != "DISPLAY"}
        done = subprocess.run(
            [sys.executable, DRIVER, script],
            env=kept
            | {
                "TZ": "Europe/Berlin",
                "QT_QPA_PLATFORM": "offscreen",
                "HOME": str(self.folder),
                "XDG_DATA_HOME": str(self.folder),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == (9 if run.killed else 0), done.stderr[-3000:]
        self.told.append(json.loads(out.read_text()))

    # The store, read without the program

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.store)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def watches(self) -> list[tuple[str, str, datetime, datetime, int, str]]:
        found = self.rows("SELECT camera, state, began, ended, open, shift_id FROM watches")
        return [(r[0], r[1], utc(r[2]), utc(r[3]), r[4], r[5]) for r in found]

    def spent(self, first: date, last: date) -> dict[date, Counter[str]]:
        """Microseconds by local day and state, and those in which a camera was on."""
        found: dict[date, Counter[str]] = defaultdict(Counter)
        for _, state, began, ended, _, _ in self.watches():
            day = began.astimezone(BERLIN).date()
            while day <= ended.astimezone(BERLIN).date():
                since, until = max(began, midnight(day)), min(ended, midnight(day, 1))
                if since < until and first <= day <= last:
                    found[day][state] += (until - since) // timedelta(microseconds=1)
                day += timedelta(days=1)
        return found


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def midnight(day: date, later: int = 0) -> datetime:
    there = day + timedelta(days=later)
    return datetime(there.year, there.month, there.day, tzinfo=BERLIN).astimezone(UTC)


def watched(spent: Counter[str]) -> int:
    return sum(spent[state] for state in WATCHED)


def csv_rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


# What is played


def around_the_change(folder: Path) -> Played:
    """Two days, Saturday's midnight and the hour that summer time leaves out."""
    evening = Run(at("03-28 23:55:00"), at("03-29 00:01:30"))
    evening.stays = [
        (FRONT, at("03-28 23:55:20"), at("03-28 23:55:30"), "bare"),
        (BACK, at("03-28 23:59:50"), at("03-29 00:00:10"), "bare"),  # over midnight
    ]
    evening.spell(BACK, "silent", at("03-28 23:56:00"), 40)
    evening.spell(FRONT, "covered", at("03-28 23:57:00"), 40)
    evening.pause(at("03-28 23:58:10"), 40)
    evening.full_disk(at("03-28 23:59:40"), 45)
    evening.kill()
    night = Run(at("03-29 01:57:00"), at("03-29 03:01:30"))
    night.stays = [
        (FRONT, at("03-29 01:57:20"), at("03-29 01:57:30"), "masked"),
        (BACK, at("03-29 01:59:50"), at("03-29 03:00:10"), "bare"),  # twenty seconds
    ]
    night.spell(BACK, "lost", at("03-29 01:58:00"), 45)
    night.events += [
        (at("03-29 03:00:50"), "correct", "visits", "2026-03-28", "2026-03-28", 1, "masked"),
        (at("03-29 03:01:00"), "correct", "sightings", "2026-03-29", "2026-03-29", 0, "no person"),
        (at("03-29 03:01:10"), "undo"),
    ]
    reads = {
        "saturday": ("2026-03-28", "2026-03-28"),
        "sunday": ("2026-03-29", "2026-03-29"),
        "week": ("2026-03-23", "2026-03-29"),
    }
    return Played(folder, [evening, night], reads)


def whole_week(folder: Path) -> Played:
    """Monday to Sunday."""
    runs = []
    for number in range(5):
        day = f"03-{23 + number}"
        morning = Run(at(f"{day} 07:30:00"), at(f"{day} 08:30:00"))
        morning.spell(FRONT, "lost", at(f"{day} 07:40:00"), 300)
        morning.spell(BACK, "silent", at(f"{day} 07:50:00"), 95)
        morning.pause(at(f"{day} 08:05:00"), 420)
        if number % 2:
            morning.kill()
        noon = Run(at(f"{day} 13:30:00"), at(f"{day} 14:30:00"))
        noon.stays = [
            (FRONT, at(f"{day} 13:59:50"), at(f"{day} 14:00:12"), "bare"),  # two shifts
            (BACK, at(f"{day} 13:59:40"), at(f"{day} 14:00:02"), "masked"),
        ]
        noon.spell(FRONT, "covered", at(f"{day} 13:40:00"), 240)
        noon.full_disk(at(f"{day} 13:58:00"), 240)
        noon.spell(BACK, "lost", at(f"{day} 14:10:00"), 20)
        if number == 2:
            noon.events.append((at(f"{day} 14:15:00"), "begin_shift"))
        if number:
            before = f"2026-03-{22 + number}"
            noon.events += [
                (at(f"{day} 14:20:00"), "correct", "visits", before, before, 2, "masked"),
                (at(f"{day} 14:20:30"), "correct", "sightings", before, before, 1, "no person"),
                (at(f"{day} 14:21:00"), "correct", "visits", before, before, 3, "unmasked"),
                (at(f"{day} 14:21:30"), "undo"),
            ]
        runs += [morning, noon]
    evening = Run(at("03-28 21:30:00"), at("03-28 22:20:00"))
    evening.stays = [(BACK, at("03-28 21:59:45"), at("03-28 22:00:12"), "bare")]
    night = Run(at("03-28 23:30:00"), at("03-29 03:40:00"))
    night.stays = [
        (FRONT, at("03-28 23:59:50"), at("03-29 00:00:10"), "bare"),
        (BACK, at("03-29 01:59:50"), at("03-29 03:00:10"), "bare"),
    ]
    night.spell(BACK, "lost", at("03-29 00:30:00"), 900)
    night.spell(FRONT, "covered", at("03-29 01:55:00"), 120)
    night.pause(at("03-29 01:30:00"), 600)
    sunday = Run(at("03-29 12:00:00"), at("03-29 13:00:00"))
    sunday.full_disk(at("03-29 12:30:00"), 300)
    runs += [evening, night, sunday]
    for number, run in enumerate(runs):
        run.visitors(number, 150)
    days = {f"2026-03-{23 + n}": (f"2026-03-{23 + n}",) * 2 for n in range(7)}
    return Played(folder, runs, days | {"week": ("2026-03-23", "2026-03-29")})  # type: ignore


@pytest.fixture(
    scope="module",
    params=["two days", pytest.param("a week", marks=pytest.mark.long)],
)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("week")
    return around_the_change(folder) if request.param == "two days" else whole_week(folder)


@pytest.mark.timeout(3600)  # the fixture plays it
def test_nothing_is_lost_of_what_was_played(played: Played) -> None:
    """Each who came is a visit, as long as they stayed, and is in the books once."""
    stays = sorted(stay for run in played.runs for stay in run.stays)
    found = played.rows("SELECT camera, first_seen, last_seen, state, open FROM visits")
    visits = sorted(
        (camera, utc(first).timestamp(), utc(last).timestamp(), state, is_open)
        for camera, first, last, state, is_open in found
    )
    assert len(visits) == len(stays)
    for (camera, since, until, kind), visit in zip(stays, visits, strict=True):
        assert visit[0] == camera
        assert since <= visit[1] <= since + 2
        assert until - 2 <= visit[2] <= until
        assert visit[3:] == ("unmasked" if kind == "bare" else "masked", 0)
    bare = sum(kind == "bare" for *_, kind in stays)
    assert played.rows("SELECT count(*), sum(open) FROM sightings") == [(bare, 0)]
    listed = [row["sighting_id"] for row in csv_rows(str(played.folder / "list.csv"))]
    assert len(listed) == len(set(listed)) == bare
    assert not any(told.get("error") for told in played.told)
    full = [n for n, run in enumerate(played.runs) if any(e[1] == "full" for e in run.events)]
    assert all(played.told[n]["problems"] for n in full)  # the full disk was told


def test_what_was_watched_is_what_was_played(played: Played) -> None:
    """Intervals never overlap, and each state lasted as long as the script had it."""
    spans: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for camera, _, began, ended, is_open, _ in played.watches():
        spans[camera].append((began, ended))
        assert began <= ended
        assert not is_open or any(run.killed for run in played.runs)
    for some in spans.values():
        some.sort()
        assert all(a[1] <= b[0] for a, b in pairwise(some))
    found: Counter[tuple[str, str]] = Counter()
    for camera, state, began, ended, _, _ in played.watches():
        found[camera, "live" if state in WATCHED else state] += (ended - began).total_seconds()
    for camera in (FRONT, BACK):
        wanted: Counter[str] = Counter()
        changes: Counter[str] = Counter()
        lost_s = 0.0
        for run in played.runs:
            wanted["live"] += run.end - run.begin
            changes["live"] += 1
            lost_s += KILL_COSTS_S * run.killed
            for name, state, since, until in run.spells:
                if name == camera:
                    wanted[state] += until - since
                    wanted["live"] -= until - since
                    changes[state] += 1
                    changes["live"] += 1
        for state, seconds in wanted.items():
            spare = KNOWN_S * changes[state] + (lost_s if state == "live" else 0)
            assert found[camera, state] == pytest.approx(seconds, abs=spare), (camera, state)


def test_hours_watched_agree(played: Played) -> None:
    """Window, store, CSV and PDF, day by day and in all, to the microsecond that the store has."""
    for name, days in played.reads.items():
        told = played.read[name]
        spent = played.spent(*map(date.fromisoformat, days))
        watched_s = sum(map(watched, spent.values())) / 1e6
        on_s = sum(sum(one.values()) for one in spent.values()) / 1e6
        assert told["whole"]["watched_s"] == pytest.approx(watched_s, abs=1e-6)
        assert told["whole"]["on_s"] == pytest.approx(on_s, abs=1e-6)
        by_day = [watched(spent[day]) / 1e6 for day in sorted(spent)]
        assert [day["watched_s"] for day in told["days"]] == pytest.approx(by_day, abs=1e-6)
        for groups in ("hours", "cameras", "shifts"):
            if told[groups]:
                sums = sum(group["watched_s"] for group in told[groups])
                assert sums == pytest.approx(watched_s, abs=1e-5), groups
        for kind in ("days", "hours", "shifts"):
            rows = csv_rows(told["csv"][kind])
            for column, wanted in (("watched_seconds", watched_s), ("on_seconds", on_s)):
                sums = sum(float(row[column]) for row in rows)
                assert sums == pytest.approx(wanted, abs=1e-3 * len(rows)), (kind, column)
        rows = csv_rows(told["csv"]["days"])
        for day, one in spent.items():
            there = [row for row in rows if row["day"] == day.isoformat()]
            sums = sum(float(row["watched_seconds"]) for row in there)
            assert sums == pytest.approx(watched(one) / 1e6, abs=0.01)
            lost = sum(float(row["lost_seconds"]) for row in there)
            assert lost == pytest.approx(one["lost"] / 1e6, abs=0.01)
        assert hours_text(watched_s) in told["sums"]
        assert told["sums"] in pdf_text(played.folder / f"{name}.pdf")


def hours_text(seconds: float) -> str:
    whole = round(seconds)
    if whole < 3600:
        return f"watched {whole // 60} min {whole % 60:02d} s"
    return f"watched {whole // 3600} h {whole % 3600 // 60:02d} min"


def pdf_text(path: Path) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(path).pages).split())


def test_visits_and_sightings_agree(played: Played) -> None:
    """Row for row, and the counts with the receptionist's word."""
    for name, (first, last) in played.reads.items():
        told = played.read[name]
        since, until = midnight(date.fromisoformat(first)), midnight(date.fromisoformat(last), 1)
        between = [f"{moment:%Y-%m-%d %H:%M:%S.%f}" for moment in (since, until)]
        pdf = pdf_text(played.folder / f"{name}.pdf")
        counts: Counter[str] = Counter()
        for kind, state in (("visits", "state"), ("sightings", "worst_state")):
            rows = played.rows(
                f"SELECT first_seen, {state}, corrected, camera FROM {kind} "
                f"WHERE first_seen >= ? AND first_seen < ? ORDER BY first_seen DESC",
                *between,
            )
            when = [f"{utc(row[0]).astimezone(BERLIN):%a %d %b %Y, %H:%M:%S}" for row in rows]
            assert [line[0] for line in told[kind]] == when
            assert [line[3] for line in told[kind]] == [row[3] for row in rows]
            said = [line[1].endswith("(corrected)") for line in told[kind]]
            assert said == [row[2] is not None for row in rows]
            written = csv_rows(told["csv"][kind])
            moments = [datetime.fromisoformat(row["first_seen"]) for row in written]
            wanted = sorted(utc(row[0]) for row in rows)
            assert len(moments) == len(wanted)
            for one, other in zip(sorted(moments), wanted, strict=True):
                assert abs(one - other) <= timedelta(milliseconds=1)
            if kind == "visits":
                counts.update(row[2] or row[1] for row in rows)
            else:
                standing = sum(
                    row[2] not in ("masked", "no person", "withdrawn: never moved") for row in rows
                )
                for row in rows:
                    assert f"{utc(row[0]).astimezone(BERLIN):%d %b %Y, %H:%M:%S}" in pdf
        whole = {state: told["whole"][state] for state in STATES}
        assert whole == {state: counts[state] for state in STATES}
        assert told["whole"]["sightings"] == standing
        for kind in ("days", "hours", "shifts"):
            rows_ = csv_rows(told["csv"][kind])
            for state in STATES:
                assert sum(int(row[state]) for row in rows_) == counts[state], (name, kind, state)
            assert sum(int(row["sightings"]) for row in rows_) == standing, (name, kind)


def test_shifts_are_those_of_the_clock(played: Played) -> None:
    """A visit is in the books of the shift in which it began; the window counts its shift alone."""
    names = {
        shift_id: (name, utc(started))
        for shift_id, name, started in played.rows("SELECT shift_id, name, started FROM shifts")
    }
    for shift_id, first_seen in played.rows("SELECT shift_id, first_seen FROM visits"):
        name, started = names[shift_id]
        began = utc(first_seen)
        hour = began.astimezone(BERLIN).hour
        assert name == ("Morning" if 6 <= hour < 14 else "Late" if 14 <= hour < 22 else "Night")
        assert started <= began < started + timedelta(hours=9)
    told = played.told[-2]  # of the last run; nobody has corrected anything since
    rows = played.rows(
        "SELECT coalesce(corrected, state) FROM visits WHERE shift_id = ?", told["shift"]
    )
    counted = Counter(state for (state,) in rows)
    assert told["count"] == [counted[s] for s in ("masked", "unmasked", "unsure")]
    judged = counted["masked"] + counted["unmasked"]
    assert told["panel"][1].startswith(f"{counted['masked']} of {judged} visits")

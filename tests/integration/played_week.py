"""Some days at the desk, as scripts of runs, played one after the other by `week_desk.py`; and the
store that they leave, read by its tables alone.
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
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
FRONT, BACK = "Front door", "Back door"
DRIVER = Path(__file__).with_name("week_desk.py")
WATCHED = ("live", "moved")


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

    def off_s(self, first: date, last: date) -> float:
        """For how long the program did not run, of both cameras: as the script has it, in the
        shifts in which it ran.
        """
        began = (midnight(first).timestamp(), midnight(last, 1).timestamp())
        found, now = 0.0, self.runs[-1].end + 3600
        for day in range(-1, (last - first).days + 1):
            for hour, ends, later in ((6, 14, 0), (14, 22, 0), (22, 6, 1)):
                since, until = clock(first, day, hour), min(clock(first, day + later, ends), now)
                ran = [(max(r.begin, since), min(r.end, until)) for r in self.runs]
                ran = [(a, b) for a, b in ran if a < b]
                edges = [since, *(t for one in ran for t in one), until]
                gaps = zip(edges[::2], edges[1::2], strict=True) if ran else ()
                found += sum(
                    max(0.0, min(b, began[1]) - max(a, began[0])) for a, b in gaps if a < b
                )
        return 2 * found


def clock(first: date, days: int, hour: int) -> float:
    """Local time of a day, in seconds since 1970."""
    day = first + timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, tzinfo=BERLIN).timestamp()


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

"""A week at the desk, played in fast time: the whole program with window, threads, store and files
by a clock that is moved (`week_desk.py`), a process a run. Cameras are lost, silent and covered,
the cameras are paused, the PC loses its power, the disk is full, summer time begins, shifts change,
visits are corrected. What the history shows, what the store holds, CSV and PDF are then the same.

The store is read here by its tables alone, and days are told apart by `zoneinfo`.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from played_week import (
    BACK,
    BERLIN,
    FRONT,
    WATCHED,
    Played,
    around_the_change,
    csv_rows,
    midnight,
    utc,
    watched,
    whole_week,
)
from pypdf import PdfReader

KNOWN_S = 6.0  # a state is known that late at most, at both of its ends
KILL_COSTS_S = 14.0  # of what was watched: the beat, and a picture
STATES = ("masked", "unmasked", "incorrect", "unsure")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="full disks and zones are made by POSIX")


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
        off_s = told["whole"]["off_s"]
        # each start and each end is known some seconds late
        spare = 2 * len(played.runs) * (KNOWN_S + KILL_COSTS_S)
        wanted_s = played.off_s(*map(date.fromisoformat, days))
        assert off_s == pytest.approx(wanted_s, abs=spare), name
        on_s = sum(sum(one.values()) for one in spent.values()) / 1e6 + off_s
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
            for column, wanted in (
                ("watched_seconds", watched_s),
                ("on_seconds", on_s),
                ("not_running_seconds", off_s),
            ):
                sums = sum(float(row[column]) for row in rows)
                # the file has tenths of a second
                assert sums == pytest.approx(wanted, abs=0.051 * len(rows)), (kind, column)
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

"""Stores of release 0.1 and of version 2, what is in them, and programs that open one at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from monitor.records import Correction, Count, MaskState, Shift, Sighting, Visit

ROOT = Path(__file__).resolve().parents[2]
SQL = Path(__file__).with_name("release_0_1.sql").read_text(encoding="utf-8")
SQL_2 = Path(__file__).with_name("version_2.sql").read_text(encoding="utf-8")
BEFORE, FIRST, SECOND = "20261118-080000-ef56", "20261119-080000-ab12", "20261120-080000-cd34"


def at(day: int, hour: int, minute: int = 0, second: float = 0) -> datetime:
    whole = int(second)
    return datetime(2026, 11, day, hour, minute, whole, round((second - whole) * 1e6), tzinfo=UTC)


def make_old(path: Path, sql: str = SQL) -> None:
    """Write one as an SQLite file."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(sql)
    connection.close()


SHIFTS = [Shift(FIRST, at(19, 8)), Shift(SECOND, at(20, 8), Count(3, 1, 0, 2))]
VISITS = [
    Visit(
        *(f"{FIRST}-v1", "door", at(19, 12), at(19, 12, 0, 9.5), MaskState.UNMASKED),
        open=False,
        shift_id=FIRST,
    ),
    Visit(
        *(f"{SECOND}-v1", "door", at(20, 12), at(20, 12, 0, 3.25), MaskState.MASKED),
        open=False,
        identity="Ada",
        shift_id=SECOND,
    ),
    Visit(
        *(f"{SECOND}-v2", "back-v2", at(20, 23, 30), at(20, 23, 31), MaskState.UNMASKED),
        corrected=Correction.NO_PERSON,
        shift_id=SECOND,
    ),
]
SIGHTINGS = [
    Sighting(
        *(f"{BEFORE}-v7-s1", "door", f"{BEFORE}-v7", at(18, 12), at(18, 12, 0, 5), 5.0),
        *(MaskState.UNMASKED, MaskState.MASKED, 0.91, None, "mask_v3"),
        note="its visit and its shift were purged",
        open=False,
        shift_id=BEFORE,
    ),
    Sighting(
        *(f"{FIRST}-v1-s1", "door", f"{FIRST}-v1", at(19, 12, 0, 2), at(19, 12, 0, 9.5), 7.5),
        *(MaskState.INCORRECT, MaskState.UNMASKED, 0.875, "Ada", "mask_v3"),
        corrected=Correction.MASKED,
        note="a 'visor'",
        open=False,
        shift_id=FIRST,
    ),
    Sighting(
        *(f"{SECOND}-v2-s1", "back-v2", f"{SECOND}-v2", at(20, 23, 30, 2), at(20, 23, 31), 58.0),
        *(MaskState.UNMASKED, MaskState.UNMASKED, 0.99, None, "mask_v3"),
        corrected=Correction.NO_PERSON,
        shift_id=SECOND,
    ),
]

START = """
import sys
from datetime import UTC, datetime
from monitor.storage.shifts import new_shift_id
from monitor.storage.store import Store
print("ready", flush=True)
sys.stdin.readline()
store = Store(sys.argv[1])
store.begin_shift(new_shift_id(datetime.now(UTC)), datetime.now(UTC))
print(len(store.read_sightings()), len(store.read_visits()))
store.close()
"""


def started_at_once(store_url: str, number: int = 5) -> list[str]:
    """What so many programs say that open a store in the same moment."""
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", START, store_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
        )
        for _ in range(number)
    ]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("\n")
        program.stdin.flush()
    return [program.communicate(timeout=100)[0].strip() for program in programs]


# what the steps after version 3 have added, taken away again
BACK_TO_3 = """
DROP INDEX ix_changes_written;
DROP INDEX ix_visits_last_seen;
DROP INDEX ix_visits_open;
DROP INDEX ix_sightings_last_seen;
DROP INDEX ix_sightings_open;
ALTER TABLE shifts DROP COLUMN desk_name;
ALTER TABLE shifts DROP COLUMN until;
ALTER TABLE visits DROP COLUMN desk;
ALTER TABLE sightings DROP COLUMN desk;
ALTER TABLE changes DROP COLUMN written;
UPDATE mask_monitor_version SET version = 3;
"""

"""kill -9 at random moments: every row that the log had shown is in the store, and the store and
the CSV go on.
"""

from __future__ import annotations

import random
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from program import ROOT, Books, run, started

# Somebody new every third of a second, each a sighting at once.
QUICK = """
[detect]
every_s = 0
idle_every_s = 0
[track]
confirm_s = 0
confirm_hits = 1
lost_after_s = 0.1
[vote]
evidence_min = 0
[sighting]
alert_after_s = 0
"""
RATE = 30


@pytest.fixture(scope="session")
def busy_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes in which a bare face comes and goes."""
    path = tmp_path_factory.mktemp("busy") / "busy.avi"
    bare = cv2.imread(str(ROOT / "tests" / "data" / "bare.jpg"))
    assert bare is not None
    small = cv2.resize(bare, (256, 176))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE, (256, 176))
    for index in range(120 * RATE):
        writer.write(small if index % 10 < 5 else np.full_like(small, 128))
    writer.release()
    return path


def kill_once(folder: Path, clip: Path, after_s: float | None) -> dict[str, str]:
    """Run on the books in `folder` and kill it `after_s` s after the second sighting, or at once at
    the start for None.

    Returns:
        What the log had shown: sighting -> began or ended.
    """
    books = Books(folder)
    arguments = ["--headless", "--video", clip, "--config", folder / "quick.toml", *books.arguments]
    with started(folder, *arguments) as monitor:
        if after_s is not None:
            monitor.wait_for("sighting ", times=2)
            threading.Event().wait(after_s)  # the moment is random by intent
        done = monitor.end(signal.SIGKILL)
        assert done.code == -signal.SIGKILL, done.err
        assert "Traceback" not in done.err
        return monitor.told()


def check(books: Books, told: dict[str, str], round_: str) -> None:
    """Nothing that was told is lost; what was not told may be there as well."""
    with closing(sqlite3.connect(books.store)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",), round_
    stored = books.sightings()
    visits = {visit.visit_id for visit in books.visits()}
    rows = books.rows()
    assert len({row["sighting_id"] for row in rows}) == len(rows), f"{round_}: a row twice"
    assert all(len(row) == 14 and None not in row.values() and None not in row for row in rows), (
        f"{round_}: half a row"
    )
    listed = {row["sighting_id"] for row in rows}
    for sighting_id, word in told.items():
        assert sighting_id in stored, f"{round_}: {sighting_id} {word} was told and is lost"
        assert stored[sighting_id].visit_id in visits, round_
        if word == "ended":
            assert not stored[sighting_id].open, (
                f"{round_}: {sighting_id} was told as ended and is open"
            )
            assert sighting_id in listed, f"{round_}: {sighting_id} is not in the CSV"


def kill_often(folder: Path, clip: Path, rounds: int, seed: int, longest_s: float) -> None:
    (folder / "quick.toml").write_text(QUICK)
    chance = random.Random(seed)
    books, told = Books(folder), {}
    for number in range(rounds):
        after_s = chance.uniform(0, longest_s)
        told |= kill_once(folder, clip, after_s)
        check(books, told, f"round {number} of seed {seed}, {after_s:.3f} s")
    assert len(told) >= rounds  # two lines may be of one sighting
    assert "ended" in told.values()
    after = run(folder, "export", folder / "out.csv", "--store", books.url)
    assert after.code == 0, after.err
    assert f"{len(books.sightings())} sightings" in after.out


@pytest.mark.timeout(300)
def test_killed_at_random_moments(tmp_path: Path, busy_clip: Path) -> None:
    kill_often(tmp_path, busy_clip, rounds=5, seed=1, longest_s=0.6)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_killed_fifty_times(tmp_path: Path, busy_clip: Path) -> None:
    kill_often(tmp_path, busy_clip, rounds=50, seed=2, longest_s=1.5)


@pytest.mark.parametrize("after_s", [0.0, 0.3, 0.6, 0.9])
@pytest.mark.long
def test_killed_while_it_starts(tmp_path: Path, busy_clip: Path, after_s: float) -> None:
    """The next start finds nothing in its way."""
    (tmp_path / "quick.toml").write_text(QUICK)
    books = Books(tmp_path)
    with started(tmp_path, "--headless", "--video", busy_clip, *books.arguments) as monitor:
        threading.Event().wait(after_s)
        monitor.end(signal.SIGKILL)
    told = kill_once(tmp_path, busy_clip, 0.1)
    check(books, told, f"killed {after_s} s after its start")

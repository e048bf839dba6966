"""Somebody is forgotten, a consent ends, or what is too old is purged while a monitor runs: nothing
of them is left or comes back, in any byte of the files of program and database.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from fakes import sighting, visit
from mjpeg import MjpegCamera
from program import LIMIT_S, ROOT, Books, Monitor, environment, run, started

from monitor.identity.gallery import load_any_gallery, save_gallery
from monitor.storage.store import Store

if TYPE_CHECKING:
    from postgres import Server

pytest_plugins = ["postgres"]

NAME = "Zofia Quirk"
EMPTY = np.full((720, 1280, 3), 140, np.uint8)


@dataclass
class Desk:
    """A PC with a camera, and Zofia before it."""

    home: Path
    camera: MjpegCamera
    books: Books
    way: str  # "headless" or "window"
    server: Server | None  # None: the store is a file

    @property
    def gallery(self) -> Path:
        return self.home / "mask-monitor" / "gallery.npz"

    @property
    def arguments(self) -> list[str | Path]:
        source = ["--camera", self.camera.url, "--csv", self.books.csv, "--store", self.books.url]
        way = ["--headless"] if self.way == "headless" else []
        return [*way, "--identify", "--config", self.home / "settings.toml", *source]

    def come(self) -> None:
        self.camera.show(somebody())

    def leave(self) -> None:
        self.camera.show(EMPTY)

    def holding(self) -> list[str]:
        """The files with the name in any byte of their path or content: all of the home folder,
        and all of the server's but its journal, which only its administrator can end.
        """
        found = []
        for path in self.home.rglob("*"):
            with contextlib.suppress(FileNotFoundError, IsADirectoryError):  # it is at work
                held = os.fsencode(path) + path.read_bytes()
                if re.search(rb"zofia|quirk", held, re.IGNORECASE):
                    found.append(str(path.relative_to(self.home)))
        if self.server is not None:
            for word in ("zofia", "quirk"):
                found += self.server.holding(word, journal=False)
        return found


def somebody() -> np.ndarray:
    image = EMPTY.copy()
    face = cv2.imread(str(ROOT / "assets" / "portraits" / "collins.jpg"))
    assert face is not None
    scale = 600 / face.shape[0]
    face = cv2.resize(face, None, fx=scale, fy=scale)
    image[60 : 60 + face.shape[0], 300 : 300 + face.shape[1]] = face
    return image


@pytest.fixture(params=["headless-file", "window-file", "window-server"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    way, store = request.param.split("-")
    server = request.getfixturevalue("start_postgres")() if store == "server" else None
    url = server.new_database() if server is not None else ""
    (tmp_path / "settings.toml").write_text(
        # the camera shows one picture: who comes back is another visitor, and alive
        "[store]\nsnapshots = true\n[track]\nreturn_s = 0\nstill_after_s = 0\n"
    )
    camera = MjpegCamera()
    camera.show(somebody())
    camera.live()
    yield Desk(tmp_path, camera, Books(tmp_path, url), way, server)
    camera.die()


@pytest.fixture
def enrolled(desk: Desk) -> Desk:
    """Zofia may be named, and the pictures are kept."""
    (desk.home / "pictures").mkdir()
    picture = cv2.imread(str(ROOT / "assets" / "portraits" / "collins.jpg"))
    assert picture is not None
    cv2.imwrite(str(desk.home / "pictures" / "1.png"), picture)
    done = run(
        *(desk.home, "enrol", NAME, "--images", desk.home / "pictures", "--consent", "yes"),
        *("--keep-pictures", desk.home / "kept"),
    )
    assert done.code == 0, done.err
    return desk


def wait_until(monitor: Monitor, holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < limit, monitor.lines
        time.sleep(0.1)


def named(desk: Desk) -> int:
    """How many visits hold the name."""
    return [visit.identity for visit in desk.books.visits()].count(NAME)


def test_whoever_is_forgotten_while_a_monitor_runs_does_not_come_back(
    enrolled: Desk,
) -> None:
    desk = enrolled
    with started(desk.home, *desk.arguments) as monitor:
        wait_until(monitor, lambda: named(desk) == 1)
        wait_until(monitor, lambda: len(desk.books.sightings()) == 1)
        desk.leave()
        wait_until(monitor, lambda: any(row["identity"] == NAME for row in desk.books.rows()))
        desk.come()
        wait_until(monitor, lambda: named(desk) == 2)

        done = run(desk.home, "forget", "ZOFIA quirk", "--store", desk.books.url)
        assert done.code == 0, done.err
        assert "it has confirmed and names the person no more" in done.out
        assert f"its CSV {desk.books.csv}: the name removed" in done.out
        assert "pictures: 1 deleted" in done.out
        assert desk.holding() == []

        desk.leave()
        wait_until(monitor, lambda: not any(visit.open for visit in desk.books.visits()))
        desk.come()
        wait_until(monitor, lambda: len(desk.books.visits()) == 3)
        wait_until(monitor, lambda: len(desk.books.sightings()) == 3)
        monitor.end(signal.SIGINT)
    assert {visit.identity for visit in desk.books.visits()} <= {None, "visitor"}
    assert {row["identity"] for row in desk.books.rows()} <= {"", "visitor"}
    assert desk.holding() == []


def test_when_a_consent_ends_a_running_monitor_clears_it_away(enrolled: Desk) -> None:
    desk = enrolled
    gallery = load_any_gallery(desk.gallery)
    assert gallery is not None
    (zofia,) = gallery.people
    with started(desk.home, *desk.arguments) as monitor:
        wait_until(monitor, lambda: named(desk) == 1)
        until = datetime.now(UTC) + timedelta(seconds=2)
        save_gallery(replace(gallery, people=(replace(zofia, until=until),)), desk.gallery)
        if desk.way == "headless":
            monitor.wait_for(f"The consent of {NAME} had ended: removed from the gallery")
        wait_until(monitor, lambda: desk.holding() == [])
        monitor.end(signal.SIGINT)
    assert named(desk) == 0
    assert desk.holding() == []


def test_what_is_too_old_is_purged_by_a_running_monitor(desk: Desk) -> None:
    """A name that the store has held for forty days, at a desk that was at work since."""
    now = datetime.now(UTC)
    store = Store(desk.books.url)
    for days in range(40, 0, -1):
        store.begin_shift(f"before {days}", now - timedelta(days=days))
    old = {"first_seen": now - timedelta(days=40), "last_seen": now - timedelta(days=40)}
    old |= {"identity": NAME, "open": False, "shift_id": "before 40"}
    store.save([visit(i, **old) for i in range(50)], [sighting(i, **old) for i in range(50)])
    store.annotate("shift-v1-s1", f"{NAME} had forgotten it", now - timedelta(days=40))
    store.close()
    assert desk.holding() != []
    with started(desk.home, *desk.arguments) as monitor:
        wait_until(monitor, lambda: desk.holding() == [])
        wait_until(monitor, lambda: len(desk.books.visits()) == 1)  # and it goes on watching
        monitor.end(signal.SIGINT)
    assert desk.holding() == []


@pytest.mark.parametrize("page", ["cp1252", "ascii"])
def test_a_name_that_the_terminal_cannot_show_stops_nothing(tmp_path: Path, page: str) -> None:
    (tmp_path / "p").mkdir()
    picture = (ROOT / "assets" / "portraits" / "collins.jpg").read_bytes()
    (tmp_path / "p" / "1.jpg").write_bytes(picture)
    said = ""
    for command in (
        ["enrol", "Łukasz", "--images", "p", "--consent", "tak"],
        ["people"],
        ["forget", "łukasz"],
        ["forget", "łukasz"],
    ):
        done = subprocess.run(
            [sys.executable, ROOT / "main.py", *command],
            cwd=tmp_path,
            env=environment(tmp_path) | {"PYTHONIOENCODING": page},
            capture_output=True,
            timeout=LIMIT_S,
        )
        said = (done.stdout + done.stderr).decode(page)
        assert "Traceback" not in said
        if command[0] == "people":
            assert "\\u0141ukasz: 1 shot" in said
            gallery = load_any_gallery(tmp_path / "mask-monitor" / "gallery.npz")
            assert gallery is not None
            assert [p.name for p in gallery.people] == ["Łukasz"]
    assert "nobody called \\u0142ukasz is in the gallery" in said

"""Somebody is forgotten, or a consent ends, while a monitor runs: nothing of them is left or comes
back.
"""

from __future__ import annotations

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

import cv2
import numpy as np
import pytest
from mjpeg import MjpegCamera
from program import LIMIT_S, ROOT, Books, Monitor, environment, run, started

from monitor.identity.gallery import load_any_gallery, save_gallery

NAME = "Zofia Quirk"
EMPTY = np.full((720, 1280, 3), 140, np.uint8)


@dataclass
class Desk:
    """A PC with a camera, and Zofia before it."""

    home: Path
    camera: MjpegCamera
    books: Books

    @property
    def gallery(self) -> Path:
        return self.home / "mask-monitor" / "gallery.npz"

    @property
    def arguments(self) -> list[str | Path]:
        source = ["--camera", self.camera.url, "--csv", self.books.csv, "--store", self.books.url]
        return ["--headless", "--identify", "--config", self.home / "settings.toml", *source]

    def come(self) -> None:
        self.camera.show(somebody())

    def leave(self) -> None:
        self.camera.show(EMPTY)

    def holding(self) -> list[str]:
        """The files with the name in any byte of their path or content, the store's included."""
        return [
            str(path.relative_to(self.home))
            for path in self.home.rglob("*")
            if path.is_file()
            and re.search(rb"zofia|quirk", os.fsencode(path) + path.read_bytes(), re.IGNORECASE)
        ]


def somebody() -> np.ndarray:
    image = EMPTY.copy()
    face = cv2.imread(str(ROOT / "assets" / "portraits" / "collins.jpg"))
    assert face is not None
    scale = 600 / face.shape[0]
    face = cv2.resize(face, None, fx=scale, fy=scale)
    image[60 : 60 + face.shape[0], 300 : 300 + face.shape[1]] = face
    return image


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "settings.toml").write_text(
        # the camera shows one picture: who comes back is another visitor, and alive
        "[store]\nsnapshots = true\n[track]\nreturn_s = 0\nstill_after_s = 0\n"
    )
    picture = cv2.imread(str(ROOT / "assets" / "portraits" / "collins.jpg"))
    assert picture is not None
    cv2.imwrite(str(tmp_path / "pictures" / "1.png"), picture)
    done = run(
        *(tmp_path, "enrol", NAME, "--images", tmp_path / "pictures", "--consent", "yes"),
        *("--keep-pictures", tmp_path / "kept"),
    )
    assert done.code == 0, done.err
    camera = MjpegCamera()
    camera.show(somebody())
    camera.live()
    yield Desk(tmp_path, camera, Books(tmp_path))
    camera.die()


def wait_until(monitor: Monitor, holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < limit, monitor.lines
        time.sleep(0.1)


def named(desk: Desk) -> int:
    """How many visits hold the name."""
    return [visit.identity for visit in desk.books.visits()].count(NAME)


def test_whoever_is_forgotten_while_a_monitor_runs_does_not_come_back(desk: Desk) -> None:
    with started(desk.home, *desk.arguments) as monitor:
        monitor.wait_for("is live")
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


def test_when_a_consent_ends_a_running_monitor_clears_it_away(desk: Desk) -> None:
    gallery = load_any_gallery(desk.gallery)
    assert gallery is not None
    (zofia,) = gallery.people
    with started(desk.home, *desk.arguments) as monitor:
        monitor.wait_for("is live")
        wait_until(monitor, lambda: named(desk) == 1)
        until = datetime.now(UTC) + timedelta(seconds=2)
        save_gallery(replace(gallery, people=(replace(zofia, until=until),)), desk.gallery)
        monitor.wait_for(f"The consent of {NAME} had ended: removed from the gallery")
        assert desk.holding() == []
        monitor.end(signal.SIGINT)
    assert named(desk) == 0
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

"""Runs `python main.py` in a process of its own, as a user does, and watches what it prints."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.records import Sighting, Visit
from monitor.storage.store import Store

ROOT = Path(__file__).resolve().parent.parent
LIMIT_S = 100.0
SIGHTING_LINE = re.compile(r"sighting (\S+) (began|ended)")


def environment(home: Path) -> dict[str, str]:
    """No display, and a data folder of its own."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return kept | {"HOME": str(home), "XDG_DATA_HOME": str(home), "PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True)
class Done:
    """A run that has ended."""

    code: int
    out: str
    err: str


def run(home: Path, *arguments: str | Path) -> Done:
    """Run to the end."""
    done = subprocess.run(
        [sys.executable, ROOT / "main.py", *arguments],
        capture_output=True,
        text=True,
        cwd=home,
        env=environment(home),
        timeout=LIMIT_S,
    )
    return Done(done.returncode, done.stdout, done.stderr)


class Books:
    """The files of a run in one folder: where they are, and what is in them."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder = folder
        self.csv, self.events, self.store = folder / "s.csv", folder / "e.jsonl", folder / "m.db"
        self.url = url or f"sqlite:///{self.store}"
        self.arguments = (
            *("--csv", self.csv, "--events", self.events, "--store", self.url, "--into-store"),
        )

    def rows(self) -> list[dict[str, str]]:
        with self.csv.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.events.read_text(encoding="utf-8").splitlines()]

    def visits(self) -> list[Visit]:
        store = Store(self.url)
        try:
            return store.read_visits()
        finally:
            store.close()

    def sightings(self) -> dict[str, Sighting]:
        store = Store(self.url)
        try:
            return {sighting.sighting_id: sighting for sighting in store.read_sightings()}
        finally:
            store.close()


class Monitor:
    """A running monitor whose terminal is read line by line; a window is shown nowhere."""

    def __init__(self, home: Path, *arguments: str | Path) -> None:
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            [sys.executable, ROOT / "main.py", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=home,
            env=environment(home) | {"QT_QPA_PLATFORM": "offscreen"},
        )
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self.lines.append("<end>")
            self._changed.notify_all()

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_for(self, words: str, times: int = 1) -> None:
        """Wait until so many lines hold the words."""

        def there() -> bool:
            return sum(words in line for line in self.lines) >= times or "<end>" in self.lines

        with self._changed:
            self._changed.wait_for(there, LIMIT_S)
            assert sum(words in line for line in self.lines) >= times, self.lines

    def told(self) -> dict[str, str]:
        """The last word on each sighting: began or ended."""
        return {found[1]: found[2] for line in self.lines if (found := SIGHTING_LINE.search(line))}

    def end(self, number: int) -> Done:
        """Send a signal and wait for the end."""
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> Done:
        code = self._process.wait(LIMIT_S)
        self._reader.join(LIMIT_S)
        assert self._process.stdout is not None
        return Done(code, self._process.stdout.read(), "\n".join(self.lines[:-1]))

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(LIMIT_S)
        self._reader.join(LIMIT_S)
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()


@contextmanager
def started(home: Path, *arguments: str | Path) -> Iterator[Monitor]:
    monitor = Monitor(home, *arguments)
    try:
        yield monitor
    finally:
        monitor.close()


def states(lines: Sequence[dict[str, Any]], track: int) -> list[tuple[int, str]]:
    """(frame, state) of one track, where the state changes."""
    seen: list[tuple[int, str]] = []
    for line in lines:
        for face in line["faces"]:
            if face["track"] == track and (not seen or seen[-1][1] != face["state"]):
                seen.append((line["frame"], face["state"]))
    return seen

"""An office for the load test: desks that are processes, one PostgreSQL, a disk that can be filled,
and a network that can drop packets.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from program import ROOT, environment

BALLAST = 2**20  # bytes that the full disk is filled with at once
END_S = 180.0
# each row that is put into the store, in the order in which they come
ARRIVALS = """
CREATE TABLE arrived (place bigserial PRIMARY KEY, sighting_id text NOT NULL);
CREATE FUNCTION note_arrival() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO arrived (sighting_id) VALUES (NEW.sighting_id); RETURN NEW; END $$;
CREATE TRIGGER arrival AFTER INSERT ON sightings FOR EACH ROW EXECUTE FUNCTION note_arrival();
"""


@dataclass
class Desk:
    """A process that writes, and what it has written down of it; started again after its end."""

    name: str
    url: str
    folder: Path
    rate: float
    namespace: str = ""  # of the network
    running: subprocess.Popen[bytes] | None = None
    killed: bool = False
    _errors: list[Path] = field(default_factory=list)

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        within = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        script = ROOT / "tests" / "faults" / "office_desk.py"
        wanted = [self.name, self.url, str(self.folder), str(self.rate)]
        self._errors.append(self.folder / f"errors{len(self._errors)}")
        with self._errors[-1].open("wb") as errors:
            self.running = subprocess.Popen(
                [*within, sys.executable, str(script), *wanted],
                stderr=errors,
                env=environment(self.folder) | {"PYTHONPATH": str(ROOT)},
                start_new_session=True,
            )

    def kill(self) -> None:
        assert self.running is not None
        self.running.kill()
        self.running.wait(END_S)
        self.killed = True

    def end(self) -> int:
        assert self.running is not None
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(END_S)

    def clear(self) -> None:
        if self.running is not None and self.running.poll() is None:
            os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait(END_S)

    def began(self) -> bool:
        """Whether it writes, after its last start."""
        began = [line for line in self._lines() if line.startswith("began")]
        return len(began) == len(self._errors)

    def ids(self, word: str) -> list[str]:
        """Of the sightings that were `put` or `shown`, in order."""
        found = (line.split() for line in self._lines())
        return [line[1] for line in found if len(line) == 2 and line[0] == word]

    def errors(self) -> str:
        return "\n".join(path.read_text() for path in self._errors)

    def _lines(self) -> list[str]:
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []


def rows(url: str, sql: str) -> list[tuple[object, ...]]:
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            found = connection.exec_driver_sql(sql)
            return [tuple(row) for row in found] if found.returns_rows else []
    finally:
        engine.dispose()


def check(url: str, desks: list[Desk]) -> dict[str, int]:
    """That the store holds what the windows showed, once and in order. Returns how many sightings
    it has of each desk.
    """
    arrived = [str(row[0]) for row in rows(url, "SELECT sighting_id FROM arrived ORDER BY place")]
    stored = {
        str(row[0]): str(row[1]) for row in rows(url, "SELECT sighting_id, desk FROM sightings")
    }
    assert len(arrived) == len(set(arrived)), "a sighting came twice"
    assert set(arrived) == set(stored)
    numbers = {}
    for desk in desks:
        put, shown = desk.ids("put"), desk.ids("shown")
        own = [key for key in arrived if stored[key] == desk.name]
        assert set(shown) <= set(own), (desk.name, sorted(set(shown) - set(own))[:5])
        assert own == [key for key in put if key in set(own)], f"{desk.name}: out of order"
        assert shown == [key for key in put if key in set(shown)], (
            f"{desk.name}: shown out of order"
        )
        if not desk.killed:
            assert own == put, (desk.name, len(own), len(put))
        numbers[desk.name] = len(own)
    for kind in ("visits", "sightings"):
        ((counted,),) = rows(url, f"SELECT sum(number) FROM tallies WHERE kind = '{kind}'")
        ((there,),) = rows(url, f"SELECT count(*) FROM {kind}")
        assert counted == there, f"the numbers of {kind} are not those of the rows"
    return numbers


class Disk:
    """A small disk in memory. `full` is why there is none, where that is so."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        with contextlib.suppress(OSError), (self.folder / "ballast").open("wb") as file:
            while True:
                file.write(b"\0" * BALLAST)
                file.flush()

    def free(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[Disk | None]:
    """None where nothing may be mounted."""
    with tempfile.TemporaryDirectory(prefix="office", ignore_cleanup_errors=True) as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", folder]
        if not _done(mount):
            yield None
            return
        try:
            yield Disk(Path(folder))
        finally:
            _done(["umount", "-l", folder])


@dataclass(frozen=True)
class Network:
    """A namespace with one wire to this computer."""

    namespace: str
    here: str  # addresses
    there: str

    def drop(self) -> None:
        """Whatever is sent to it is lost."""
        assert _done(["ip", "route", "replace", "blackhole", f"{self.there}/32"])

    def mend(self) -> None:
        _done(["ip", "route", "del", "blackhole", f"{self.there}/32"])


@contextlib.contextmanager
def own_network() -> Iterator[Network | None]:
    """None where none can be made."""
    number = os.getpid() % 250
    name, wires = f"office{number}", (f"of{number}a", f"of{number}b")
    one = Network(name, f"10.213.{number}.1", f"10.213.{number}.2")
    inside = ["ip", "netns", "exec", name, "ip"]
    steps = (
        ["ip", "netns", "add", name],
        ["ip", "link", "add", wires[0], "type", "veth", "peer", "name", wires[1]],
        ["ip", "link", "set", wires[1], "netns", name],
        ["ip", "addr", "add", f"{one.here}/30", "dev", wires[0]],
        ["ip", "link", "set", wires[0], "up"],
        [*inside, "addr", "add", f"{one.there}/30", "dev", wires[1]],
        [*inside, "link", "set", wires[1], "up"],
        [*inside, "link", "set", "lo", "up"],
    )
    try:
        yield one if all(_done(step) for step in steps) else None
    finally:
        one.mend()
        _done(["ip", "link", "del", wires[0]])
        _done(["ip", "netns", "del", name])


def _done(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
    except OSError:
        return False

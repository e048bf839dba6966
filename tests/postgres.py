"""A PostgreSQL server of one's own for tests: started in a temporary folder, ended with them.

    pytest_plugins = ["postgres"]  # at the top of the test file

The fixture `postgres_url` is a new, empty database for each test. Where no server can be had, the
tests are skipped and the reason is printed.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
LIMIT_S = 60
_numbers = count(1)


def _programs() -> Path | None:
    """The folder of initdb and pg_ctl: the newest one."""
    for place in [*sorted((p for g in PLACES for p in glob.glob(g)), reverse=True)]:
        if (Path(place) / "initdb").exists():
            return Path(place)
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class Server:
    """A running server. It refuses to run as root, which becomes the user `postgres` or `nobody`.

    Raises:
        OSError, subprocess.SubprocessError: If it cannot be started.
    """

    def __init__(self, programs: Path, folder: Path, options: str = "") -> None:
        self._programs, self._data, self._user = programs, folder / "data", None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            self._user = next(u for u in ("postgres", "nobody") if self._can_be(u))
            shutil.chown(folder, self._user)
        self._run("initdb", "-D", self._data, "-U", "desk", "-A", "trust", "-E", "UTF8", "-N")
        alone = "" if "listen_addresses" in options else "-c listen_addresses=127.0.0.1"
        self._options = f"-p {self.port} {alone} -k {folder} -c fsync=off {options}"
        self.start()

    @staticmethod
    def _can_be(user: str) -> bool:
        return subprocess.run(["runuser", "-u", user, "true"], capture_output=True).returncode == 0

    def _run(self, program: str, *arguments: str | Path) -> None:
        become = ["runuser", "-u", self._user, "--"] if self._user else []
        subprocess.run(
            [*become, self._programs / program, *arguments],
            check=True,
            cwd=self._data.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LIMIT_S,
        )

    def new_database(self) -> str:
        """Make an empty database. Returns its URL."""
        name = f"monitor{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://desk@127.0.0.1:{self.port}/{name}"

    def execute(self, sql: str) -> None:
        """Run a statement as the superuser."""
        import psycopg

        where = f"host=127.0.0.1 port={self.port} user=desk dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(sql)

    def holding(self, text: str, journal: bool = True) -> list[str]:
        """The files of its data folder with a text in any byte, in any case.

        Args:
            journal: Whether its journal (`pg_wal`) is looked into, too.
        """
        self.execute("CHECKPOINT")  # what is in memory alone is in no file
        found = []
        for path in self._data.rglob("*"):
            inside = path.relative_to(self._data)
            if path.is_file() and (journal or inside.parts[0] != "pg_wal"):
                with suppress(FileNotFoundError):  # it lives
                    if text.lower().encode() in path.read_bytes().lower():
                        found.append(str(inside))
        return sorted(found)

    def own(self, name: str, text: str) -> Path:
        """A file in the data folder that the server alone can read."""
        path = self._data / name
        path.write_text(text)
        path.chmod(0o600)
        if self._user:
            shutil.chown(path, self._user)
        return path

    def start(self) -> None:
        log = self._data.parent / "log"
        self._run("pg_ctl", "-D", self._data, "-o", self._options, "-l", log, "-w", "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-D", self._data, "-m", mode, "-w", "stop")

    @property
    def running(self) -> bool:
        try:
            self._run("pg_ctl", "-D", self._data, "status")
        except subprocess.CalledProcessError:
            return False
        return True


def _skip(reason: str) -> None:
    print(f"no PostgreSQL: {reason}")
    pytest.skip(f"no PostgreSQL: {reason}")


@contextmanager
def started_server(options: str = "", folder: Path | None = None) -> Iterator[Server]:
    """A server of one's own; the test is skipped where none can be had.

    Args:
        options: For the server, like "-c ssl=on".
        folder: Where it lies; not in pytest's own: the server's user cannot enter it.
    """
    programs = _programs()
    if programs is None:
        _skip("initdb is not installed")
    if importlib.util.find_spec("psycopg") is None:
        _skip("psycopg is not installed")
    with tempfile.TemporaryDirectory(prefix="postgres", ignore_cleanup_errors=True) as own:
        try:
            server = Server(programs, folder or Path(own), options)
        except (OSError, subprocess.SubprocessError, StopIteration) as error:
            _skip(f"the server does not start ({error})")
        try:
            yield server
        finally:
            with suppress(subprocess.CalledProcessError, OSError):  # down already, its disk gone
                server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with started_server() as server:
        yield server


@pytest.fixture
def start_postgres() -> Iterator[Callable[..., Server]]:
    """Starts a further server, for this test alone: see `started_server`."""
    with ExitStack() as stack:

        def start(options: str = "", folder: Path | None = None) -> Server:
            return stack.enter_context(started_server(options, folder))

        yield start


@pytest.fixture
def postgres_url(postgres: Server) -> str:
    return postgres.new_database()

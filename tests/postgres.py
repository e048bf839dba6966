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
from collections.abc import Iterator
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

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._data, self._user = programs, folder / "data", None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            self._user = next(u for u in ("postgres", "nobody") if self._can_be(u))
            shutil.chown(folder, self._user)
        self._run("initdb", "-D", self._data, "-U", "desk", "-A", "trust", "-E", "UTF8", "-N")
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
        log = folder / "log"
        self._run("pg_ctl", "-D", self._data, "-o", options, "-l", log, "-w", "start")

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
        import psycopg

        name = f"monitor{next(_numbers)}"
        where = f"host=127.0.0.1 port={self._port} user=desk dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://desk@127.0.0.1:{self._port}/{name}"

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")


def _skip(reason: str) -> None:
    print(f"no PostgreSQL: {reason}")
    pytest.skip(f"no PostgreSQL: {reason}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    programs = _programs()
    if programs is None:
        _skip("initdb is not installed")
    if importlib.util.find_spec("psycopg") is None:
        _skip("psycopg is not installed")
    # not in pytest's own folder: the server's user cannot enter it
    with tempfile.TemporaryDirectory(prefix="postgres", ignore_cleanup_errors=True) as folder:
        try:
            server = Server(programs, Path(folder))
        except (OSError, subprocess.SubprocessError, StopIteration) as error:
            _skip(f"the server does not start ({error})")
        yield server
        server.stop()


@pytest.fixture
def postgres_url(postgres: Server) -> str:
    return postgres.new_database()

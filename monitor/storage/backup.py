"""A copy of the whole store while programs go on writing it, and a store made of such a copy.

SQLite copies itself (its online backup); for PostgreSQL its own `pg_dump` and `pg_restore` do it,
which have to be of the server's version or newer.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from monitor.errors import ConfigError, PlaceTakenError, StoreError
from monitor.storage import schema
from monitor.storage.database import Database
from monitor.storage.store import default_url

PAGES = 2000  # that SQLite copies at once: 8 MB, between which others write
TOOLS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
LIMIT_S = 3600.0  # an office of ten million sightings takes minutes
_SQLITE = b"SQLite format 3\0"


def backup(url: str, target: Path, *, replace: bool = False) -> None:
    """Write a copy of a store to a file that its owner alone can read.

    Args:
        url: Of the store; empty: the default one.
        replace: A file that is there is replaced.

    Raises:
        StoreError: If the store cannot be read, the file cannot be written, or the database's tools
            are not here.
        PlaceTakenError: If there is a file already.
        ConfigError: If the database is neither SQLite nor PostgreSQL.
    """
    if target.exists() and not replace:
        raise PlaceTakenError(f"{target} is there already: give another name, or --force")
    database = Database(url or default_url())
    part = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        if database.file is not None:
            _copy_sqlite(database.file, part, database.label)
        else:
            tables = [f"--table={name}" for name in schema.metadata.tables]
            _run_tool("pg_dump", database, "--format=custom", f"--file={part}", *tables)
        os.replace(part, target)
    except OSError as error:
        raise StoreError(f"{target} cannot be written ({error.strerror})") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
        database.close()


def restore(source: Path, url: str) -> None:
    """Make a store of a copy. Only where there is none yet: nothing is replaced.

    Args:
        url: Of the new store; empty: the default one.

    Raises:
        StoreError: If the file is no copy of a store of that kind, or the store cannot be written.
        PlaceTakenError: If there is a store already.
        ConfigError: If the database is neither SQLite nor PostgreSQL.
    """
    try:
        with source.open("rb") as file:
            beginning = file.read(len(_SQLITE))
    except OSError as error:
        raise StoreError(f"{source} cannot be read ({error.strerror})") from None
    database = Database(url or default_url())
    try:
        if database.file is not None:
            if beginning != _SQLITE:
                raise StoreError(f"{source} is no copy of an SQLite store: give one of `backup`")
            _place_sqlite(source, database.file)
            return
        if beginning[:5] != b"PGDMP":
            raise StoreError(f"{source} is no copy of a PostgreSQL store: give one of `backup`")
        if sa.inspect(database.engine).has_table(schema.version.name):
            raise PlaceTakenError(f"{database.label} holds a store already: give an empty database")
        with _without_policies(source) as wanted:
            options = "--single-transaction", "--exit-on-error", f"--use-list={wanted}"
            _run_tool("pg_restore", database, *options, str(source))
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(f"{database.label} cannot be opened ({type(error).__name__})") from None
    finally:
        database.close()


def _copy_sqlite(source: Path, target: Path, label: str) -> None:
    if not source.exists():
        raise StoreError(f"there is no store {label}: give the URL of one with --store")
    try:
        with (
            contextlib.closing(_read_only(source)) as there,
            contextlib.closing(sqlite3.connect(target)) as here,
        ):
            there.backup(here, pages=PAGES, sleep=0.01)
    except sqlite3.Error as error:
        raise StoreError(f"the store {label} cannot be copied ({error})") from None


def _place_sqlite(source: Path, target: Path) -> None:
    if target.exists():
        raise PlaceTakenError(f"{target} is there already: give another place with --store")
    part = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with contextlib.closing(_read_only(source)) as there:
            if not _is_ours(there):
                raise StoreError(f"{source} is a database of another program")
            os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            with contextlib.closing(sqlite3.connect(part)) as here:
                there.backup(here)
        os.link(part, target)  # unlike `replace`, it fails where one was made meanwhile
    except FileExistsError:
        raise PlaceTakenError(f"{target} is there already: give another place") from None
    except sqlite3.Error as error:
        raise StoreError(f"{source} cannot be read ({error}): it is damaged") from None
    except OSError as error:
        raise StoreError(f"{target} cannot be written ({error.strerror})") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _is_ours(connection: sqlite3.Connection) -> bool:
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    return {"shifts", "visits", "sightings"} <= names


def _run_tool(tool: str, database: Database, *arguments: str) -> None:
    """Have PostgreSQL's own tool do it. The password goes by the environment, where no list of
    processes shows it.
    """
    url = database.engine.url
    if url.get_backend_name() != "postgresql":
        raise ConfigError("backup and restore know SQLite and PostgreSQL: use the database's own")
    environment = {**os.environ, "PGCONNECT_TIMEOUT": "10"}
    if database.password:
        environment["PGPASSWORD"] = database.password
    options = {"host": url.host, "port": url.port, "username": url.username}
    options |= {"dbname": url.database}
    for name, value in url.query.items():  # sslmode and its like
        environment[f"PG{name.upper()}"] = str(value)
    given = [f"--{name}={value}" for name, value in options.items() if value is not None]
    shared = ("--no-owner", "--no-privileges", "--no-password")
    command = [_tool(tool), *shared, *given, *arguments]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise StoreError(f"{database.label} does not answer: {tool} was ended") from None
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if "error:" in line), done.stderr)
        said = said.partition("error:")[2].strip() or said.strip()
        raise StoreError(f"{tool} could not work on {database.label}: {said[:300]}")


@contextlib.contextmanager
def _without_policies(source: Path) -> Iterator[Path]:
    """A list, for `pg_restore`, of all but who may see which row: the roles that it names may not
    be there. `store roles` makes it anew.

    Raises:
        StoreError: If the copy cannot be read.
    """
    command = [_tool("pg_restore"), "--list", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    if done.returncode:
        raise StoreError(f"{source} cannot be read ({done.stderr.strip()[:300]}): it is damaged")
    lines = done.stdout.splitlines(keepends=True)
    with tempfile.TemporaryDirectory(prefix="mask-monitor-") as folder:
        wanted = Path(folder) / "list"
        wanted.write_text("".join(x for x in lines if not re.search(r" (POLICY|ROW SECURITY) ", x)))
        yield wanted


def _tool(name: str) -> str:
    """
    Raises:
        StoreError: If it is not installed.
    """
    folders = sorted((folder for place in TOOLS for folder in glob.glob(place)), reverse=True)
    found = next((path for f in folders if (path := shutil.which(name, path=f))), None)
    found = found or shutil.which(name)
    if found is None:
        raise StoreError(f"{name} is not installed: install PostgreSQL's client programs")
    return found

"""A connection to the database: what differs between SQLite and a server, and no table."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from monitor.errors import StoreError
from monitor.storage.url import is_ambiguous, shown_url

# Between frames another program that holds the database longer is waited for by trying again, not
# by standing still; at the start, and while another program migrates, there is time.
LOCK_WAIT_S, START_WAIT_S, MIGRATION_WAIT_S = 0.3, 3.0, 60.0
SHRINK_MIN, VACUUM_MAX = 2**20, 32 * 2**20  # bytes
_INCREMENTAL, _PAGES = 2, 1000
CONNECT_S, SERVER_LOCK_S, ANSWER_S, IDLE_S = 5, 3, 60, 10  # a server, in whole seconds
_UNHURRIED = "SET LOCAL idle_in_transaction_session_timeout = 0"
# At the start a server or a disk that stands still is given up, but not one that migrates. A server
# keeps its limits itself, and cannot while it stands still.
START_ANSWER_S, MIGRATED_S = 20.0, 3600.0
T = TypeVar("T")
_ADVISORY_LOCK = 0x6D61736B  # any number that is the same in every program of ours


class Database:
    """An engine, how it is called before the user, and its file where it is one.

    Raises:
        StoreError: If the URL is not valid, or its driver is not installed. Nothing is opened yet.
    """

    def __init__(self, url: str) -> None:
        if is_ambiguous(url):
            raise StoreError("the store's URL has an @ in its password: write it as %40")
        try:
            parsed = sa.make_url(url)
            self.label = shown_url(url)
            self.is_sqlite = parsed.get_backend_name() == "sqlite"
            if self.is_sqlite:
                _check_on_disk(parsed)
            self.engine = sa.create_engine(parsed, connect_args=_limits(parsed))
        except NoSuchModuleError:
            raise StoreError(
                "the store's URL names a database that SQLAlchemy does not know: install its "
                "driver with pip"
            ) from None
        except ImportError as error:
            raise StoreError(
                f"the store's database driver is not installed ({error}): install it with pip"
            ) from None
        except (ArgumentError, ValueError, TypeError):
            example = "sqlite:///C:/monitor.db or postgresql://user@host/name"
            raise StoreError(f"the store's URL is not valid: write it like {example}") from None
        named = (parsed.database or "").removeprefix("file:")  # SQLite takes URIs, too
        self.file = Path(named) if self.is_sqlite else None
        self.migrating = False
        self._left_behind = False  # a thread still waits for it, and closes it
        if self.is_sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
        else:
            sa.event.listen(self.engine, "do_connect", self._give_password)

    @functools.cached_property
    def password(self) -> str | None:
        """Of a server's user, where it is not for libpq to find; may take seconds."""
        from monitor.storage.secret import stored_password

        url = self.engine.url
        return str(url.password) if url.password else stored_password(url)

    def _give_password(
        self, _dialect: Any, _record: Any, _args: Any, named: dict[str, Any]
    ) -> None:
        if "password" not in named and self.password:
            named["password"] = self.password

    def answered(self, action: Callable[[], T]) -> T:
        """What an action at the start gives, within a time limit.

        Raises:
            StoreError: If the database has not answered.
            Exception: What the action raises.
        """
        outcome: Future[T] = Future()

        def act() -> None:
            try:
                outcome.set_result(action())
            except BaseException as error:  # the top of a thread; handed on
                outcome.set_exception(error)
            if self._left_behind:
                self._left_behind = False
                self.close()

        # it may stay behind: nothing ends a wait for a server that stands still
        threading.Thread(target=act, name="store-start", daemon=True).start()
        try:
            try:
                return outcome.result(START_ANSWER_S)
            except TimeoutError:
                if outcome.done() or not self.migrating:
                    raise
                return outcome.result(MIGRATED_S)
        except TimeoutError:
            if outcome.done():
                return outcome.result()
            self._left_behind = True
            raise StoreError(
                f"the store {self.label} does not answer: see to its server or disk and try "
                f"again, or give another with --store"
            ) from None

    def protect(self) -> None:
        """Make a new file that its owner alone can read."""
        if self.file is not None:
            with contextlib.suppress(OSError, ValueError):
                # is there already; a folder that cannot be written is reported when it is opened
                os.close(os.open(self.file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

    def write_ahead(self) -> None:
        """Have SQLite write ahead (WAL): readers never block the writer. Stays with the file."""
        if self.is_sqlite:
            # several programs cannot switch at once: one of them is enough
            with self.engine.connect() as connection, contextlib.suppress(DBAPIError):
                # a new file gives back what is deleted; no effect on one that has tables
                connection.exec_driver_sql("PRAGMA auto_vacuum=INCREMENTAL")
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")

    def empty_journal(self, wait_s: float = LOCK_WAIT_S) -> bool:
        """Have SQLite's journal (WAL), which keeps what was deleted, written to the file and cut to
        nothing. False if another program holds it for longer than `wait_s`.
        """
        if not self.is_sqlite:
            return True
        with self.connected(wait_s) as connection:
            row = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
            return bool(row[0] == 0)

    def shrink(self) -> None:
        """Give the room of what was deleted back to the disk, in small steps (SQLite)."""
        if not self.is_sqlite:
            return
        with self.connected() as connection:

            def pragma(name: str) -> int:
                return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0)

            page, free = pragma("page_size"), pragma("freelist_count")
            if free * page < SHRINK_MIN:
                return
            if pragma("auto_vacuum") == _INCREMENTAL:
                driver: Any = connection.connection.driver_connection
                while (left := pragma("freelist_count")) > 0:
                    # each page is a step of the statement, which SQLAlchemy takes for one
                    driver.execute(f"PRAGMA incremental_vacuum({_PAGES})").fetchall()
                    if pragma("freelist_count") == left:
                        break
            elif (pragma("page_count") - free) * page < VACUUM_MAX:
                # of an older release; the journal takes as much as is left in the file
                connection.exec_driver_sql("PRAGMA auto_vacuum=INCREMENTAL")
                connection.exec_driver_sql("VACUUM")
        self.empty_journal()

    def holds(self, text: str) -> bool:
        """Whether the bytes of a text lie anywhere in the files (SQLite)."""
        if self.file is None:
            return False
        return any(
            _in_file(self.file.with_name(self.file.name + end), text.encode())
            for end in ("", "-wal")
        )

    def rewrite(self) -> None:
        """Write the whole file anew: what SQLite has deleted is then nowhere in it."""
        with self.connected() as connection:
            connection.exec_driver_sql("VACUUM")

    def damage(self) -> str:
        """What is wrong with the file, in SQLite's words; "" if nothing is."""
        if not self.is_sqlite:
            return ""
        with self.connected() as connection:
            said = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        return "" if said == "ok" else str(said).splitlines()[-1]

    def identity(self) -> tuple[int, int] | None:
        """Which file lies where the database is; None if there is none, or it is no file."""
        with contextlib.suppress(OSError, ValueError):
            if self.file is not None:
                stat = self.file.stat()
                return stat.st_dev, stat.st_ino
        return None

    @contextlib.contextmanager
    def connected(self, wait_s: float = LOCK_WAIT_S) -> Iterator[sa.Connection]:
        """A connection that waits this long for another program's lock (SQLite)."""
        with self.engine.connect() as connection:
            if not self.is_sqlite or wait_s == LOCK_WAIT_S:
                yield connection
                return
            connection.exec_driver_sql(f"PRAGMA busy_timeout={wait_s * 1000:.0f}")
            try:
                yield connection
            finally:
                connection.rollback()
                connection.exec_driver_sql(f"PRAGMA busy_timeout={LOCK_WAIT_S * 1000:.0f}")

    @contextlib.contextmanager
    def one_state(self) -> Iterator[sa.Connection]:
        """A connection that sees the database as it is now until the end, for reading alone."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
                if self.engine.dialect.name == "postgresql":  # files are written meanwhile
                    connection.exec_driver_sql(_UNHURRIED)
            yield connection
            connection.rollback()

    @contextlib.contextmanager
    def writing(self, wait_s: float = LOCK_WAIT_S) -> Iterator[sa.Connection]:
        """A transaction: committed at the end, rolled back on an exception."""
        with self.connected(wait_s) as connection:
            yield connection
            connection.commit()

    @contextlib.contextmanager
    def alone(self, wait_s: float) -> Iterator[sa.Connection]:
        """A transaction that no other program of ours is in at the same time."""
        with self.writing(wait_s) as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            elif self.engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {wait_s * 1000:.0f}")
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                connection.exec_driver_sql(_UNHURRIED)
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
            yield connection

    def close(self) -> None:
        if not self._left_behind:
            self.engine.dispose()


def _limits(url: sa.URL) -> dict[str, Any]:
    """The driver's arguments that give each wait an end."""
    if url.get_backend_name() == "sqlite":
        return {"timeout": LOCK_WAIT_S, "check_same_thread": False}
    if url.drivername in ("postgresql", "postgresql+psycopg", "postgresql+psycopg2"):
        limits: dict[str, Any] = {
            "connect_timeout": CONNECT_S,
            "tcp_user_timeout": ANSWER_S * 1000,
            # whoever waits for an answer sends nothing, and would not notice that the other is gone
            "keepalives_idle": 10,
            "keepalives_interval": 10,
            "keepalives_count": 5,
            # a desk whose packets are lost in mid-transaction would hold up all the others
            "options": f"-c lock_timeout={SERVER_LOCK_S}s -c statement_timeout={ANSWER_S}s "
            f"-c idle_in_transaction_session_timeout={IDLE_S}s",
        }
        return {name: value for name, value in limits.items() if name not in url.query}
    return {}


def _in_file(path: Path, needle: bytes) -> bool:
    try:
        with path.open("rb") as file:
            tail = b""
            while block := file.read(2**20):
                if needle in tail + block:
                    return True
                tail = block[-len(needle) :]
    except OSError:
        pass
    return False


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # FULL: a commit is on the disk before a sighting is shown. What was deleted, a name for
    # instance, is overwritten. Neither changes the file: it may be another program's.
    for pragma in ("synchronous=FULL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _check_on_disk(url: sa.URL) -> None:
    """
    Raises:
        StoreError: If SQLite would keep the database in memory.
    """
    database = url.database or ""
    named = unquote(database.removeprefix("file:")).split("?")[0]
    asked = {*url.query.values(), *database.replace("?", "&").split("&")}
    if named in ("", ":memory:") or asked & {"memory", "memdb", "mode=memory", "vfs=memdb"}:
        raise StoreError(
            "the store would be in memory and lost at the end: give a file, like "
            "sqlite:///monitor.db"
        )

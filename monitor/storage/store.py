"""The store: shifts, visits and sightings in any database that SQLAlchemy knows; SQLite in the
user's data folder by default.

No picture of anyone is kept here. One thread writes (the inference thread); `read_*` may be called
from any.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from monitor.data_folder import data_folder
from monitor.errors import NotScrubbedError, StoreError
from monitor.names import same_name
from monitor.records import Correction, Count, Shift, Sighting, Visit, Watch
from monitor.storage import schema as tables
from monitor.storage.audit import change
from monitor.storage.counts import Counts
from monitor.storage.database import LOCK_WAIT_S, START_WAIT_S, Database
from monitor.storage.mends import damaged, mend_damaged, not_opened, not_written, reason
from monitor.storage.migrate import bring_up_to_date
from monitor.storage.rows import row_of, said_of, shift_row, upsert
from monitor.storage.server_files import HOURLY_MAX, rewrite
from monitor.storage.tallies import begins, half_of, halves_of, recount
from monitor.storage.url import file_url

log = logging.getLogger(__name__)

T = TypeVar("T")

PURGED_AT_ONCE = 2000  # rows of one transaction
HALVES_AT_ONCE = 20  # of hours that are counted anew in it, for which other desks wait


def default_url() -> str:
    """SQLite in the user's data folder, which is made if it is not there.

    Raises:
        StoreError: If the folder cannot be made.
    """
    return file_url(data_folder() / "monitor.db")


class Store(Counts):
    """An open store.

    Args:
        url: SQLAlchemy URL; empty for the default one.
        to_write: False: for reading alone; whoever reads may be a manager, who may not write.

    Raises:
        StoreAwayError: If its server cannot be reached now.
        StoreError: If the URL is not valid, its driver is not installed, or the database cannot be
            opened and written.
    """

    def __init__(self, url: str = "", *, to_write: bool = True) -> None:
        super().__init__(Database(url or default_url()))
        self._to_write = to_write
        try:
            self.answered(self._prepare)
        except StoreError:
            self.close()
            raise
        except (SQLAlchemyError, ValueError, OSError) as error:
            self.close()
            raise not_opened(self.label, self.file, error) from None

    def _prepare(self) -> None:
        """Make the file and the tables that are not there, or bring them up to date."""
        self._database.protect()
        bring_up_to_date(self._database)
        self._database.write_ahead()
        self._identity = self._database.identity()
        if not self._to_write:
            return
        # a read-only file is found here and not at the first sighting
        with self._database.writing(START_WAIT_S) as connection:
            _touch(connection)

    def renew(self) -> bool:
        """Make the database anew if its file was deleted or replaced: an open one would go on
        taking rows that nobody can read.

        Returns:
            True if it was made anew and is empty; the caller writes again what it knows.

        Raises:
            StoreError: If it cannot be made.
        """
        if self._database.file is None or self._database.identity() == self._identity:
            return False
        self._database.close()
        try:
            self._prepare()
        except (SQLAlchemyError, ValueError, OSError) as error:
            raise StoreError(
                f"the store {self.label} was deleted and cannot be made anew ({reason(error)}): "
                f"free the disk"
            ) from None
        return True

    def answered(self, action: Callable[[], T]) -> T:
        """As `Database.answered`."""
        return self._database.answered(action)

    def close(self) -> None:
        """Let the database go; a later call opens it again."""
        self._database.close()

    # Writing: the inference thread

    def begin_shift(
        self,
        shift_id: str,
        started: datetime,
        name: str = "",
        desk: str = "",
        until: datetime | None = None,
        desk_name: str = "",
    ) -> None:
        """Note a new shift, or one that goes on, and close what a run that was killed left open.

        Raises:
            StoreError: As every method that writes: if the database refuses. Nothing of the call is
                then in the store.
        """
        with self._writing(START_WAIT_S) as connection:
            # Other desks may be running on the same database: only what has been silent for long is
            # closed.
            silent = datetime.now(UTC) - timedelta(minutes=5)
            for last in (
                tables.visits.c.last_seen,
                tables.sightings.c.last_seen,
                tables.watches.c.ended,
            ):
                connection.execute(
                    sa.update(last.table)
                    .where(last.table.c.open.is_(sa.true()), last < silent)
                    .values(open=False)
                )
                # nobody goes on with what the same books had open before
                connection.execute(
                    sa.update(last.table)
                    .where(last.table.c.shift_id == shift_id)
                    .values(open=False)
                )
            upsert(
                connection,
                tables.shifts.c.shift_id,
                shift_row(Shift(shift_id, started, Count(), name, desk, until, desk_name), False),
            )

    def touch(self) -> None:
        """Find out whether it can be written; nothing is."""
        with self._writing() as connection:
            _touch(connection)

    def save(
        self,
        visits: Iterable[Visit],
        sightings: Iterable[Sighting],
        shifts: Iterable[Shift] = (),
        watches: Iterable[Watch] = (),
    ) -> None:
        """Write the newest version of some visits, sightings, shifts and intervals, all or none.

        A receptionist's correction and note that are in the store stay, whichever desk wrote them:
        `correct` and `annotate` alone change them.
        """
        visits, sightings = list(visits), list(sightings)
        with self._writing() as connection:
            for visit in visits:
                upsert(connection, tables.visits.c.visit_id, row_of(visit))
            for sighting in sightings:
                upsert(connection, tables.sightings.c.sighting_id, row_of(sighting), said_of)
            for watch in watches:
                upsert(connection, tables.watches.c.watch_id, row_of(watch))
            recount(connection, "visits", {half_of(visit.first_seen) for visit in visits})
            recount(connection, "sightings", {half_of(s.first_seen) for s in sightings})
            for shift in shifts:
                upsert(connection, tables.shifts.c.shift_id, shift_row(shift))

    def correct(
        self,
        visit_id: str,
        correction: Correction | None,
        at: datetime | None = None,
        *,
        found_out: bool = False,
    ) -> None:
        """Write what the receptionist says of a visit, to it and to its sightings; None takes it
        back. Who said it, and what was said before, is noted.

        Args:
            at: When it was said; None: now.
            found_out: By the machine: whatever somebody has said of it stays.
        """
        value = correction.value if correction is not None else None
        with self._writing() as connection:
            if found_out and said_of(connection, visit_id) not in (None, value):
                return
            change(connection, tables.visits.c.corrected, visit_id, value, at)
            for kind, table in (("visits", tables.visits), ("sightings", tables.sightings)):
                of_visit = table.c.visit_id == visit_id
                connection.execute(sa.update(table).where(of_visit).values(corrected=value))
                recount(connection, kind, halves_of(connection, kind, of_visit))

    def scrub(self, name: str = "") -> bool:
        """What was deleted or forgotten is then in no byte of SQLite's files, and room is given
        back; of a server's tables where they are small. False if it could not be: it is to be
        tried again.

        Args:
            name: Which is to be found nowhere any more.
        """
        if self.file is None:
            return not rewrite(self._database, HOURLY_MAX)
        try:
            gone = self._database.empty_journal(START_WAIT_S)
            if name and self._database.holds(name):
                self._database.rewrite()
                gone = self._database.empty_journal(START_WAIT_S)
            self._database.shrink()
        except SQLAlchemyError:
            return False
        return gone

    def damage(self) -> str:
        """What is wrong with an SQLite file and what to do, in one line; "" if it is sound. Reads
        the whole file.

        Raises:
            StoreError: If it cannot be read.
        """
        try:
            said = self._database.damage()
        except SQLAlchemyError as error:
            if not damaged(reason(error)):
                raise StoreError(
                    f"the store {self.label} cannot be read ({reason(error)}): check its rights"
                ) from None
            said = reason(error)
        return f"the store {self.label} ({said}): {mend_damaged(self.file)}" if said else ""

    def sightings_of(self, name: str) -> list[str]:
        """Ids of the sightings that hold a person's name, in any spelling."""
        identity = tables.sightings.c.identity
        rows = self._read(
            sa.select(tables.sightings.c.sighting_id, identity).where(identity.is_not(None))
        )
        return [row["sighting_id"] for row in rows if same_name(row["identity"], name)]

    def visits_of(self, name: str) -> set[str]:
        """Ids of the visits that hold a person's name, or have a sighting that does, in any
        spelling.
        """
        found = set()
        for table in (tables.visits, tables.sightings):
            held = sa.select(table.c.visit_id, table.c.identity)
            rows = self._read(held.where(table.c.identity.is_not(None)))
            found |= {row["visit_id"] for row in rows if same_name(row["identity"], name)}
        return found

    def forget_identity(self, name: str) -> int:
        """Take a person's name, in any spelling, out of all visits and sightings, and out of the
        bytes of SQLite's files; a server's: `rewrite_server_files`. Returns how many rows held it.

        Raises:
            NotScrubbedError: If another program keeps the files from being cleaned.
        """
        rows = 0
        gone = {name}
        with self._writing() as connection:
            for table in (tables.visits, tables.sightings):
                identity = table.c.identity
                # compared here: databases disagree on which letters are the same
                names = connection.scalars(
                    sa.select(identity).where(identity.is_not(None)).distinct()
                )
                spellings = [held for held in names if same_name(held, name)]
                gone.update(spellings)
                if spellings:
                    rows += connection.execute(
                        sa.update(table).where(identity.in_(spellings)).values(identity=None)
                    ).rowcount
        self._forget_waiting(name)
        if self.file is None:
            return rows
        scrubbed = [self.scrub(spelling) for spelling in sorted(gone)]
        if not all(scrubbed):
            raise NotScrubbedError(
                f"the name may still be in the journal of the store {self.label}, which another "
                f"program holds: close that program",
                rows,
            )
        return rows

    def rewrite_server_files(self) -> str | None:
        """Have a server's tables written anew, so that what was forgotten is in none of their
        bytes. As `rewrite`; None: the store is a file.
        """
        return rewrite(self._database) if self.file is None else None

    def _forget_waiting(self, name: str) -> None:
        """Nor does a program that was cut short bring it back."""
        from monitor.storage.spool import forget_waiting

        forget_waiting(self, name)

    def annotate(self, of_id: str, note: str, at: datetime | None = None) -> None:
        """Write the receptionist's note to the sighting, or the visit, of an id; as `correct`."""
        with self._writing() as connection:
            for key in (tables.sightings.c.sighting_id, tables.visits.c.visit_id):
                change(connection, key.table.c.note, of_id, note, at)
                connection.execute(sa.update(key.table).where(key == of_id).values(note=note))

    def purge(self, older_than: datetime) -> int:
        """Delete all that ended before a time, and shifts that nothing is left of. Returns how many
        rows.
        """
        gone = 0
        while some := self.purge_some(older_than):
            gone += some
        if gone:
            self.scrub()
        return gone

    def purge_some(self, older_than: datetime) -> int:
        """A part of a purge that takes moments and keeps SQLite's journal small. Returns how many
        rows are gone; 0: it is complete.
        """
        for key, last in (
            (tables.sightings.c.sighting_id, tables.sightings.c.last_seen),
            (tables.visits.c.visit_id, tables.visits.c.last_seen),
            (tables.watches.c.watch_id, tables.watches.c.ended),
            (tables.changes.c.change_id, tables.changes.c.at),
        ):
            some = sa.select(key).where(last < older_than).order_by(last).limit(PURGED_AT_ONCE)
            with self._writing() as connection:
                old: sa.ColumnElement[bool] = key.in_(connection.scalars(some).all())
                halves = sorted(halves_of(connection, key.table.name, old))[:HALVES_AT_ONCE]
                if halves:
                    old &= key.table.c.first_seen < begins(halves[-1] + 1)
                gone = connection.execute(sa.delete(key.table).where(old)).rowcount
                if gone:
                    recount(connection, key.table.name, halves)
                    return gone
        empty = [
            ~sa.exists().where(table.c.shift_id == tables.shifts.c.shift_id)
            for table in (tables.visits, tables.watches)
        ]
        with self._writing() as connection:
            connection.execute(
                sa.delete(tables.shifts).where(tables.shifts.c.started < older_than, *empty)
            )
        return 0

    @contextlib.contextmanager
    def _writing(self, wait_s: float = LOCK_WAIT_S) -> Iterator[sa.Connection]:
        try:
            with self._database.writing(wait_s) as connection:
                yield connection
        except SQLAlchemyError as error:
            raise not_written(self.label, self.file, error) from None


def _touch(connection: sa.Connection) -> None:
    connection.execute(sa.update(tables.shifts).where(sa.false()).values(still_masked=0))
    connection.execute(sa.update(tables.visits).where(sa.false()).values(open=False))

"""The store: shifts, visits and sightings in any database that SQLAlchemy knows; SQLite in the
user's data folder by default.

No picture of anyone is kept here. One thread writes (the inference thread); `read_*` may be called
from any.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from monitor.data_folder import data_folder
from monitor.errors import StoreError
from monitor.records import Correction, Count, MaskState, Sighting, Visit

log = logging.getLogger(__name__)

# another program that holds the database longer is waited for by trying again, not by standing
# still
LOCK_WAIT_S = 0.3


class _Utc(sa.types.TypeDecorator[datetime]):
    """Aware datetimes, kept as UTC: SQLite has no time zones."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value.astimezone(UTC).replace(tzinfo=None) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None else None


_metadata = sa.MetaData()
_text = sa.String(200)
_shifts = sa.Table(
    "shifts",
    _metadata,
    sa.Column("shift_id", _text, primary_key=True),
    sa.Column("started", _Utc, nullable=False, index=True),
    # faces of pictures that stand alone
    sa.Column("still_masked", sa.Integer, nullable=False, default=0),
    sa.Column("still_unmasked", sa.Integer, nullable=False, default=0),
    sa.Column("still_incorrect", sa.Integer, nullable=False, default=0),
    sa.Column("still_unsure", sa.Integer, nullable=False, default=0),
)
_visits = sa.Table(
    "visits",
    _metadata,
    sa.Column("visit_id", _text, primary_key=True),
    sa.Column("shift_id", _text, nullable=False, index=True),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("first_seen", _Utc, nullable=False, index=True),
    sa.Column("last_seen", _Utc, nullable=False),
    sa.Column("state", _text, nullable=False),
    sa.Column("corrected", _text),
    sa.Column("identity", sa.Text),
    sa.Column("open", sa.Boolean, nullable=False),
)
_sightings = sa.Table(
    "sightings",
    _metadata,
    sa.Column("sighting_id", _text, primary_key=True),
    sa.Column("visit_id", _text, nullable=False, index=True),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("first_seen", _Utc, nullable=False, index=True),
    sa.Column("last_seen", _Utc, nullable=False),
    sa.Column("seconds_unmasked", sa.Float, nullable=False),
    sa.Column("worst_state", _text, nullable=False),
    sa.Column("final_state", _text, nullable=False),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("identity", sa.Text),
    sa.Column("model", _text, nullable=False),
    sa.Column("corrected", _text),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
)


def default_url() -> str:
    """SQLite in the user's data folder, which is made if it is not there.

    Raises:
        StoreError: If the folder cannot be made.
    """
    return f"sqlite:///{data_folder() / 'monitor.db'}"


class Store:
    """An open store.

    Args:
        url: SQLAlchemy URL; empty for the default one.

    Raises:
        StoreError: If the URL is not valid, its driver is not installed, or the database cannot be
            opened and written.
    """

    def __init__(self, url: str = "") -> None:
        url = url or default_url()
        try:
            parsed = sa.make_url(url)
            self.label = parsed.render_as_string(hide_password=True)
            is_sqlite = parsed.get_backend_name() == "sqlite"
            arguments = {"timeout": LOCK_WAIT_S, "check_same_thread": False} if is_sqlite else {}
            self._engine = sa.create_engine(parsed, connect_args=arguments)
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
        if is_sqlite and parsed.database in (None, "", ":memory:"):
            raise StoreError(
                "the store would be in memory and lost at the end: give a file, like "
                "sqlite:///monitor.db"
            )
        self._file = Path(parsed.database) if is_sqlite and parsed.database else None
        if is_sqlite:
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
        try:
            self._prepare()
        except (SQLAlchemyError, ValueError) as error:
            self.close()
            locked = "locked" in _reason(error)
            mend = "check the path and its rights, or give another with --store"
            mend = "close the other program that holds it and try again" if locked else mend
            raise StoreError(
                f"the store {self.label} cannot be opened ({_reason(error)}): {mend}"
            ) from None

    def _prepare(self) -> None:
        """Make the file and the tables that are not there."""
        _protect(self._file)
        _metadata.create_all(self._engine)
        # a read-only file is found here and not at the first sighting
        with self._engine.begin() as connection:
            connection.execute(sa.update(_shifts).where(sa.false()).values(still_masked=0))
        self._identity = self._file_identity()

    def _file_identity(self) -> tuple[int, int] | None:
        """Which file lies where the database is; None if there is none, or the database is no
        file.
        """
        with contextlib.suppress(OSError, ValueError):
            if self._file is not None:
                stat = self._file.stat()
                return stat.st_dev, stat.st_ino
        return None

    def renew(self) -> bool:
        """Make the database anew if its file was deleted or replaced: an open one would go on
        taking rows that nobody can read.

        Returns:
            True if it was made anew and is empty; the caller writes again what it knows.

        Raises:
            StoreError: If it cannot be made.
        """
        if self._file is None or self._file_identity() == self._identity:
            return False
        self._engine.dispose()
        try:
            self._prepare()
        except (SQLAlchemyError, ValueError) as error:
            raise StoreError(
                f"the store {self.label} was deleted and cannot be made anew ({_reason(error)}): "
                f"free the disk"
            ) from None
        return True

    def close(self) -> None:
        self._engine.dispose()

    # Writing: the inference thread

    def begin_shift(self, shift_id: str, started: datetime) -> None:
        """Note a new shift, and close what a run that was killed left open.

        Raises:
            StoreError: As every method that writes: if the database refuses. Nothing of the call is
                then in the store.
        """
        with self._writing() as connection:
            # Other desks may be running on the same database: only what has been silent for long is
            # closed.
            silent = datetime.now(UTC) - timedelta(minutes=5)
            for table in (_visits, _sightings):
                connection.execute(
                    sa.update(table)
                    .where(table.c.open, table.c.last_seen < silent)
                    .values(open=False)
                )
            connection.execute(sa.insert(_shifts).values(shift_id=shift_id, started=started))

    def save(
        self,
        shift_id: str,
        visits: Iterable[Visit],
        sightings: Iterable[Sighting],
        stills: Count = Count(),
    ) -> None:
        """Write the newest version of some visits and sightings, all or none.

        A receptionist's correction and note that are already in the store stay.
        """
        with self._writing() as connection:
            for visit in visits:
                row = _row(visit) | {"shift_id": shift_id}
                _upsert(connection, _visits.c.visit_id, row)
            for sighting in sightings:
                _upsert(connection, _sightings.c.sighting_id, _row(sighting))
            values = {f"still_{state.value}": getattr(stills, state.value) for state in MaskState}
            if any(values.values()):
                connection.execute(
                    sa.update(_shifts).where(_shifts.c.shift_id == shift_id).values(values)
                )

    def correct(self, visit_id: str, correction: Correction | None) -> None:
        """Write what the receptionist says of a visit, to it and to its sightings; None takes it
        back.
        """
        value = correction.value if correction is not None else None
        with self._writing() as connection:
            for table in (_visits, _sightings):
                connection.execute(
                    sa.update(table).where(table.c.visit_id == visit_id).values(corrected=value)
                )

    def sightings_of(self, name: str) -> list[str]:
        """Ids of the sightings that hold a person's name."""
        return [
            row["sighting_id"]
            for row in self._read(sa.select(_sightings).where(_sightings.c.identity == name))
        ]

    def forget_identity(self, name: str) -> int:
        """Take a person's name out of all visits and sightings. Returns how many rows held it."""
        with self._writing() as connection:
            return sum(
                connection.execute(
                    sa.update(table).where(table.c.identity == name).values(identity=None)
                ).rowcount
                for table in (_visits, _sightings)
            )

    def annotate(self, sighting_id: str, note: str) -> None:
        """Write the receptionist's note to a sighting."""
        with self._writing() as connection:
            connection.execute(
                sa.update(_sightings)
                .where(_sightings.c.sighting_id == sighting_id)
                .values(note=note)
            )

    def purge(self, older_than: datetime) -> int:
        """Delete visits and sightings last seen before a time, and shifts that nothing is left of.
        Returns how many rows.
        """
        with self._writing() as connection:
            gone = 0
            for table in (_sightings, _visits):
                gone += connection.execute(
                    sa.delete(table).where(table.c.last_seen < older_than)
                ).rowcount
            empty = ~sa.exists().where(_visits.c.shift_id == _shifts.c.shift_id)
            connection.execute(sa.delete(_shifts).where(_shifts.c.started < older_than, empty))
            return gone

    # Reading: any thread

    def read_sightings(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[Sighting]:
        """Sightings first seen in [since, until), oldest first."""
        query = _between(sa.select(_sightings), _sightings.c.first_seen, since, until)
        return [
            Sighting(
                **row
                | {key: MaskState(row[key]) for key in ("worst_state", "final_state")}
                | {"corrected": Correction(row["corrected"]) if row["corrected"] else None}
            )
            for row in self._read(query.order_by(_sightings.c.first_seen, _sightings.c.sighting_id))
        ]

    def read_visits(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[tuple[str, Visit]]:
        """(shift id, visit) of the visits first seen in [since, until), oldest first."""
        query = _between(sa.select(_visits), _visits.c.first_seen, since, until)
        visits = []
        for row in self._read(query.order_by(_visits.c.first_seen, _visits.c.visit_id)):
            shift_id = row.pop("shift_id")
            corrected = Correction(row["corrected"]) if row["corrected"] else None
            visits.append(
                (
                    shift_id,
                    Visit(**row | {"state": MaskState(row["state"]), "corrected": corrected}),
                )
            )
        return visits

    def read_shifts(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[tuple[str, datetime, Count]]:
        """(shift id, start, faces counted in single pictures), oldest first."""
        query = _between(sa.select(_shifts), _shifts.c.started, since, until).order_by(
            _shifts.c.started
        )
        return [
            (
                row["shift_id"],
                row["started"],
                Count(**{s.value: row[f"still_{s.value}"] for s in MaskState}),
            )
            for row in self._read(query)
        ]

    def _read(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        try:
            with self._engine.connect() as connection:
                return [dict(row) for row in connection.execute(query).mappings()]
        except SQLAlchemyError as error:
            raise StoreError(
                f"the store {self.label} cannot be read ({_reason(error)}): check the path and its "
                f"rights"
            ) from None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(
                f"the store {self.label} cannot be written ({_reason(error)}): free the disk or "
                f"the file"
            ) from None


def _row(record: Visit | Sighting) -> dict[str, Any]:
    row = {name: getattr(record, name) for name in record.__dataclass_fields__}
    return {k: v.value if isinstance(v, MaskState | Correction) else v for k, v in row.items()}


def _upsert(connection: sa.Connection, key: sa.Column[str], row: Mapping[str, Any]) -> None:
    """Update a row or insert it, in plain SQL that every database knows. What the receptionist
    wrote is never overwritten.
    """
    machine = {
        name: value for name, value in row.items() if name not in ("corrected", "note") or value
    }
    updated = connection.execute(sa.update(key.table).where(key == row[key.name]).values(machine))
    if updated.rowcount == 0:
        connection.execute(sa.insert(key.table).values(row))


def _between(
    query: sa.Select[Any],
    column: sa.Column[datetime],
    since: datetime | None,
    until: datetime | None,
) -> sa.Select[Any]:
    if since is not None:
        query = query.where(column >= since)
    return query.where(column < until) if until is not None else query


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # WAL with FULL: a commit is on the disk before a sighting is shown, and readers never block the
    # writer. What was deleted, a name for instance, is overwritten.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        with contextlib.suppress(Exception):  # in-memory databases have no WAL
            connection.execute(f"PRAGMA {pragma}")


def _protect(database: Path | None) -> None:
    """A new database file is readable by its owner alone."""
    if database is None:
        return
    with contextlib.suppress(
        OSError, ValueError
    ):  # exists already; an unwritable folder is reported when the database is opened
        os.close(os.open(database, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _reason(error: Exception) -> str:
    """The database's own words in short, without SQL or values."""
    said = error.orig if isinstance(error, DBAPIError) else error
    return (str(said).splitlines() or [type(error).__name__])[0]

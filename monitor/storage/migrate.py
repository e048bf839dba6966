"""Which version a store has, and how it becomes the present one. Run whenever a store is opened.

A store that is up to date costs one SELECT; Alembic is imported only for one that is not.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, ProgrammingError

from monitor.errors import StoreError
from monitor.storage import schema
from monitor.storage.aside import Aside
from monitor.storage.database import MIGRATION_WAIT_S, START_WAIT_S, Database
from monitor.storage.mends import reason

log = logging.getLogger(__name__)

EMPTY = 0  # the version of a database without tables
OWNER = "owner"  # a column that a server with roles fills in (`roles.sql`); no program knows it


def bring_up_to_date(database: Database) -> None:
    """Make the tables of an empty database, or migrate an older one. Any number of programs may do
    so at once: one does it, the others wait.

    Raises:
        StoreError: If it is another program's database or a newer version's, to which nothing is
            written; or if it cannot be migrated, which leaves it as it was.
        SQLAlchemyError: If the database cannot be opened, read or written.
    """
    with database.connected(START_WAIT_S) as connection:
        found = _version_by_row(connection)
        if found is None:
            found = _looked_at(connection, database)
    _refuse_newer(found, database)
    if found < schema.VERSION:
        database.migrating = True
        database.write_ahead()
        with database.alone(MIGRATION_WAIT_S) as connection:
            # another program may have been faster
            found = _version_by_tables(connection, database)
            _refuse_newer(found, database)
            if found == EMPTY:
                _create(connection)
            elif found < schema.VERSION:
                with _kept_aside(database, connection, found):
                    _migrate(connection, found)
                    connection.commit()
    database.migrating = False
    if database.file is not None:  # opened and found good: no copy is needed any more
        for version in range(1, schema.VERSION):
            Aside(database.engine, database.file, version).remove()


def _version_by_row(connection: sa.Connection) -> int | None:
    try:
        return connection.execute(sa.select(schema.version.c.version)).scalar()
    except (OperationalError, ProgrammingError):  # there is no such table
        connection.rollback()
        return None


def _looked_at(connection: sa.Connection, database: Database) -> int:
    """As `_version_by_tables`. What looks foreign may be a store that another program is migrating
    just now: it is looked at again in one piece.
    """
    try:
        return _version_by_tables(connection, database)
    except StoreError:
        connection.rollback()
        if database.is_sqlite:
            connection.exec_driver_sql("BEGIN")  # one state of the file; nothing is written
            return _version_by_tables(connection, database)
        database.migrating = True
        with database.alone(MIGRATION_WAIT_S) as other:
            return _version_by_tables(other, database)


def _version_by_tables(connection: sa.Connection, database: Database) -> int:
    """The version of a store; `EMPTY` where nothing was written yet.

    Raises:
        StoreError: If the tables are another program's.
    """
    from monitor.storage.migrations import v1

    inspector = sa.inspect(connection)
    tables = {*inspector.get_table_names(), *inspector.get_view_names()}
    if schema.version.name in tables:
        found = connection.execute(sa.select(schema.version.c.version)).scalar()
        if isinstance(found, int):
            return found
        raise _foreign(database)
    ours = tables & set(v1.metadata.tables)
    for name in ours:
        columns = {column["name"] for column in inspector.get_columns(name)}
        if columns != set(v1.metadata.tables[name].columns.keys()):
            raise _foreign(database)
    # A server's database may hold other programs' tables beside ours. A file with some of our
    # tables is one whose making was cut short, unless there are others' in it.
    if database.is_sqlite and tables - ours and len(ours) < len(v1.metadata.tables):
        raise _foreign(database)
    return 1 if ours else EMPTY


def _foreign(database: Database) -> StoreError:
    return StoreError(
        f"the store {database.label} belongs to another program: give another with --store"
    )


def _refuse_newer(found: int, database: Database) -> None:
    if found > schema.VERSION:
        raise StoreError(
            f"the store {database.label} was written by a newer Mask Monitor (version {found} of "
            f"the store, this program knows {schema.VERSION}): update this program"
        )


def _create(connection: sa.Connection) -> None:
    schema.metadata.create_all(connection)
    connection.execute(sa.insert(schema.version).values(version=schema.VERSION))


def _migrate(connection: sa.Connection, found: int) -> None:
    """Run the steps after `found`, within the connection's transaction."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    from monitor.storage.migrations import v1, v2, v3, v4, v5, v6

    steps = {2: v2.upgrade, 3: v3.upgrade, 4: v4.upgrade, 5: v5.upgrade, 6: v6.upgrade}
    if found == 1:
        v1.metadata.create_all(connection)  # what a killed first start has not made
        schema.version.create(connection, checkfirst=True)
    operations = Operations(MigrationContext.configure(connection))
    before = _rows(connection)
    for number in range(found + 1, schema.VERSION + 1):
        steps[number](operations)
    connection.execute(sa.delete(schema.version))
    connection.execute(sa.insert(schema.version).values(version=schema.VERSION))
    _check(connection, before)


def _rows(connection: sa.Connection) -> dict[str, int]:
    counts = {}
    for name in ("shifts", "visits", "sightings"):
        query = sa.select(sa.func.count()).select_from(sa.table(name))
        counts[name] = connection.execute(query).scalar_one()
    return counts


def _check(connection: sa.Connection, before: dict[str, int]) -> None:
    """
    Raises:
        StoreError: If rows were lost or the tables are not those of the schema.
    """
    if _rows(connection) != before:
        raise StoreError("rows were lost")
    inspector = sa.inspect(connection)
    for name, table in schema.metadata.tables.items():
        columns = {c["name"] for c in inspector.get_columns(name)} - {OWNER}
        if columns != set(table.columns.keys()):
            raise StoreError(f"the table {name} has other columns than it should")
    if connection.dialect.name == "sqlite":
        said = connection.exec_driver_sql("PRAGMA quick_check").scalar()
        if said != "ok":
            raise StoreError(f"the file is damaged: {said}")


@contextlib.contextmanager
def _kept_aside(database: Database, connection: sa.Connection, found: int) -> Iterator[None]:
    """Keep the old file beside the new one until that one is good; a server rolls back by itself.

    Raises:
        StoreError: If what is done meanwhile fails; the store is then as it was.
    """
    log.info("the store %s is brought to version %d", database.label, schema.VERSION)
    aside = None
    kept = "nothing in it was changed"
    try:
        if database.file is not None:
            aside = Aside(database.engine, database.file, found)
            aside.make()
        yield
    except Exception as error:
        log.debug("a migration failed", exc_info=True)
        connection.rollback()
        if aside is not None and aside.path.exists():
            kept = _put_back(database, aside)
        mend = "free the disk and try again"
        if any(word in reason(error) for word in ("must be owner", "permission denied")):
            mend = "have its owner do it: `python main.py store roles --store URL`"
        raise StoreError(
            f"the store {database.label} could not be brought from version {found} to "
            f"{schema.VERSION} ({reason(error)}): {kept}; {mend}, or go on with the release that "
            f"wrote it"
        ) from None


def _put_back(database: Database, aside: Aside) -> str:
    """Returns what to tell the user of the old store."""
    try:
        with database.connected() as connection:
            if _version_by_row(connection) != schema.VERSION:  # else another program was faster
                aside.put_back()
        aside.remove()
    except Exception as error:
        return f"the old one is kept as {aside.path} ({reason(error)})"
    return "the old one is as it was"

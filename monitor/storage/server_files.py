"""The files of a PostgreSQL server's tables: a row that is deleted or changed stays in them as it
was, and in the planner's statistics, until they are written anew. SQLite's: `database.py`.

What is beyond a client: the server's journal (`pg_wal`), replicas and backups; docs/privacy.md.
"""

from __future__ import annotations

import re
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from monitor.storage.database import Database
from monitor.storage.mends import reason

COLUMNS = {  # that may hold a name
    "sightings": ("identity", "note"),
    "visits": ("identity", "note"),
    "changes": ("before", "after"),
}
TABLES = tuple(COLUMNS)
AT_ONCE_MAX = 2**30  # bytes; desks wait for a table that is written anew, a minute or two for this
HOURLY_MAX = 32 * 2**20  # a moment
TRIES, AGAIN_S = 3, 1.0
_WAIT_MS, _ANSWER_MS = 3000, 600_000

_OWN = sa.text(
    "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relname = ANY(:names)"
    " AND relkind = 'r' AND relnamespace = to_regnamespace(current_schema()::text)"
    " AND pg_has_role(relowner, 'USAGE')"
)
_OF_DATABASE = sa.text(
    "SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()"
)


def rewrite(database: Database, most: int | None = None) -> str:
    """Write the tables anew, without what was deleted. Desks and readers wait for it.

    Args:
        most: Nothing is done to tables that take more bytes together; None: `AT_ONCE_MAX`.

    Returns:
        Why they may hold deleted rows still, half a sentence; "" if they do not.
    """
    if database.engine.dialect.name != "postgresql":
        return "what a server of its kind keeps of changed rows is not known to this program"
    try:
        with database.engine.connect() as pooled:
            connection = pooled.execution_options(isolation_level="AUTOCOMMIT")
            try:
                return _rewrite(connection, AT_ONCE_MAX if most is None else most)
            finally:
                connection.invalidate()  # its limits and its listener are not for others
    except SQLAlchemyError as error:
        return f"the server refused ({reason(error)}): {_MEND}"


_MEND = f"as the owner of the database run VACUUM (FULL, ANALYZE) {', '.join(TABLES)}"


def _rewrite(connection: sa.Connection, most: int) -> str:
    own = {name: int(size) for name, size in connection.execute(_OWN, {"names": list(TABLES)})}
    if len(own) < len(TABLES):
        return f"this role does not own them: {_MEND}"
    if sum(own.values()) > most:
        return f"they are too large to be written anew while desks work: in a quiet hour, {_MEND}"
    connection.exec_driver_sql(f"SET lock_timeout = {_WAIT_MS}")
    connection.exec_driver_sql(f"SET statement_timeout = {_ANSWER_MS}")
    kept = _Kept(connection)
    for attempt in range(TRIES):  # a desk that writes is done in a moment
        time.sleep(attempt * AGAIN_S)
        kept.rows = 0
        for table in TABLES:
            _write_anew(connection, table)
        if not connection.execute(_OF_DATABASE).scalar():
            return f"this role does not own the database, whose statistics may hold values: {_MEND}"
        connection.exec_driver_sql("VACUUM (FULL, VERBOSE) pg_statistic")
        if not kept.rows:
            return "" if kept.hears else f"with this driver it is not known: {_MEND}"
    return f"another program is reading what was there before: close it, or {_MEND}"


def _write_anew(connection: sa.Connection, table: str) -> None:
    connection.exec_driver_sql(f"VACUUM (FULL, VERBOSE) {table}")
    connection.exec_driver_sql(f"ANALYZE {table} ({', '.join(COLUMNS[table])})")
    if connection.exec_driver_sql(f"SELECT 1 FROM {table} LIMIT 1").first() is None:
        for column in COLUMNS[table]:  # of an empty one, the statistics stay as they were
            connection.exec_driver_sql(f"ALTER TABLE {table} ALTER {column} TYPE text")


class _Kept:
    """Counts deleted rows that had to be kept, as another transaction could see them.

    The server tells it in a notice, in its own language: the number comes first in each.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self.rows = 0
        driver: Any = connection.connection.driver_connection
        self.hears = hasattr(driver, "add_notice_handler")  # psycopg2 has none
        if self.hears:
            driver.add_notice_handler(self._hear)

    def _hear(self, notice: Any) -> None:
        found = re.search(r"\d+", notice.message_detail or "")
        self.rows += int(found[0]) if found else 0

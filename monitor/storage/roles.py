"""Roles on a PostgreSQL server: a desk has its own rows, a manager reads all (`roles.sql`)."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from monitor.errors import ConfigError, StoreError
from monitor.storage.database import Database
from monitor.storage.mends import reason
from monitor.storage.store import Store, default_url


def roles_sql() -> str:
    """What is run, to be read."""
    return Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")


def apply_roles(url: str) -> str:
    """Make the roles in the server of a store, which is brought up to date. Again: nothing changes.

    Args:
        url: Of the store, with the role that owns it and may make roles.

    Returns:
        The store's label.

    Raises:
        ConfigError: If it is not on PostgreSQL.
        StoreError: If the role of the URL may not, or the server does not answer.
    """
    database = Database(url or default_url())
    try:
        if database.engine.dialect.name != "postgresql":
            raise ConfigError("roles are PostgreSQL's: give the URL of such a store with --store")
        Store(url).close()
        with database.alone(60.0) as connection:
            connection.exec_driver_sql(roles_sql())
    except SQLAlchemyError as error:
        raise StoreError(
            f"the roles cannot be made in {database.label} ({reason(error)}): use the role that "
            f"owns the store's tables and has CREATEROLE"
        ) from None
    finally:
        database.close()
    return database.label

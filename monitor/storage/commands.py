"""`main.py store`: a copy of the store, a store made of one, its roles and its password."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace
from collections.abc import Sequence

import sqlalchemy as sa

from monitor.config import load_config
from monitor.errors import ConfigError
from monitor.given import CommandParser, path_to_read, path_to_write
from monitor.storage.backup import backup, restore
from monitor.storage.database import Database
from monitor.storage.roles import apply_roles, roles_sql
from monitor.storage.secret import keep_password
from monitor.storage.store import Store


def run_store(argv: Sequence[str]) -> int:
    """Returns the exit status.

    Raises:
        MonitorError: See `monitor.storage.backup` and `roles`.
    """
    arguments = _parser().parse_args(argv)
    changes = {"store": {"url": arguments.store}} if arguments.store is not None else {}
    url = load_config(arguments.config, changes).store.url
    if arguments.what == "backup":
        backup(url, arguments.file, replace=arguments.force)
        print(f"The store is copied to {arguments.file}.")
        return 0
    if arguments.what == "roles":
        return _make_roles(arguments, url)
    if arguments.what == "password":
        return _ask_password(url)
    restore(arguments.file, url)
    store = Store(url)  # brings an older copy up to date
    store.close()
    print(f"The store {store.label} is there again.")
    return 0


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="main.py store",
        description="Copy the store (SQLite or PostgreSQL) while the monitor goes on, or make one "
        "of a copy; on PostgreSQL: its roles, and the password of this desk's.",
    )
    sub = parser.add_subparsers(dest="what", metavar="COMMAND", required=True)
    copy = sub.add_parser("backup", help="write a copy to FILE")
    copy.add_argument("file", metavar="FILE", type=path_to_write)
    copy.add_argument("--force", action="store_true", help="replace a file that is there")
    back = sub.add_parser("restore", help="make a store of the copy FILE, where there is none yet")
    back.add_argument("file", metavar="FILE", type=path_to_read)
    roles = sub.add_parser(
        "roles", help="make the roles of desks and managers, as the owner of the tables"
    )
    roles.add_argument("--print", action="store_true", help="print the SQL, and run nothing")
    password = sub.add_parser(
        "password",
        help="keep the password of the URL's user in the system's keyring (an empty one is taken "
        "out of it)",
    )
    for one in (copy, back, roles, password):
        one.add_argument("--store", metavar="URL", help="SQLAlchemy URL of the store")
        one.add_argument("--config", metavar="FILE", type=path_to_read, help="settings in TOML")
    return parser


def _make_roles(arguments: Namespace, url: str) -> int:
    if arguments.print:
        print(roles_sql(), end="")
        return 0
    label = apply_roles(url)
    print(f"{label} has the roles monitor_desk and monitor_manager (docs/server.md).")
    return 0


def _ask_password(url: str) -> int:
    """
    Raises:
        ConfigError: If the URL names no user of a server, or there is no keyring.
    """
    parsed: sa.URL | None = None
    if url:
        database = Database(url)
        parsed = None if database.is_sqlite else database.engine.url
        database.close()
    if parsed is None or not parsed.username or parsed.password:
        raise ConfigError(
            "name the server's user, and no password, in the URL: --store "
            "postgresql+psycopg://USER@HOST/DATABASE"
        )
    if sys.stdin.isatty():
        password = getpass.getpass(f"Password of {parsed.username} at {parsed.host}: ")
    else:
        password = sys.stdin.readline().rstrip("\n")
    if keep_password(parsed, password):
        print(f"The password of {parsed.username} is in the keyring.")
    elif not password:
        print(f"No password of {parsed.username} is kept any more.")
    else:
        raise ConfigError(
            "this system has no keyring that takes it: write it into libpq's own file "
            "(PGPASSFILE), which its owner alone can read"
        )
    return 0

"""`main.py store`: a copy of the store, and a store made of one."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.config import load_config
from monitor.given import CommandParser, path_to_read, path_to_write
from monitor.storage.backup import backup, restore
from monitor.storage.store import Store


def run_store(argv: Sequence[str]) -> int:
    """Returns the exit status.

    Raises:
        MonitorError: See `monitor.storage.backup`.
    """
    parser = CommandParser(
        prog="main.py store",
        description="Copy the store (SQLite or PostgreSQL) while the monitor goes on, or make one "
        "of a copy.",
    )
    sub = parser.add_subparsers(dest="what", metavar="COMMAND", required=True)
    copy = sub.add_parser("backup", help="write a copy to FILE")
    copy.add_argument("file", metavar="FILE", type=path_to_write)
    copy.add_argument("--force", action="store_true", help="replace a file that is there")
    back = sub.add_parser("restore", help="make a store of the copy FILE, where there is none yet")
    back.add_argument("file", metavar="FILE", type=path_to_read)
    for one in (copy, back):
        one.add_argument("--store", metavar="URL", help="SQLAlchemy URL of the store")
        one.add_argument("--config", metavar="FILE", type=path_to_read, help="settings in TOML")
    arguments = parser.parse_args(argv)
    changes = {"store": {"url": arguments.store}} if arguments.store is not None else {}
    url = load_config(arguments.config, changes).store.url
    if arguments.what == "backup":
        backup(url, arguments.file, replace=arguments.force)
        print(f"The store is copied to {arguments.file}.")
        return 0
    restore(arguments.file, url)
    store = Store(url)  # brings an older copy up to date
    store.close()
    print(f"The store {store.label} is there again.")
    return 0

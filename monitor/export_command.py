"""`main.py export`: sightings, visits and totals as files of CSV."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.app import own_files
from monitor.config import SEPARATORS, load_config
from monitor.errors import ConfigError, PlaceTakenError
from monitor.given import CommandParser, day, path_to_read, path_to_write
from monitor.storage.csv_files import dialect
from monitor.storage.export import Exported, export
from monitor.storage.export_wish import KINDS, Wish, export_files
from monitor.storage.places import check_apart
from monitor.storage.store import Store


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="main.py export",
        description="Write sightings, visits and totals as CSV, a file for each kind of row.",
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        type=path_to_write,
        help="the first kind; the others go beside it, with _visits, _shifts, _days and _hours in "
        "their names",
    )
    parser.add_argument("--day", type=day, help="only this day")
    parser.add_argument("--since", type=day, help="from this day or time on")
    parser.add_argument("--until", type=day, help="up to this day or time, which is left out")
    parser.add_argument(
        "--only",
        action="append",
        choices=KINDS,
        metavar="|".join(KINDS),
        help="this kind of row; give it again for each further one (all)",
    )
    parser.add_argument(
        "--separator",
        choices=SEPARATORS,
        metavar="|".join(SEPARATORS),
        help="between cells; auto: as spreadsheets of this computer's region expect it (comma)",
    )
    parser.add_argument("--config", metavar="FILE", type=path_to_read, help="settings in TOML")
    parser.add_argument("--store", metavar="URL", help="SQLAlchemy URL of the store")
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    return parser


def _span(arguments: Namespace) -> tuple[datetime | None, datetime | None]:
    """
    Raises:
        ConfigError: If a day and a span are given.
    """
    if not arguments.day:
        return arguments.since, arguments.until
    if arguments.since or arguments.until:
        raise ConfigError("--day goes without --since and --until: give one or the other")
    with contextlib.suppress(ValueError, OverflowError):  # no day comes after the last one
        next_day = arguments.day.replace(tzinfo=None) + timedelta(days=1)
        return arguments.day, next_day.astimezone()
    return arguments.day, None


def run_export(argv: Sequence[str]) -> int:
    """Returns the exit status.

    Raises:
        MonitorError: If what is asked for is wrong, or cannot be read or written.
    """
    arguments = _parser().parse_args(argv)
    span = _span(arguments)
    config = load_config(arguments.config)
    separator = arguments.separator or config.export.separator
    if separator == "auto" and arguments.separator is None:
        separator = "comma"  # scripts read it, wherever they run
    url = arguments.store or config.store.url
    wish = Wish(*span, tuple(arguments.only or KINDS), dialect(separator), arguments.force)
    files = list(export_files(arguments.file, wish.kinds).values())
    check_apart({"the export": files}, own_files(url))
    store = Store(url, to_write=False)
    try:
        written = export(store, arguments.file, wish)
    except PlaceTakenError as error:
        raise PlaceTakenError(f"{error}, or replace it with --force") from None
    finally:
        store.close()
    for kind, path in written.files.items():
        print(f"{_said(written, kind)}: {path}")
    return 0


def _said(written: Exported, kind: str) -> str:
    if kind != "sightings":
        rows = written.rows[kind]
        return f"{rows} {kind.removesuffix('s') if rows == 1 else kind}"
    more = f", and {written.taken_back} taken back" if written.taken_back else ""
    number = "1 sighting" if written.sightings == 1 else f"{written.sightings} sightings"
    return f"{number}{more}"

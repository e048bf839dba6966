"""`main.py scan FOLDER…`."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.app import desk_called, own_files
from monitor.config import Config, load_config
from monitor.errors import ConfigError, PlaceTakenError
from monitor.given import CommandParser, past, path_to_read, path_to_write
from monitor.scan.find import Found, find_clips
from monitor.scan.kept import Kept
from monitor.scan.records import Looked
from monitor.signals import ended_by_signals
from monitor.storage.store import Store

if TYPE_CHECKING:
    from monitor.scan.drive import Result
    from monitor.scan.workers import Workers

PIECE_MINUTES = 5.0
STEP_S = 10.0  # pieces are as many times as long: there a scene may begin afresh


def scan_parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="main.py scan",
        description="Analyse all clips of folders and store what they show, each clip once: as "
        "`--video FILE --into-store` does of one. Ended in between, the same command goes on.",
    )
    parser.add_argument("folder", metavar="FOLDER", nargs="+", type=path_to_read)
    parser.add_argument("--store", metavar="URL", help="SQLAlchemy URL of the store")
    parser.add_argument("--config", metavar="FILE", type=path_to_read, help="settings in TOML")
    parser.add_argument(
        "--workers", metavar="N", type=_workers, help="processes at a time (one for each core)"
    )
    parser.add_argument(
        "--cluster", metavar="HOST:PORT", help="a Ray cluster that this computer is part of"
    )
    parser.add_argument(
        "--camera-name",
        metavar="NAME",
        default="",
        help="whose footage it is (for each clip the nearest folder whose name holds letters)",
    )
    parser.add_argument(
        "--recorded-at",
        metavar="TIME",
        type=past,
        help="when it was recorded, where there is one clip (its name, what it notes, or its "
        "file's time)",
    )
    parser.add_argument(
        "--report", metavar="FILE", type=path_to_write, help="write the report: .csv, or text"
    )
    parser.add_argument("--force", action="store_true", help="replace a report that is there")
    parser.add_argument(
        "--piece",
        metavar="MINUTES",
        type=_minutes,
        default=PIECE_MINUTES,
        help="how long the pieces are that clips are cut into (5); 0: none is cut",
    )
    return parser


def _workers(text: str) -> int:
    with contextlib.suppress(ValueError):
        if 1 <= int(text) <= 1024:
            return int(text)
    raise argparse.ArgumentTypeError(f"{text!r}: give a number from 1 to 1024")


def _minutes(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 <= float(text) <= 1440:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r}: give minutes, from 0 to 1440")


def run_scan(argv: Sequence[str]) -> int:
    """Returns the exit status: 1 where something was passed over or is left.

    Raises:
        MonitorError: If what is asked for is wrong, or cannot be read or written.
    """
    arguments = scan_parser().parse_args(argv)
    config = load_config(arguments.config)
    if arguments.cluster is None and not _has_ray():
        from monitor.scan.workers import INSTALL

        raise ConfigError(f"a scan needs Ray, which is not installed: run `{INSTALL}`")
    found = find_clips(arguments.folder, arguments.camera_name.strip())
    if arguments.recorded_at is not None and len(found.clips) != 1:
        raise ConfigError(
            f"--recorded-at dates one clip, and there are {len(found.clips)}: give each a name "
            f"that tells, like 2026-11-21_08-30-00.mp4"
        )
    url = arguments.store or config.store.url
    _check_report(arguments.report, arguments.force, url, found)
    every_s = STEP_S * math.ceil(arguments.piece * 60 / STEP_S) or math.inf
    return _Command(arguments, config, url, found, every_s).run()


def _has_ray() -> bool:
    import importlib.util

    return importlib.util.find_spec("ray") is not None


def _check_report(report: Path | None, force: bool, url: str, found: Found) -> None:
    """
    Raises:
        MonitorError: If it would overwrite something.
    """
    if report is None:
        return
    from monitor.storage.places import check_apart

    read = {"a clip": [Path(clip.path) for clip in found.clips]}
    check_apart({"--report": [report]}, {**read, **own_files(url)})
    if os.path.lexists(report) and not force:
        raise PlaceTakenError(
            f"{report} is there already: give another, or replace it with --force"
        )


class _Command:
    """One scan, from what was asked for to what is said."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        config: Config,
        url: str,
        found: Found,
        every_s: float,
    ) -> None:
        self._arguments, self._config, self._url = arguments, config, url
        self._found, self._every_s = found, every_s
        self._stop = threading.Event()

    def run(self) -> int:
        from monitor.scan.drive import Scan
        from monitor.scan.progress import Progress
        from monitor.scan.recipe import recipe_of

        recipe = recipe_of(self._config, {clip.camera for clip in self._found.clips})
        store = Store(self._url)
        try:
            kept, progress = Kept(store.label), Progress()
            try:
                progress.say(f"{len(self._found.clips)} clips found; the workers are started …")
                with self._workers() as workers, ended_by_signals(self._stop.set):
                    scan = Scan(workers, store, kept, progress, self._stop.is_set)
                    scan.result.refused += self._found.refused
                    try:
                        clips = self._found.clips
                        scan.look(clips, self._every_s, self._arguments.recorded_at)
                        self._warn_of_retention(scan.result.looked, progress.say)
                        if not scan.result.stopped:
                            scan.analyse(recipe, desk_called(self._config))
                    finally:
                        progress.end()
                if scan.result.whole:
                    kept.drop_looks(self._found.clips, self._every_s)
                return self._tell(scan.result, store)
            finally:
                kept.close()
        finally:
            store.close()

    def _workers(self) -> AbstractContextManager[Workers]:
        from monitor.scan.workers import cluster_workers, local_workers

        if self._arguments.cluster is not None:
            return cluster_workers(self._arguments.cluster, self._arguments.workers)
        return local_workers(self._arguments.workers or os.cpu_count() or 1)

    def _warn_of_retention(self, looked: Sequence[Looked], say: Callable[[str], None]) -> None:
        days = self._config.store.retention_days
        limit = datetime.now(UTC) - timedelta(days=days)
        old = sum(one.began < limit for one in looked) if days else 0
        if old:
            say(
                f"{old} of {len(looked)} clips are older than store.retention_days: what they add "
                f"to the store is deleted again within the hour that the monitor runs"
            )

    def _tell(self, result: Result, store: Store) -> int:
        from monitor.scan.report import rows_of, said, table, write_report

        rows, lines = rows_of(store, [*result.before, *result.booked]), said(result)
        for line in (*table(rows), "", *lines):
            print(line)
        if result.stopped:
            print("Stopped. The same command goes on from here.", file=sys.stderr)
        if self._arguments.report is not None:
            write_report(self._arguments.report, rows, lines)
            print(f"report: {self._arguments.report}")
        return 0 if result.whole and not result.refused else 1

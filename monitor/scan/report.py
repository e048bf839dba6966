"""What a scan has found: on the terminal, and as a file."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from monitor.errors import StoreError
from monitor.files import write_whole
from monitor.records import Count, Sighting, Visit
from monitor.scan.clip_work import shift_id
from monitor.scan.drive import Result
from monitor.scan.progress import hours
from monitor.scan.records import Looked
from monitor.storage.compliance import compliance
from monitor.storage.compliance import total as added
from monitor.storage.csv_files import BOM, cell
from monitor.storage.store import Store
from monitor.storage.totals import OfDay, totals

COLUMNS = (
    *("camera", "day", "footage_hours", "visits", "masked", "unmasked", "incorrect", "unsure"),
    *("compliance_percent", "sightings"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """What one camera has shown on one day of local time."""

    camera: str
    day: date | None  # None: all days
    footage_s: float
    count: Count
    sightings: int  # those that stand


def rows_of(store: Store, clips: Iterable[Looked]) -> list[Row]:
    """By camera and day, with what the receptionist has corrected since.

    Raises:
        StoreError: If the store cannot be read.
    """
    clips = list(clips)
    visits, sightings = list[Visit](), list[Sighting]()
    for looked in clips:
        of_clip = store.of_shift(shift_id(looked))
        visits += of_clip[0]
        sightings += of_clip[1]
    footage = _footage(clips)
    counted = {
        (t.camera or "", t.period.day): t
        for t in totals((), visits, sightings, by_camera=True)
        if isinstance(t.period, OfDay)
    }
    rows = []
    for camera, day in sorted({*footage, *counted}):
        found = counted.get((camera, day))
        count, number = (found.count, found.sightings) if found is not None else (Count(), 0)
        rows.append(Row(camera, day, footage.get((camera, day), 0.0), count, number))
    return rows


def _footage(clips: Iterable[Looked]) -> dict[tuple[str, date], float]:
    """Seconds by camera and day of local time; a clip that lasts past midnight is of both days."""
    found: defaultdict[tuple[str, date], float] = defaultdict(float)
    for looked in clips:
        here, end = looked.began, looked.began + timedelta(seconds=looked.length_s)
        while True:
            day = here.astimezone().date()
            following = day + timedelta(days=1)
            midnight = datetime(following.year, following.month, following.day).astimezone()
            until = min(midnight, end)
            found[looked.clip.camera, day] += (until - here).total_seconds()
            if until >= end:
                break
            here = until
    return dict(found)


def total_row(rows: Sequence[Row]) -> Row:
    """All of them together."""
    return Row(
        "all",
        None,
        sum(row.footage_s for row in rows),
        added(row.count for row in rows),
        sum(row.sightings for row in rows),
    )


def _cells(row: Row) -> list[str]:
    count, share = row.count, compliance(row.count)
    states = (count.masked, count.unmasked, count.incorrect, count.unsure)
    return [
        cell(row.camera),
        f"{row.day:%Y-%m-%d}" if row.day is not None else "",
        f"{row.footage_s / 3600:.4f}",
        *map(str, (sum(states), *states)),
        "" if share is None else f"{100 * share:.1f}",
        str(row.sightings),
    ]


def table(rows: Sequence[Row]) -> list[str]:
    """Lines for people."""
    head = (
        "camera",
        "day",
        "hours",
        "visits",
        "masked",
        "none",
        "wrong",
        "unsure",
        "%",
        "sightings",
    )
    cells = [list(head)]
    for row in (*rows, total_row(rows)):
        camera, day, _, *counts = _cells(row)
        cells.append([camera, day, hours(row.footage_s), *counts])
    widths = [max(len(line[k]) for line in cells) for k in range(len(head))]
    return [
        "  ".join(
            text.ljust(width) if k < 2 else text.rjust(width)
            for k, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]


def said(result: Result) -> list[str]:
    """What was done with the clips, and what is to be known of them: lines for people."""
    lines = []
    for clip, first in result.twice:
        lines.append(f"the same clip twice, counted once: {clip.path} is {first.path}")
    for path, failed in sorted(result.damaged.items()):
        pictures = "1 picture" if failed == 1 else f"{failed} pictures"
        lines.append(f"damaged: {pictures} of {path} could not be read")
    for refused in sorted(result.refused, key=lambda one: one.path):
        lines.append(f"passed over: {refused.path}: {refused.why}")
    left = len(result.looked) - len(result.booked) - len(result.before)
    footage = hours(sum(looked.length_s for looked in (*result.booked, *result.before)))
    parts = [f"{_clips(len(result.booked))} scanned into the store"]
    parts += [f"{_clips(len(result.before))} there already"] if result.before else []
    parts += [f"{len(result.refused)} passed over"] if result.refused else []
    parts += [f"{_clips(left)} left"] if left else []
    return [*lines, f"{', '.join(parts)}; {footage} of footage."]


def _clips(number: int) -> str:
    return "1 clip" if number == 1 else f"{number} clips"


def write_report(path: Path, rows: Sequence[Row], lines: Sequence[str]) -> None:
    """As CSV where the name ends so, else as text.

    Raises:
        StoreError: If it cannot be written.
    """
    if path.suffix.lower() == ".csv":
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        writer.writerows(map(_cells, rows))
        content = BOM + text.getvalue()
    else:
        content = "\n".join((*lines, "", *table(rows))) + "\n"
    try:
        write_whole(path, content.encode(errors="backslashreplace"))
    except OSError as error:
        raise StoreError(
            f"the report {path} cannot be written ({error.strerror}): give another place"
        ) from None

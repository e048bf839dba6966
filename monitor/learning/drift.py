"""Whether the door has changed: by week, camera and mask model, how often the monitor was not sure,
how confident it was, how light and how large the faces were, how often it was corrected.

Visits, corrections and sightings are in the store. What it lacks (light, size, the share of answers
that were not sure) is summed up by day in small files of the data folder: sums alone, no face, no
visit.
"""

from __future__ import annotations

import contextlib
import json
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, timedelta

import numpy as np

from monitor.errors import StoreError
from monitor.files import read_file, write_whole
from monitor.learning.places import Places
from monitor.records import FrameResult, MaskState

EVERY_S = 1.0  # how often a camera's faces are looked at
WRITE_EVERY_S = 60.0  # a kill -9 costs so much
KEPT_DAYS = 400
WEEKS = 8  # that are looked at
OFFER = "`python main.py learn train` learns from the corrections"
DAY_MAX = 2**20  # bytes
FACES_MIN = 200  # answers of a week without which nothing is said of it
UNSURE_RISE, CORRECTED_RISE = 0.05, 0.03  # that are told: of all answers, of all visits
SIGMAS = 3.0  # and beyond noise


@dataclass(frozen=True, slots=True)
class Sums:
    """Of the answers of a day or a week, from one camera by one model."""

    faces: int = 0  # answers
    unsure: int = 0
    confidence: float = 0.0  # sum
    light: float = 0.0  # sum of the mean grey levels, 0 to 255
    face_px: float = 0.0  # sum of the longer sides
    visits: int = 0
    corrected: int = 0

    def plus(self, other: Sums) -> Sums:
        return Sums(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Sums)))


Key = tuple[date, str, str]  # first day, camera, model
WITHOUT_MODEL = ""  # visits are in the store without one


class Days:
    """Adds up while the monitor runs. The inference thread calls `look`; `write` may be called by
    another one, as a disk may not answer.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._sums: defaultdict[Key, Sums] = defaultdict(Sums)
        self._lock = threading.Lock()
        self._looked_t: dict[str, float] = {}
        self._write_at = time.monotonic() + WRITE_EVERY_S

    def look(self, result: FrameResult) -> bool:
        """Add a frame. Returns whether it is time to write."""
        frame = result.frame
        if result.timings.detect_s > 0 and result.faces:
            since_s = frame.t - self._looked_t.get(frame.camera, -math.inf)
            if since_s >= EVERY_S or since_s < 0:
                self._looked_t[frame.camera] = frame.t
                day = frame.wall_time.astimezone().date()
                self._add({(day, frame.camera, result.model): _sums_of(result)})
        if not self._sums or time.monotonic() < self._write_at:
            return False
        self._write_at = time.monotonic() + WRITE_EVERY_S
        return True

    def _add(self, added: Mapping[Key, Sums]) -> None:
        with self._lock:
            for key, sums in added.items():
                self._sums[key] = self._sums[key].plus(sums)

    def write(self) -> None:
        """Write what is added up.

        Raises:
            StoreError: If the sums cannot be written; they are kept and tried again.
        """
        with self._lock:
            taken, self._sums = dict(self._sums), defaultdict(Sums)
        for day in sorted({key[0] for key in taken}):
            of_day = {key: sums for key, sums in taken.items() if key[0] == day}
            try:
                _add_to_day(self._places, day, of_day)
            except StoreError:
                self._add(taken)
                raise
            for key in of_day:
                del taken[key]


def _sums_of(result: FrameResult) -> Sums:
    total = Sums()
    for face in result.faces:
        x0, y0, x1, y1 = (max(0, int(v)) for v in face.xyxy)
        patch = result.frame.image[y0:y1:4, x0:x1:4]  # some hundred pixels tell the light
        light = float(patch.mean()) if patch.size else 0.0
        total = total.plus(
            Sums(
                1,
                face.state is MaskState.UNSURE,
                face.raw_confidence,
                light,
                float(np.max(face.xyxy[2:] - face.xyxy[:2])),
            )
        )
    return total


def _add_to_day(places: Places, day: date, added: Mapping[Key, Sums]) -> None:
    path = places.made(places.days) / f"{day.isoformat()}.json"
    there = _read_day(places, day)
    for key, sums in added.items():
        there[key] = there.get(key, Sums()).plus(sums)
    rows = [{"camera": key[1], "model": key[2], **asdict(sums)} for key, sums in there.items()]
    try:
        write_whole(path, json.dumps(rows).encode())
    except OSError as error:
        raise StoreError(
            f"the sums of the day cannot be written ({error.strerror}): free the disk"
        ) from None


def _read_day(places: Places, day: date) -> dict[Key, Sums]:
    """Nothing where the file is damaged: sums of a day are no loss."""
    try:
        rows = json.loads(read_file(places.days / f"{day.isoformat()}.json", DAY_MAX))
        return {
            (day, str(row["camera"]), str(row["model"])): Sums(*(row[f.name] for f in fields(Sums)))
            for row in rows
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def purge_days(places: Places, today: date) -> None:
    """Delete sums that are too old."""
    for path in places.days.glob("*.json") if places.days.is_dir() else ():
        with contextlib.suppress(OSError, ValueError):
            if date.fromisoformat(path.stem) < today - timedelta(days=KEPT_DAYS):
                path.unlink()


def weeks(store_url: str, places: Places, since: datetime) -> dict[Key, Sums]:
    """What there is of each week (by its Monday), camera and model.

    Raises:
        StoreError: If the store cannot be read.
    """
    from monitor.storage.store import Store

    found: defaultdict[Key, Sums] = defaultdict(Sums)
    for path in sorted(places.days.glob("*.json")) if places.days.is_dir() else ():
        try:
            day = date.fromisoformat(path.stem)
        except ValueError:
            continue
        for (_, camera, model), sums in _read_day(places, day).items():
            key = (_monday(day), camera, model)
            if key[0] >= _monday(since.date()):
                found[key] = found[key].plus(sums)
    store = Store(store_url)
    try:
        for visit in store.read_visits(since):
            week = _monday(visit.first_seen.astimezone().date())
            wrong = visit.corrected is not None and visit.corrected.value != visit.state.value
            key = (week, visit.camera, WITHOUT_MODEL)
            found[key] = found[key].plus(Sums(visits=1, corrected=int(wrong)))
    finally:
        store.close()
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing of a week that is looked at."""

    title: str
    of: Callable[[Sums], float | None]  # None: the week has nothing to tell of it


def _mean(total: str, scale: float = 1.0) -> Callable[[Sums], float | None]:
    return lambda sums: scale * getattr(sums, total) / sums.faces if sums.faces else None


MEASURES = (
    Measure("Answers that were not sure, %", _mean("unsure", 100.0)),
    Measure(
        "Corrected of a hundred visits",
        lambda s: 100 * s.corrected / s.visits if s.visits else None,
    ),
    Measure("Confidence, %", _mean("confidence", 100.0)),
    Measure("Light of the faces, 0 to 255", _mean("light")),
    Measure("Size of the faces, px", _mean("face_px")),
)


def curves(
    found: Mapping[Key, Sums], measure: Measure
) -> tuple[list[date], dict[str, list[float | None]]]:
    """The weeks, and by camera and model what each week says; what says nothing is left out."""
    weeks_ = sorted({key[0] for key in found})
    lines: dict[str, list[float | None]] = {}
    for camera, model in sorted({key[1:] for key in found}):
        values = [measure.of(found.get((week, camera, model), Sums())) for week in weeks_]
        if any(value is not None for value in values):
            lines[f"{camera}, {model}" if model else camera] = values
    return weeks_, lines


def changed(found: Mapping[Key, Sums]) -> list[str]:
    """A line for each camera whose newest week differs from the weeks before."""
    lines = []
    for camera in sorted({key[1] for key in found}):
        own = _by_week(found, camera)
        if len(own) < 2:
            continue
        newest = max(own)
        before = Sums()
        for week, sums in own.items():
            if week != newest:
                before = before.plus(sums)
        line = _change(own[newest], before)
        if line:
            guess = _guess(own[newest], before)
            lines.append(f"{camera}: {line} since {newest:%A %d %B}" + (guess and f": {guess}"))
    return lines


def _by_week(found: Mapping[Key, Sums], camera: str) -> dict[date, Sums]:
    own: defaultdict[date, Sums] = defaultdict(Sums)
    for (week, name, _), sums in found.items():
        if name == camera:
            own[week] = own[week].plus(sums)
    return own


def _change(now: Sums, before: Sums) -> str:
    if min(now.faces, before.faces) >= FACES_MIN and _risen(
        (now.unsure, now.faces), (before.unsure, before.faces), UNSURE_RISE
    ):
        return "more faces not sure"
    if min(now.visits, before.visits) >= FACES_MIN / 4 and _risen(
        (now.corrected, now.visits), (before.corrected, before.visits), CORRECTED_RISE
    ):
        return "more corrections"
    return ""


def _risen(now: tuple[int, int], before: tuple[int, int], least: float) -> bool:
    """Whether a share has risen by more than `least`, and beyond noise."""
    (hits, count), (hits_before, count_before) = now, before
    rise = hits / count - hits_before / count_before
    pooled = (hits + hits_before) / (count + count_before)
    noise = math.sqrt(pooled * (1 - pooled) * (1 / count + 1 / count_before))
    return rise > least and rise > SIGMAS * noise


def _guess(now: Sums, before: Sums) -> str:
    """What else has changed, as a question; empty: nothing."""
    if not now.faces or not before.faces:
        return ""
    light, light_before = now.light / now.faces, before.light / before.faces
    size, size_before = now.face_px / now.faces, before.face_px / before.faces
    if abs(light - light_before) > 25:
        return f"is it the light ({light_before:.0f} before, {light:.0f} now of 255)?"
    if size < 0.75 * size_before:
        return f"do people stand farther off ({size_before:.0f} px before, {size:.0f})?"
    return ""


def lines_of_drift(store_url: str, places: Places, now: datetime | None = None) -> list[str]:
    """A table of the last weeks, what has changed, and what can be done about it.

    Raises:
        StoreError: If the store cannot be read.
    """
    found = weeks(store_url, places, (now or datetime.now(UTC)) - timedelta(weeks=WEEKS))
    lines = ["week of     camera, model: answers, not sure, confidence, light, size; visits"]
    for (week, camera, model), sums in found.items():
        if sums.faces:
            each = sums.faces
            lines.append(
                f"{week} {camera}, {model}: {each}, {100 * sums.unsure / each:.1f} %, "
                f"{sums.confidence / each:.2f}, {sums.light / each:.0f}, "
                f"{sums.face_px / each:.0f} px"
            )
        if sums.visits:
            per_hundred = 100 * sums.corrected / sums.visits
            lines.append(
                f"{week} {camera}: {sums.visits} visits, {per_hundred:.1f} corrected of a hundred"
            )
    told = changed(found)
    return [*(lines if len(lines) > 1 else []), *told, *([OFFER] if told else [])]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())

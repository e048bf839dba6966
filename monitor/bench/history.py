"""How long the history takes to be looked up: `python -m monitor.bench.history --sightings 200000`
makes a store with a year of visits, sightings and hours watched and measures each query of the page
on it; with `--cameras 4` while as many cameras are analysed in the same process, as in the window.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from monitor.records import Correction, Frame, MaskState, Update
from monitor.storage import schema as tables
from monitor.storage.export import export
from monitor.storage.export_wish import Wish
from monitor.storage.history import History, Wanted
from monitor.storage.store import Store
from monitor.storage.tallies import recount_all
from monitor.storage.totals import BY_CAMERA, OfDay, totals_between

UNTIL = datetime(2026, 11, 21, tzinfo=UTC)
YEAR = timedelta(days=365)
CAMERAS = ("Front door", "Back door", "Garage", "Lift")
AT_ONCE = 20_000
RUNS = 5
SETTLE_S = 10.0  # networks load, caches fill
RATE_OVER_S = 10.0
LOOKED_EVERY_S = 1.0  # a quick receptionist
RATES = "; pictures/s of the slowest camera"
Rates = Callable[[], list[float]]


def main() -> int:
    """Make the store, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m monitor.bench.history", description=__doc__)
    parser.add_argument("--sightings", type=int, default=200_000, help="of a year (200000)")
    parser.add_argument(
        "--store", type=Path, help="keep the store there; one that is there is used"
    )
    parser.add_argument("--cameras", type=int, default=0, help="that are analysed meanwhile (0)")
    parser.add_argument("--rate", type=float, default=15.0, help="of each, pictures/s (15)")
    parser.add_argument("--export", action="store_true", help="measure the export, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mask-monitor-") as folder:
        path = arguments.store or Path(folder) / "monitor.db"
        fresh = not path.exists()
        store = Store(f"sqlite:///{path}")
        try:
            if fresh:
                fill(store, arguments.sightings)
            with live_cameras(arguments.cameras, arguments.rate) as rates:
                print(f"{arguments.sightings} sightings, as many visits; {RUNS} times each, ms:")
                print(f"  {'':44}  median    most  of the processor" + RATES * (rates() != [0.0]))
                if arguments.cameras:
                    _measure("the cameras alone", lambda: time.sleep(LOOKED_EVERY_S), rates)
                for name, query in queries(store):
                    _measure(name, query, rates)
            if arguments.export:
                wish = Wish(kinds=("sightings",))
                passed_s, spent_s = _timed_s(lambda: export(store, Path(folder) / "out.csv", wish))
                print(f"  {'export of the sightings, s':44} {passed_s:7.1f} {spent_s:7.1f}")
        finally:
            store.close()
    return 0


def fill(store: Store, number: int) -> None:
    """A year of visits, a sighting in each: four cameras, two shifts a day, twelve hours a day; a
    third have a name, one in fifty a note, one in forty is corrected.
    """
    rng = random.Random(7)
    with store._database.writing() as connection:
        shifts = [
            {"shift_id": _shift_id(day, late), "started": _began(day, late), "name": name}
            for day in range(365)
            for late, name in ((False, "Morning"), (True, "Late"))
        ]
        connection.execute(sa.insert(tables.shifts), shifts)
        for start in range(0, number, AT_ONCE):
            rows = [_rows(rng, i, number) for i in range(start, min(start + AT_ONCE, number))]
            connection.execute(sa.insert(tables.visits), [visit for visit, _ in rows])
            connection.execute(sa.insert(tables.sightings), [sighting for _, sighting in rows])
        for day in range(365):
            connection.execute(sa.insert(tables.watches), list(_watches(day)))
        recount_all(connection)


def _watches(day: int) -> Iterator[dict[str, Any]]:
    """What each camera was doing on a day: a pause and three losses in each shift."""
    states = ("live", "lost", "live", "paused", "live", "lost", "live", "lost", "live")
    for camera in CAMERAS:
        for late in (False, True):
            began = _began(day, late)
            for place, state in enumerate(states):
                ended = began + timedelta(minutes=70 if state == "live" else 2)
                yield {
                    "watch_id": f"{_shift_id(day, late)}-{camera}-w{place}",
                    "shift_id": _shift_id(day, late),
                    "camera": camera,
                    "state": state,
                    "began": began,
                    "ended": ended,
                    "open": False,
                }
                began = ended


def _rows(rng: random.Random, i: int, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    day, place = divmod(i * 365, number)
    late = 2 * place >= number
    began = _began(day, False) + timedelta(seconds=12 * 3600 * place / number)
    shift_id = _shift_id(day, late)
    state = rng.choices(list(MaskState), (2, 80, 15, 3))[0].value
    said = rng.choice(list(Correction)).value if rng.random() < 0.025 else None
    common = {
        "visit_id": f"{shift_id}-v{i}",
        "shift_id": shift_id,
        "camera": CAMERAS[rng.randrange(len(CAMERAS))],
        "first_seen": began,
        "last_seen": began + timedelta(seconds=rng.uniform(2, 60)),
        "identity": f"Person {rng.randrange(300)}" if rng.random() < 0.33 else None,
        "corrected": said,
        "note": f"told at the desk, case {i}" if rng.random() < 0.02 else "",
        "open": False,
    }
    sighting = {
        "sighting_id": f"{shift_id}-v{i}-s1",
        "seconds_unmasked": rng.uniform(1, 60),
        "worst_state": state,
        "final_state": state,
        "confidence": rng.uniform(0.5, 1),
        "model": "mask_v3",
    }
    return common | {"state": state}, common | sighting


def _began(day: int, late: bool) -> datetime:
    return UNTIL - YEAR + timedelta(days=day, hours=14 if late else 8)


def _shift_id(day: int, late: bool) -> str:
    return f"{_began(day, late):%Y%m%d-%H%M%S}-be7c"


def queries(store: Store) -> Iterator[tuple[str, Callable[[], object]]]:
    """What the page asks, by name."""
    history, since = History(store), UNTIL - YEAR
    late = frozenset(_shift_id(day, True) for day in range(365))

    def page(place: float, **changes: Any) -> Callable[[], object]:
        wanted = replace(Wanted("sightings", since, UNTIL), **changes)

        def read() -> object:
            found = history.find(wanted)
            return history.page(found, int(found.number * place), 200)

        return read

    day = datetime(2026, 6, 16).astimezone()
    yield (
        "a day by the hour, each camera",
        lambda: totals_between(store, day, day + timedelta(days=1), BY_CAMERA),
    )
    yield "a year by the day", lambda: totals_between(store, since, UNTIL, [(OfDay, False)])
    yield (
        "a year by the day, each camera",
        lambda: totals_between(store, since, UNTIL, [(OfDay, True)]),
    )
    yield "first page of the year", page(0.0)
    yield "page in the middle of the year", page(0.5)
    yield "visits: first page of the year", page(0.0, kind="visits")
    yield "filter: one camera", page(0.0, camera="Garage")
    yield "filter: one state, last page", page(0.999, state=MaskState.INCORRECT)
    yield "filter: the late shifts", page(0.5, shift_ids=late)
    yield "filter: corrected", page(0.5, corrected=True)
    yield "filter: a camera that is not there", page(0.0, camera="Cellar")
    yield "search: a note", page(0.0, text="case 77")
    yield "search: a name", page(0.0, text="person 42")
    yield "search: a part of all names", page(0.0, text="person")
    yield "search: an id", page(0.0, text=f"{_shift_id(100, False)}-v")
    yield "search: nothing", page(0.0, text="zebra")


def _measure(name: str, query: Callable[[], object], rates: Rates) -> None:
    """A query some times over, and the pictures that the cameras had meanwhile."""
    before, took = rates(), [_timed_s(query) for _ in range(RUNS)]
    while len(before) > 1 and rates()[0] - before[0] < RATE_OVER_S:  # to know a rate takes a while
        took.append(_timed_s(query))
        time.sleep(LOOKED_EVERY_S)
    passed, spent = zip(*took, strict=True)
    figures = statistics.median(passed), max(passed), statistics.median(spent)
    line = f"  {name:44}" + "".join(f" {1000 * figure:7.0f}" for figure in figures)
    passed_s, *pictures = (after - then for after, then in zip(rates(), before, strict=True))
    if pictures:
        line += f" {min(pictures) / passed_s:9.1f}"
    print(line, flush=True)


@contextmanager
def live_cameras(number: int, rate: float) -> Iterator[Rates]:
    """Cameras of 1280 x 720 with two faces each, analysed with the shipped networks.

    Args:
        rate: Of each, pictures a second.

    Returns:
        What gives the time (s) and how many pictures of each camera were analysed so far.
    """
    if not number:
        yield lambda: [0.0]
        return
    from monitor.analysis.worker import InferenceThread
    from monitor.app import build_parts
    from monitor.bench.frames import options_for
    from monitor.bench.live import LoopSource
    from monitor.bench.pictures import crowd
    from monitor.camera.capture import CaptureThread
    from monitor.camera.slot import LatestSlot
    from monitor.config import load_config

    frames: LatestSlot[Frame] = LatestSlot()
    done = {f"camera {k}": 0 for k in range(number)}

    def on_update(update: Update) -> None:
        if update.result is not None:
            done[update.result.frame.camera] += 1

    images, config = crowd(2, 60), load_config(None, {})
    with tempfile.TemporaryDirectory(prefix="mask-monitor-") as folder:
        options = options_for(config, folder)
        worker = InferenceThread(lambda: build_parts(options), frames, on_update)
        captures = [
            CaptureThread(LoopSource(name, images, rate), frames, config.camera) for name in done
        ]
        for thread in (worker, *captures):
            thread.start()
        time.sleep(SETTLE_S)
        try:
            yield lambda: [time.monotonic(), *done.values()]
        finally:
            for capture in captures:
                capture.stop()
            worker.stop()
            worker.join()


def _timed_s(query: Callable[[], object]) -> tuple[float, float]:
    began, used = time.perf_counter(), time.thread_time()
    query()
    return time.perf_counter() - began, time.thread_time() - used


if __name__ == "__main__":
    raise SystemExit(main())

"""A store with a past: visits and sightings of several days, cameras and shifts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from fakes import sighting, visit, watch

from monitor.records import MaskState, Shift, WatchState
from monitor.storage.store import Store

STATES = (MaskState.MASKED, MaskState.MASKED, MaskState.UNMASKED, MaskState.INCORRECT)


def noon(days_ago: int = 0) -> datetime:
    """Of a local day, aware."""
    here = datetime.now().astimezone() - timedelta(days=days_ago)
    return datetime(here.year, here.month, here.day, 12).astimezone()


def fill(store: Store, days: int = 10, a_day: int = 8) -> None:
    """Days of two cameras and two shifts each, the last of them yesterday."""
    number = count(1)
    for days_ago in range(days, 0, -1):
        for name, hour in (("Morning", 8), ("Late", 14)):
            began = noon(days_ago) + timedelta(hours=hour - 12)
            shift = Shift(f"{began.astimezone(UTC):%Y%m%d-%H%M%S}-past", began, name=name)
            store.begin_shift(shift.shift_id, shift.started, shift.name)
            visits, sightings, watches = [], [], []
            for place in range(a_day // 2):
                n, state = next(number), STATES[place % len(STATES)]
                camera = ("Front door", "Back door")[place % 2]
                first = began + timedelta(minutes=37 * place)
                common = {
                    "first_seen": first,
                    "last_seen": first + timedelta(seconds=20),
                    "shift_id": shift.shift_id,
                    "camera": camera,
                    "open": False,
                }
                visits.append(visit(n, state, identity="Ada" if place == 2 else None, **common))
                if state is not MaskState.MASKED:
                    sightings.append(sighting(n, worst_state=state, final_state=state, **common))
            for camera in ("Front door", "Back door"):
                ended = began + timedelta(hours=4)
                for state, since, until in (
                    (WatchState.LIVE, began, ended - timedelta(minutes=10)),
                    (WatchState.PAUSED, ended - timedelta(minutes=10), ended),
                ):
                    watches.append(
                        watch(
                            next(number),
                            camera=camera,
                            state=state,
                            began=since,
                            ended=until,
                            open=False,
                            shift_id=shift.shift_id,
                        )
                    )
            store.save(visits, sightings, watches=watches)


def fill_today(store: Store, desk: str) -> list[str]:
    """What a program that has ended counted today. Returns the ids of the visits."""
    here = datetime.now().astimezone()
    began = datetime(here.year, here.month, here.day).astimezone()
    store.begin_shift("today", began, "", desk)
    common = {
        "first_seen": began + timedelta(seconds=1),
        "last_seen": began + timedelta(seconds=9),
        "shift_id": "today",
        "open": False,
    }
    visits = [visit(900 + n, state, **common) for n, state in enumerate((*STATES, *STATES))]
    alarms = [
        sighting(900 + n, worst_state=v.state, final_state=v.state, **common)
        for n, v in enumerate(visits)
        if v.state is not MaskState.MASKED
    ]
    store.save(visits, alarms)
    return [v.visit_id for v in visits]

"""Whether the door has changed: sums by week, camera and model, and one line that asks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from made_models import make_model

from monitor.config import load_config
from monitor.learning.commands import run_learn
from monitor.learning.drift import (
    MEASURES,
    OFFER,
    Days,
    Sums,
    changed,
    curves,
    lines_of_drift,
    weeks,
)
from monitor.learning.nightly import run_nightly
from monitor.learning.places import Places
from monitor.learning.registry import promote
from monitor.records import Correction, Face, Frame, FrameResult, MaskState, Timings, Visit
from monitor.storage.store import Store

MONDAY = datetime(2026, 11, 2, 10, tzinfo=UTC)
BOX = np.float32([10, 10, 90, 70])


def result(t: float, state: MaskState, light: int, model: str = "mask_v5") -> FrameResult:
    image = np.full((100, 100, 3), light, np.uint8)
    frame = Frame(image, 0, t, t, MONDAY + timedelta(seconds=t), "door")
    face = Face(BOX, 0.9, MaskState.MASKED, 0.8, state, 0.8, 1, "v1")
    return FrameResult(frame, (face,), Timings(0.01), model=model)


def week(days: Days, number: int, unsure: int, light: int) -> None:
    """Two hundred and fifty answers of one week."""
    for i in range(250):
        state = MaskState.UNSURE if i < unsure else MaskState.MASKED
        days.look(result(number * 7 * 86400 + 2.0 * i, state, light))
    days.write()


def test_sums_are_kept_by_day_camera_and_model(places: Places) -> None:
    days = Days(places)
    for t, state in enumerate((MaskState.MASKED, MaskState.MASKED, MaskState.UNSURE)):
        days.look(result(float(t), state, 120))
        days.look(result(t + 0.3, state, 120))  # the same second
    days.write()
    days.look(result(10, MaskState.MASKED, 120, "mask_v5-site-1"))
    days.write()
    found = weeks("", places, MONDAY - timedelta(weeks=1))
    monday = date(2026, 11, 2)
    assert found[monday, "door", "mask_v5"] == Sums(
        3, 1, pytest.approx(2.4), pytest.approx(360), pytest.approx(240)
    )
    assert found[monday, "door", "mask_v5-site-1"].faces == 1
    assert [path.name for path in places.days.iterdir()] == ["2026-11-02.json"]


def test_a_door_that_has_changed_is_asked_about_in_one_line(places: Places) -> None:
    days = Days(places)
    week(days, 0, 10, 130)
    week(days, 1, 12, 128)
    assert changed(weeks("", places, MONDAY - timedelta(weeks=1))) == []
    week(days, 2, 60, 70)
    (line,) = changed(weeks("", places, MONDAY - timedelta(weeks=1)))
    assert line.startswith(
        "door: more faces not sure since Monday 16 November: is it the light (129 before, 70 now"
    )
    told = lines_of_drift("", places, MONDAY + timedelta(weeks=2))
    assert told[-2:] == [line, OFFER]


def test_what_each_week_says_is_a_line_for_a_camera_and_model(places: Places) -> None:
    days = Days(places)
    week(days, 0, 10, 130)
    week(days, 2, 60, 70)
    found = weeks("", places, MONDAY - timedelta(weeks=1))
    at, lines = curves(found, MEASURES[0])
    assert at == [date(2026, 11, 2), date(2026, 11, 16)]
    assert lines == {"door, mask_v5": [pytest.approx(4.0), pytest.approx(24.0)]}
    assert curves(found, MEASURES[1])[1] == {}  # nobody was counted: nothing to tell


def test_corrections_come_from_the_store(places: Places) -> None:
    store = Store()
    visits = []
    for number in range(200):
        moment = MONDAY + timedelta(days=7 * (number >= 100), minutes=number)
        wrong = number >= 100 and number % 10 == 0
        said = Correction.UNMASKED if wrong else None
        visits.append(Visit(f"v{number}", "door", moment, moment, MaskState.MASKED, said))
    store.begin_shift("shift", MONDAY)
    store.save(visits, [])
    store.close()
    found = weeks("", places, MONDAY - timedelta(weeks=1))
    assert found[date(2026, 11, 9), "door", ""] == Sums(visits=100, corrected=10)
    assert changed(found)[0].startswith("door: more corrections since Monday 09 November")


def test_status_tells_what_is_live_and_what_there_is(places: Places) -> None:
    promote(places, make_model(places, "better"), "anna", "")
    said: list[str] = []
    run_learn(["status"], said.append)
    assert said[:2] == ["live: better", "before: the shipped model"]
    assert "faces kept: 0" in said


def test_the_night_learns_only_when_enough_was_judged(places: Places) -> None:
    said = list(run_nightly(places, load_config(), "", "cron"))
    assert said == [
        "kept faces deleted because of their age: 0",
        "the doors are as they were",
        "0 faces were judged since it learnt, fewer than 20",
    ]

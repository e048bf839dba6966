"""The bar chart of the hours."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from monitor.gui.side.chart import HourPanel, describe, hours_of
from monitor.marks import MARKS
from monitor.records import Count, MaskState, WatchState
from monitor.storage.totals import OfDay, OfHour, OfShift, Total
from tests.gui.looks import mask_of, pixels_of


def test_the_chart_reads_the_hours_of_the_totals() -> None:
    day = date(2026, 11, 21)
    totals = [
        Total(OfShift("a"), Count(9, 9, 9, 9), 3),
        Total(OfDay(day), Count(9, 9, 9, 9), 3),
        Total(OfHour(day, 8), Count(3, 1, 2, 5), 2),
        Total(OfHour(day, 9), Count(unsure=1), 0),  # nobody was judged
    ]
    assert hours_of(totals) == {8: Count(3, 1, 2, 5)}
    said = describe(8, Count(3, 1, 2))
    assert said == "8:00 to 9:00: 3 masked, 1 without a mask, 2 worn incorrectly"


@pytest.fixture
def panel(qtbot: QtBot) -> HourPanel:
    panel = HourPanel()
    qtbot.addWidget(panel)
    panel.resize(340, 190)
    panel.show()
    return panel


def bar(panel: HourPanel, state: MaskState) -> tuple[int, int]:
    """Width and height of what is painted in a state's colour, px."""
    rows, columns = np.nonzero(mask_of(panel.grab().toImage(), MARKS[state].colour))
    return (int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1) if len(rows) else (0, 0)


def tip(panel: HourPanel, x: int) -> str:
    place = QPoint(x, 20)
    event = QHelpEvent(QHelpEvent.Type.ToolTip, place, panel.bars.mapToGlobal(place))
    QApplication.sendEvent(panel.bars, event)
    return QToolTip.text()


def test_an_empty_chart_says_so(panel: HourPanel) -> None:
    empty = pixels_of(panel.grab().toImage())
    panel.show_hours({}, 12)
    assert panel.accessibleDescription() == "No visits yet today"
    panel.show_hours({12: Count(1)}, 12)
    assert panel.accessibleDescription() == describe(12, Count(1))
    assert (pixels_of(panel.grab().toImage()) != empty).any()


def test_the_height_of_a_bar_is_its_share_of_the_fullest_hour(panel: HourPanel) -> None:
    panel.show_hours({9: Count(masked=30)}, 12)
    _, full = bar(panel, MaskState.MASKED)
    panel.show_hours({9: Count(masked=10), 10: Count(unmasked=30)}, 12)
    _, third = bar(panel, MaskState.MASKED)
    assert full > 50
    assert abs(full / third - 3) < 0.25
    assert bar(panel, MaskState.INCORRECT) == (0, 0)


def test_bars_can_be_told_apart_without_their_colours(panel: HourPanel) -> None:
    """One colour fills its bar wholly, the other two have a pattern of their own."""
    filled = {}
    for state in (MaskState.MASKED, MaskState.UNMASKED, MaskState.INCORRECT):
        panel.show_hours({9: Count(**{state.value: 5})}, 12)
        drawn = mask_of(panel.grab().toImage(), MARKS[state].colour)
        rows, columns = np.nonzero(drawn)
        part = drawn[rows.min() : rows.max() + 1, columns.min() + 1 : columns.max()]
        filled[state] = (part.mean(), part.all(axis=1).any())
    assert filled[MaskState.MASKED][0] == 1.0
    assert 0.3 < filled[MaskState.UNMASKED][0] < 0.95
    assert 0.3 < filled[MaskState.INCORRECT][0] < 0.95
    assert filled[MaskState.INCORRECT][1]  # lines across
    assert not filled[MaskState.UNMASKED][1]  # slanted ones


@pytest.mark.parametrize(("first", "now"), [(0, 0), (0, 23), (23, 23), (7, 12), (12, 12)])
def test_every_hour_from_the_first_visit_to_now_has_its_place(
    panel: HourPanel, first: int, now: int
) -> None:
    panel.show_hours({first: Count(masked=2)}, now)
    panel.resize(900, 190)
    tips = dict.fromkeys(tip(panel, x) for x in range(2, panel.bars.width(), 4))
    hours = [int(text.split(":")[0]) for text in tips]
    assert hours == list(range(hours[0], hours[-1] + 1))
    assert len(hours) >= 8
    assert {first, now} <= set(hours) <= set(range(24))
    assert describe(first, Count(masked=2)) in tips
    panel.grab()
    QToolTip.hideText()


def worked(on_s: float, **spent_s: float) -> Total:
    """A day of a camera."""
    spent = {WatchState[name.upper()]: s for name, s in spent_s.items()}
    watched_s = on_s - sum(spent.values())
    return Total(OfDay(date(2026, 11, 21)), Count(), 0, None, watched_s, on_s, spent)


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (worked(8 * 3600, paused=600), "watched 7 h 50 of 8 h 00"),
        (worked(8 * 3600), "watched 8 h 00 of 8 h 00"),
        (worked(8 * 3600, lost=2), "watched 7 h 59 of 8 h 00"),  # is not rounded away
        (worked(720, lost=120), "watched 10 min of 12 min"),
        (worked(3600, covered=3600), "watched 0 min of 1 h 00"),
        (worked(62, lost=1), "watched 1 min 01 s of 1 min 02 s"),
        (worked(59), ""),
    ],
)
def test_the_chart_says_how_long_was_watched(panel: HourPanel, day: Total, text: str) -> None:
    panel.show_watched(day)
    assert panel.watched.text() == text
    panel.show_watched(None)
    assert panel.watched.text() == ""


def test_what_kept_the_cameras_from_watching_is_said(panel: HourPanel) -> None:
    panel.show_watched(worked(8 * 3600, lost=30, paused=600))
    assert panel.watched.toolTip() == (
        "watched 7 h 49 of 8 h 00\nThe rest: paused 10 min, lost 30 s"
    )


def test_for_how_long_the_program_was_off_is_said_in_words(panel: HourPanel) -> None:
    panel.show()
    panel.show_watched(
        dataclasses.replace(worked(8 * 3600, paused=600), off_s=4200, watched_s=24000)
    )
    assert panel.watched.text() == "watched 6 h 40 of 8 h 00"
    assert panel.not_running.text() == "not running 1 h 10 min"
    assert panel.not_running.isVisible()
    assert panel.watched.toolTip().endswith("The rest: not running 1 h 10, paused 10 min")
    panel.show_watched(worked(8 * 3600))
    assert not panel.not_running.isVisible()

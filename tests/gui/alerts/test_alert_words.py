"""What alerts say: in one line, where and since when, and nobody's name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from monitor.config import AlertsConfig
from monitor.gui.alerts.rule import Alarm, AlertRule, Standing, snooze_for, snooze_until_tomorrow
from monitor.gui.alerts.words import alarm_text, silent_text, standing_text
from monitor.records import MaskState

HERE = timezone(timedelta(hours=2))
NOW = datetime(2026, 7, 1, 9, 14, 30, tzinfo=HERE)
SINCE = datetime(2026, 7, 1, 7, 10, 20, tzinfo=UTC)


def standing(number: int, state: MaskState, camera: str = "Front door") -> Standing:
    return Standing(Alarm(f"v{number}", camera, state), SINCE)


U, W = MaskState.UNMASKED, MaskState.INCORRECT


@pytest.mark.parametrize(
    ("those", "text"),
    [
        ([], ""),
        ([standing(1, U)], "No mask at Front door, since 09:10"),
        ([standing(1, W)], "Worn incorrectly at Front door, since 09:10"),
        ([standing(1, U), standing(2, U)], "No mask: 2 at Front door, since 09:10"),
        (
            [standing(1, U), standing(2, W, "Side door")],
            "No mask: 1, Worn incorrectly: 1 at 2 cameras, since 09:10",
        ),
    ],
)
def test_all_who_stand_there_are_one_line(those: list[Standing], text: str) -> None:
    assert standing_text(those, NOW, 0.5) == text


def test_the_time_is_that_of_the_mask_and_not_of_the_alert() -> None:
    assert standing_text([standing(1, U)], NOW, 60).endswith("since 09:09")


def test_a_notice_says_what_and_where() -> None:
    assert alarm_text(Alarm("v1", "Front door", U)) == "No mask: Front door"


def test_why_nobody_is_told_of() -> None:
    rule = AlertRule(AlertsConfig(quiet_from="09:00", quiet_to="10:30"))
    assert silent_text(rule, NOW) == "quiet until 10:30"
    rule.snooze = snooze_for(NOW)
    assert silent_text(rule, NOW) == "alerts off until 09:24"
    rule.snooze = snooze_until_tomorrow(NOW)
    assert silent_text(rule, NOW) == "alerts off until tomorrow"
    assert silent_text(AlertRule(AlertsConfig()), NOW) == ""

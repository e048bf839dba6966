"""The running count in words."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from monitor.gui.side.count_panel import CountPanel, percent_text
from monitor.marks import MARKS
from monitor.records import Count, MaskState
from tests.gui.looks import mask_of


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (Count(), "–"),
        (Count(unsure=4), "–"),
        (Count(masked=999, unmasked=1), "99 %"),
        (Count(masked=1, unmasked=999), "1 %"),
        (Count(masked=3), "100 %"),
        (Count(incorrect=2), "0 %"),
        (Count(masked=2, unmasked=1, unsure=9), "67 %"),
    ],
)
def test_percentage(count: Count, text: str) -> None:
    assert percent_text(count) == text


@pytest.fixture
def panel(qtbot: QtBot) -> CountPanel:
    panel = CountPanel()
    qtbot.addWidget(panel)
    panel.resize(340, 200)
    panel.show()
    return panel


def test_before_the_first_visit_nothing_is_claimed(panel: CountPanel) -> None:
    percent, of, numbers = panel.texts
    assert (percent, of) == ("–", "nobody judged yet")
    assert set(numbers.values()) == {"0"}
    panel.show_count(Count(unsure=3))
    assert panel.texts[:2] == ("–", "nobody judged yet")
    assert panel.texts[2][MaskState.UNSURE] == "3"


def test_unsure_is_beside_the_percentage_and_not_in_it(panel: CountPanel) -> None:
    panel.show_count(Count(masked=2, unmasked=1, incorrect=1, unsure=96))
    assert panel.texts == (
        "50 %",
        "2 of 4 visits",
        {
            MaskState.MASKED: "2",
            MaskState.UNMASKED: "1",
            MaskState.INCORRECT: "1",
            MaskState.UNSURE: "96",
        },
    )
    assert panel.accessibleDescription() == "50 %, 2 of 4 visits, 96 not sure"


def test_the_bar_has_the_shares_of_the_judged_visits(panel: CountPanel) -> None:
    panel.show_count(Count(masked=3, unmasked=1, unsure=50))
    image = panel.grab().toImage()
    masked, unmasked, incorrect = (
        mask_of(image, MARKS[state].colour).sum(axis=1).max()
        for state in (MaskState.MASKED, MaskState.UNMASKED, MaskState.INCORRECT)
    )
    assert masked > 150
    assert abs(masked / unmasked - 3) < 0.2
    assert incorrect < 20  # its symbol alone

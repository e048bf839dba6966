"""The running count in words."""

from __future__ import annotations

import pytest

from monitor.gui.side.count_panel import percent_text
from monitor.records import Count


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

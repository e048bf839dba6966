"""The bar chart of the hours."""

from __future__ import annotations

from monitor.gui.side.chart import Hour, describe, hours_of


def test_the_chart_reads_the_hours_of_the_totals() -> None:
    rows = [
        ["shift a", "9", "9", "9", "9", "33.3", "3"],
        ["hour 2026-11-21 08:00", "3", "1", "2", "5", "50.0", "2"],
        ["hour 2026-11-21 09:00", "0", "0", "0", "1", "", "0"],
    ]
    assert hours_of(rows) == {8: Hour(3, 1, 2)}
    assert (
        describe(8, Hour(3, 1, 2)) == "8:00 to 9:00: 3 masked, 1 without a mask, 2 worn incorrectly"
    )

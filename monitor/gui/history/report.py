"""A day, a shift or any other stretch of time on paper: totals, chart, hours watched, sightings."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QRectF, QSizeF, QUrl
from PySide6.QtGui import QColor, QFont, QImage, QPagedPaintDevice, QPainter, QTextDocument

from monitor.gui.history.chart import Bar, Inks, bars_of, paint_bars
from monitor.gui.history.words import Row, hours_text, key_text, spent_s, state_text, sums_text
from monitor.gui.names import shown_name
from monitor.gui.side.count_panel import percent_text
from monitor.gui.side.sightings_model import duration_text
from monitor.records import Shift
from monitor.storage.overview import Group, Overview

ROWS_MAX = 2000  # that are printed
CHART_WH = (1600, 460)
_STYLE = """
body { font-family: sans-serif; font-size: 9pt; color: #000; }
h1 { font-size: 16pt; } h2 { font-size: 11pt; }
th { text-align: left; background: #e8e8e8; }
td, th { padding: 2px 6px; }
"""


@dataclass(frozen=True, slots=True)
class Printed:
    """What goes on paper."""

    title: str
    overview: Overview
    sightings: Sequence[Row]  # newest first
    number: int  # how many there are
    at: datetime  # when it was put together


def document(printed: Printed) -> QTextDocument:
    """As a document of any number of pages. Any thread."""
    seen, made = printed.overview, QTextDocument()
    short = (seen.until - seen.since).days <= 1 and bool(seen.hours)
    bars = bars_of(seen, "hours" if short else "days")
    groups = seen.hours if short else seen.days
    parts = [
        f"<h1>Mask Monitor: {html.escape(printed.title)}</h1>",
        f"<p>{html.escape(sums_text(seen.whole))}</p>",
    ]
    if bars:
        made.addResource(
            QTextDocument.ResourceType.ImageResource.value, QUrl("chart"), _chart(bars)
        )
        parts.append('<p><img src="chart" width="660"></p>')
    for name, some in (
        ("Cameras", seen.cameras),
        ("Shifts", seen.shifts),
        ("Hours" if short else "Days", groups),
    ):
        if some:
            parts.append(f"<h2>{name}</h2>{_sums(some, seen.known)}")
    parts.append(f"<h2>Sightings</h2>{_rows(printed)}")
    parts.append(
        f"<p>Put together on {printed.at:%d %B %Y at %H:%M}. Masked: of those who were judged; "
        f"who was not sure is not among them.</p>"
    )
    made.setDefaultStyleSheet(_STYLE)
    made.setHtml("".join(parts))
    return made


def write(made: QTextDocument, device: QPagedPaintDevice) -> None:
    """Bring it to a printer or into a PDF."""
    layout = device.pageLayout()
    size = layout.paintRectPoints().size()
    made.setPageSize(QSizeF(size.width() * 96 / 72, size.height() * 96 / 72))
    made.print_(device)


def _chart(bars: Sequence[Bar]) -> QImage:
    image = QImage(*CHART_WH, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    font = QFont()
    font.setPixelSize(26)
    inks = Inks(QColor("black"), QColor("#444444"), QColor("#999999"))
    paint_bars(painter, QRectF(0, 0, *CHART_WH), bars, inks, font)
    painter.end()
    return image


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<table width="100%" cellspacing="0"><thead><tr>{head}</tr></thead>{body}</table>'


def _sums(groups: Sequence[Group], known: dict[str, Shift]) -> str:
    columns = ("", "Masked", "No mask", "Incorrect", "Not sure", "Compliance", "Sightings")
    rows = [
        (
            key_text(group, known),
            *(f"{n}" for n in (group.count.masked, group.count.unmasked, group.count.incorrect)),
            f"{group.count.unsure}",
            percent_text(group.count),
            f"{group.sightings}",
            hours_text(group.watched_s) if group.on_s else "–",
            hours_text(group.on_s) if group.on_s else "–",
        )
        for group in groups
    ]
    return _table((*columns, "Watched", "of"), rows)


_CELLS: tuple[Callable[[Row], str], ...] = (
    lambda row: f"{row.first_seen.astimezone():%d %b %Y, %H:%M:%S}",
    state_text,
    lambda row: duration_text(spent_s(row)),
    lambda row: row.camera,
    lambda row: shown_name(row.identity) or "",
    lambda row: row.note,
)


def _rows(printed: Printed) -> str:
    if not printed.sightings:
        return "<p>There was none.</p>"
    rows = [[of(row) for of in _CELLS] for row in reversed(printed.sightings)]
    table = _table(("When", "State", "For", "Camera", "Name", "Note"), rows)
    if printed.number <= len(rows):
        return table
    return (
        f"<p>The newest {len(rows):,} of {printed.number:,}; all of them are in the export.</p>"
        + table
    )

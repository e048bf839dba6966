"""A day, a shift or any other period of time on paper: totals, chart, hours watched, sightings."""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from PySide6.QtCore import QMarginsF, QRectF, Qt, QUrl
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QPagedPaintDevice,
    QPageLayout,
    QPainter,
    QTextDocument,
)

from monitor.gui.history.chart import Bar, Inks, bars_of, paint_bars
from monitor.gui.history.rows import COLUMNS, ROW_TEXTS
from monitor.gui.history.words import Row, hours_text, key_text, sums_text
from monitor.gui.side.chart import of_text, span_text
from monitor.gui.side.count_panel import percent_text
from monitor.marks import MARKS
from monitor.records import MaskState, Shift
from monitor.storage.overview import Group, Overview
from monitor.storage.spans import NOT_RUNNING, Span

ROWS_MAX = 2000  # that are printed
CHART_WH, CHART_PX = (1600, 460), 640
LEGEND = ", ".join(
    f'<span style="color:{MARKS[state].colour}">■</span> {MARKS[state].word}'
    for state in (MaskState.MASKED, MaskState.INCORRECT, MaskState.UNMASKED)
)
NOTES = (
    "Compliance: masked, of those who were judged; who was not sure is not among them. Watched: "
    "the hours of all cameras added up, in which somebody would have been seen, of those in which "
    "they were to be watched. Not running: the program was off, or the PC slept."
)
UNWATCHED_MAX = 200  # times that a camera did not watch
MARGINS_MM = QMarginsF(18, 16, 18, 18)  # holes are punched into what is kept
FOOT_PT = 8.0
UNWATCHED, NARROW = "When it was not watched", "\u00a0"
_STYLE = """
body { font-family: sans-serif; font-size: 9pt; color: #000; }
h1 { font-size: 16pt; } h2 { font-size: 11pt; margin-top: 14px; }
th { text-align: left; background: #e8e8e8; }
th.title { background: #fff; font-size: 11pt; padding: 12px 0px 3px 0px; }
td, th { padding: 2px 3px; font-size: 7.5pt; }
p.sums { font-size: 11pt; } p.faint { color: #444; }
"""


@dataclass(frozen=True, slots=True)
class Printed:
    """What goes on paper."""

    title: str
    overview: Overview
    sightings: Sequence[Row]  # newest first
    number: int  # how many there are
    unwatched: Sequence[Span]  # by time
    at: datetime  # when it was put together


def document(printed: Printed) -> QTextDocument:
    """As a document of any number of pages. Any thread."""
    seen, made = printed.overview, QTextDocument()
    short = _is_short(seen)
    bars = bars_of(seen, "hours" if short else "days")
    groups = seen.hours if short else seen.days
    parts = [
        f"<h1>Mask Monitor: {html.escape(printed.title)}</h1>",
        f'<p class="sums">{html.escape(sums_text(seen.whole))}</p>',
    ]
    if bars:
        made.addResource(
            QTextDocument.ResourceType.ImageResource.value, QUrl("chart"), _chart(bars)
        )
        parts.append(f'<p><img src="chart" width="{CHART_PX}"></p><p class="faint">{LEGEND}</p>')
    for name, some in (
        ("Cameras", seen.cameras),
        ("Shifts", seen.shifts),
        ("Hours" if short else "Days", groups),
    ):
        if some:
            parts.append(_sums(name, some, seen.known))
    parts += [_unwatched(printed), _rows(printed)]
    parts.append(f'<p class="faint">{NOTES}</p>')
    made.setDefaultStyleSheet(_STYLE)
    made.setHtml("".join(parts))
    made.setMetaInformation(QTextDocument.MetaInformation.DocumentTitle, printed.title)
    return made


def _is_short(seen: Overview) -> bool:
    """Whether it is of a day, or a shift."""
    return (seen.until - seen.since).days <= 1 and bool(seen.hours)


def write(printed: Printed, device: QPagedPaintDevice) -> None:
    """Bring it to a printer or into a PDF, with a line at the foot of each page. Any thread."""
    device.setPageMargins(MARGINS_MM, QPageLayout.Unit.Millimeter)
    made, foot = document(printed), f"Mask Monitor: {printed.title}"
    points = device.pageLayout().paintRectPoints().size()
    wide, high = points.width() * 96 / 72, points.height() * 96 / 72  # as texts are measured
    page = QRectF(0, 0, wide, high - 2 * FOOT_PT * 96 / 72)
    made.setDocumentMargin(0)
    made.setPageSize(page.size())
    painter = QPainter(device)
    try:
        scale = device.width() / wide
        painter.scale(scale, scale)
        font, number = QFont(), made.pageCount()
        font.setPixelSize(round(FOOT_PT * 96 / 72))
        for place in range(number):
            if place:
                device.newPage()
            painter.save()
            painter.translate(0, -place * page.height())
            made.drawContents(painter, page.translated(0, place * page.height()))
            painter.restore()
            painter.setFont(font)
            painter.setPen(QColor("#444444"))
            line = QRectF(0, page.height(), wide, high - page.height())
            put = f"put together on {printed.at.day} {printed.at:%B %Y at %H:%M}"
            for text, side in (
                (f"{foot}, {put}", Qt.AlignmentFlag.AlignLeft),
                (f"Page {place + 1} of {number}", Qt.AlignmentFlag.AlignRight),
            ):
                painter.drawText(line, side | Qt.AlignmentFlag.AlignBottom, text)
    finally:
        painter.end()


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


class _Column(NamedTuple):
    name: str
    side: str = "left"
    width: str = ""  # "" as what is in it


def _table(title: str, columns: Sequence[_Column], rows: Sequence[Sequence[str]]) -> str:
    """With its title, which stands above it on each page."""
    top = f'<tr><th class="title" colspan="{len(columns)}">{html.escape(title)}</th></tr>'
    head = "".join(
        f'<th align="{column.side}" width="{column.width}">{html.escape(column.name)}</th>'
        for column in columns
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td align="{column.side}">{html.escape(cell)}</td>'
            for cell, column in zip(row, columns, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    head = f"<thead>{top}<tr>{head}</tr></thead>"
    return f'<table width="100%" cellspacing="0">{head}{body}</table>'


_SUMS = (
    _Column("", width="18%"),
    *(
        _Column(name, "right", f"{width}%")
        for name, width in (
            ("Masked", 8),
            ("No mask", 7),
            ("Incorrect", 10),
            ("Not sure", 7),
            ("Compliance", 12),
            ("Sightings", 10),
            ("Watched", 18),
            ("Not running", 10),
        )
    ),
)


def _sums(title: str, groups: Sequence[Group], known: dict[str, Shift]) -> str:
    rows = []
    for group in groups:
        numbers = (
            *(f"{n}" for n in (group.count.masked, group.count.unmasked, group.count.incorrect)),
            f"{group.count.unsure}",
            percent_text(group.count),
            f"{group.sightings}",
            of_text(group.watched_s, group.on_s) if group.on_s >= 60 else "–",
            span_text(group.off_s) if group.off_s >= 60 else "–",
        )
        # numbers stay in one line, and names give way
        rows.append((key_text(group, known), *(text.replace(" ", NARROW) for text in numbers)))
    return _table(title, _SUMS, rows)


def _unwatched(printed: Printed) -> str:
    """When a camera was lost, paused, covered and so on, and when the program was not running."""
    if not printed.overview.whole.on_s:
        return f"<h2>{UNWATCHED}</h2><p>Hours watched were not noted.</p>"
    if not printed.unwatched:
        return f"<h2>{UNWATCHED}</h2><p>All cameras watched all the time.</p>"
    longest = sorted(printed.unwatched, key=lambda span: span.began - span.ended)[:UNWATCHED_MAX]
    together: defaultdict[tuple[datetime, datetime, str], list[str]] = defaultdict(list)
    for span in sorted(longest, key=lambda span: span.began):
        word = NOT_RUNNING if span.state is None else span.state.value
        together[span.began, span.ended, word].append(span.camera)
    form = "%H:%M:%S" if _is_short(printed.overview) else "%d %b %H:%M"
    rows = [
        (
            ", ".join(cameras),
            word,
            *(f"{t.astimezone():{form}}" for t in (began, ended)),
            _for_text(began, ended),
        )
        for (began, ended, word), cameras in together.items()
    ]
    number, title = len(printed.unwatched), UNWATCHED
    if number > len(longest):
        title += f": the longest {len(longest):,} of {number:,} times"
    heads = ("Camera", "It was", "From", "To", "For")
    return _table(title, [_Column(head) for head in heads], rows)


def _for_text(began: datetime, ended: datetime) -> str:
    return hours_text((ended - began).total_seconds())


def _rows(printed: Printed) -> str:
    if not printed.sightings:
        return "<h2>Sightings</h2><p>There was none.</p>"
    rows = [[of(row) for of in ROW_TEXTS] for row in reversed(printed.sightings)]
    heads = COLUMNS
    filled = [place for place in range(len(heads)) if any(row[place] for row in rows)]
    title = "Sightings"
    if printed.number > len(rows):
        title += f": the newest {len(rows):,} of {printed.number:,}; all are in the export"
    columns = [_Column(heads[place]) for place in filled]
    return _table(title, columns, [[row[place] for place in filled] for row in rows])

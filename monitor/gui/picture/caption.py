"""The strip above a camera's picture where several are shown: its name, what it does, and its own
small count.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter

from monitor.gui.picture.symbols import draw_symbol
from monitor.marks import MARKS
from monitor.records import Count, MaskState

HEIGHT = 28
GROUND, CHOSEN_GROUND = QColor("#22272E"), QColor("#0B63A5")
INK, FAINT, CHOSEN_FAINT = QColor("#FFFFFF"), QColor("#B4BBC5"), QColor("#DCEBF8")
TROUBLE = QColor("#FFC46B")
SYMBOL = 14
NOTHING = Count()


@dataclass(frozen=True, slots=True)
class Caption:
    """What is known of one camera."""

    name: str
    state: str = ""  # in a word
    trouble: bool = False  # the state is one that somebody should see to
    count: Count = NOTHING

    @property
    def sentence(self) -> str:
        """For screen readers."""
        parts = [f"{getattr(self.count, state.value)} {MARKS[state].word}" for state in MaskState]
        return f"{self.name}: {self.state}. {', '.join(parts)}"


def paint_caption(
    painter: QPainter, area: QRectF, caption: Caption, chosen: bool, font: QFont
) -> None:
    painter.fillRect(area, CHOSEN_GROUND if chosen else GROUND)
    faint = CHOSEN_FAINT if chosen else FAINT
    regular, bold = QFont(font), QFont(font)
    regular.setPixelSize(13)
    bold.setPixelSize(13)
    bold.setWeight(QFont.Weight.DemiBold)
    painter.setFont(bold)
    right = _paint_count(painter, area, caption.count)
    left, middle = area.left() + 10, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
    room = right - 12 - left
    state_width = 0.0
    if caption.state:
        painter.setFont(bold if caption.trouble else regular)
        state_width = min(painter.fontMetrics().horizontalAdvance(caption.state), room * 0.5) + 10
    painter.setFont(bold)
    name = painter.fontMetrics().elidedText(
        caption.name, Qt.TextElideMode.ElideMiddle, round(room - state_width)
    )
    painter.setPen(INK)
    painter.drawText(QRectF(left, area.top(), room, area.height()), middle, name)
    if caption.state:
        x = left + painter.fontMetrics().horizontalAdvance(name) + 10
        painter.setFont(bold if caption.trouble else regular)
        painter.setPen(TROUBLE if caption.trouble else faint)
        text = painter.fontMetrics().elidedText(
            caption.state, Qt.TextElideMode.ElideRight, round(right - 8 - x)
        )
        painter.drawText(QRectF(x, area.top(), right - x, area.height()), middle, text)


def _paint_count(painter: QPainter, area: QRectF, count: Count) -> float:
    """Symbols with their numbers at the right end; `unsure` only where there are any. Returns where
    they begin.
    """
    shown = [s for s in MaskState if s is not MaskState.UNSURE or count.unsure]
    x = area.right() - 10
    for state in reversed(shown):
        text = f"{getattr(count, state.value)}"
        width = painter.fontMetrics().horizontalAdvance(text)
        x -= width
        painter.setPen(INK)
        painter.drawText(
            QRectF(x, area.top(), width + 1, area.height()),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            text,
        )
        x -= SYMBOL + 5
        draw_symbol(painter, state, QRectF(x, area.center().y() - SYMBOL / 2, SYMBOL, SYMBOL))
        x -= 12
    return x + 12

"""PySide6 6.12.0 took a reference from None with each call on Python 3.11: the window aborted after
some minutes.
"""

from __future__ import annotations

import sys

from PySide6.QtGui import QColor, QPainter, QPixmap
from pytestqt.qtbot import QtBot


def test_painting_takes_no_reference_from_none(qtbot: QtBot) -> None:
    pixmap = QPixmap(10, 10)

    def paint() -> None:
        painter = QPainter(pixmap)
        painter.fillRect(pixmap.rect(), QColor(1, 2, 3))
        painter.end()

    paint()
    before = sys.getrefcount(None)
    for _ in range(1000):
        paint()
    # On Python 3.12 and later None is immortal and this holds anyhow.
    assert sys.getrefcount(None) > before - 500

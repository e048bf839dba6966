"""Tells the benchmarks when the window has painted a picture. Imports Qt, so only inside the measured process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from monitor.gui.view import PictureView
from monitor.gui.window import MainWindow
from monitor.records import Frame, Update


def on_paint(call: Callable[[PictureView, Frame | None], None]) -> None:
    """Have `call` called after each paint of the live picture, with the analysed frame that it shows, if it shows one.

    Call it before the window is made. The window's classes are changed for the rest of the process.
    """
    classes: Any = (PictureView, MainWindow)
    view_class, window_class = classes
    paint, show_update = view_class.paintEvent, window_class._show_update
    newest: list[Frame | None] = [None]

    def shown(window: MainWindow, update: Update) -> None:
        if update.result is not None:
            newest[0] = update.result.frame
        show_update(window, update)

    def painted(view: PictureView, event: Any) -> None:
        paint(view, event)
        call(view, newest[0])

    window_class._show_update, view_class.paintEvent = shown, painted

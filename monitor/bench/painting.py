"""Tells the benchmarks when the window has painted a picture, and what painting costs. Qt is
imported when it is used.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from monitor.records import Frame, FrameResult, Update

if TYPE_CHECKING:
    from monitor.gui.picture.view import PictureView
    from monitor.gui.reports import Reports

VIEW_WH = (900, 640)  # of the picture in a window of 1280x720


def on_paint(call: Callable[[PictureView, Frame | None], None]) -> None:
    """Have `call` called after each paint of the live picture, with the analysed frame that it
    shows, if it shows one.

    Call it before the window is made. The window's classes are changed for the rest of the process.
    """
    from monitor.gui.picture.view import PictureView
    from monitor.gui.reports import Reports

    classes: Any = (PictureView, Reports)
    view_class, reports_class = classes
    paint, show_update = view_class.paintEvent, reports_class.show_update
    newest: list[Frame | None] = [None]

    def shown(reports: Reports, update: Update) -> None:
        if update.result is not None:
            newest[0] = update.result.frame
        show_update(reports, update)

    def painted(view: PictureView, event: Any) -> None:
        paint(view, event)
        call(view, newest[0])

    reports_class.show_update, view_class.paintEvent = shown, painted


def offscreen_painter() -> Callable[[FrameResult], float]:
    """A function that paints a result into the window's live picture, offscreen, and returns the
    seconds that it took.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        os.environ.pop(name, None)
    from monitor.gui.application import make_application
    from monitor.gui.picture.view import PictureView

    application = make_application()
    view = PictureView()
    view.resize(*VIEW_WH)
    view.show()
    application.processEvents()

    def paint(result: FrameResult) -> float:
        started = time.perf_counter()
        view.show_picture(result.frame.image, result.faces)
        view.repaint()
        return time.perf_counter() - started

    return paint

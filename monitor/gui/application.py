"""The Qt application: makes the window, shows it, and runs until it is closed."""

from __future__ import annotations

import logging
import sys
from types import TracebackType

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication

from monitor.app import RunOptions, choose_source
from monitor.gui.choose import check_number
from monitor.gui.preferences import Preferences, default_settings
from monitor.gui.theme import Theme
from monitor.gui.window import MainWindow
from monitor.signals import ended_by_signals

log = logging.getLogger(__name__)


def make_application() -> QApplication:
    """The application, once a process."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        application = QApplication([sys.argv[0] or "mask-monitor"])
    application.setApplicationName("mask-monitor")
    application.setApplicationDisplayName("Mask Monitor")
    application.setDesktopFileName("mask-monitor")
    application.setStyle("Fusion")  # the same on every system, and it takes both palettes
    return application


def open_window(options: RunOptions, settings: QSettings | None = None) -> MainWindow:
    """Show the window, before any model or database is loaded; the rest follows as soon as the
    event loop runs.

    Raises:
        CameraError: If the options name a source that is not valid.
    """
    named = options.recording is not None or bool(options.config.camera.source)
    # without a name, cameras are looked for after the window is up
    chosen = choose_source(options) if named else None
    if chosen is not None:
        check_number(chosen)
    application = make_application()
    window = MainWindow(
        options, Preferences(settings or default_settings()), Theme(application), chosen
    )
    window.show()
    application.processEvents()  # painted before what is loaded behind it asks for the processor
    QTimer.singleShot(0, window.start)
    return window


def run_window(options: RunOptions) -> int:
    """Run the monitor in a window. Returns the exit status.

    Raises:
        MonitorError: If what the options name is wrong, or if something could not be saved at the
            end.
    """
    window = open_window(options)

    def end() -> None:
        window.close()
        QApplication.quit()  # where a dialog is open, too

    def fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _log_fault(kind, error, trace)
        window.tell_fault(kind.__name__)

    former_hook, sys.excepthook = sys.excepthook, fault
    try:
        with ended_by_signals(end):
            # The window's own timer wakes Python twice a second, so that signals are seen.
            status = make_application().exec()
            window.close()
    finally:
        sys.excepthook = former_hook
    if window.error is not None:
        raise window.error
    return status


def _log_fault(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """A fault in one slot is logged; the window goes on."""
    log.error("a fault in the window", exc_info=(kind, error, trace))

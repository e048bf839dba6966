"""How large the window is at first, and that it stays on the screen."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QMainWindow, QWidget

WANTED = QSize(1280, 720)
TITLE_PX, SIDES_PX = 32, 8  # what the system draws round a window; no screen tells


def fit_to_screen(window: QMainWindow, kept: bool) -> None:
    """Bring the window to a size and place that its screen has.

    Args:
        kept: Whether it has the size and place of an earlier run, perhaps on another screen.
    """
    if window.isMaximized() or window.isFullScreen():
        return
    free = window.screen().availableGeometry()
    room = QSize(free.width() - SIDES_PX, free.height() - TITLE_PX)
    window.resize((window.size() if kept else WANTED).boundedTo(room))
    if kept and not free.contains(window.geometry()):
        right = free.right() + 1 - SIDES_PX - window.width()
        bottom = free.bottom() + 1 - TITLE_PX - window.height()
        window.move(
            min(max(window.x(), free.left()), right), min(max(window.y(), free.top()), bottom)
        )


def dialog_size(dialog: QWidget, wanted: QSize) -> QSize:
    """What a dialog gets of what it wants, on its screen."""
    free = dialog.screen().availableGeometry()
    return wanted.boundedTo(QSize(free.width() - SIDES_PX, free.height() - TITLE_PX))


def show_full_screen(window: QMainWindow, full: bool) -> None:
    """Fill the screen, or go back to what the window was, maximised or not."""
    state = Qt.WindowState.WindowFullScreen
    former = window.windowState()
    window.setWindowState(former | state if full else former & ~state)


def bring_to_front(dialog: QWidget) -> None:
    """Show what is open beside the window, above all else."""
    dialog.show()
    dialog.raise_()
    dialog.activateWindow()

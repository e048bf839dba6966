"""The window that faces the visitor, on a screen of its own where there is one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeyEvent, QMouseEvent, QScreen
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from monitor.gui.alerts.visitor import Saying, VisitorRule
from monitor.gui.alerts.visitor_view import VisitorView
from monitor.gui.layout import WindowParts
from monitor.gui.screen import SIDES_PX, TITLE_PX
from monitor.records import Face, Frame

TITLE = "Visitor window"


def screen_for(kept: str, desk: QScreen, screens: Sequence[QScreen]) -> QScreen:
    """The screen that it was on, else one where the main window is not, else that one."""
    by_name = next((screen for screen in screens if screen.name() == kept), None)
    other = next((screen for screen in screens if screen is not desk), None)
    return by_name or other or desk


class VisitorWindow(QWidget):
    """F11 or a double click fills the screen; Esc goes back, then closes. It never takes the
    keyboard when it appears.
    """

    def __init__(self, closed: Callable[[], None]) -> None:
        super().__init__(None)
        self._closed = closed
        self.setWindowTitle(TITLE)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.view = VisitorView()
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self.view)

    def show_on(self, screen: QScreen, full: bool) -> None:
        free = screen.availableGeometry()
        size = self.view.sizeHint().boundedTo(free.size())
        self.setScreen(screen)
        self.setGeometry(
            free.right() - size.width() - SIDES_PX,
            free.top() + TITLE_PX + SIDES_PX,
            size.width(),
            size.height(),
        )
        before = QApplication.activeWindow()
        if full:
            self.showFullScreen()
        else:
            self.show()
        if before is not None:  # some systems do not keep to the hint
            before.activateWindow()

    def _toggle_full(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F11:
            self._toggle_full()
        elif event.key() == Qt.Key.Key_Escape:
            if self.isFullScreen():
                self._toggle_full()
            else:
                self.close()
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._toggle_full()

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self._closed()


class Visitor(QObject):
    """Opens and closes the window, and tells it what to say. Main thread.

    Args:
        parts: Of the main window.
        now: Seconds of a steady clock.
    """

    def __init__(self, parts: WindowParts, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parts.window)
        self._parts, self._now = parts, now
        self._rule = VisitorRule()
        self._camera = ""
        self._frame: Frame | None = None
        self._leaving = False
        self.window: VisitorWindow | None = None
        parts.menus.visitor.toggled.connect(self._toggle)

    def restore(self) -> None:
        """Be there again where it was there when the last run ended."""
        self._parts.menus.visitor.setChecked(self._parts.preferences.flag("visitor_open", False))

    def look(self, frame: Frame, faces: Sequence[Face]) -> None:
        """Take in a picture that the main window shows. A recording is nobody at the door."""
        if self.window is None or frame.camera != self._of() or not frame.live or frame.still:
            return
        self._frame = frame
        self._rule.saw(frame.captured_at, [face.state for face in faces])
        self._say(self._rule.saying(self._now()))

    def tick(self, present: frozenset[str]) -> None:
        """Twice a second.

        Args:
            present: The cameras whose pictures are of this moment.
        """
        if self.window is None:
            return
        camera = self._of()
        if camera not in present:
            self._rule.forget()
        self._say(self._rule.saying(self._now()))
        said = "" if self.window.view.saying is not Saying.NOTHING else ": nothing is said now"
        self.window.setWindowTitle(f"{TITLE}, {camera}{said}" if camera else f"{TITLE}{said}")

    def use_options(self) -> None:
        """The settings have changed."""
        self._frame = None
        if self.window is not None:
            self.window.view.speak(self._parts.session.options.config.visitor.language)

    def close(self) -> None:
        """The program ends; whether the window was open is kept."""
        self._parts.preferences.keep_flag("visitor_open", self.window is not None)
        self._leaving = True
        if self.window is not None:
            self.window.close()

    def _of(self) -> str:
        """The camera that it speaks for; another one starts anew."""
        session = self._parts.session
        named, names = session.options.config.visitor.camera, session.names
        camera = named or (names[0] if names else "")
        if camera != self._camera:
            self._camera, self._frame = camera, None
            self._rule.forget()
        return camera

    def _say(self, saying: Saying) -> None:
        assert self.window is not None
        shows = self._parts.session.options.config.visitor.show_face and self._frame is not None
        image = self._frame.image if shows and self._frame is not None else None
        self.window.view.say(saying, image)

    @Slot(bool)
    def _toggle(self, wanted: bool) -> None:
        if wanted and self.window is None:
            kept = self._parts.preferences
            self.window = VisitorWindow(self._on_closed)
            self.use_options()
            desk, screens = self._parts.window.screen(), QGuiApplication.screens()
            screen = screen_for(kept.text("visitor_screen"), desk, screens)
            self.window.show_on(screen, kept.flag("visitor_full", screen is not desk))
        elif not wanted and self.window is not None:
            self.window.close()

    def _on_closed(self) -> None:
        if self.window is None:
            return
        kept = self._parts.preferences
        kept.keep_text("visitor_screen", self.window.screen().name())
        kept.keep_flag("visitor_full", self.window.isFullScreen())
        self.window.deleteLater()
        self.window = None
        if not self._leaving:
            self._parts.menus.visitor.setChecked(False)

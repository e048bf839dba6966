"""The main window: shows what the session reports, and does what the user asks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QIcon, QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QMainWindow

from monitor.app import Chosen, RunOptions, begun_with, build_parts, check_source
from monitor.errors import CameraError, MonitorError
from monitor.gui.alerts.room import AlertRoom
from monitor.gui.banner import Severity
from monitor.gui.cameras.unwatched import show_unwatched
from monitor.gui.cameras.words import missing_text
from monitor.gui.choose import SourceChooser, dropped_paths, take_copy
from monitor.gui.commands import Commands
from monitor.gui.doctor.room import DoctorRoom
from monitor.gui.layout import lay_out
from monitor.gui.learning.drift_notice import DriftNotice
from monitor.gui.left_open import LeftOpenNotice
from monitor.gui.pause import PauseWatch
from monitor.gui.picture.view import PictureView
from monitor.gui.preferences import Preferences
from monitor.gui.remembered import First, first_sources
from monitor.gui.reports import Reports
from monitor.gui.review.room import ReviewRoom
from monitor.gui.screen import fit_to_screen, show_full_screen
from monitor.gui.side.hour_feed import HourFeed
from monitor.gui.source_state import SourceWatch
from monitor.gui.status import retention_text
from monitor.gui.theme import Theme
from monitor.gui.threads.bridge import Bridge
from monitor.gui.threads.session import Session
from monitor.gui.zones.room import ZoneRoom
from monitor.records import Face, Frame, SourceState, WorkerState

if TYPE_CHECKING:
    from monitor.analysis.worker import Parts

log = logging.getLogger(__name__)

ICON = Path(__file__).resolve().parents[2] / "assets" / "icon.png"
REFRESH_MS = 33  # at most one look at the threads in this time
TICK_MS = 500


class MainWindow(QMainWindow):
    """Made and shown before any model or database is loaded; `start` sets everything going.

    Args:
        options: Of the run.
        preferences: What was kept from the last run.
        theme: Of the application.
        chosen: The source, where the command line names one.
        build: Makes the inference thread's parts.
    """

    def __init__(
        self,
        options: RunOptions,
        preferences: Preferences,
        theme: Theme,
        chosen: Chosen | None = None,
        build: Callable[[RunOptions], Parts] = build_parts,
    ) -> None:
        super().__init__()
        self.preferences, self.theme, self._chosen = preferences, theme, chosen
        self.bridge = Bridge(self)
        self.session = Session(preferences.apply(options), self.bridge, build)
        # what ended the run: a recording on the command line that cannot be opened, or what could
        # not be saved when the window closed
        self.error: MonitorError | None = None
        self._closing = False
        self._refreshed_at = 0.0
        self._lay_out()
        self._connect()
        self._restore()

    def _lay_out(self) -> None:
        self.setWindowTitle("Mask Monitor")
        self.setWindowIcon(QIcon(str(ICON)))
        self.setAcceptDrops(True)
        self.parts = parts = lay_out(self, self.session, self.bridge, self.preferences)
        self.menus, self.banners, self.grid = parts.menus, parts.banners, parts.grid
        self.count_panel, self.hour_panel = parts.count_panel, parts.hour_panel
        self.sightings, self.splitter, self.status = parts.sightings, parts.splitter, parts.status

    def _connect(self) -> None:
        self.chooser = SourceChooser(self.parts, self._sources_changed)
        keeper = self.chooser.keeper
        self.hours = HourFeed(self.session, self.bridge, self.hour_panel)
        self.watch = SourceWatch(self.parts)
        self.watch.turn = keeper.turn
        self.watch.known, self.watch.enter = keeper.of, keeper.unlock
        self.watch.change = lambda camera: self.commands.show_cameras(keeper).change(camera)
        self.pauses = PauseWatch(self.parts, self._went_on)
        self.reports = Reports(self.parts, self.watch, lambda: self.commands.start_again())
        self.commands = Commands(self.parts, self.reports, self._started_again)
        self.alerts = AlertRoom(self.parts, self.watch)
        self.zones = ZoneRoom(self.parts, self.commands.correct)
        sound = self.alerts.alerts.sound
        self.doctor = DoctorRoom(self.parts, self.chooser, self.zones, sound)
        self.reports.answered = self.doctor.answered
        self.commands.check_camera = self.doctor.show_doctor
        self.commands.ignore_place = self.zones.ignore_place
        self.review = ReviewRoom(self.parts, self.reports, self.commands.export, self.play)
        self.reports.saw = self._saw
        self.left_open = LeftOpenNotice(self.session, self.banners)
        self.drift = DriftNotice(self.session, self.bridge, self.banners, self.commands.show_models)
        menus = self.menus
        menus.set_up.triggered.connect(lambda: self.commands.show_cameras(keeper))
        keeper.changed.connect(self._cameras_changed)
        keeper.changed.connect(self.zones.start)  # zones are kept by name, and names have changed
        menus.quit.triggered.connect(self.close)
        menus.full_screen.triggered.connect(self._show_full_screen)
        menus.leave_full_screen.triggered.connect(self._leave)
        self.grid.arranged.connect(self._arranged)
        menus.theme_group.triggered.connect(self._choose_theme)
        menus.pause.triggered.connect(self.pause_or_play)
        menus.mute.toggled.connect(self._mute)
        self.bridge.changed.connect(self._on_changed)
        self._refresh_timer = QTimer(self, singleShot=True)
        self._refresh_timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._refresh_timer.timeout.connect(self._refresh)
        self._tick_timer = QTimer(self, interval=TICK_MS)
        self._tick_timer.timeout.connect(self._tick)

    def _restore(self) -> None:
        kept = self.preferences
        fit_to_screen(self, self.restoreGeometry(kept.bytes_of("geometry")))
        self.splitter.restoreState(kept.bytes_of("splitter"))
        self.theme.choose(kept.theme)
        self.menus.themes[kept.theme].setChecked(True)
        self.menus.mute.setChecked(kept.muted)
        self._panels = {
            key: self.menus.add_panel(text, panel, kept.flag(key, True))
            for key, text, panel in (
                ("count", "&Count", self.count_panel),
                ("hours", "&Visits by the hour", self.hour_panel),
                ("sightings", "&Sightings", self.sightings),
            )
        }
        self._show_settings()
        self.status.show_size(0, 0)
        self.status.show_speed(None, None)
        self.status.model.setText("loading models")
        self.status.show_source("starting")
        self.view.set_placeholder("Starting…")

    def tell_fault(self, what: str) -> None:
        """Something that the user did has failed, and the window goes on."""
        text = f"That did not work ({what}): try it again, and see the log"
        self.banners.show_message("fault", Severity.ERROR, text)

    # Setting going and closing

    @Slot()
    def start(self) -> None:
        """Load the rest in the background, then watch the first source. A recording that the
        command line names and that cannot be opened closes the window.
        """
        self._tick_timer.start()
        self.alerts.restore()
        self.zones.start()
        options, chosen = self.session.options, self._chosen
        kept, named = self.chooser.keeper.kept, bool(options.config.camera.source)

        def prepare() -> First:
            if chosen is None:
                return first_sources(options, kept)
            # here and not before: the decoder's libraries are slower than the window
            try:
                for source in chosen.sources:
                    check_source(source)
            except CameraError as error:
                self.error = error
                raise
            return First(chosen.sources, chosen.notice, named)

        self.bridge.run("starting", prepare, self._begin, self._begin_without)

    def _begin(self, first: First) -> None:
        self.session.start_worker(begun_with(self.session.options, first.sources))
        if not self.session.watched:  # the user may have dropped a clip meanwhile
            if self._chosen is None and self.doctor.wants_guide(first):
                self.doctor.show_guide(first)
            else:
                self.chooser.begin(first)
        if not self.session.watched:
            show_unwatched(self.parts, self.chooser.keeper)
        self.chooser.list_cameras()

    @Slot()
    def _cameras_changed(self) -> None:
        """The list of cameras, or what is known of their passwords."""
        keeper = self.chooser.keeper
        self.watch.missing = missing_text(() if keeper.unlocking else keeper.missing)
        if not self.session.watched:
            show_unwatched(self.parts, keeper)

    def _begin_without(self, message: str) -> None:
        if self.error is not None:
            self.close()
            return
        self.banners.show_message("choice", Severity.ERROR, message)
        show_unwatched(self.parts, self.chooser.keeper)
        self.session.start_worker()
        self.chooser.list_cameras()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._closing:
            self._closing = True
            self.alerts.close()
            self._keep()
            self.doctor.close()
            self.chooser.keeper.locks.close()
            self.commands.close_people()
            self.commands.close_models()
            self.commands.close_cameras()
            self.commands.close_history()
            self.hide()  # at once: what is still to be written is written behind
            self._tick_timer.stop()
            self._refresh_timer.stop()
            self.error = self.session.close() or self.error
        super().closeEvent(event)

    def _keep(self) -> None:
        kept = self.preferences
        if not self.isFullScreen():
            kept.keep_bytes("geometry", self.saveGeometry())
        kept.keep_bytes("splitter", self.splitter.saveState())
        for key, action in self._panels.items():
            kept.keep_flag(key, action.isChecked())
        kept.save()

    # What the threads report

    @Slot()
    def _on_changed(self) -> None:
        if not self._refresh_timer.isActive():
            since_ms = 1000 * (time.monotonic() - self._refreshed_at)
            self._refresh_timer.start(max(0, round(REFRESH_MS - since_ms)))

    def _saw(self, frame: Frame, faces: Sequence[Face]) -> None:
        self.zones.saw(frame, faces)
        self.alerts.saw(frame, faces)

    @Slot()
    def _refresh(self) -> None:
        """Show the newest of everything."""
        self._refreshed_at = time.monotonic()
        self.bridge.taken()
        self.reports.take()
        self.watch.look()
        self.review.look()

    @Slot()
    def _tick(self) -> None:
        self.reports.show_worker()
        self.reports.look_for_the_store()
        self.watch.look()
        self.pauses.look()
        self.alerts.tick()
        self.menus.pause.setChecked(self.session.paused)  # an enrolment lets a paused camera go on
        self.reports.show_speed()
        self.review.look()
        if self.reports.worker is WorkerState.READY:
            self.hours.look(self.reports.shown.count)
            self.drift.look()
            self.left_open.look()

    # Sources

    @property
    def view(self) -> PictureView:
        """The chosen camera's picture."""
        return self.grid.view

    def _sources_changed(self) -> None:
        self.reports.change_sources()
        self.zones.show()
        self.review.look()
        self.menus.pause.setChecked(self.session.paused)
        self.watch.look()
        if not self.session.watched:
            show_unwatched(self.parts, self.chooser.keeper)

    @Slot()
    def _arranged(self) -> None:
        self.reports.show_size()
        self.watch.look()

    @Slot()
    def _leave(self) -> None:
        """Esc: from one camera back to all, then from the full screen back to the window."""
        if self.grid.alone:
            self.grid.show_alone(False)
        else:
            self._show_full_screen(False)

    @Slot()
    def pause_or_play(self) -> None:
        """Space: pause and go on; play ended clips again; press a button that the keyboard has
        reached.
        """
        focused = QApplication.focusWidget()
        if isinstance(focused, QAbstractButton) and focused.window() is self:
            self.menus.pause.setChecked(self.session.paused)
            focused.click()
            return
        self.play()

    def play(self) -> None:
        """Pause or go on; from the end of recordings, from their beginning. On the way to where
        the user wants to be it stops there.
        """
        watched = self.session.watched
        if any(w.review is not None and w.review.on_the_way for w in watched):
            self.session.pause(True)
        elif watched and all(self.session.status_of(w).state is SourceState.ENDED for w in watched):
            self.session.pause(False)
            for name in self.session.names:
                self.session.play_again(name)
        else:
            self.session.pause(not self.session.paused)
        self._went_on()

    def _went_on(self) -> None:
        self.menus.pause.setChecked(self.session.paused)
        self.watch.look()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses the button that the keyboard has reached."""
        focused = QApplication.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(
            focused, QAbstractButton
        ):
            focused.click()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_paths(event.mimeData()):
            take_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        paths = dropped_paths(event.mimeData())
        if paths:
            take_copy(event)
            self.chooser.open_dropped(paths)

    # Settings and looks

    def _started_again(self) -> None:
        self.reports.start_again()
        self._show_settings()

    def _show_settings(self) -> None:
        config = self.session.options.config
        self.menus.check_detector(config.detect.name)
        self.status.retention.setText(retention_text(config.store.retention_days))

    @Slot(bool)
    def _mute(self, muted: bool) -> None:
        self.preferences.muted = muted

    @Slot(QAction)
    def _choose_theme(self, action: QAction) -> None:
        self.preferences.theme = str(action.data())
        self.theme.choose(str(action.data()))

    def _show_full_screen(self, full: bool) -> None:
        if full == self.isFullScreen():
            return
        self.menuBar().setVisible(not full)
        show_full_screen(self, full)
        self.menus.full_screen.setChecked(full)

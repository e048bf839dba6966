"""The main window: shows what the session reports, and does what the user asks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QIcon
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QMainWindow,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from monitor.app import Chosen, RunOptions, build_parts
from monitor.errors import MonitorError
from monitor.gui.banner import BannerStack, Severity
from monitor.gui.choose import SourceChooser, dropped_path, first_source
from monitor.gui.commands import Commands
from monitor.gui.menus import Menus
from monitor.gui.picture.grid import CameraGrid
from monitor.gui.picture.view import PictureView
from monitor.gui.preferences import Preferences
from monitor.gui.side.chart import HourPanel
from monitor.gui.side.count_panel import CountPanel
from monitor.gui.side.hour_feed import HourFeed
from monitor.gui.side.sightings_panel import SightingsPanel
from monitor.gui.source_state import SourceWatch
from monitor.gui.status import StatusBar, retention_text
from monitor.gui.theme import Theme
from monitor.gui.threads.bridge import Bridge
from monitor.gui.threads.session import Session
from monitor.records import Count, SourceState, Update, WorkerState

if TYPE_CHECKING:
    from monitor.analysis.worker import Parts

log = logging.getLogger(__name__)

ICON = Path(__file__).resolve().parents[2] / "assets" / "icon.png"
REFRESH_MS = 33  # the window is brought up to date so often at most
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
        self.error: MonitorError | None = None  # what could not be saved when the window closed
        self._closing = False
        self._refreshed_at = self._speed_at = 0.0
        self._speed_from = 0
        self._inference_s: float | None = None
        self._frame_wh = (0, 0)
        self._shown = Update(None, Count(), (), 0)
        self._worker_seen: tuple[WorkerState | None, str, int | None] = (None, "", None)
        self._lay_out()
        self._connect()
        self._restore()

    def _lay_out(self) -> None:
        self.setWindowTitle("Mask Monitor")
        self.setWindowIcon(QIcon(str(ICON)))
        self.setAcceptDrops(True)
        self.grid, self.banners = CameraGrid(), BannerStack()
        self.count_panel = CountPanel()
        self.hour_panel = HourPanel()
        self.sightings = SightingsPanel()
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(10)
        column.addWidget(self.count_panel)
        column.addWidget(self.hour_panel)
        column.addWidget(self.sightings, 1)
        self.hour_panel.setMaximumHeight(190)
        side.setMinimumWidth(330)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(self.grid)
        self.splitter.addWidget(side)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        self.splitter.setCollapsible(0, False)
        self.splitter.setSizes([900, 380])
        body = QWidget()
        rows = QVBoxLayout(body)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.banners)
        rows.addWidget(self.splitter, 1)
        self.setCentralWidget(body)
        self.status = StatusBar()
        self.setStatusBar(self.status)
        self.menus = Menus(self, self.sightings.actions_)
        self.resize(1280, 720)

    def _connect(self) -> None:
        self.chooser = SourceChooser(
            self,
            self.session,
            self.bridge,
            self.banners,
            self.menus,
            self.preferences,
            self.grid,
            self._sources_changed,
        )
        self.hours = HourFeed(self.session, self.bridge, self.hour_panel)
        self.watch = SourceWatch(self.session, self.grid, self.banners, self.status)
        self.commands = Commands(
            self,
            self.session,
            self.bridge,
            self.banners,
            self.menus,
            self.preferences,
            self.grid,
            self.sightings,
            self._shift_began,
        )
        menus = self.menus
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
        self.restoreGeometry(kept.bytes_of("geometry"))
        self.splitter.restoreState(kept.bytes_of("splitter"))
        self.theme.choose(kept.theme)
        self.menus.themes[kept.theme].setChecked(True)
        self.menus.mute.setChecked(kept.muted)
        self._mute(kept.muted)
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

    # Setting going and closing

    @Slot()
    def start(self) -> None:
        """Load the rest in the background, then watch the first source."""
        self._tick_timer.start()
        options, chosen, last = self.session.options, self._chosen, self.preferences.camera

        def prepare() -> Chosen:
            # These take SQLAlchemy with them: imported here, so that the window need not wait.

            return chosen or first_source(options, last)

        self.bridge.run("starting", prepare, self._begin, self._begin_without)

    def _begin(self, chosen: Chosen) -> None:
        self.session.start_worker()
        if not self.session.watched:  # the user may have dropped a clip meanwhile
            self.chooser.open(*chosen.sources, notice=chosen.notice)
        self.chooser.list_cameras()

    def _begin_without(self, message: str) -> None:
        self.banners.show_message("choice", Severity.ERROR, message)
        self.view.set_placeholder(
            "Nothing to watch yet", "Choose a camera, a stream or a clip in the File menu"
        )
        self.status.show_source("no camera")
        self.session.start_worker()
        self.chooser.list_cameras()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._closing:
            self._closing = True
            self._keep()
            self.commands.close_people()
            self.hide()  # at once: what is still to be written is written behind
            self._tick_timer.stop()
            self._refresh_timer.stop()
            self.error = self.session.close()
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

    @Slot()
    def _refresh(self) -> None:
        """Show the newest of everything."""
        self._refreshed_at = time.monotonic()
        self.bridge.taken()
        for frame in self.session.take_previews():
            view = self.grid.view_of(frame.camera)
            if view is not None:
                view.show_picture(frame.image)
        for update in self.session.take_updates():
            self._show_update(update)
        self._show_size()
        self._show_worker()
        self.watch.look()

    def _show_update(self, update: Update) -> None:
        result = update.result
        watched = self.session.find(result.frame.camera) if result is not None else None
        if result is not None and watched is not None and not watched.lent:
            said, view = self.commands, self.grid.view_of(watched.name)
            if view is not None:
                view.show_picture(result.frame.image, said.as_said(result.faces), said.corrections)
            timings = result.timings
            spent_s = timings.detect_s + timings.track_s + timings.classify_s + timings.identify_s
            self._inference_s = (
                spent_s if self._inference_s is None else 0.9 * self._inference_s + 0.1 * spent_s
            )
        if update.sighting_total > self._shown.sighting_total and not self.menus.mute.isChecked():
            QApplication.beep()
        if update.count != self._shown.count:
            self.count_panel.show_count(update.count)
        self.watch.count(update)
        self.sightings.show_sightings(update.sightings, update.sighting_total)
        self.banners.show_message(
            "store",
            Severity.ERROR,
            update.problem and f"{update.problem}. Nothing is lost yet: it is tried again",
        )
        self._shown = update

    def _show_size(self) -> None:
        """The resolution of the chosen camera's pictures."""
        if self.view.size_wh != self._frame_wh:
            self._frame_wh = self.view.size_wh
            self.status.show_size(*self._frame_wh)

    def _show_worker(self) -> None:
        worker, message = self.session.worker_state()
        seen = worker, message, self.session.enrolled
        if seen == self._worker_seen:
            return
        self._worker_seen = seen
        words = {WorkerState.LOADING: "loading models", WorkerState.READY: message}
        self.status.model.setText(words.get(worker, "not analysed"))
        self.status.show_privacy(self.session.options.identify, self.session.enrolled, worker)
        if worker is WorkerState.FAILED:
            self.banners.show_message(
                "worker", Severity.ERROR, message, "Try again", self.commands.new_shift
            )
        else:
            self.banners.clear("worker")

    @Slot()
    def _tick(self) -> None:
        now = time.monotonic()
        self._show_worker()
        self.watch.look()
        self.menus.pause.setChecked(self.session.paused)  # an enrolment lets a paused camera go on
        if now - self._speed_at >= 1.0:
            done = self.session.analysed - self._speed_from
            per_s = done / (now - self._speed_at) if self._speed_at and done >= 0 else None
            self._speed_at, self._speed_from = now, self.session.analysed
            idle = not per_s
            self.status.show_speed(
                per_s, None if idle or self._inference_s is None else 1000 * self._inference_s
            )
        if self._worker_seen[0] is WorkerState.READY:
            self.hours.look(self._shown.count)

    # Sources

    @property
    def view(self) -> PictureView:
        """The chosen camera's picture."""
        return self.grid.view

    def _sources_changed(self) -> None:
        self._inference_s = None
        self.menus.pause.setChecked(self.session.paused)
        self.watch.look()

    @Slot()
    def _arranged(self) -> None:
        self._show_size()
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
        watched = self.session.watched
        if watched and all(self.session.status_of(w).state is SourceState.ENDED for w in watched):
            self.session.pause(False)
            for name in self.session.names:
                self.session.again(name)
        else:
            self.session.pause(not self.session.paused)
        self.menus.pause.setChecked(self.session.paused)
        self.watch.look()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_path(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = dropped_path(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.chooser.open_path(path)

    # Settings and looks

    def _shift_began(self) -> None:
        self._shown = Update(None, Count(), (), 0)
        self._speed_from = 0
        self.count_panel.show_count(Count())
        self.sightings.show_sightings((), 0)
        self.watch.count(self._shown)
        self._show_settings()
        self._show_worker()

    def _show_settings(self) -> None:
        config = self.session.options.config
        self.menus.detectors[config.detect.name].setChecked(True)
        self.status.retention.setText(retention_text(config.store.retention_days))

    @Slot(bool)
    def _mute(self, muted: bool) -> None:
        self.preferences.muted = muted
        self.status.show_sound(muted)

    @Slot(QAction)
    def _choose_theme(self, action: QAction) -> None:
        self.preferences.theme = str(action.data())
        self.theme.choose(str(action.data()))

    def _show_full_screen(self, full: bool) -> None:
        if full == self.isFullScreen():
            return
        self.menuBar().setVisible(not full)
        self.showFullScreen() if full else self.showNormal()
        self.menus.full_screen.setChecked(full)

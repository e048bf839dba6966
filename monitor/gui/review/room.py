"""What the main window has of this room: the bar of the recording that is looked at, its keys, and
its export.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QBoxLayout, QDialog

from monitor.gui.layout import WindowParts
from monitor.gui.reports import Reports

if TYPE_CHECKING:
    from monitor.analysis.recall import Mark
    from monitor.camera.review import ReviewThread
    from monitor.gui.review.bar import ReviewBar
    from monitor.gui.threads.watched import Watched
    from monitor.storage.export_wish import Wish

FAR_S = 10.0
Export = Callable[[Path, "Wish", str], None]


class ReviewRoom(QObject):
    """Looks several times a second. Main thread.

    Args:
        parts: Of the window.
        reports: What the window shows of the recording.
        export: Writes the files, of the recording that is named.
        play: Pauses what is watched, or lets it go on.
    """

    def __init__(
        self,
        parts: WindowParts,
        reports: Reports,
        export: Export,
        play: Callable[[], None],
    ) -> None:
        super().__init__(parts.window)
        self._parts, self._reports = parts, reports
        self._export, self._play = export, play
        self.bar: ReviewBar | None = None
        self._watched: Watched | None = None
        actions = parts.menus.review
        actions.back.triggered.connect(lambda: self.step(-1))
        actions.on.triggered.connect(lambda: self.step(1))
        actions.far_back.triggered.connect(lambda: self._go_by(-FAR_S))
        actions.far_on.triggered.connect(lambda: self._go_by(FAR_S))
        actions.previous.triggered.connect(lambda: self._go_to_sighting(on=False))
        actions.next.triggered.connect(lambda: self._go_to_sighting(on=True))
        actions.slower.triggered.connect(lambda: self._change_speed(-1))
        actions.faster.triggered.connect(lambda: self._change_speed(1))
        actions.anew.triggered.connect(self._judge_anew)
        actions.export.triggered.connect(self.ask_for_export)
        parts.grid.arranged.connect(self.look)
        self._enable()

    @Slot()
    def look(self) -> None:
        """Show the bar of the chosen recording, or none."""
        watched = self._parts.session.find(self._parts.grid.chosen)
        if watched is not None and watched.review is None:
            watched = None
        if watched is not self._watched:
            self._watched = watched
            self._show_bar()
        if self.bar is None or self._review is None:
            return
        review = self._review
        self.bar.show_place(review.place(), self.marks(), self._parts.session.paused, review.speed)
        self._enable()

    @property
    def _review(self) -> ReviewThread | None:
        return self._watched.review if self._watched is not None else None

    def marks(self) -> tuple[Mark, ...]:
        """The sightings so far that stand."""
        from monitor.storage.compliance import is_standing

        if self._watched is None:
            return ()
        said = self._reports.shown.corrections
        return tuple(m for m in self._watched.recall.marks() if is_standing(said.get(m.visit_id)))

    def _show_bar(self) -> None:
        if self.bar is not None:
            self.bar.hide()
            self.bar.deleteLater()
            self.bar = None
        watched = self._watched
        if watched is not None:
            from monitor.gui.review.bar import ReviewBar

            actions = self._parts.menus.review
            self.bar = bar = ReviewBar(watched.name, watched.stills, actions)
            bar.play.clicked.connect(self._play)
            bar.seek.sought.connect(self.seek)
            bar.seek.glanced.connect(self._glance)
            bar.seek.stepped.connect(self.step)
            bar.speed_chosen.connect(self._set_speed)
            pictures = self._parts.grid.parentWidget()
            assert pictures is not None
            column = pictures.layout()
            assert isinstance(column, QBoxLayout)
            column.addWidget(bar)
        self._enable()

    def _enable(self) -> None:
        """What can be done now."""
        menus, watched = self._parts.menus, self._watched
        there = watched is not None
        menus.recording.setEnabled(there)
        found = bool(self.marks())
        for action in menus.review.all:
            needs = action in (menus.review.previous, menus.review.next)
            action.setEnabled(there and (found or not needs))

    # What the user does

    @Slot(float)
    def seek(self, t: float) -> None:
        """Show the picture of a moment (s)."""
        if self._review is not None:
            self._review.seek(t)

    @Slot(float)
    def _glance(self, t: float) -> None:
        if self._review is not None:
            self._review.glance(t)

    @Slot(int)
    def step(self, by: int) -> None:
        """Some pictures on, or back, and stay there."""
        if self._review is None:
            return
        self._parts.session.pause(True)
        self._parts.menus.pause.setChecked(True)
        self._review.step(by)

    def _go_by(self, seconds: float) -> None:
        if self._review is not None:
            place = self._review.place()
            t = place.t if place.target_s is None else place.target_s
            self.seek(min(place.length_s, max(0.0, t + seconds)))

    def _go_to_sighting(self, *, on: bool) -> None:
        from monitor.analysis.recall import after, before

        if self._review is None:
            return
        t = self._review.place().t
        mark = (after if on else before)(self.marks(), t)
        if mark is not None:
            self.seek(mark.began_t)

    def _change_speed(self, by: int) -> None:
        from monitor.camera.review import SPEEDS

        if self._review is not None:
            place = SPEEDS.index(self._review.speed) + by
            self._set_speed(SPEEDS[min(len(SPEEDS) - 1, max(0, place))])

    @Slot(float)
    def _set_speed(self, speed: float) -> None:
        if self._review is not None:
            self._review.speed = speed
            self.look()

    @Slot()
    def _judge_anew(self) -> None:
        if self._watched is not None:
            self._parts.session.again(self._watched.name)
            self.look()

    # Export

    @Slot()
    def ask_for_export(self) -> None:
        """Ask for the files that this recording's sightings and totals are saved to."""
        from monitor.gui.export_dialog import ExportDialog, ExportPeriod

        if self._watched is None:
            return
        name, config = self._watched.name, self._parts.session.options.config
        period = ExportPeriod("This recording, so far as it was judged", Path(name).stem, None)
        dialog = ExportDialog(
            self._reports.shift_began, config.export.separator, self._parts.window, period
        )
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self._export(*dialog.chosen(), name)
        dialog.deleteLater()

"""Shows what the inference thread reports: pictures, count, sightings, speed, faults."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtWidgets import QApplication

from monitor.gui.banner import Severity
from monitor.gui.layout import WindowParts
from monitor.gui.source_state import SourceWatch
from monitor.records import (
    Correction,
    Count,
    Face,
    FrameResult,
    MaskState,
    Update,
    WorkerState,
)

NOTHING = Update(None, Count(), (), 0)


def as_said(faces: Sequence[Face], corrections: Mapping[str, Correction]) -> list[Face]:
    """The faces with the receptionist's word put for the machine's; those that are no person are
    left out.
    """
    shown = []
    for face in faces:
        said = corrections.get(face.visit_id or "")
        if said is None:
            shown.append(face)
        elif said is not Correction.NO_PERSON:
            shown.append(dataclasses.replace(face, state=MaskState(said.value), alerting=False))
    return shown


class Reports:
    """Main thread.

    Args:
        parts: Of the window.
        watch: Is told of the cameras' own counts.
        start_again: Called where the user wants a stopped analysis back.
    """

    def __init__(
        self, parts: WindowParts, watch: SourceWatch, start_again: Callable[[], None]
    ) -> None:
        self._parts, self._watch, self._start_again = parts, watch, start_again
        self.shown = NOTHING
        self.worker: WorkerState | None = None
        self._worker_said: tuple[WorkerState | None, str] = (None, "")
        self._results: dict[str, FrameResult] = {}  # the newest of each camera
        self._inference_s: float | None = None
        self._speed_at, self._speed_from = 0.0, 0
        self._frame_wh = (0, 0)

    def take(self) -> None:
        """Show the newest of everything."""
        session = self._parts.session
        for frame in session.take_previews():
            view = self._parts.grid.view_of(frame.camera)
            if view is not None:
                view.show_picture(frame.image)
        for update in session.take_updates():
            self.show_update(update)
        self.show_size()
        self.show_worker()

    def show_update(self, update: Update) -> None:
        parts, former = self._parts, self.shown
        self.shown = update
        if update.result is not None:
            self._take_result(update.result)
        if update.corrections != former.corrections:
            for camera in self._results:
                self._show_faces(camera)
        elif update.result is not None:
            self._show_faces(update.result.frame.camera)
        if update.sighting_total > former.sighting_total and not parts.menus.mute.isChecked():
            QApplication.beep()
        if update.count != former.count:
            parts.count_panel.show_count(update.count)
        self._watch.count(update)
        parts.sightings.show_sightings(update.sightings, update.sighting_total)
        parts.menus.undo.setEnabled(update.undoable)
        parts.banners.show_message(
            "store",
            Severity.ERROR,
            update.problem and f"{update.problem}. Nothing is lost yet: it is tried again",
        )

    def _take_result(self, result: FrameResult) -> None:
        watched = self._parts.session.find(result.frame.camera)
        if watched is None or watched.lent:
            return
        self._results[watched.name] = result
        timings = result.timings
        spent_s = timings.detect_s + timings.track_s + timings.classify_s + timings.identify_s
        self._inference_s = (
            spent_s if self._inference_s is None else 0.9 * self._inference_s + 0.1 * spent_s
        )

    def _show_faces(self, camera: str) -> None:
        result, view = self._results.get(camera), self._parts.grid.view_of(camera)
        watched = self._parts.session.find(camera)
        if result is not None and view is not None and watched is not None and not watched.lent:
            said = self.shown.corrections
            view.show_picture(result.frame.image, as_said(result.faces, said), said)

    def show_size(self) -> None:
        """The resolution of the chosen camera's pictures."""
        size_wh = self._parts.grid.view.size_wh
        if size_wh != self._frame_wh:
            self._frame_wh = size_wh
            self._parts.status.show_size(*size_wh)

    def show_worker(self) -> None:
        """What the inference thread does."""
        session, status = self._parts.session, self._parts.status
        said = session.worker_state()
        if said == self._worker_said:
            return
        self._worker_said = said
        self.worker, message = said
        words = {WorkerState.LOADING: "loading models", WorkerState.READY: message}
        status.model.setText(words.get(self.worker, "not analysed"))
        status.show_privacy(session.options, session.enrolled, self.worker)
        if self.worker is WorkerState.FAILED:
            self._parts.banners.show_message(
                "worker", Severity.ERROR, message, "Try again", self._start_again
            )
        else:
            self._parts.banners.clear("worker")

    def show_speed(self) -> None:
        """Frames a second, at most once a second."""
        now, session = time.monotonic(), self._parts.session
        if now - self._speed_at < 1.0:
            return
        done = session.analysed - self._speed_from
        per_s = done / (now - self._speed_at) if self._speed_at and done >= 0 else None
        self._speed_at, self._speed_from = now, session.analysed
        idle = not per_s
        self._parts.status.show_speed(
            per_s, None if idle or self._inference_s is None else 1000 * self._inference_s
        )

    def begin_shift(self) -> None:
        """Count from zero."""
        self.shown, self._speed_from = NOTHING, 0
        self._results.clear()
        self._parts.count_panel.show_count(Count())
        self._parts.sightings.show_sightings((), 0)
        self._parts.menus.undo.setEnabled(False)
        self._watch.count(self.shown)
        self.show_worker()

    def change_sources(self) -> None:
        """Others are watched."""
        self._inference_s = None
        names = self._parts.session.names
        self._results = {name: r for name, r in self._results.items() if name in names}

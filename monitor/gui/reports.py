"""Shows what the inference thread reports: pictures, count, sightings, speed, faults."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from monitor.gui.banner import Severity
from monitor.gui.layout import WindowParts
from monitor.gui.source_state import SourceWatch
from monitor.records import (
    Correction,
    Count,
    Face,
    Frame,
    FrameResult,
    MaskState,
    SourceState,
    Timings,
    Update,
    WorkerState,
)
from monitor.shift_times import begun, parse_shifts
from monitor.storage.compliance import is_nobody, stands, total

STUCK_AFTER_S = 5.0
STORE_AGAIN_S = 15.0  # between two tries to reach the store's server
NOTHING = Update(None, Count(), (), 0)


def waiting_text(number: int) -> str:
    """What becomes of what a store that is in trouble has not taken."""
    if not number:
        return "Nothing is lost yet: it is tried again"
    many = f"{number:,} records wait" if number > 1 else "1 record waits"
    return f"Nothing is lost: {many} on this computer until the store takes them"


def as_said(faces: Sequence[Face], corrections: Mapping[str, Correction]) -> list[Face]:
    """The faces with the receptionist's word put for the machine's; those that are no person are
    left out.
    """
    shown = []
    for face in faces:
        said = corrections.get(face.visit_id or "")
        if said is None:
            shown.append(face)
        elif not is_nobody(said):
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
        # is told of each picture that is shown, with its faces as the receptionist has said
        self.saw: Callable[[Frame, Sequence[Face]], None] = lambda frame, faces: None
        # the same as the analysis alone says
        self.answered: Callable[[FrameResult], None] = lambda result: None
        self.worker: WorkerState | None = None
        self._worker_said: tuple[WorkerState | None, str, int | None] = (None, "", None)
        self._results: dict[str, FrameResult] = {}  # the newest of each camera
        self._inference_s: float | None = None
        self._speed_at, self._speed_from = 0.0, 0
        self._frame_wh = (0, 0)
        self._again_at = 0.0
        self._heard: tuple[int, WorkerState] | None = None
        self._heard_at = time.monotonic()

    def take(self) -> None:
        """Show the newest of everything."""
        session = self._parts.session
        for frame in session.take_previews():
            self._show_preview(frame)
        for update in session.take_updates():
            self.show_update(update)
        self.show_size()
        self.show_worker()

    def _show_preview(self, frame: Frame) -> None:
        """A picture that is not judged now; of a recording, with what was found in it before."""
        view = self._parts.grid.view_of(frame.camera)
        watched = self._parts.session.find(frame.camera)
        if view is None or watched is None:
            return
        if not frame.shown_only:
            view.show_picture(frame.image)
            return
        self._results[frame.camera] = FrameResult(
            frame, watched.recall.faces(frame.index), Timings()
        )
        self._show_faces(frame.camera)

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
        self._show_books()
        self._watch.count(update)
        parts.menus.undo.setEnabled(update.undoable)
        parts.banners.show_message(
            "store",
            Severity.ERROR,
            update.problem and f"{update.problem}.",
            changing=f" {waiting_text(update.waiting)}",
        )

    # The books: a recording has its own

    @property
    def recording(self) -> bool:
        """Whether what is watched is a recording, and nothing else."""
        watched = self._parts.session.watched
        return bool(watched) and not any(w.live for w in watched)

    def _own(self, update: Update, camera: str) -> bool:
        """Whether a camera's books are those that are shown."""
        if not update.recordings:
            return True
        shown = update.recordings.intersection(self._parts.session.names)
        return camera in shown if self.recording else camera not in update.recordings

    def _own_total(self, update: Update) -> int:
        if not update.recordings:
            return update.sighting_total
        others = (s for s in update.sightings if s.camera in update.recordings)
        number = sum(map(stands, others))
        if not self.recording:
            return update.sighting_total - number
        return sum(stands(s) for s in update.sightings if self._own(update, s.camera))

    def _show_books(self) -> None:
        parts, update = self._parts, self.shown
        count = update.count
        if update.recordings:
            own = (c for name, c in update.camera_counts.items() if self._own(update, name))
            count = total(own)
        number = self._own_total(update)
        parts.count_panel.show_recording(self.recording and bool(update.recordings))
        parts.count_panel.show_shift(update.shift)
        parts.count_panel.show_count(count, number)
        listed = update.sightings
        if update.recordings:
            listed = tuple(s for s in listed if self._own(update, s.camera))
        in_clip = self.recording and bool(update.recordings)
        parts.sightings.show_sightings(
            listed, number, "this recording" if in_clip else "this shift"
        )

    def _take_result(self, result: FrameResult) -> None:
        watched = self._parts.session.find(result.frame.camera)
        if watched is None or watched.lent:
            return
        if watched.at_front:
            self._results[watched.name] = result
        self._watch.judged(result)
        self.answered(result)
        self.saw(result.frame, as_said(result.faces, self.shown.corrections))
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
        self.worker, message = session.worker_state()
        self._look_whether_stuck(self.worker)
        said = self.worker, message, session.enrolled  # the gallery may have changed
        if said == self._worker_said:
            return
        self._worker_said = said
        words = {WorkerState.LOADING: "loading models", WorkerState.READY: message}
        status.model.setText(words.get(self.worker, "not analysed"))
        status.show_privacy(session.options, session.enrolled, self.worker)
        status.fit()
        if self.worker is WorkerState.FAILED:
            again = ". It is tried again by itself" if session.store_is_away else ""
            self._parts.banners.show_message(
                *("worker", Severity.ERROR, message + again, "Try again", self._start_again)
            )
        else:
            self._parts.banners.clear("worker")

    def look_for_the_store(self) -> None:
        """Where the analysis could not begin as the store's server is away, it begins as soon as
        that is back.
        """
        now = time.monotonic()
        if not self._parts.session.store_is_away:
            self._again_at = now + STORE_AGAIN_S
        elif now >= self._again_at:
            self._again_at = now + STORE_AGAIN_S
            self._start_again()

    def _look_whether_stuck(self, worker: WorkerState) -> None:
        """Frames come, and the inference thread has said nothing for a while: a store that does
        not answer, most likely.
        """
        session, now = self._parts.session, time.monotonic()
        heard = (session.heard, worker)
        coming = not session.paused and any(
            w.live and not w.lent and w.status().state is SourceState.LIVE for w in session.watched
        )
        if heard != self._heard or not coming or worker is not WorkerState.READY:
            self._heard, self._heard_at = heard, now
        stuck = now - self._heard_at > STUCK_AFTER_S
        if stuck != self._watch.stuck:
            self._watch.stuck = stuck
            self._watch.look()
        self._parts.banners.show_message(
            "stuck",
            Severity.ERROR,
            "Nobody is judged or counted now: the store, or this PC, does not answer. Look to the "
            "database and its network; it goes on by itself as soon as it answers"
            if stuck
            else "",
        )

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

    @property
    def shift_began(self) -> datetime:
        """When the shift that is shown began, aware."""
        shift = self.shown.shift
        if shift is not None:
            return shift.started.astimezone()
        times = parse_shifts(self._parts.session.options.config.shift.times)
        return begun(datetime.now().astimezone(), times).since

    def start_again(self) -> None:
        """The inference thread begins anew: nothing is known until it has read the store."""
        self.shown, self._speed_from = NOTHING, 0
        self._results.clear()
        self._parts.count_panel.show_count(Count())
        self._parts.sightings.show_sightings((), 0)
        self._parts.menus.undo.setEnabled(False)
        self._watch.count(self.shown)
        self._watch.forget(self._parts.session.names)
        self.show_worker()

    def change_sources(self) -> None:
        """Others are watched."""
        self._inference_s = None
        names = self._parts.session.names
        self._results = {name: r for name, r in self._results.items() if name in names}
        self._show_books()

"""One source that the window watches: its capture thread, its gate, and the pictures that nobody
analyses.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from monitor.camera.slot import LatestSlot
from monitor.camera.source import FrameSource
from monitor.config import CameraConfig
from monitor.gui.threads.gate import Gate
from monitor.records import Condition, Frame, SourceStatus, WatchState

if TYPE_CHECKING:
    from monitor.camera.capture import CaptureThread
    from monitor.camera.condition import Showing
    from monitor.camera.review import ReviewSource, ReviewThread


class Watched:
    """Main thread only; `_on_frame` alone is called by the capture thread.

    Args:
        source: Not open, and never opened itself: the capture thread gets a copy, as does the next
            one of the same source.
        config: Time limits.
        frames: The inference thread's slot.
        notify: Called in the capture thread when something is new.
        analysed: Whether the inference thread shows what this source gives.
    """

    def __init__(
        self,
        source: FrameSource,
        config: CameraConfig,
        frames: LatestSlot[Frame],
        notify: Callable[[], None],
        analysed: Callable[[], bool],
    ) -> None:
        from monitor.analysis.recall import Recall
        from monitor.camera.condition import Showing
        from monitor.camera.scenery import Scenery

        self.source = source
        self.name, self.live, self.stills = source.name, source.live, source.stills
        self.ended_told = False  # the inference thread knows that there is nothing more to come
        self._notify, self._analysed = notify, analysed
        self._preview: LatestSlot[Frame] = LatestSlot()
        self._borrower: LatestSlot[Frame] | None = None
        self.onlooker: LatestSlot[Frame] | None = None  # is given each frame beside the others
        self._lent_since: datetime | None = None
        self.gate = Gate(frames, self._on_frame)
        self.review: ReviewThread | None = None  # of a recording: its capture thread
        self.recall = Recall()  # what was found in it
        showing = Showing(Scenery(source.name)) if source.live else None
        self.capture = self._make_capture(config, showing)

    def _make_capture(self, config: CameraConfig, showing: Showing | None) -> CaptureThread:
        from monitor.camera.capture import PacedCapture
        from monitor.camera.review import ReviewThread
        from monitor.camera.source import Reviewable

        def tell(status: SourceStatus) -> None:
            self._notify()

        own = copy.copy(self.source)
        if isinstance(own, Reviewable):
            tape = cast("ReviewSource", own)
            self.review = ReviewThread(tape, self.gate, config, self._on_shown, tell)
            return self.review
        return PacedCapture(own, self.gate, config, showing=showing, on_status=tell)

    def status(self) -> SourceStatus:
        return self.capture.status()

    def condition(self) -> Condition | None:
        """What a live camera shows now; while it is lent nobody is counted, as in a pause. None of
        recordings, and before it was open. Any thread.
        """
        condition, lent_since = self.capture.condition(), self._lent_since
        if condition is None or lent_since is None or condition.state is WatchState.LOST:
            return condition
        return Condition(WatchState.PAUSED, lent_since)

    def leave(self) -> None:
        """Stop reading, without waiting for a read that hangs; no frame passes any more, and what
        was found is let go of.
        """
        self.capture.stop()
        self.gate.shut()
        self._preview.get(0)
        self.recall.forget()

    @property
    def at_front(self) -> bool:
        """Whether the picture that was analysed last is the one to be shown: it is not where one
        looks elsewhere in a recording.
        """
        return self.review is None or self.review.at_front

    def take_preview(self) -> Frame | None:
        """The newest frame that nobody analyses, each once."""
        return self._preview.get(0)

    # Enrolling somebody before this camera

    @property
    def lent(self) -> bool:
        """Whether its frames go to an enrolment; nobody is counted then."""
        return self._borrower is not None

    def lend(self) -> LatestSlot[Frame]:
        """Hold the frames back from the inference thread and give the newest one to whoever asks
        this slot.
        """
        self._borrower = LatestSlot()
        self._lent_since = datetime.now(UTC)
        self.gate.drain()
        return self._borrower

    def give_back(self, frames: LatestSlot[Frame]) -> None:
        """Hand the frames to the inference thread again."""
        self._borrower = self._lent_since = None
        self._preview.get(0)
        self.gate.lead_to(frames)

    # The capture thread

    def _on_shown(self, frame: Frame) -> None:
        """A picture of a recording that is only to be shown."""
        self._preview.put(frame)
        self._notify()

    def _on_frame(self, frame: Frame) -> None:
        borrower, onlooker = self._borrower, self.onlooker
        if onlooker is not None:
            onlooker.put(frame)
        if borrower is not None:
            borrower.put(frame)
        if borrower is not None or not self._analysed():
            self._preview.put(frame)
            self._notify()

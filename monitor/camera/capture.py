"""The capture thread: opens a source, reads it, puts frames into a slot, opens it again when it is
lost.

Live sources: the newest frame wins. Recordings: no frame is skipped; they are paced as recorded if
wanted. Nobody but this thread touches the source.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from monitor.camera.condition import Showing
from monitor.camera.slot import LatestSlot
from monitor.camera.source import Claims, FrameSource, Picture
from monitor.camera.turn import UPRIGHT, turned
from monitor.config import CameraConfig
from monitor.errors import (
    CameraError,
    CameraMistakeError,
    CameraRefusedError,
    DamagedPictureError,
)
from monitor.freed import give_back_freed
from monitor.records import Condition, Frame, SourceState, SourceStatus, WatchState

log = logging.getLogger(__name__)

StatusCallback = Callable[[SourceStatus], None]


class CaptureThread(threading.Thread):
    """Reads one source until it is stopped or a recording has ended.

    Args:
        source: Not opened yet; from now on this thread's own.
        slot: Where frames go.
        config: Time limits.
        showing: Follows what a camera shows; one that keeps nothing by default.
        on_status: Called in this thread at each change of state.
    """

    at_own_speed = False  # a recording is read as fast as its frames are taken

    def __init__(
        self,
        source: FrameSource,
        slot: LatestSlot[Frame],
        config: CameraConfig,
        *,
        showing: Showing | None = None,
        on_status: StatusCallback = lambda status: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(name=f"capture {source.name}", daemon=True)
        self.source_name, self.live, self.stills = source.name, source.live, source.stills
        self._source, self._slot, self._config = source, slot, config
        self._turn = source.turn if source.live else UPRIGHT
        self._key = source.address.key if source.address is not None else source.name
        self._on_status = on_status
        self._now = now
        self._stop_event, self._running = threading.Event(), threading.Event()
        self._running.set()
        self._status = SourceStatus(SourceState.OPENING)
        self._last_picture_at = self._last_sent_at = now()  # the latter with damaged ones
        self._index = 0
        self._opened_at = datetime.now(UTC)  # wall time of a recording's t = 0
        self._showing = showing or Showing()
        self._paused_since: datetime | None = None
        # when the last picture came, or it was first tried; None: it was not open yet
        self._gone_since: datetime | None = None

    # Called by other threads

    def stop(self) -> None:
        """Ask the thread to end; `join` it with a time limit, as a read may hang."""
        self._stop_event.set()
        self._running.set()

    def pause(self, paused: bool) -> None:
        """Hold the frames back. A camera goes on being read, so that its pictures are fresh
        afterwards.
        """
        if paused:
            self._paused_since = self._paused_since or datetime.now(UTC)
            self._running.clear()
        else:
            self._paused_since = None
            self._running.set()

    @property
    def paused(self) -> bool:
        return not self._running.is_set()

    def status(self) -> SourceStatus:
        """The state now: `STALLED` when a live source has been silent for too long."""
        status, silent_s = self._status, self._now() - self._last_sent_at
        running = status.state in (SourceState.LIVE, SourceState.DAMAGED)
        if running and self.live and silent_s > self._config.stall_after_s:
            return SourceStatus(
                SourceState.STALLED, f"{self.source_name}: no picture for {silent_s:.0f} s"
            )
        return status

    @property
    def opened_at(self) -> datetime:
        """When a recording began, in UTC."""
        return self._opened_at

    @property
    def claims(self) -> Claims | None:
        """What the source claims, and how many pictures could not be shown; None: it says nothing.
        Any thread.
        """
        return self._source if isinstance(self._source, Claims) else None

    def condition(self) -> Condition | None:
        """What a live source shows now; None of recordings, and before the first picture."""
        gone_since, paused_since = self._gone_since, self._paused_since
        if not self.live or gone_since is None:
            return None
        if self.status().state is not SourceState.LIVE:
            return Condition(WatchState.LOST, gone_since)
        if paused_since is not None:
            return Condition(WatchState.PAUSED, paused_since)
        return self._showing.now or Condition(WatchState.LIVE, gone_since)

    def lost_since(self, moment: datetime) -> None:
        """It was lost before this thread tried it; call it before the start."""
        self._gone_since = moment

    def accept_scene(self) -> None:
        """What a live source shows is as it should be, whatever it showed before."""
        self._showing.accept()

    # The thread itself

    def run(self) -> None:
        try:
            self._run()
        except Exception as error:  # the top of a thread: show the fault instead of dying unseen
            log.exception("the capture thread of %s stopped", self.source_name)
            self._set(
                SourceState.FAILED,
                f"{self.source_name} cannot be read any more ({error}): open it again",
            )
        finally:
            self._source.close()
            self._let_go()
            give_back_freed()

    def _let_go(self) -> None:
        """Drop the pictures that are held: the thread itself may be known for long."""

    def _run(self) -> None:
        pause_s = 1.0
        while not self._stop_event.is_set():
            self._set(SourceState.OPENING)
            first = self._index
            try:
                self._source.open()
                self._read_all()
                return
            except CameraError as error:
                log.debug("%s", error)
                self._source.close()
                if not self._source.live:
                    self._set(SourceState.FAILED, str(error))
                    return
                pause_s = 1.0 if self._index > first else pause_s
                self._gone_since = self._gone_since or datetime.now(UTC)
                self._showing.begin_again()
                self._say(
                    SourceStatus(
                        SourceState.LOST,
                        str(error),
                        pause_s,
                        mistake=isinstance(error, CameraMistakeError),
                        refused=isinstance(error, CameraRefusedError),
                    )
                )
            self._stop_event.wait(pause_s)
            pause_s = min(2 * pause_s, self._config.retry_max_s)

    def _read_all(self) -> None:
        """Read until a stop or the end of a recording; CameraError when a live source is lost."""
        started, paused_s = self._now(), 0.0
        self._begin()
        while not self._stop_event.is_set():
            if not self.live and self.paused:
                before = self._now()
                self._running.wait()
                paused_s += self._now() - before
                continue
            try:
                picture = self._source.read()
            except DamagedPictureError:
                self._take_damaged()
                continue
            if picture is None:
                while not self._stop_event.is_set() and not self._slot.wait_empty(
                    0.2, self.source_name
                ):
                    pass
                self._set(SourceState.ENDED)
                return
            if self.live and self.status().state is not SourceState.LIVE:
                # the silence was nobody's time: what is shown now has begun with this picture
                self._showing.begin_again()
            self._gone_since = datetime.now(UTC)
            self._last_picture_at = self._last_sent_at = self._now()
            if self._status.state is not SourceState.LIVE:
                self._set(SourceState.LIVE)
            if self.at_own_speed and not self.live:
                self._stop_event.wait(max(0.0, started + paused_s + picture.t - self._now()))
            self._put(picture)

    def _begin(self) -> None:
        """The source is open: whatever is timed begins."""
        self._last_picture_at = self._now()
        recorded, self._opened_at = self._source.recorded, datetime.now(UTC)
        if recorded is not None:
            self._opened_at = recorded.began(self._opened_at)

    def _take_damaged(self) -> None:
        """A picture that cannot be shown: told when none has come for a while that can. After the
        time limit of a read the source is lost: opened again, it may be well.
        """
        self._last_sent_at = self._now()
        since_s, config = self._last_sent_at - self._last_picture_at, self._config
        line = (
            f"{self.source_name} sends damaged pictures, and none of them can be shown: check its "
            f"cable and the network, or start it again"
        )
        if since_s > max(config.stall_after_s, config.read_timeout_s):
            raise CameraError(line)
        if since_s > config.stall_after_s and self._status.state is not SourceState.DAMAGED:
            self._set(SourceState.DAMAGED, line)

    def _put(self, picture: Picture) -> None:
        picture = replace(picture, pixels=turned(picture.pixels, self._turn))
        if isinstance(picture.pixels, np.ndarray):
            picture.pixels.setflags(write=False)
        captured_at, frozen_s = self._now(), None
        if self.live and not self.paused:
            self._showing.look(picture, captured_at)
            frozen_s = self._showing.frozen_s
        elif self.live:
            self._showing.begin_again()
        frame = self._frame(picture, self._index, captured_at, frozen_s)
        self._index += 1
        if self.live:
            if not self.paused:
                self._slot.put(frame, self.source_name)
            return
        while not self._stop_event.is_set() and not self._slot.put_when_empty(
            frame, 0.2, self.source_name
        ):
            pass

    def _frame(
        self,
        picture: Picture,
        index: int,
        captured_at: float,
        frozen_s: float | None = None,
        shown_only: bool = False,
    ) -> Frame:
        return Frame(
            pixels=picture.pixels,
            index=index,
            t=picture.t,
            captured_at=captured_at,
            wall_time=datetime.now(UTC)
            if self.live
            else min(self._opened_at + timedelta(seconds=picture.t), datetime.now(UTC)),
            camera=self.source_name,
            camera_key=self._key,
            file=picture.file,
            live=self.live,
            still=self.stills,
            shown_only=shown_only,
            frozen_t=None if frozen_s is None else picture.t - frozen_s,
            rotate=self._turn.rotate,
            mirror=self._turn.mirror,
        )

    def _set(self, state: SourceState, message: str = "") -> None:
        self._say(SourceStatus(state, message))

    def _say(self, status: SourceStatus) -> None:
        self._status = status
        self._on_status(status)


class PacedCapture(CaptureThread):
    """The same for somebody who looks on: a recording plays at its own speed."""

    at_own_speed = True

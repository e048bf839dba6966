"""The capture thread of a recording in which one goes back and forth.

A recording is judged once, from its beginning on, picture after picture: up to the front. What lies
before the front is shown again, as `Frame.shown_only`, and is not judged a second time; what lies
beyond it is judged on the way there, as fast as that goes. So the count is at all times that of one
look from the beginning to the front, however the user moves.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from monitor.camera.capture import PacedCapture, StatusCallback
from monitor.camera.slot import LatestSlot
from monitor.camera.source import FrameSource, Picture, Reviewable
from monitor.config import CameraConfig
from monitor.records import Frame, SourceState, SourceStatus

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # of the play, times that of the recording
EXACT_S = 1e-4  # frame times are rounded
LATE_S = 0.3  # a play that is so late goes on from there, rather than catching up
MEASURED_S = 1.0  # the speed that is reached is measured over this time


class ReviewSource(FrameSource, Reviewable, Protocol):
    """A recording in which one can go back and forth."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a recording one is. Times are those of the recording, s."""

    t: float = 0.0  # of the picture that is shown
    number: int = -1  # of that picture, from 0; -1: there is none, or it was not judged
    judged_s: float = 0.0  # up to where it was judged
    judged: int = 0  # how many pictures were
    length_s: float = 0.0  # so far as it is known
    at_front: bool = True  # what is shown is what is judged
    target_s: float | None = None  # it is being judged up to there
    ended: bool = False  # it was judged to its end
    reached: float | None = None  # the speed, where the play is slower than it should be


@dataclass(slots=True)
class _Wish:
    """What is asked for, until the thread has taken it."""

    seek_t: float | None = None
    glance_t: float | None = None
    steps: int = 0
    stop: bool = False  # judge no further than here
    anew: bool = False  # a fresh look

    @property
    def shows(self) -> bool:
        """Whether another picture is to be shown."""
        return self.anew or self.seek_t is not None or self.glance_t is not None or self.steps != 0


class ReviewThread(PacedCapture):
    """Reads a recording until it is stopped; at the end it waits to be asked for more.

    Args:
        source: Not opened yet; from now on this thread's own.
        slot: Where the frames go that are to be judged.
        config: Time limits.
        show: Called in this thread with each frame that is only to be shown.
        on_status: Called in this thread at each change of state.
    """

    def __init__(
        self,
        source: ReviewSource,
        slot: LatestSlot[Frame],
        config: CameraConfig,
        show: Callable[[Frame], None],
        on_status: StatusCallback = lambda status: None,
    ) -> None:
        super().__init__(source, slot, config, on_status=on_status)
        self._tape, self._show = source, show
        self._lock, self._wake = threading.Lock(), threading.Event()
        self._wish, self._speed = _Wish(), 1.0
        self._ahead: Picture | None = None  # read, and not judged yet
        self._shown = -1  # number of the picture that is shown
        self._glanced: Picture | None = None  # it is shown instead
        self._target: float | None = None
        self._over = False  # the front is at the end
        # a moment of the clock, which time of the recording it is, and the speed from then on
        self._since: tuple[float, float, float] | None = None
        self._measured: tuple[float, float] | None = None
        self._reached: float | None = None
        self._place = Place()

    # Called by other threads

    def stop(self) -> None:
        super().stop()
        self._wake.set()

    def pause(self, paused: bool) -> None:
        super().pause(paused)
        with self._lock:
            self._wish.stop = True
        self._wake.set()

    def seek(self, t: float) -> None:
        """Show the picture of the time `t` (s): at once where it was judged, else when all before
        it is.
        """
        self._ask(_Wish(seek_t=t))

    def glance(self, t: float) -> None:
        """Show the picture of about the time `t` (s) and judge nothing; until something else is
        asked for.
        """
        self._ask(_Wish(glance_t=t))

    def step(self, number: int) -> None:
        """Show the picture so many further on, or back: 1 is the next one."""
        with self._lock:
            wish = self._wish
            if wish.seek_t is None:
                self._wish = _Wish(steps=wish.steps + number, stop=wish.stop, anew=wish.anew)
        self._wake.set()

    def begin_anew(self) -> None:
        """A fresh look: judge again, from the beginning."""
        self._ask(_Wish(anew=True))

    @property
    def speed(self) -> float:
        """Of the play, times that of the recording."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._speed = speed
        self._wake.set()

    def place(self) -> Place:
        """Where one is now."""
        return self._place

    @property
    def at_front(self) -> bool:
        """Whether what is judged is to be shown: nobody looks elsewhere, or wants to."""
        with self._lock:
            return self._place.at_front and not self._wish.shows

    @property
    def on_the_way(self) -> bool:
        """Whether it is being judged up to what the user wants to see, and nobody has asked for
        anything else.
        """
        with self._lock:
            return self._target is not None and not (self._wish.stop or self._wish.shows)

    def status(self) -> SourceStatus:
        """The state now; once something else is asked for, the end is not what is shown."""
        with self._lock:
            wish, status = self._wish, super().status()
            if wish.anew:
                return SourceStatus(SourceState.OPENING)
            left = wish.shows and status.state is SourceState.ENDED
            return SourceStatus(SourceState.LIVE) if left else status

    def _ask(self, wish: _Wish) -> None:
        with self._lock:
            wish.stop, wish.anew = self._wish.stop, wish.anew or self._wish.anew
            self._wish = wish
        self._wake.set()

    # The thread itself

    def _read_all(self) -> None:
        self._begin()
        self._tell()
        while not self._stop_event.is_set():
            self._wake.clear()
            with self._lock:
                wish, self._wish = self._wish, _Wish()
                if wish.anew:
                    self._status = SourceStatus(SourceState.OPENING)
                elif wish.shows and self._status.state is SourceState.ENDED:
                    self._status = SourceStatus(SourceState.LIVE)
            if wish.stop or wish.shows:
                self._obey(wish)
            elif self._target is not None:
                self._judge_on(self._target)
            elif self.paused or self._glanced is not None or self._at_end:
                self._since = self._measured = self._reached = None
                self._wake.wait()
            else:
                self._play_on()
            self._tell()

    def _let_go(self) -> None:
        self._ahead = self._glanced = None

    @property
    def _front(self) -> int:
        """How many pictures were judged."""
        return self._index

    @property
    def _at_end(self) -> bool:
        return self._over and self._shown == self._front - 1

    def _obey(self, wish: _Wish) -> None:
        elsewhere = self._glanced is not None or self._shown != self._front - 1
        self._target = self._since = self._measured = self._reached = None
        if wish.anew:
            self._source.close()
            self._source.open()
            self._index, self._shown, self._ahead, self._over = 0, -1, None, False
        if wish.shows:
            self._glanced = None
        if wish.glance_t is not None:
            self._glance(wish.glance_t)
        if wish.seek_t is not None:
            self._seek(max(0.0, wish.seek_t), elsewhere)
        for _ in range(abs(wish.steps)):
            self._step(1 if wish.steps > 0 else -1)

    def _number_at(self, t: float) -> int:
        """The picture that was last judged up to the time `t`."""
        times = self._tape.times
        return min(self._front, bisect_right(times, t + EXACT_S)) - 1

    def _seek(self, t: float, elsewhere: bool) -> None:
        if self._was_judged(t) or self._over:
            self._show_again(max(0, self._number_at(t)))
            return
        if elsewhere:
            self._show_again(self._front - 1)
        self._target = t

    def _was_judged(self, t: float) -> bool:
        return self._front > 0 and t <= self._tape.times[self._front - 1] + EXACT_S

    def _step(self, by: int) -> None:
        if by < 0 or self._shown < self._front - 1:
            self._show_again(max(0, self._shown + by))
        else:
            self._judge_next()

    def _glance(self, t: float) -> None:
        if self._was_judged(t) or self._over:
            self._show_again(max(0, self._number_at(t)))
            return
        picture = self._tape.glance(t)
        if picture is not None:
            self._glanced = picture
            self._show_frame(picture, -1)

    def _show_again(self, number: int) -> None:
        if not 0 <= number < self._front:
            return
        picture = self._tape.read_again(number)
        self._shown = number
        if picture is not None:
            self._show_frame(picture, number)
        self._say_how()

    def _show_frame(self, picture: Picture, number: int) -> None:
        self._tell()  # before: whoever is shown the frame asks where it is
        self._show(self._frame(picture, number, self._now(), shown_only=True))

    def _read_ahead(self) -> Picture | None:
        """The picture at the front; None at the end."""
        if self._ahead is None and not self._over:
            self._ahead = self._source.read()
            self._over = self._ahead is None
        return self._ahead

    def _judge_next(self) -> bool:
        """Hand on the picture at the front, and show it. False at the end."""
        picture = self._read_ahead()
        if picture is None:
            self._shown = self._front - 1
            self._end()
            return False
        self._ahead, self._shown = None, self._front
        self._last_picture_at = self._last_sent_at = self._now()
        self._say_how()
        self._tell(picture.t)
        self._put(picture)
        return True

    def _judge_on(self, target: float) -> None:
        """A step on the way to what the user wants to see."""
        picture = self._read_ahead()
        there = picture is not None and picture.t > target + EXACT_S and self._front > 0
        if there or not self._judge_next():
            self._target = None

    def _play_on(self) -> None:
        """The next picture, when it is time; until something is asked for."""
        number = self._shown + 1
        again = number < self._front
        picture_t = self._tape.times[number] if again else None
        if not again:
            picture = self._read_ahead()
            picture_t = picture.t if picture is not None else None
        if picture_t is not None and not self._wait_for(picture_t):
            return
        if again:
            self._show_again(number)
        else:
            self._judge_next()

    def _wait_for(self, t: float) -> bool:
        """Wait until the time `t` is to be shown. False where something was asked for before."""
        now = self._now()
        if self._since is None or self._since[2] != self._speed:
            shown_t = self._tape.times[self._shown] if self._shown >= 0 else 0.0
            self._since, self._measured = (now, shown_t, self._speed), (now, shown_t)
        began, began_t, speed = self._since
        wait_s = began + (t - began_t) / speed - now
        if wait_s < -LATE_S:
            self._since = (now, t, speed)
        self._measure(now, t)
        return wait_s <= 0 or not self._wake.wait(wait_s)

    def _measure(self, now: float, t: float) -> None:
        assert self._measured is not None
        began, began_t = self._measured
        if now - began >= MEASURED_S:
            reached = (t - began_t) / (now - began)
            self._reached = reached if reached < 0.9 * self._speed else None
            self._measured = (now, t)

    def _say_how(self) -> None:
        state = SourceState.ENDED if self._at_end else SourceState.LIVE
        if self._status.state is not state:
            self._set(state)

    def _end(self) -> None:
        """The front is at the end: when the last picture was taken."""
        self._tell()
        while not self._stop_event.is_set() and not self._slot.wait_empty(0.2, self.source_name):
            pass
        if not self._stop_event.is_set() and self._status.state is not SourceState.ENDED:
            self._set(SourceState.ENDED)

    def _tell(self, front_t: float | None = None) -> None:
        """Say where one is.

        Args:
            front_t: Of a picture that is about to be judged, s.
        """
        times, judged = self._tape.times, self._front + (front_t is not None)
        judged_s = times[judged - 1] if judged else 0.0
        t = times[self._shown] if 0 <= self._shown < len(times) else 0.0
        length_s = judged_s if self._over else max(self._tape.length_s or 0.0, judged_s)
        glanced = self._glanced
        self._place = Place(
            t if glanced is None else glanced.t,
            self._shown if glanced is None else -1,
            judged_s,
            judged,
            length_s,
            glanced is None and self._shown == judged - 1,
            self._target,
            self._over,
            self._reached,
        )

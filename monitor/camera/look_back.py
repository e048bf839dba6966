"""Pictures of a clip that were read before, and a look at those that were not.

It has a decoder of its own, opened when it is first needed: whoever reads the clip in order is not
disturbed, whatever the file makes of seeking. A picture is known by its time stamp, or, where the
stamps do not tell pictures apart, by being counted from the beginning.
"""

from __future__ import annotations

import logging
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

import av.error

from monitor.camera.decoder import NoPicturesError
from monitor.camera.source import Picture

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from monitor.camera.decoder import Decoder

log = logging.getLogger(__name__)

NEAR = 48  # frames further on that are decoded rather than sought
GLANCE_MAX = 60  # frames that a look ahead decodes at most: it is to be quick
KEPT_BYTES = 2**26  # of decoded pictures, so that steps back are quick
KEPT_MAX = 64


class LookBack:
    """The clip's thread alone calls it.

    Args:
        front: The decoder that reads in order.
        make: Opens another one on the same file.
    """

    def __init__(self, front: Decoder, make: Callable[[], Decoder]) -> None:
        self._front, self._make = front, make
        self._decoder: Decoder | None = None
        self._next: int | None = None  # the number of what the decoder gives next; None: not known
        self.times = array("d")  # s
        self._stamps = array("q")
        self._ordered = True  # each stamp is later than the last one
        self._kept: OrderedDict[int, Picture] = OrderedDict()

    def note(self, stamp: int | None, t: float) -> None:
        """A picture was read.

        Args:
            stamp: As the file has it, in the track's units.
            t: Its time, s.
        """
        after = not self._stamps or (stamp is not None and stamp > self._stamps[-1])
        self._ordered = self._ordered and stamp is not None and after
        self.times.append(t)
        self._stamps.append(stamp or 0)

    def picture(self, number: int) -> Picture | None:
        """See `Reviewable.read_again`."""
        if not 0 <= number < len(self.times):
            return None
        if number not in self._kept:
            try:
                self._decode_to(number)
            except (av.error.FFmpegError, NoPicturesError, ValueError) as error:
                log.debug("looking back: %s", type(error).__name__)
                self._let_go()
        return self._kept.get(number)

    def near(self, t: float) -> Picture | None:
        """See `Reviewable.glance`."""
        if not self.times:
            return None
        unit = float(self._front.stream.time_base or 0) or 1.0
        stamp = self._stamps[-1] + round((t - self.times[-1]) / unit)
        try:
            decoder = self._opened()
            self._next = None
            decoder.seek(max(0, stamp))
            found: VideoFrame | None = None
            for _ in range(GLANCE_MAX):
                frame = decoder.next()
                found = frame or found
                if frame is None or (frame.pts or 0) >= stamp:
                    break
        except (av.error.FFmpegError, NoPicturesError, ValueError):
            self._let_go()
            return None
        if found is None:
            return None
        seen_t = self.times[-1] + ((found.pts or stamp) - self._stamps[-1]) * unit
        return Picture(decoder.image(found), seen_t)

    def _decode_to(self, number: int) -> None:
        here = self._next
        if here is None or not here <= number < here + NEAR:
            self._go_to(number)
        if not self._read_until(number) and self._ordered:
            self._begin()  # the file cannot be sought in, or not to there
            self._read_until(number)

    def _go_to(self, number: int) -> None:
        """Stand before a picture: at the last key frame before it, or at the beginning."""
        if not self._ordered:
            if self._next is None or self._next > number:
                self._begin()
            return
        try:
            self._opened().seek(self._stamps[number])
            self._next = None
        except av.error.FFmpegError:
            self._begin()

    def _read_until(self, number: int) -> bool:
        """Decode, and keep, up to a picture. False where it is not to be found from here on."""
        decoder = self._opened()
        while (frame := decoder.next()) is not None:
            here = self._number_of(frame)
            if here is None:  # one that was not read the first time
                continue
            self._next = here + 1
            if here > number:
                return number in self._kept
            self._keep(here, decoder, frame)
            if here == number:
                return True
        self._next = None
        return False

    def _number_of(self, frame: VideoFrame) -> int | None:
        if not self._ordered:
            return self._next
        stamp = frame.pts
        if stamp is None:
            return self._next
        place = bisect_left(self._stamps, stamp)
        known = place < len(self._stamps) and self._stamps[place] == stamp
        if not known and stamp > self._stamps[-1]:
            return len(self._stamps)
        return place if known else None

    def _keep(self, number: int, decoder: Decoder, frame: VideoFrame) -> None:
        room = KEPT_BYTES // max(1, 3 * frame.width * frame.height)
        self._kept[number] = Picture(decoder.image(frame), self.times[number])
        self._kept.move_to_end(number)
        while len(self._kept) > max(2, min(KEPT_MAX, room)):
            self._kept.popitem(last=False)

    def _opened(self) -> Decoder:
        if self._decoder is None:
            self._decoder = self._make()
            self._decoder.size_as(self._front)
            self._next = 0
        return self._decoder

    def _begin(self) -> None:
        """At the first picture again."""
        self._let_go()
        self._opened()

    def _let_go(self) -> None:
        if self._decoder is not None:
            self._decoder.close()
        self._decoder = self._next = None

    def close(self) -> None:
        """Let the file go."""
        self._let_go()
        self._kept.clear()

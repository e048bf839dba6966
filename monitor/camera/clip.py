"""A recorded file."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.camera.address import Address
from monitor.camera.recorded import Recorded
from monitor.camera.source import Claim, Picture
from monitor.camera.turn import UPRIGHT, Turn
from monitor.config import CameraConfig
from monitor.declared import SourceInfo
from monitor.errors import CameraError

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from monitor.camera.decoder import Decoder
    from monitor.camera.look_back import LookBack

log = logging.getLogger(__name__)

SOURCE = SourceInfo(title="Clip", line="recorded file", option="video", metavar="FILE")

RATE_MAX = 240.0  # frames a second; what claims more does not know its rate
RATE = 25.0  # of clips that do not know it
# some kinds of file, sought in, give what lies after the place
SOUGHT_EARLIER_S = (0.0, 2.0, 10.0, 60.0)
GRACE_S = 5e-4  # times are rounded
STEP_MAX_S = 10.0  # from one frame to the next; time stamps that are further apart are wrong


@dataclass(frozen=True, slots=True)
class Cut:
    """A picture that a recording can be begun with."""

    stamp: int  # as the file has it, in the track's units
    before: int  # the stamp of the picture before it
    t: float  # its time, s


def make(what: Path, config: CameraConfig) -> ClipSource:
    return ClipSource(what)


class ClipSource:
    """A recorded file, by its own frame times.

    Args:
        path: The file.
        alone: Decode in the thread that reads, however large the pictures are.
    """

    live = False
    stills = False
    address: Address | None = None
    recorded: Recorded | None = None
    turn: Turn = UPRIGHT

    def __init__(self, path: Path, *, alone: bool = False) -> None:
        self._path, self._alone = path, alone
        self.name = path.name
        self._decoder: Decoder | None = None
        self._back: LookBack | None = None
        self._clock = FrameClock(None)
        self.claim: Claim | None = None
        self.length_s: float | None = None
        self.failed = 0
        self.stamp: int | None = None  # of the last picture, as the file has it
        self._ahead: VideoFrame | None = None  # is read next

    def __str__(self) -> str:
        return self.name

    def open(self) -> None:
        self.close()
        _check_file(self._path, self.name)
        import av.error

        from monitor.camera.decoder import NoPicturesError
        from monitor.camera.look_back import LookBack

        try:
            self._decoder = self._make_decoder()
        except NoPicturesError as error:
            raise CameraError(f"{self.name} {error}: give another file") from None
        except (av.error.FFmpegError, ValueError) as error:
            log.debug("%s: %s", self.name, type(error).__name__)
            raise CameraError(
                f"{self.name} is not a video that can be read: use MP4, AVI, MKV, WebM or GIF"
            ) from None
        stream = self._decoder.stream
        rate = stream.average_rate or stream.guessed_rate
        self.claim = self._decoder.claim
        start = float((stream.start_time or 0) * (stream.time_base or 0))
        self._clock = FrameClock(float(rate) if rate else None, start)
        self._back = LookBack(self._decoder, self._make_decoder)
        self.length_s = self._decoder.length_s

    def _make_decoder(self) -> Decoder:
        from monitor.camera.decoder import Decoder

        # A name is no pattern and no protocol, and a list of addresses opens none of them.
        return Decoder(
            f"file:{self._path.absolute()}",
            {"protocol_whitelist": "file", "pattern_type": "none"},
            alone=self._alone,
        )

    def read(self) -> Picture | None:
        import av.error

        assert self._decoder is not None
        decoder, frame = self._decoder, self._ahead
        self._ahead = None
        try:
            frame = frame or decoder.next()
        except av.error.FFmpegError as error:  # the file is torn here
            log.debug("%s: %s", self.name, error.strerror)
            decoder.failed += 1
        self.failed = decoder.failed
        if frame is None:
            self._say_missing(decoder)
            return None
        image = decoder.image(frame)
        if decoder.read == 1:
            try:
                image.image  # noqa: B018  (colours that cannot be converted are said at once)
            except (av.error.FFmpegError, ValueError):
                raise CameraError(
                    f"{self.name} has pictures of a kind ({frame.format.name}) that cannot be "
                    f"converted: save it as MP4"
                ) from None
        t, self.stamp = self._clock.tell(frame.time), frame.pts
        assert self._back is not None
        self._back.note(frame.pts, t)
        return Picture(image, t)

    def start_at(self, cut: Cut) -> bool:
        """Have `read` begin with the picture of a cut, timed and sized as if all before it had been
        read. Once, after `open`.

        Returns:
            False where the file cannot be sought in so; it is to be opened again.

        Raises:
            CameraError: If no picture can be read.
        """
        import av.error

        assert self._decoder is not None
        decoder = self._decoder
        try:
            first = decoder.next()
            if first is None:
                self._say_missing(decoder)
                return False
            decoder.image(first)  # tells the size
            self._clock.tell(first.time)
            unit = float(decoder.stream.time_base or 0)
            self._clock.resume(cut.before * unit)
            for earlier_s in SOUGHT_EARLIER_S:
                decoder.seek(cut.stamp - round(earlier_s / unit))
                self._ahead = decoder.find(cut.stamp)
                if self._ahead is not None:
                    break
        except av.error.FFmpegError as error:
            log.debug("%s: %s", self.name, error.strerror)
            return False
        decoder.failed = 0
        return self._ahead is not None

    @property
    def even(self) -> bool:
        """Whether every time stamp so far could be believed: a part of the file then has the same
        times as in the whole.
        """
        return self._clock.even

    def cuts(self, every_s: float) -> tuple[float, tuple[Cut, ...]]:
        """Where the recording can be begun: the first picture of each full `every_s` (s) of
        its time but the first. Reads the whole file, and decodes nothing; nothing can be read from
        the source afterwards.

        Returns:
            How long it is (s), and the places, in order: none where time stamps cannot be believed.
        """
        import av.error

        assert self._decoder is not None
        try:
            stamps = self._decoder.stamps()
        except av.error.FFmpegError as error:
            log.debug("%s: %s", self.name, error.strerror)
            stamps = []
        unit, t, found = float(self._decoder.stream.time_base or 0), 0.0, list[Cut]()
        for before, stamp in zip([None, *stamps], stamps, strict=False):
            now = self._clock.tell(stamp * unit)
            if before is not None and (now + GRACE_S) // every_s > (t + GRACE_S) // every_s:
                found.append(Cut(stamp, before, now))
            t = now
        length_s = max(t, 0.0) if stamps else self.length_s or 0.0
        return length_s, tuple(found) if self._clock.even else ()

    @property
    def times(self) -> Sequence[float]:
        """Of the pictures that were read, s."""
        return self._back.times if self._back is not None else ()

    def read_again(self, number: int) -> Picture | None:
        """See `Reviewable`: by a decoder of its own, so that nothing of `read` changes."""
        return self._back.picture(number) if self._back is not None else None

    def glance(self, t: float) -> Picture | None:
        """See `Reviewable`."""
        return self._back.near(t) if self._back is not None else None

    def _say_missing(self, decoder: Decoder) -> None:
        if decoder.read == 0:
            raise CameraError(
                f"no picture of {self.name} could be read: it is damaged or of an unknown kind; "
                f"copy or record it again"
            )
        if decoder.missing:
            frames = "1 frame" if decoder.missing == 1 else f"{decoder.missing} frames"
            log.warning(
                "%s: %s could not be read: the recording is damaged or was cut short",
                self.name,
                frames,
            )

    def close(self) -> None:
        if self._back is not None:
            self._back.close()
            self._back = None
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None
        self._ahead = None


class FrameClock:
    """Frame times of a recording: its time stamps where they can be believed, else its frame rate.

    A stamp is believed that lies after the last one by no more than `STEP_MAX_S`; where the rate is
    no possible one, also by no less than a frame of `RATE_MAX`. After one that is not, time goes on
    by a frame of the rate, so nobody waits and no gap is made up.

    Args:
        rate: Frames a second, as the file says.
        start: The stamp of t = 0, seconds.
    """

    def __init__(self, rate: float | None, start: float = 0.0) -> None:
        known = rate is not None and 0 < rate <= RATE_MAX
        self._step = 1 / rate if known and rate is not None and rate >= 1 else 1 / RATE
        self._step_min = 0.0 if known else 1 / RATE_MAX
        self._stamp: float | None = None
        self._start = start
        self._shift = 0.0  # what is added to stamps since the last one that was wrong
        self._t: float | None = None
        self.even = True  # every stamp so far was believed

    def tell(self, stamp: float | None) -> float:
        """The time of the next frame, whose time stamp is `stamp`, both in seconds."""
        before, self._stamp = self._stamp, stamp
        if self._t is None:
            first = 0.0 if stamp is None else stamp - self._start
            self._t = first if 0 <= first <= STEP_MAX_S else 0.0
            self._shift = self._t - (stamp or 0.0)
        elif (
            stamp is not None
            and before is not None
            and self._step_min <= stamp - before <= STEP_MAX_S
            and stamp > before
        ):
            self._t = stamp + self._shift
        else:
            self._t += self._step
            self._shift = self._t - (stamp or 0.0)
            self.even = False
        return self._t

    def resume(self, stamp: float) -> None:
        """All frames up to that of a time stamp (s) were told, and every stamp believed."""
        self._t, self._stamp = stamp + self._shift, stamp


def _check_file(path: Path, name: str) -> None:
    if os.path.isdir(path):  # no name, however odd, is an error to it
        raise CameraError(f"{name} is a folder: give a folder of pictures with --images")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise CameraError(f"the name of clip {name!r} is not valid text: rename the file") from None
    if not os.path.exists(path):
        raise CameraError(f"clip {path} is not there: check the path")
    if not path.is_file():  # a pipe would be waited for, for ever
        raise CameraError(f"{name} is no file but a pipe or a device: give a recorded file")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError as error:
        raise CameraError(
            f"clip {name} cannot be read ({error.strerror}): check its permissions"
        ) from None
    if size == 0:
        raise CameraError(f"clip {name} is empty: copy or record it again")
    if _is_text(start):  # FFmpeg "plays" text files as terminal recordings
        raise CameraError(f"{name} is not a video that can be read: use MP4, AVI, MKV, WebM or GIF")


def _is_text(start: bytes) -> bool:
    return b"\0" not in start and all(byte >= 32 or byte in b"\t\r\n\f\x1b" for byte in start)

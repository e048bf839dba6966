"""Pictures of clips and streams, decoded by FFmpeg (PyAV).

OpenCV's reader answers "success" for pictures that it did not decode, gives no reason for what it
cannot open, and converts pictures that nobody looks at.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import av.error
import numpy as np
from av.stream import Disposition
from av.video.reformatter import VideoReformatter

from monitor.camera.source import Claim, claim_of
from monitor.records import Image

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

PIXELS_MAX = 8192 * 4320  # 8K; what claims more is refused before memory is taken for it
PIXELS_OF_ONE_CORE = 1920 * 1088  # which one core decodes faster than it is played
# Containers that know no rate, for which FFmpeg says 25: pictures one after the other.
RATELESS = ("mpjpeg", "mjpeg", "h264", "hevc")
PROBE_PACKETS = 200  # that many tell which of several video tracks is more than a cover picture
RATE_TOLD_MAX = 1000  # pictures a second; a header with more was never finished
BARREN_MAX = 60  # packets in a row without a picture; more than any decoder holds back
PADDING_MAX = 4096  # bytes behind a picture
SQUEEZE_MAX = 4.0  # pixels that claim to be longer than this are taken for square
# How a frame is shown: whether its axes are swapped, then whether it is mirrored, and upside down.
Shown = tuple[bool, bool, bool]


class Converter:
    """Makes BGR of decoded frames, one after the other: FFmpeg's scaler, which it keeps, crashes
    where two threads use it at once. Any thread.
    """

    def __init__(self) -> None:
        self._reformatter, self._lock = VideoReformatter(), threading.Lock()

    def convert(self, frame: VideoFrame) -> Image:
        """(H, W, 3) uint8 BGR of a frame as it was decoded."""
        with self._lock:
            plane = self._reformatter.reformat(frame, format="bgr24", threads=1).planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[
            : plane.height
        ]
        return rows[:, : 3 * plane.width].reshape(plane.height, plane.width, 3)


class DecodedImage:
    """A picture as it was decoded; it becomes BGR when somebody looks at it, once. Any thread."""

    def __init__(
        self, frame: VideoFrame, converter: Converter, size_wh: tuple[int, int], shown: Shown
    ) -> None:
        self._frame: VideoFrame | None = frame
        self._converter, self._scaled_wh, self._shown = converter, size_wh, shown
        self._image: Image | None = None
        self._lock = threading.Lock()
        self.size_wh = size_wh[::-1] if self._shown[0] else size_wh

    @property
    def image(self) -> Image:
        """(H, W, 3) uint8 BGR, not writeable."""
        with self._lock:
            if self._image is None:
                assert self._frame is not None
                self._image = self._convert(self._frame)
                self._image.setflags(write=False)
                self._frame = None
            return self._image

    def _convert(self, frame: VideoFrame) -> Image:
        image: Any = self._converter.convert(frame)
        if self._scaled_wh != (image.shape[1], image.shape[0]):
            import cv2  # rarely needed, and slow to load

            image = cv2.resize(image, self._scaled_wh, interpolation=cv2.INTER_LINEAR)
        swapped, mirrored, upside_down = self._shown
        if swapped:
            image = image.swapaxes(0, 1)
        return np.ascontiguousarray(image[:: -1 if upside_down else 1, :: -1 if mirrored else 1])


class Decoder:
    """The largest video track of a file or a stream. One thread at a time.

    Args:
        url: What is opened.
        live: No frame waits for the next ones, and one that is damaged is told at once.
        alone: Decode in the thread that asks, however large the pictures are.
        timeout: Seconds for opening, and for each read.
        options: FFmpeg's, for the container.

    Raises:
        av.error.FFmpegError: If it cannot be opened.
        NoPicturesError: If it holds none, or larger ones than `PIXELS_MAX`.
    """

    def __init__(
        self,
        url: str,
        options: Mapping[str, str],
        *,
        live: bool = False,
        alone: bool = False,
        timeout: tuple[float, float] | None = None,
    ) -> None:
        self._arguments: dict[str, Any] = {
            "options": {**options, "max_pixels": str(PIXELS_MAX)},
            "timeout": timeout,
            "metadata_errors": "replace",
        }
        self.read = self.failed = self.packets = 0  # frames, packets that failed, packets
        self._torn = False  # whether it was seen that frames are gone, without a number
        self._live, self._jpeg_ends = live, False
        self._end = 0  # of the packets so far, in the track's units of time
        self._container: InputContainer = av.open(url, **self._arguments)
        try:
            self.stream = self._choose(url, live)
        except BaseException:
            self._container.close()
            raise
        codec = self.stream.codec_context
        codec.options = {"max_pixels": str(PIXELS_MAX)}
        # Decoding several frames at once holds each of them back and costs their memory: it pays
        # where one core is too slow.
        large = self.stream.width * self.stream.height > PIXELS_OF_ONE_CORE
        self.stream.thread_type = "AUTO" if large and not live else "SLICE"
        if alone:
            codec.thread_count = 1
        self._converter = Converter()
        self._size_wh: tuple[int, int] | None = None
        self._shown: dict[int, Shown] = {}  # by rotation, in degrees
        self._frames = self._decode()

    def _choose(self, url: str, live: bool) -> VideoStream:
        tracks = [s for s in self._container.streams.video if s.codec_context is not None]
        covers = [s for s in tracks if s.disposition & Disposition.attached_pic]
        tracks = [s for s in tracks if s not in covers]
        if not tracks:
            raise NoPicturesError(f"holds no pictures{' but a cover' if covers else ''}")
        index = tracks[0].index
        if len(tracks) > 1:
            index = max(tracks, key=lambda track: track.width * track.height).index
            if not live:
                index = self._largest(tracks)
                self._container.close()
                self._container = av.open(url, **self._arguments)
        chosen = next(s for s in self._container.streams.video if s.index == index)
        if chosen.width * chosen.height > PIXELS_MAX:
            raise NoPicturesError(f"claims pictures of {chosen.width} x {chosen.height}")
        return chosen

    def _largest(self, tracks: list[VideoStream]) -> int:
        packets = dict.fromkeys((track.index for track in tracks), 0)
        try:
            for _, packet in zip(
                range(PROBE_PACKETS), self._container.demux(*tracks), strict=False
            ):
                packets[packet.stream.index] += packet.size > 0
        except av.error.FFmpegError:  # damage: what was seen until then has to do
            pass

        def rank(track: VideoStream) -> tuple[bool, int, int]:
            number = packets[track.index]
            return number > 1, track.width * track.height, number

        return max(tracks, key=rank).index

    def next(self) -> VideoFrame | None:
        """The next frame that could be decoded; None at the end.

        Raises:
            DamagedFrameError: If a live source gave one that could not; it goes on.
            av.error.FFmpegError: If the file or the stream gives no more.
        """
        for frame in self._frames:
            if frame is not None:
                return frame
            if self._live:
                raise DamagedFrameError
        return None

    def seek(self, stamp: int) -> None:
        """Go on from the last key frame before a time stamp (in the track's units), so far as the
        file can.

        Raises:
            av.error.FFmpegError: If it cannot.
        """
        self._frames.close()  # type: ignore[attr-defined]
        self._container.seek(stamp, stream=self.stream)
        self._frames = self._decode()

    def find(self, stamp: int) -> VideoFrame | None:
        """The frame of a time stamp, which is still to come; None where it does not.

        Raises:
            av.error.FFmpegError: As `next`.
        """
        while (frame := self.next()) is not None:
            if frame.pts is None or frame.pts >= stamp:
                return frame if frame.pts == stamp else None
        return None

    def stamps(self) -> list[int]:
        """The time stamps of all pictures, in the order in which they are shown; empty where not
        every packet has one. Nothing is decoded, and nothing can be afterwards.

        Raises:
            av.error.FFmpegError: If the file is torn.
        """
        found = []
        for packet in self._container.demux(self.stream):
            if not packet.size or packet.is_discard:
                continue
            if packet.pts is None:
                return []
            found.append(packet.pts)
        return sorted(found)

    def size_as(self, other: Decoder) -> None:
        """Give pictures of the same size as another one does."""
        self._size_wh = other._size_wh

    def _decode(self) -> Iterator[VideoFrame | None]:
        """The frames; None for one that is damaged."""
        barren = 0
        for packet in self._container.demux(self.stream):
            if packet.size:
                self.packets += 1
                self._end = max(self._end, (packet.pts or 0) + (packet.duration or 0))
            self._torn = self._torn or packet.is_corrupt
            if self._is_cut_short(packet):
                self.failed += 1
                yield None
                continue
            try:
                frames = packet.decode()
            except (av.error.InvalidDataError, av.error.UndefinedError, av.error.ArgumentError):
                self.failed += 1
                yield None
                continue
            barren = 0 if frames else barren + 1
            self._torn = self._torn or barren > BARREN_MAX  # such as of another codec
            for frame in frames:
                if frame.is_corrupt or frame.width * frame.height > PIXELS_MAX:
                    self.failed += 1
                    yield None
                else:
                    self.read += 1
                    yield frame

    def _is_cut_short(self, packet: Packet[VideoStream]) -> bool:
        """Whether a JPEG picture breaks off: FFmpeg makes up the rest without a word. Where a
        camera never writes the sign of the end, none is missed.
        """
        if self.stream.codec_context.name != "mjpeg" or not packet.size:
            return False
        whole = bytes(memoryview(packet)[-PADDING_MAX:]).rstrip(b"\0\r\n").endswith(b"\xff\xd9")
        self._jpeg_ends = self._jpeg_ends or whole
        return self._jpeg_ends and not whole

    @property
    def claim(self) -> Claim:
        """What the stream says of itself, so far as that can be."""
        stream = self.stream
        known = self._container.format.name not in RATELESS
        rate = (stream.average_rate or stream.guessed_rate or 0) if known else 0
        return claim_of((stream.width, stream.height), float(rate))

    @property
    def length_s(self) -> float | None:
        """How long the file says it is; None where it does not, or cannot know."""
        stream, whole = self.stream, self._container.duration
        if self._is_unfinished:
            return None
        if stream.duration and stream.time_base:
            return float(stream.duration * stream.time_base)
        return whole / av.time_base if whole and whole > 0 else None

    def image(self, frame: VideoFrame) -> DecodedImage:
        """All have the size of the first, with square pixels: a camera that goes to another
        resolution shows the same people in the same place.
        """
        if self._size_wh is None:
            self._size_wh = _square(frame, self.stream.sample_aspect_ratio)
        rotation = frame.rotation
        if rotation not in self._shown:
            # Once, and not of each frame: whoever asks it for side data ties it to itself, and it
            # then stays until the garbage collector comes, hundreds of megabytes later.
            self._shown[rotation] = _orientation(frame)
        return DecodedImage(frame, self._converter, self._size_wh, self._shown[rotation])

    @property
    def _is_unfinished(self) -> bool:
        """Whether the header holds what was put there before anything was known: AVI of a program
        that was killed, or that wrote into a pipe, claims 2 to the 30 frames.
        """
        stream = self.stream
        if not stream.frames or not stream.duration or not stream.time_base:
            return False
        return stream.frames / float(stream.duration * stream.time_base) > RATE_TOLD_MAX

    @property
    def torn(self) -> bool:
        """Whether some frames are missing, nobody knows how many; at the end."""
        return self._torn and self.read < self.packets

    @property
    def missing(self) -> int:
        """Frames that were to be there and could not be read, so far as it can be known; at the
        end.
        """
        # Some codecs have packets without a picture: only beside a failure a difference says more.
        lost = max(self.failed, self.packets - self.read) if self.failed else 0
        return lost + self._cut_off()

    def _cut_off(self) -> int:
        """Frames between the last packet and the end that the header tells."""
        stream = self.stream
        if not stream.frames or not stream.duration or self._is_unfinished:
            return 0
        left = (stream.start_time or 0) + stream.duration - self._end
        frames = round(left * stream.frames / stream.duration)
        # AVI has no packet for a frame that repeats the last one
        return frames if 2 <= frames <= stream.frames - self.packets else 0

    def close(self) -> None:
        self._frames.close()  # type: ignore[attr-defined]
        self._container.close()


class DamagedFrameError(Exception):
    """A frame of a live source came and could not be decoded."""


class NoPicturesError(Exception):
    """What is wrong with a container that could be opened; its text follows the source's name."""


def _orientation(frame: VideoFrame) -> Shown:
    told: Any = frame.side_data.get("DISPLAYMATRIX")
    if told is None:
        return False, False, False
    a, b, _, c, d, *_ = np.frombuffer(memoryview(told), np.int32)  # x' = ax + cy, y' = bx + dy
    swapped = abs(int(b)) > abs(int(a))
    x, y = (c, b) if swapped else (a, d)
    return swapped, bool(x < 0), bool(y < 0)


def _square(frame: VideoFrame, ratio: Fraction | None) -> tuple[int, int]:
    """Width and height of a frame once its pixels are square; none get lost."""
    squeeze = float(ratio) if ratio else 1.0
    if not 1 / SQUEEZE_MAX <= squeeze <= SQUEEZE_MAX:
        return frame.width, frame.height
    width, height = round(frame.width * max(1.0, squeeze)), round(frame.height / min(1.0, squeeze))
    return (width, height) if width * height <= PIXELS_MAX else (frame.width, frame.height)

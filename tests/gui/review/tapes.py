"""Clips whose pictures bear their number, as sixteen black and white fields that survive encoding;
and clips in which somebody stands for a while.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from monitor.records import Image

SIZE_WH = (320, 160)
RATE = 20


def numbered(number: int) -> Image:
    """(160, 320, 3) uint8 BGR: bit by bit, the lowest on the left."""
    image = np.full((SIZE_WH[1], SIZE_WH[0], 3), 16, np.uint8)
    for bit in range(16):
        if number >> bit & 1:
            image[40:120, 20 * bit : 20 * bit + 20] = 235
    return image


def number_in(image: Image) -> int:
    """The number that a picture bears."""
    return sum(int(image[60:100, 20 * b + 6 : 20 * b + 14].mean() > 128) << b for b in range(16))


def write_tape(
    path: Path,
    frames: int = 100,
    codec: str = "libx264",
    stamps: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """A clip of numbered pictures.

    Args:
        stamps: When each picture is shown, in thousandths of a second; None: RATE a second.
        options: Of the encoder.
    """
    with av.open(str(path), "w") as container:
        video = container.add_stream(
            codec, rate=RATE, options={"g": "40", "bf": "2"} if options is None else options
        )
        video.width, video.height = SIZE_WH
        video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if stamps is not None:
            video.codec_context.time_base = Fraction(1, 1000)
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(numbered(number), format="bgr24")
            if stamps is not None:
                frame.pts, frame.time_base = stamps[number], Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode())
    return path


def write_visits(path: Path, scenes: Iterable[tuple[Path | None, int]], rate: int = 15) -> Path:
    """A clip in which the face of a picture stands for so many frames, then the next one; None is
    an empty room.
    """
    image = cv2.imread(str(next(p for p, _ in scenes if p is not None)))
    assert image is not None
    height, width = image.shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, (width, height))
    for picture, frames in scenes:
        shown = np.full_like(image, 200) if picture is None else cv2.imread(str(picture))
        assert shown is not None
        shown = cv2.resize(shown, (width, height))
        for _ in range(frames):
            writer.write(shown)
    writer.release()
    return path

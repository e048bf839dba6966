"""Pictures from files, and pictures of any kind as BGR."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from monitor.camera.intact import damaged, overstates
from monitor.records import Image

# 67 megapixels: 200 MB as BGR, twice as much while it is decoded. `main.py` tells OpenCV the same
# number, which it compares with what a file claims before it takes memory.
PIXELS_MAX = 2**26
BYTES_MAX = 2**28  # no picture of so many pixels is larger
# What OpenCV decodes, of GIF and other moving pictures the first; and what is a picture, too, and
# has to be named where it is left out. HEIC is among these: a phone's is made of tiles, which PyAV
# does not join, and pillow-heif brings x265 (GPL) and Pillow along.
READ = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".avif"),
    *(".jp2", ".pbm", ".pgm", ".ppm", ".pnm", ".gif"),
)
NOT_READ = (
    *(".heic", ".heif", ".hif", ".jxl", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".rw2"),
    *(".orf", ".psd", ".svg", ".exr", ".hdr", ".tga", ".ico"),
)
_AVIF = b"ftypavi"


def to_bgr(image: np.ndarray[Any, Any]) -> Image:
    """A grey, 4-channel, 16-bit or BGR picture as (H, W, 3) uint8 BGR."""
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if image.ndim == 2 or image.shape[2] == 1:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)  # type: ignore[return-value]
    if image.shape[2] == 4:
        return cv2.cvtColor(image, cv2.COLOR_BGRA2BGR)  # type: ignore[return-value]
    return image


def read_picture(path: Path) -> Image | None:
    """A picture file as BGR, upright; None if it is damaged or no picture that can be read.

    Read and decoded in two steps: `cv2.imread` fails on names outside of the system's code page,
    and crashes the process on names that are not UTF-8.
    """
    try:
        # a pipe would be waited for, for ever
        if not path.is_file() or path.stat().st_size > BYTES_MAX:
            return None
        return decode_picture(path.read_bytes())
    except (OSError, ValueError, MemoryError):
        return None


def decode_picture(data: bytes) -> Image | None:
    """A picture file's content as BGR, upright by its EXIF; None if it cannot be read. Any
    thread.
    """
    try:
        if not data or overstates(data, PIXELS_MAX):
            return None
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    # cv2.error: a forged header with more pixels than OpenCV allows
    except (ValueError, cv2.error, MemoryError):
        return None
    if image is None or damaged(data, PIXELS_MAX):
        return None
    return _turned(to_bgr(image), data)


def _turned(image: Image, data: bytes) -> Image:
    """OpenCV turns every kind of picture as its camera was held but AVIF, which has no EXIF for
    that: its first turn (`irot`, to the left) and mirror (`imir`) are looked for among its boxes.
    """
    if data[4:11] != _AVIF:
        return image
    end = data.find(b"mdat")
    properties = data[data.find(b"ipco") : end if end >= 0 else len(data)]
    turn, mirror = properties.find(b"\0\0\0\x09irot"), properties.find(b"\0\0\0\x09imir")
    if turn >= 0:
        image = np.rot90(image, properties[turn + 8] & 3)
    if mirror >= 0:
        image = np.flip(image, properties[mirror + 8] & 1)
    return np.ascontiguousarray(image)

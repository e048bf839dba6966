"""Pictures from files, and pictures of any kind as BGR."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from monitor.records import Image

# 67 megapixels: 200 MB as BGR, twice as much while it is decoded. `main.py` tells OpenCV the same
# number, which it compares with what a file claims before it takes memory.
PIXELS_MAX = 2**26
BYTES_MAX = 2**28  # no picture of so many pixels is larger
# What OpenCV decodes; and what is a picture, too, and has to be named where it is left out.
READ = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".avif"),
    *(".jp2", ".pbm", ".pgm", ".ppm", ".pnm"),
)
NOT_READ = (
    *(".heic", ".heif", ".hif", ".jxl", ".gif", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf"),
    *(".rw2", ".orf", ".psd", ".svg", ".exr", ".hdr", ".tga", ".ico"),
)
PNG = b"\x89PNG\r\n\x1a\n"


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
    """A picture file as BGR; None if it is no picture that can be read.

    Read and decoded in two steps: `cv2.imread` fails on names outside of the system's code page,
    and crashes the process on names that are not UTF-8.
    """
    try:
        # a pipe would be waited for, for ever
        if not path.is_file() or path.stat().st_size > BYTES_MAX:
            return None
        data = np.fromfile(path, np.uint8)
    except (OSError, MemoryError):
        return None
    return decode_picture(data)


def decode_picture(data: Image) -> Image | None:
    """A picture file's content as BGR, upright by its EXIF; None if it cannot be read.

    Args:
        data: (N,) uint8, the bytes of the file. Any thread.
    """
    try:
        if _overstates(data[: len(PNG)].tobytes(), data):
            return None
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    # cv2.error: empty, or a forged header with more pixels than OpenCV allows
    except (cv2.error, MemoryError):
        return None
    return to_bgr(image) if image is not None else None


def _overstates(start: bytes, data: Image) -> bool:
    """Whether a file claims what it cannot hold: OpenCV would take the memory for it first.

    A chunk of a PNG may claim up to 4 GB. JPEG 2000 has a limit of its own, beyond ours.
    """
    if start == PNG:
        return _png_overstates(data.tobytes())
    size_at = data[:4096].tobytes().find(b"ihdr")  # JPEG 2000
    if size_at >= 0:
        ihdr = data[size_at + 4 : size_at + 12].tobytes()
        height, width = int.from_bytes(ihdr[:4], "big"), int.from_bytes(ihdr[4:], "big")
        return width * height > PIXELS_MAX
    return False


def _png_overstates(png: bytes) -> bool:
    at = len(PNG)
    while at + 8 <= len(png) and png[at + 4 : at + 8] != b"IEND":
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return at > len(png)

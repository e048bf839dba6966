"""Pictures from files, and pictures of any kind as BGR."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from monitor.records import Image

PICTURE_BYTES_MAX = 2**28  # no picture that OpenCV's limit of pixels allows is larger
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
        if not path.is_file() or path.stat().st_size > PICTURE_BYTES_MAX:
            return None
        data = np.fromfile(path, np.uint8)
        if data[: len(PNG)].tobytes() == PNG and _overstates(data.tobytes()):
            return None
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    # cv2.error: empty, or a forged header with more pixels than OpenCV allows
    except (OSError, cv2.error):
        return None
    return to_bgr(image) if image is not None else None


def _overstates(png: bytes) -> bool:
    """Whether a chunk of a PNG claims more bytes than the file has: OpenCV would allocate up to 4
    GB for it.
    """
    at = len(PNG)
    while at + 8 <= len(png) and png[at + 4 : at + 8] != b"IEND":
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return at > len(png)

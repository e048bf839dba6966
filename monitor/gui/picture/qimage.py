"""numpy to QImage: here alone."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor, QImage, QPainter

from monitor.records import Image


def to_qimage(image_bgr: Image) -> QImage:
    """A QImage with pixels of its own.

    Args:
        image_bgr: (H, W, 3) uint8 BGR; may be read-only and need not be contiguous.
    """
    pixels = np.ascontiguousarray(image_bgr)
    height, width = pixels.shape[:2]
    # Without bytes per line odd widths come out skewed. The copy owns its pixels, and RGB32 is what
    # the screen wants.
    view = QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_BGR888)
    return view.convertToFormat(QImage.Format.Format_RGB32)


def greyed(image: QImage) -> QImage:
    """The same without colour, and paler: no picture of this moment looks so."""
    old = image.convertToFormat(QImage.Format.Format_Grayscale8)
    old = old.convertToFormat(QImage.Format.Format_RGB32)
    painter = QPainter(old)
    painter.fillRect(old.rect(), QColor(120, 124, 130, 110))
    painter.end()
    return old


def scaled_qimage(image_bgr: Image, width: int, height: int) -> QImage:
    """As `to_qimage`, scaled to `width` x `height` pixels: smooth, and several times as fast as
    QPainter's scaling.
    """
    if image_bgr.shape[:2] == (height, width):
        return to_qimage(image_bgr)
    import cv2  # the window stands before OpenCV is loaded

    wanted, scaled = (max(1, width), max(1, height)), image_bgr
    # Halving leaves no pixel out, as linear interpolation would, and is far faster than INTER_AREA
    # (4K: 2 ms, 52 ms).
    while scaled.shape[1] >= 2 * wanted[0] and scaled.shape[0] >= 2 * wanted[1]:
        half = (scaled.shape[1] // 2, scaled.shape[0] // 2)
        scaled = cv2.resize(scaled, half, interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
    return to_qimage(cv2.resize(scaled, wanted, interpolation=cv2.INTER_LINEAR))  # type: ignore[arg-type]

"""Frames to measure with: a clip's, and lobbies composed of the two bundled portraits."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np

from monitor.camera.clip import ClipSource
from monitor.camera.pictures import read_picture
from monitor.errors import CameraError
from monitor.records import Image

PORTRAITS = Path(__file__).resolve().parents[2] / "assets" / "portraits"
WH_720P = (1280, 720)


def clip_frames(path: Path, count: int) -> tuple[list[Image], list[float], list[float]]:
    """The first frames of a clip, their times, and what reading each took, in seconds.

    Raises:
        CameraError: If the clip cannot be read.
    """
    source = ClipSource(path)
    images: list[Image] = []
    times: list[float] = []
    source.open()
    read_s: list[float] = []
    while len(images) < count:
        started = time.perf_counter()
        picture = source.read()
        if picture is None:
            break
        read_s.append(time.perf_counter() - started)
        images.append(picture.image)
        times.append(picture.t)
    source.close()
    return images, times, read_s


def spread_frames(path: Path, every_s: float = 1.0) -> list[Image]:
    """Frames of a whole clip, so far apart in its own time.

    Raises:
        CameraError: If the clip cannot be read.
    """
    source = ClipSource(path)
    images: list[Image] = []
    source.open()
    try:
        while (picture := source.read()) is not None:
            if picture.t >= every_s * len(images):
                images.append(picture.image)
    finally:
        source.close()
    return images


def crowd(faces: int, frames: int, size_wh: tuple[int, int] = WH_720P) -> list[Image]:
    """Frames with `faces` people in a grid, who sway a little, on a plain wall."""
    portraits = [read_picture(path) for path in sorted(PORTRAITS.glob("*.jpg"))]
    if not portraits or any(p is None for p in portraits):
        raise CameraError(
            "the portraits in assets/portraits cannot be read: run `git checkout assets`"
        )
    width, height = size_wh
    columns = max(1, int(np.ceil(np.sqrt(faces * width / height))))
    rows = max(1, -(-faces // columns))
    cell_w, cell_h = width // columns, height // rows
    side = min(cell_w, cell_h, 420)
    result = []
    for k in range(frames):
        image = np.full((height, width, 3), (170, 185, 190), np.uint8)
        for i in range(faces):
            portrait = portraits[i % len(portraits)]
            assert portrait is not None
            room_x, room_y = cell_w - side, cell_h - side
            sway = 0.5 + 0.5 * np.sin(k / 9 + i)
            x = (i % columns) * cell_w + round(room_x * sway)
            y = (i // columns) * cell_h + room_y // 2
            image[y : y + side, x : x + side] = _square(portrait, side)
        result.append(image)
    return result


def one_in_the_middle(frames: int) -> list[Image]:
    """720p frames with one person, who does not leave the middle."""
    width, height = WH_720P
    side = 420
    left = (width - side) // 2
    result = []
    for person in crowd(1, frames, (side, height)):
        image = np.full((height, width, 3), (170, 185, 190), np.uint8)
        image[:, left : left + side] = person
        result.append(image)
    return result


def _square(portrait: Image, side: int) -> Image:
    """The upper square of a portrait, where its face is."""
    short = min(portrait.shape[:2])
    left = (portrait.shape[1] - short) // 2
    return cv2.resize(
        portrait[:short, left : left + short], (side, side), interpolation=cv2.INTER_AREA
    )  # type: ignore[return-value]

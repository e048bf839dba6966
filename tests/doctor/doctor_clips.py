"""Clips of somebody at a door, made from the bundled one: as they are, and with what a doctor is to
find.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from program import ROOT

Picture = np.ndarray[Any, Any]
RATE = 20  # of the bundled clip
STANDS = slice(70, 125)  # its frames in which somebody stands there


@cache
def at_the_door() -> tuple[Picture, ...]:
    """Pictures (540, 960, 3) BGR of somebody at a door; a face is about 150 px high."""
    with av.open(str(ROOT / "assets" / "demo.mp4")) as clip:
        frames = itertools.islice(clip.decode(video=0), STANDS.start, STANDS.stop)
        images = [frame.to_ndarray(format="bgr24") for frame in frames]
    return tuple(cv2.resize(image, (960, 540), interpolation=cv2.INTER_AREA) for image in images)


def write_clip(path: Path, images: Sequence[Picture], rate: float = RATE) -> Path:
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=Fraction(rate).limit_denominator(100))
        video.height, video.width = images[0].shape[:2]
        video.pix_fmt = "yuv420p"
        video.options = {"preset": "ultrafast", "crf": "18"}
        for image in images:
            container.mux(video.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(video.encode(None))
    return path


def dark(image: Picture) -> Picture:
    return (image * 0.12).astype(np.uint8)


def bright(image: Picture) -> Picture:
    return np.clip(image * 1.5 + 140.0, 0, 255).astype(np.uint8)


def backlit(image: Picture) -> Picture:
    """A window at the side, and all else in its shadow."""
    shadow = (image * 0.3).astype(np.uint8)
    shadow[:, -240:] = 255
    return shadow


def blurred(image: Picture) -> Picture:
    return cv2.GaussianBlur(image, (0, 0), 8)


def small(image: Picture) -> Picture:
    return cv2.resize(image, (320, 180), interpolation=cv2.INTER_AREA)


def covered(image: Picture) -> Picture:
    noise = np.random.default_rng(int(image[0, 0, 0])).integers(-1, 2, image.shape)
    return (118 + noise).astype(np.uint8)


def far(image: Picture) -> Picture:
    """The same scene, with who stands there far away in a large picture."""
    canvas = np.full((960, 1280, 3), 150, np.uint8)
    canvas[::40] = canvas[:, ::40] = 60
    inset = cv2.resize(image, (176, 100), interpolation=cv2.INTER_AREA)
    canvas[400:500, 500:676] = inset
    return canvas

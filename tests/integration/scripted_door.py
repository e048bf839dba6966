"""Cameras that show what a script says at each moment, and a detector and a classifier that see the
people in it. The people are blocks of a colour: bare red ones, masked green ones.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from monitor.camera.address import Address
from monitor.camera.recorded import Recorded
from monitor.camera.source import Picture
from monitor.camera.turn import UPRIGHT
from monitor.errors import CameraError
from monitor.records import Detections, Image

WIDTH, HEIGHT, FACE = 640, 360, 90
COLOURS = {"bare": (0, 0, 255), "masked": (0, 255, 0)}
PICTURES = 31  # more than the program remembers of late
STATES = ("live", "covered", "lost", "silent")


@dataclass(frozen=True)
class Stay:
    """Somebody before a camera, from when to when (s since 1970)."""

    camera: str
    since: float
    until: float
    kind: str  # of `COLOURS`


@dataclass
class Stage:
    """What all cameras show; moved by the driver, looked at by the capture threads."""

    stays: Sequence[Stay]
    states: dict[str, str] = field(default_factory=dict)  # by camera, one of `STATES`
    moment: float = 0.0
    tick: int = 0
    closed: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)
    waiting: dict[str, int] = field(default_factory=dict)  # the tick that a camera has given

    def go(self, moment: float) -> None:
        with self.changed:
            self.moment, self.tick = moment, self.tick + 1
            self.changed.notify_all()

    def close(self) -> None:
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def settle(self, cameras: Sequence[str]) -> None:
        """Wait until these cameras have given the picture of this tick and were asked again."""
        with self.changed:
            good = self.changed.wait_for(
                lambda: all(self.waiting.get(name, -1) >= self.tick for name in cameras), 60
            )
        assert good, (self.tick, self.waiting, self.states)


def background(seed: int) -> list[Image]:
    """A room with edges, some times over, each with the noise of another moment."""
    rng = np.random.default_rng(seed)
    room = np.full((HEIGHT, WIDTH, 3), 120, np.int16)
    for _ in range(60):
        x, y = rng.integers(0, WIDTH), rng.integers(0, HEIGHT)
        w, h = rng.integers(20, 160, 2)
        room[y : y + h, x : x + w] = int(rng.integers(40, 210))  # grey: nobody is
    return [
        np.clip(room + rng.integers(-3, 4, room.shape), 0, 255).astype(np.uint8)
        for _ in range(PICTURES)
    ]


class ScriptedCamera:
    """A live source. Copies of it share the stage."""

    def __init__(self, name: str, stage: Stage, seed: int) -> None:
        self.name, self.live, self.stills = name, True, False
        self.address: Address | None = None
        self.recorded: Recorded | None = None
        self.turn = UPRIGHT
        self._stage, self._rooms = stage, background(seed)
        self._given = 0

    def open(self) -> None:
        if self._stage.states.get(self.name, "live") == "lost":
            raise CameraError(f"{self.name} does not answer: check its cable")
        self._given = self._stage.tick  # the next picture is of the next tick

    def read(self) -> Picture | None:
        stage = self._stage
        with stage.changed:
            stage.waiting[self.name] = self._given
            stage.changed.notify_all()
            while not stage.closed:
                if stage.tick > self._given and stage.states.get(self.name, "live") != "silent":
                    break
                stage.changed.wait(0.5)
            if stage.closed or stage.states.get(self.name, "live") == "lost":
                raise CameraError(f"{self.name} does not answer: check its cable")
            self._given = stage.tick
            return Picture(self._picture(), stage.moment)

    def close(self) -> None:
        pass

    def _picture(self) -> Image:
        stage = self._stage
        image = self._rooms[stage.tick % PICTURES].copy()
        if stage.states.get(self.name, "live") == "covered":
            hand = np.full_like(image, (70, 80, 95))
            return cv2.add(hand, image // 64).astype(np.uint8)
        for stay in stage.stays:
            if stay.camera == self.name and stay.since <= stage.moment < stay.until:
                x = 60 + int(14 * (stage.moment - stay.since)) % (WIDTH - FACE - 80)
                image[120 : 120 + FACE, x : x + FACE] = COLOURS[stay.kind]
        return image


class BlockDetector:
    """Finds the blocks."""

    name = "blocks"

    def detect(self, image_bgr: np.ndarray[Any, Any], smallest_px: float = 0) -> Detections:
        boxes = []
        for colour in COLOURS.values():
            mask = cv2.inRange(image_bgr, np.array(colour), np.array(colour))
            contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
            for contour in contours:
                x, y, w, h = cv2.boundingRect(contour)
                if min(w, h) > FACE // 2:
                    boxes.append((x, y, x + w, y + h))
        array = np.asarray(boxes, np.float32).reshape(-1, 4)
        return Detections(array, np.full(len(array), 0.95, np.float32))

    def detect_still(self, image_bgr: np.ndarray[Any, Any], smallest_px: float = 0) -> Detections:
        return self.detect(image_bgr, smallest_px)


class BlockClassifier:
    """Tells the blocks apart."""

    name, backend, size = "blocks_v1", "colour", 4

    def rois(
        self, image_bgr: np.ndarray[Any, Any], boxes: np.ndarray[Any, Any]
    ) -> np.ndarray[Any, Any]:
        found = [
            image_bgr[int(y0) + 8 : int(y0) + 12, int(x0) + 8 : int(x0) + 12]
            for x0, y0, _, _ in boxes
        ]
        return np.asarray(found, np.float32).reshape(-1, 4, 4, 3)

    def probabilities(self, rois: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        green = rois[..., 1].mean(axis=(1, 2)) > rois[..., 2].mean(axis=(1, 2))
        rows = [(0.98, 0.01, 0.01) if one else (0.01, 0.98, 0.01) for one in green]
        return np.asarray(rows, np.float32).reshape(-1, 3)

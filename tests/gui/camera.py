"""A camera that does what a test tells it."""

from __future__ import annotations

import threading

import numpy as np

from monitor.camera.address import parse_address
from monitor.camera.source import Picture
from monitor.errors import CameraError, DamagedPictureError
from monitor.records import Image
from tests.fakes import FakeSource


class Camera(FakeSource):
    """A live source that shows one picture again and again, grey unless told otherwise; or raises,
    as it is told.
    """

    def __init__(
        self,
        name: str = "camera 7",
        size_wh: tuple[int, int] = (320, 240),
        image: Image | None = None,
    ) -> None:
        super().__init__(live=True, name=name)
        if name.removeprefix("camera ").isdigit():
            self.address = parse_address(name.removeprefix("camera "))
        self.switch = Switch(size_wh, image)

    def open(self) -> None:
        if self.switch.error is not None:
            raise CameraError(self.switch.error)

    def read(self) -> Picture | None:
        self.switch.tick.wait(0.01)
        if self.switch.error is not None:
            raise CameraError(self.switch.error)
        if self.switch.damaged:
            raise DamagedPictureError("one of them")
        self.switch.t += 0.04
        if self.switch.image is not None:
            return Picture(self.switch.image.copy(), self.switch.t)
        width, height = self.switch.size_wh
        return Picture(np.full((height, width, 3), 90, np.uint8), self.switch.t)


class Switch:
    """Shared by the copies of a camera that the session makes."""

    def __init__(self, size_wh: tuple[int, int], image: Image | None) -> None:
        self.error: str | None = None
        self.damaged = False
        self.image = image
        self.size_wh, self.t = size_wh, 0.0
        self.tick = threading.Event()

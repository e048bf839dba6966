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
    """A live source that shows one picture with some noise, grey unless told otherwise; or raises,
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
        width, height = self.switch.size_wh
        image = np.full((height, width, 3), 90, np.uint8)
        if self.switch.image is not None:
            image = self.switch.image.copy()
        if not self.switch.frozen:
            image[0, :4] += self.switch.rng.integers(0, 16, (4, 3)).astype(np.uint8)
        return Picture(image, self.switch.t)


class Switch:
    """Shared by the copies of a camera that the session makes."""

    def __init__(self, size_wh: tuple[int, int], image: Image | None) -> None:
        self.error: str | None = None
        self.damaged = self.frozen = False
        self.rng = np.random.default_rng(0)
        self.image = image
        self.size_wh, self.t = size_wh, 0.0
        self.tick = threading.Event()

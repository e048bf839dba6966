"""A camera in the network, by its address."""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2

from monitor.camera.address import Address
from monitor.camera.source import Picture
from monitor.camera.usb import VideoCapture
from monitor.config import CameraConfig
from monitor.declared import SourceInfo
from monitor.errors import CameraError

SOURCE = SourceInfo(
    title="Stream",
    line="rtsp://…, http://…/stream.mjpg",
    schemes=("rtsp", "rtsps", "http", "https", "rtmp", "udp", "tcp"),
)


def make(what: Address, config: CameraConfig) -> StreamSource:
    return StreamSource(what, config)


class StreamSource(VideoCapture):
    """A stream by its URL (RTSP, HTTP)."""

    live = True

    def __init__(
        self, address: Address, config: CameraConfig, now: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self.address, self.name, self._url = address, address.name, address.url
        self._config, self._now = config, now
        self._start = now()

    def __str__(self) -> str:
        return self.name

    def open(self) -> None:
        self.close()
        self._capture = cv2.VideoCapture(
            self._url,
            cv2.CAP_FFMPEG,
            [
                *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(self._config.open_timeout_s * 1000)),
                *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(self._config.read_timeout_s * 1000)),
            ],
        )
        if not self._capture.isOpened():
            self.close()
            raise CameraError(
                f"stream {self.name} does not answer: check its address, its password and the "
                f"network"
            )

    def read(self) -> Picture:
        image = self._grab()
        if image is None:
            raise CameraError(
                f"{self.name} gives no more pictures: check its power and the network"
            )
        return Picture(image, self._now() - self._start)

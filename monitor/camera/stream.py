"""A camera in the network, by its address."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from monitor.camera.address import Address
from monitor.camera.certificate import Trusted, trust
from monitor.camera.live import LiveSource
from monitor.camera.source import Picture
from monitor.config import CameraConfig
from monitor.declared import SourceInfo
from monitor.errors import (
    CameraError,
    CameraMistakeError,
    CameraRefusedError,
    DamagedPictureError,
)

if TYPE_CHECKING:
    from monitor.camera.decoder import Decoder

log = logging.getLogger(__name__)

SOURCE = SourceInfo(
    title="Stream",
    line="rtsp://…, http://…/stream.mjpg",
    schemes=("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "udp", "tcp"),
)
PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322, "rtmp": 1935, "rtmps": 443}
# Packets go over the connection that asked for them: UDP is lost in firewalls. A stream may not
# name a file of this PC, or another kind of address.
OPTIONS = {
    "rtsp_transport": "tcp",
    "protocol_whitelist": "rtsp,rtsps,rtp,udp,tcp,tls,http,https,httpproxy,rtmp,rtmps,crypto",
}


def make(what: Address, config: CameraConfig) -> StreamSource:
    return StreamSource(what, config)


class StreamSource(LiveSource):
    """A stream by its URL (RTSP, HTTP)."""

    def __init__(
        self, address: Address, config: CameraConfig, now: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(address, config, now)
        self._decoder: Decoder | None = None

    def open(self) -> None:
        self.close()
        import av.error

        from monitor.camera.decoder import Decoder, NoPicturesError

        config = self._config
        begun = time.monotonic()
        trusted: Trusted | None = trust(self._url, self._called, config)
        try:
            self._decoder = Decoder(
                self._url,
                OPTIONS | (trusted.options if trusted is not None else {}),
                live=True,
                timeout=(config.open_timeout_s, config.read_timeout_s),
            )
        except NoPicturesError as error:
            raise CameraMistakeError(f"{self._called} {error}: check its path") from None
        except (av.error.FFmpegError, ValueError) as error:
            raise self._why_not(error, time.monotonic() - begun) from None
        finally:
            if trusted is not None:
                trusted.close()
        self.claim = self._decoder.claim

    @property
    def _called(self) -> str:
        """In a sentence: by the name that somebody gave it, else by its address."""
        return f"stream {self.name}" if "://" in self.name else self.name

    def _why_not(self, error: Exception, after_s: float) -> CameraError:
        """What keeps it from opening. FFmpeg's own words hold the address: they are not shown."""
        import av.error

        stream = self._called
        if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
            return CameraRefusedError(
                f"{stream} refuses this user or password: check both in the address"
            )
        if isinstance(error, av.error.HTTPNotFoundError | av.error.HTTPBadRequestError):
            return CameraMistakeError(
                f"{stream} does not exist on this camera: check what follows the host in the "
                f"address"
            )
        if isinstance(error, av.error.HTTPError):
            return CameraError(
                f"{stream} cannot be given by the camera now: check its settings, or start it again"
            )
        if isinstance(error, av.error.ConnectionRefusedError):
            return CameraError(
                f"{stream} is refused: check the port in the address, and that the camera is on"
            )
        # FFmpeg gives up waiting with several of its errors
        if after_s >= self._config.open_timeout_s or isinstance(error, av.error.TimeoutError):
            return CameraError(
                f"{stream} does not answer within {self._config.open_timeout_s:g} s: check its "
                f"address and the network"
            )
        if not isinstance(error, OSError) or self._is_reached():
            return CameraError(
                f"{stream} answers, but not with a video: check what follows the host in the "
                f"address"
            )
        return CameraError(f"{stream} does not answer: check its address and the network")

    def _is_reached(self) -> bool:
        """Whether somebody listens there: FFmpeg has one error for "no such host" and for what is
        not a video.
        """
        parts = urlsplit(self._url)
        if parts.hostname is None or (parts.port is None and parts.scheme not in PORTS):
            return False
        place = parts.hostname, parts.port or PORTS[parts.scheme]
        try:
            socket.create_connection(place, self._config.open_timeout_s).close()
        except OSError:
            return False
        return True

    def read(self) -> Picture:
        import av.error

        from monitor.camera.decoder import DamagedFrameError

        frame = None
        if self._decoder is not None:
            try:
                frame = self._decoder.next()
            except DamagedFrameError:
                self.failed += 1
                raise DamagedPictureError(f"{self.name} sent a damaged picture") from None
            except (av.error.FFmpegError, ValueError) as error:
                log.debug("%s: %s", self.name, type(error).__name__)
        if frame is None or self._decoder is None:
            raise CameraError(
                f"{self.name} gives no more pictures: check its cable, its power and the network"
            )
        return Picture(self._decoder.image(frame), self._now() - self._start)

    def close(self) -> None:
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None

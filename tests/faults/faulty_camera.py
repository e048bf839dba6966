"""A camera on 127.0.0.1 that freezes, slows down or sends garbage while its connection stays
open.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from types import TracebackType

import numpy as np
from mjpeg import MjpegCamera, silent_port


class FaultyCamera(MjpegCamera):
    """As `MjpegCamera`, with faults that are set while it runs."""

    def __init__(self) -> None:
        super().__init__()
        self._flows, self._dead = threading.Event(), threading.Event()
        self._flows.set()
        self._random = random.Random(5)
        self.every_s = 0.0  # pause before each picture, beside that of its rate
        self.garbage = False
        self.sent: list[float] = []  # when pictures went out, monotonic
        self.show(np.full((96, 128, 3), 128, np.uint8))

    def jpeg(self) -> bytes:
        """The next picture's bytes; called by the connection's thread."""
        while not self._flows.wait(0.05) and not self._dead.is_set():
            pass
        if self.every_s:
            self._dead.wait(self.every_s)
        self.sent.append(time.monotonic())
        return self._random.randbytes(3000) if self.garbage else super().jpeg()

    def freeze(self) -> None:
        """Keep the connection and send nothing."""
        self._flows.clear()

    def thaw(self) -> None:
        self._flows.set()

    def live(self) -> None:
        self._dead.clear()
        super().live()

    def die(self) -> None:
        self._dead.set()
        super().die()


class NoiseServer:
    """Answers each connection with a camera's header and then bytes without any sense, as fast as
    they are taken.
    """

    def __init__(self) -> None:
        self._listener = silent_port()
        self._listener.settimeout(0.05)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="noise", daemon=True)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/stream.mjpg"
        self.connections = 0

    def __enter__(self) -> NoiseServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        noise = random.Random(6).randbytes(65536)
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            with connection:
                self._pour(connection, noise)

    def _pour(self, connection: socket.socket, noise: bytes) -> None:
        connection.settimeout(0.2)
        head = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
        try:
            connection.sendall(head)
            while not self._stop.is_set():
                connection.sendall(noise)
        except OSError:  # the monitor has hung up, or does not read on
            pass

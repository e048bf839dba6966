"""A camera on 127.0.0.1: motion JPEG over HTTP, which can die and come back."""

from __future__ import annotations

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cv2
import numpy as np

RATE = 15  # pictures a second


class MjpegCamera:
    """Serves one picture with a sensor's noise; `show` changes it, `die` closes the port and all
    connections.
    """

    def __init__(self) -> None:
        self._image: np.ndarray[Any, Any] = np.zeros((16, 16, 3), np.uint8)
        self._rng = np.random.default_rng(0)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        self.asked = threading.Event()  # somebody has asked for the stream

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/stream.mjpg"

    def show(self, image: np.ndarray[Any, Any]) -> None:
        self._image = image

    def jpeg(self) -> bytes:
        image = self._image.copy()
        noise = self._rng.integers(-8, 9, image[:16, :16].shape)
        image[:16, :16] = np.clip(image[:16, :16] + noise, 0, 255)
        return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()

    def live(self) -> None:
        """Open the port: a free one at first, later the same again."""
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.camera = self
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="camera", daemon=True
        )
        self._thread.start()

    def die(self) -> None:
        """As a power cut does: no goodbye."""
        if self._server is None or self._thread is None:
            return
        self._server.dead.set()
        self._server.shutdown()
        self._server.server_close()  # waits for the connections' threads
        self._thread.join()
        self._server = None


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True
    camera: MjpegCamera

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.dead = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.camera.asked.set()
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            while not self.server.dead.wait(1 / RATE):
                jpeg = self.server.camera.jpeg()
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
        except OSError:  # the monitor has hung up
            pass
        self.close_connection = True

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def silent_port() -> socket.socket:
    """A port that accepts connections and never says a word."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(8)
    return listener

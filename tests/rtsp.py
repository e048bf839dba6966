"""A camera on 127.0.0.1: H.264 over RTSP, its packets in the connection that asked for them."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np

RATE = 15  # pictures a second
CLOCK = 90_000  # RTP's, a second
GROUP = 15  # pictures, of which the first stands alone
UNIT_MAX = 1400  # bytes of one RTP packet; larger units go in parts (FU-A)
INFORMATION = 6  # the kind of unit that holds no picture
SDP = "v=0\r\ns=c\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n"


def nal_units(images: Sequence[np.ndarray[Any, Any]], rate: int = RATE) -> list[list[bytes]]:
    """The units of each picture (H, W, 3) BGR, whose sides are even."""
    codec = av.CodecContext.create("libx264", "w")
    codec.height, codec.width = images[0].shape[:2]
    codec.pix_fmt, codec.time_base = "yuv420p", Fraction(1, rate)
    codec.options = {"tune": "zerolatency", "preset": "ultrafast", "g": str(GROUP)}
    found = []
    for number, image in enumerate(images):
        frame = av.VideoFrame.from_ndarray(image, format="bgr24")
        frame.pts = number
        for packet in codec.encode(frame):
            units = re.split(rb"\x00\x00\x00?\x01", bytes(packet))
            found.append([unit for unit in units if unit and unit[0] & 31 != INFORMATION])
    return found


def payloads(unit: bytes) -> Iterator[bytes]:
    """A unit as it goes into RTP packets (RFC 6184)."""
    if len(unit) <= UNIT_MAX:
        yield unit
        return
    head, body = unit[0], unit[1:]
    for at in range(0, len(body), UNIT_MAX):
        begins, ends = at == 0, at + UNIT_MAX >= len(body)
        part = bytes([head & 0xE0 | 28, begins << 7 | ends << 6 | head & 31])
        yield part + body[at : at + UNIT_MAX]


class RtspCamera:
    """Sends some pictures over and over to whoever asks; `die` closes the port and all
    connections.
    """

    def __init__(self, images: Sequence[np.ndarray[Any, Any]], rate: int = RATE) -> None:
        self._units, self._rate = nal_units(images, rate), rate
        self._dead = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/live"

    def live(self) -> None:
        """Open the port: a free one at first, later the same again."""
        self._dead.clear()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept, self._listener)

    def die(self) -> None:
        """As a power cut does: no goodbye."""
        self._dead.set()
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        for thread in self._threads:
            thread.join(5)
        self._threads.clear()

    def _start(self, target: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, name="rtsp", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while not self._dead.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        with connection, contextlib.suppress(OSError):
            if self._answer(connection):
                self._send(connection)

    def _answer(self, connection: socket.socket) -> bool:
        """Whether the viewer wants to see something."""
        while request := connection.recv(4096).decode():
            number = request.partition("CSeq: ")[2].split()[0]
            head, body = f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\nSession: 1\r\n", ""
            if request.startswith("DESCRIBE"):
                body = SDP
                head += f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n"
            if request.startswith("SETUP"):
                head += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
            connection.sendall(f"{head}\r\n{body}".encode())
            if request.startswith("PLAY"):
                return True
        return False

    def _send(self, connection: socket.socket) -> None:
        sequence = number = 0
        while not self._dead.is_set():
            units = self._units[number % len(self._units)]
            stamp = (number * CLOCK // self._rate) & 0xFFFFFFFF
            for unit in units:
                parts = list(payloads(unit))
                for payload in parts:
                    marker = 0x80 if unit is units[-1] and payload is parts[-1] else 0
                    rtp = struct.pack(">BBHII", 0x80, 96 | marker, sequence & 0xFFFF, stamp, 7)
                    sequence += 1
                    length = struct.pack(">cBH", b"$", 0, len(rtp) + len(payload))
                    connection.sendall(length + rtp + payload)
            number += 1
            self._dead.wait(1 / self._rate)

"""Streams: what keeps one from being watched is said, without its password."""

from __future__ import annotations

import hashlib
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from mjpeg import silent_port
from rtsp import GROUP, RtspCamera

from monitor.camera.address import parse_address
from monitor.camera.certificate import pins
from monitor.camera.stream import StreamSource
from monitor.config import CameraConfig
from monitor.errors import CameraError, DamagedPictureError

JPEG = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
NOISE = np.random.default_rng(0).integers(0, 255, (240, 320, 3)).astype(np.uint8)
LARGE = cv2.imencode(".jpg", NOISE)[1].tobytes()
PICTURES = 20


class Camera(ThreadingHTTPServer):
    """Answers as its path says: /401, /404, /503, /text, /empty, or with motion JPEG, of
    which /damaged cuts three pictures of four.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.passwords: list[str] = []

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # who does not trust the certificate hangs up


class _Handler(BaseHTTPRequestHandler):
    server: Camera

    def do_GET(self) -> None:
        if "Authorization" in self.headers:
            self.server.passwords.append(self.headers["Authorization"])
        path = self.path.strip("/").partition("?")[0]
        if path.isdigit():
            self.send_response(int(path))
            if path == "401":
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path in ("text", "empty"):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<html>no stream</html>\n" * 200 if path == "text" else b"")
        else:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            for number in range(PICTURES):
                sent = LARGE if path == "damaged" else JPEG
                sent = sent[: len(sent) // 2] if path == "damaged" and number % 4 else sent
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(sent)}\r\n\r\n"
                self.wfile.write(head.encode() + sent + b"\r\n")
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Camera]:
    camera = Camera()
    thread = threading.Thread(target=camera.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield camera
    camera.shutdown()
    camera.server_close()
    thread.join()


def stream(url: str, **config: object) -> StreamSource:
    limits = {"open_timeout_s": 2.0, "read_timeout_s": 2.0}
    return StreamSource(parse_address(url), CameraConfig(**(limits | config)))  # type: ignore[arg-type]


def refused(url: str, **config: object) -> str:
    with pytest.raises(CameraError) as caught:
        stream(url, **config).open()
    line = str(caught.value)
    assert "secret" not in line
    assert "hidden" not in line
    assert "\n" not in line
    return line


def test_a_stream_gives_pictures_by_the_clock(server: Camera) -> None:
    clock = iter([10.0, 10.5, 12.0])
    source = StreamSource(
        parse_address(f"HTTP://anna:secret@127.0.0.1:{server.server_port}/live"),
        CameraConfig(),
        now=lambda: next(clock),
    )
    source.open()
    pictures = [source.read() for _ in range(2)]
    source.close()
    assert [picture.t for picture in pictures] == [0.5, 2.0]
    assert np.abs(pictures[0].image.astype(int) - 90).max() < 4
    assert source.name == f"http://127.0.0.1:{server.server_port}/live"


def test_a_stream_that_ends_is_lost(server: Camera) -> None:
    source = stream(f"http://u:secret@127.0.0.1:{server.server_port}/live")
    source.open()
    with pytest.raises(CameraError, match="gives no more pictures") as caught:
        [source.read() for _ in range(PICTURES + 1)]
    assert "secret" not in str(caught.value)
    source.close()


def test_a_damaged_picture_is_told_and_the_stream_goes_on(server: Camera) -> None:
    source = stream(f"http://127.0.0.1:{server.server_port}/damaged")
    source.open()
    seen = ""
    for _ in range(PICTURES):
        try:
            assert source.read().image.shape == (240, 320, 3)
            seen += "+"
        except DamagedPictureError:
            seen += "-"
    source.close()
    assert seen == "+---" * (PICTURES // 4)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("401", "refuses this user or password"),
        ("403", "refuses this user or password"),
        ("404", "does not exist on this camera"),
        ("503", "cannot be given by the camera now"),
        ("text", "answers, but not with a video"),
        ("empty", "answers, but not with a video"),
    ],
)
def test_why_a_stream_cannot_be_opened(server: Camera, path: str, words: str) -> None:
    url = f"http://anna:secret@127.0.0.1:{server.server_port}/{path}?key=hidden"
    line = refused(url)
    assert words in line
    assert f"http://127.0.0.1:{server.server_port}/{path}" in line


def test_nobody_listens() -> None:
    line = refused("http://user:secret@127.0.0.1:9/live?key=hidden")
    assert "stream http://127.0.0.1:9/live is refused: check the port" in line


@pytest.mark.parametrize("scheme", ["http", "rtsp", "https", "rtsps"])
def test_a_silent_camera_is_not_waited_for(scheme: str) -> None:
    listener = silent_port()
    port = listener.getsockname()[1]
    line = refused(f"{scheme}://user:secret@127.0.0.1:{port}/live", open_timeout_s=0.5)
    assert "does not answer" in line
    listener.close()


@pytest.mark.parametrize(
    ("status", "words"),
    [("401 Unauthorized", "refuses this user or password"), ("404 Not Found", "does not exist")],
)
def test_an_rtsp_camera_says_no(status: str, words: str) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            while request := connection.recv(4096).decode():
                number = request.partition("CSeq: ")[2].split()[0]
                ask = 'WWW-Authenticate: Basic realm="c"\r\n' if status.startswith("401") else ""
                connection.sendall(f"RTSP/1.0 {status}\r\nCSeq: {number}\r\n{ask}\r\n".encode())

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    assert words in refused(f"rtsp://anna:secret@127.0.0.1:{listener.getsockname()[1]}/live")
    thread.join(5)
    listener.close()


def certificate(folder: Path, name: str, more: tuple[str, ...] = ()) -> tuple[Path, Path, str]:
    """A key, a certificate made out to `name` and its fingerprint."""
    if shutil.which("openssl") is None:
        pytest.skip("makes certificates with openssl, which is not here")
    key, made = folder / "key.pem", folder / "made.pem"
    subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    subject += [word for extension in more for word in ("-addext", extension)]
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"),
            *("-keyout", key, "-out", made, *subject),
        ],
        check=True,
        capture_output=True,
    )
    der = ssl.PEM_cert_to_DER_cert(made.read_text())
    return key, made, hashlib.sha256(der).hexdigest()


def encrypt(server: Camera, key: Path, made: Path) -> str:
    """Have the camera speak TLS; its host and port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return f"127.0.0.1:{server.server_port}"


def test_a_password_is_not_sent_to_a_camera_that_nobody_vouches_for(
    server: Camera, tmp_path: Path
) -> None:
    key, made, fingerprint = certificate(tmp_path, "camera.example")
    place = encrypt(server, key, made)
    line = refused(f"https://anna:secret@{place}/live")
    assert "certificate that cannot be trusted" in line
    assert f'tls_pins = "{place}={fingerprint}"' in line
    assert server.passwords == []


@pytest.mark.parametrize("more", [(), ("basicConstraints=critical,CA:FALSE",)])
@pytest.mark.parametrize("name", ["camera.example", "*.camera.example"])
def test_a_camera_that_is_pinned_is_watched(
    server: Camera, tmp_path: Path, more: tuple[str, ...], name: str
) -> None:
    key, made, fingerprint = certificate(tmp_path, name, more)
    place = encrypt(server, key, made)
    source = stream(f"https://anna:secret@{place}/live", tls_pins=f"{place}={fingerprint.upper()}")
    source.open()
    assert source.read().image.shape == (48, 64, 3)
    source.close()


def test_another_certificate_than_the_pinned_one(server: Camera, tmp_path: Path) -> None:
    key, made, fingerprint = certificate(tmp_path, "camera.example")
    place = encrypt(server, key, made)
    line = refused(f"https://anna:secret@{place}/live", tls_pins=f"{place}={'0' * 64}")
    assert "shows another certificate" in line
    assert fingerprint in line
    assert server.passwords == []


@pytest.mark.skipif(sys.platform != "linux", reason="the system's trust is told by a variable here")
@pytest.mark.parametrize(("name", "opens"), [("localhost", True), ("camera.example", False)])
def test_the_system_vouches_for_a_host(
    server: Camera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, opens: bool
) -> None:
    key, made, _ = certificate(tmp_path, name)
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    port = encrypt(server, key, made).split(":")[1]
    if opens:
        source = stream(f"https://anna:secret@localhost:{port}/live")
        source.open()
        assert source.read().image.shape == (48, 64, 3)
        source.close()
    else:
        assert "cannot be trusted" in refused(f"https://anna:secret@localhost:{port}/live")
        assert server.passwords == []


@pytest.mark.parametrize("text", ["h:322", "h:322=abc", f"h:322={'g' * 64}"])
def test_a_pin_that_is_none(text: str) -> None:
    with pytest.raises(CameraError, match="tls_pins holds"):
        pins(CameraConfig(tls_pins=text))


def test_an_rtsp_camera_is_watched() -> None:
    """Also one whose pictures take many packets."""
    noise = np.random.default_rng(1).integers(0, 30, (240, 320, 3), np.uint8)
    camera = RtspCamera([np.full((240, 320, 3), 90, np.uint8) + noise] * GROUP)
    camera.live()
    source = stream(f"RTSP://anna:secret@127.0.0.1:{camera.port}/cam?channel=2&subtype=0")
    source.open()
    images = [source.read().image for _ in range(20)]
    source.close()
    camera.die()
    assert source.name == f"rtsp://127.0.0.1:{camera.port}/cam?channel=2&subtype=0"
    assert {image.shape for image in images} == {(240, 320, 3)}
    assert abs(float(images[-1].mean()) - 104.5) < 4

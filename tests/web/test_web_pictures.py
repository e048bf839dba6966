"""Pictures of every kind, and what is none: an answer of its own for each, and never a fault."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest
from PIL import Image as Pillow

from tests.web.served import Served, served


@pytest.fixture(scope="module")
def key(server: Served) -> str:
    return server.key("pictures")


def as_file(picture: Pillow.Image, kind: str, **how: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG that claims a size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), *chunks, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


def frames(kind: str) -> bytes:
    pictures = [Pillow.new("RGB", (64, 64), (shade, 0, 0)) for shade in (0, 90, 180)]
    return as_file(pictures[0], kind, save_all=True, append_images=pictures[1:])


WRONG: dict[str, tuple[int, str, Callable[[bytes], bytes]]] = {
    "empty": (422, "no_picture", lambda face: b""),
    "text": (415, "unknown_type", lambda face: b"<html>" * 100),
    "cut in the head": (415, "unknown_type", lambda face: face[:2]),
    "gif": (415, "unknown_type", lambda face: frames("GIF")),
    "svg": (415, "unknown_type", lambda face: b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
    "huge png": (422, "too_many_pixels", lambda face: png(60_000, 60_000)),
    "larger than Pillow lets": (422, "too_many_pixels", lambda face: png(2**31 - 1, 2**31 - 1)),
    "zip bomb in a png": (
        422,
        "too_many_pixels",
        lambda face: png(50_000, 50_000, (b"IDAT", zlib.compress(bytes(2**22)))),
    ),
    "png without pixels": (422, "damaged", lambda face: png(100, 100)),
    "no size": (422, "damaged", lambda face: png(0, 0)),
    "animated webp": (422, "too_many_frames", lambda face: frames("WEBP")),
    "animated png": (422, "too_many_frames", lambda face: frames("PNG")),
    "tiff of three pages": (422, "too_many_frames", lambda face: frames("TIFF")),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_judged_is_refused_with_its_reason(
    server: Served, key: str, face: bytes, name: str
) -> None:
    status, code, make = WRONG[name]
    with server.client(key) as client:
        answer = client.post("/v1/score", content=make(face), headers={"Content-Type": "image/png"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert "\n" not in answer.json()["error"]["message"]


def turned(face: bytes) -> bytes:
    """Lies on its side, and says so."""
    picture = Pillow.open(io.BytesIO(face)).transpose(Pillow.Transpose.ROTATE_90)
    exif = Pillow.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to the right
    return as_file(picture, "JPEG", exif=exif)


def of_16_bit(face: bytes) -> bytes:
    image = cv2.imdecode(np.frombuffer(face, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    done, out = cv2.imencode(".png", image.astype(np.uint16) * 257)
    assert done
    return out.tobytes()


RIGHT: dict[str, Callable[[bytes], bytes]] = {
    "cmyk": lambda face: as_file(Pillow.open(io.BytesIO(face)).convert("CMYK"), "JPEG"),
    "grey": lambda face: as_file(Pillow.open(io.BytesIO(face)).convert("L"), "PNG"),
    "see-through": lambda face: as_file(Pillow.open(io.BytesIO(face)).convert("RGBA"), "PNG"),
    "16 bit": of_16_bit,
    "webp": lambda face: as_file(Pillow.open(io.BytesIO(face)), "WEBP"),
    "bmp": lambda face: as_file(Pillow.open(io.BytesIO(face)), "BMP"),
    "tiff": lambda face: as_file(Pillow.open(io.BytesIO(face)), "TIFF"),
    "turned by exif": turned,
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_face_is_found_in_a_picture_of_any_kind(
    server: Served, key: str, face: bytes, name: str
) -> None:
    plain = server.score(key, face).json()
    answer = server.score(key, RIGHT[name](face))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["size"] == plain["size"]  # upright
    assert [f["state"] for f in found["faces"]] == ["unmasked"]
    assert np.allclose(found["faces"][0]["box"], plain["faces"][0]["box"], atol=12)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (5000, 5000)])
def test_pictures_of_odd_sizes_are_judged(server: Served, key: str, size: tuple[int, int]) -> None:
    answer = server.score(key, as_file(Pillow.new("RGB", size, (90, 90, 90)), "PNG"))
    assert answer.status_code == 200, answer.text
    assert answer.json()["size"] == list(size)


def test_a_file_cut_anywhere_is_no_fault(server: Served, key: str, face: bytes) -> None:
    whole = {"jpeg": face, **{name: RIGHT[name](face) for name in ("webp", "tiff", "16 bit")}}
    for name, content in whole.items():
        for part in (0.02, 0.3, 0.9, 0.999):
            answer = server.score(key, content[: int(len(content) * part)])
            assert answer.status_code in (200, 415, 422), (name, part, answer.text)


def test_changed_bytes_are_no_fault(server: Served, key: str, face: bytes) -> None:
    random = np.random.default_rng(15)
    for content in (face, RIGHT["webp"](face), RIGHT["tiff"](face), RIGHT["grey"](face)):
        for _ in range(10):
            spoilt = np.frombuffer(content, np.uint8).copy()
            where = random.integers(0, len(spoilt), 20)
            where[:5] %= 200  # some of them in the head
            spoilt[where] = random.integers(0, 256, 20)
            answer = server.score(key, spoilt.tobytes())
            assert answer.status_code in (200, 415, 422), answer.text


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{", 422),
        ("application/json", b"[" * 100_000, 422),
        ("application/json", b'{"picture": 3}', 422),
        ("application/json", b'{"picture": "\xc3\xa9"}', 422),
        ("application/json", b'{"picture": "AAAA", "more": 1}', 422),
        ("application/json", b'{"picture": ""}', 422),
        ("multipart/form-data", b"--x--", 422),
        ("multipart/form-data; boundary=x", b"nothing", 422),
        ("multipart/form-data; boundary=" + "y" * 300, b"--y", 422),
        ("text/plain", b"hello", 415),
        ("", b"hello", 415),
        ("image/gif", b"GIF89a", 415),
    ],
)
def test_bodies_that_hold_no_picture_are_refused(
    server: Served, key: str, kind: str, body: bytes, status: int
) -> None:
    with server.client(key) as client:
        answer = client.post("/v1/score", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["code"]


def test_too_many_bytes_are_refused_said_or_unsaid(tmp_path: Path, face: bytes) -> None:
    with served(tmp_path, "--megabytes", "1", "--megapixels", "1") as server:
        key, large = server.key("large"), face + bytes(2**21)
        head = {"Content-Type": "image/jpeg"}
        with server.client(key) as client:
            said = client.post("/v1/score", content=large, headers=head)
            parts = (large[i : i + 65536] for i in range(0, len(large), 65536))
            unsaid = client.post("/v1/score", content=parts, headers=head)
        assert [said.status_code, unsaid.status_code] == [413, 413]
        wide = as_file(Pillow.new("RGB", (1100, 1000)), "JPEG")
        assert server.score(key, wide).json()["error"]["code"] == "too_many_pixels"
        assert server.score(key, face).status_code == 200


@pytest.mark.long
def test_memory_does_not_grow_with_bombs(server: Served, key: str, face: bytes) -> None:
    process = psutil.Process(server.pid)
    large = as_file(Pillow.new("RGB", (4000, 4000), (90, 90, 90)), "PNG")
    sent = [large, *(make(face) for _, _, make in WRONG.values())]

    def send() -> float:
        for content in sent:
            server.score(key, content or b"x")
        return process.memory_info().rss / 2**20

    before = [send() for _ in range(3)][-1]
    after = [send() for _ in range(6)][-1]
    assert after < before + 60  # one picture of 4000 x 4000 is 48 MB

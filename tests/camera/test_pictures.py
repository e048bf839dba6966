"""Pictures of any kind become BGR; what claims too much is refused."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image

from monitor.camera.pictures import read_picture, to_bgr


@pytest.mark.parametrize("shape", [(6, 8), (6, 8, 1), (6, 8, 3), (6, 8, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_any_picture_becomes_bgr(shape: tuple[int, ...], dtype: type) -> None:
    image = np.full(shape, 200 if dtype is np.uint8 else 200 * 256 + 17, dtype)
    bgr = to_bgr(image)
    assert bgr.shape == (6, 8, 3)
    assert bgr.dtype == np.uint8
    assert (bgr == 200).all()


def test_order_of_colours_stays() -> None:
    bgra = np.zeros((2, 2, 4), np.uint8)
    bgra[...] = (1, 2, 3, 255)
    assert to_bgr(bgra)[0, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "ending", [".jpg", ".png", ".bmp", ".tiff", ".webp", ".avif", ".ppm", ".gif"]
)
def test_kinds_of_files(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(cv2.imencode(ending, np.full((20, 30, 3), 90, np.uint8))[1].tobytes())
    image = read_picture(path)
    assert image is not None
    assert image.shape == (20, 30, 3)
    assert abs(int(image[10, 10, 0]) - 90) < 6  # a GIF has few colours


QUARTERS = np.zeros((64, 96, 3), np.uint8)  # red, green; blue, white
QUARTERS[:32, :48], QUARTERS[:32, 48:] = (0, 0, 255), (0, 255, 0)
QUARTERS[32:, :48], QUARTERS[32:, 48:] = (255, 0, 0), (255, 255, 255)


def quarters(image: np.ndarray) -> str:
    """The corners of a picture in the order in which it is read."""
    names = {(0, 0, 1): "r", (0, 1, 0): "g", (1, 0, 0): "b", (1, 1, 1): "w"}
    return "".join(
        names[tuple(int(v > 128) for v in image[y, x])]
        for y, x in ((4, 4), (4, -5), (-5, 4), (-5, -5))
    )


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".avif", ".tiff"])
@pytest.mark.parametrize(
    ("orientation", "seen"),
    [
        (1, "rgbw"),
        (2, "grwb"),
        (3, "wbgr"),
        (4, "bwrg"),
        (5, "rbgw"),
        (6, "brwg"),
        (7, "wgbr"),
        (8, "gwrb"),
    ],
)
def test_a_turned_picture_is_upright(
    tmp_path: Path, ending: str, orientation: int, seen: str
) -> None:
    path = tmp_path / f"a{ending}"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation  # in an AVIF, Pillow writes boxes for it
    Image.fromarray(QUARTERS[:, :, ::-1]).save(path, exif=exif)
    image = read_picture(path)
    assert image is not None
    assert quarters(image) == seen
    assert image.shape == ((96, 64, 3) if orientation > 4 else (64, 96, 3))
    assert image.flags.c_contiguous


def test_the_first_picture_of_a_gif(tmp_path: Path) -> None:
    animation = cv2.Animation()
    animation.frames = [QUARTERS, QUARTERS[::-1].copy(), QUARTERS[:, ::-1].copy()]
    animation.durations = np.array([100, 100, 100])
    assert cv2.imwriteanimation(str(tmp_path / "a.gif"), animation)
    image = read_picture(tmp_path / "a.gif")
    assert image is not None
    assert quarters(image) == "rgbw"


PHOTO = Path(__file__).parent.parent / "data" / "bare.jpg"


def missing(data: bytes, kind: str) -> bytes:
    half = len(data) // 2
    return {
        "cut": data[:half],
        "the last bytes": data[:-20],
        "cut, with an end": data[:half] + b"\xff\xd9",
        "zeros": data[:half] + bytes(len(data) - half),
        "noise": data[:half] + np.random.default_rng(1).bytes(500) + data[half + 500 :],
    }[kind]


@pytest.mark.parametrize("kind", ["cut", "the last bytes", "cut, with an end", "zeros", "noise"])
@pytest.mark.parametrize("progressive", [0, 1])
def test_a_jpeg_with_a_part_missing_is_not_judged(
    tmp_path: Path, kind: str, progressive: int
) -> None:
    """OpenCV reads some of these, the missing part grey."""
    photo = cv2.imread(str(PHOTO))
    whole = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_PROGRESSIVE, progressive])[1].tobytes()
    path = tmp_path / "a.jpg"
    path.write_bytes(whole + b"a second picture, as some cameras add it")
    assert read_picture(path) is not None
    path.write_bytes(missing(whole, kind))
    assert read_picture(path) is None


@pytest.mark.parametrize(
    "ending", [".png", ".bmp", ".tiff", ".webp", ".avif", ".gif", ".jp2", ".ppm"]
)
@pytest.mark.parametrize("left", [0.3, 0.6, 0.95])
def test_a_picture_that_was_cut_is_not_judged(tmp_path: Path, ending: str, left: float) -> None:
    whole = cv2.imencode(ending, cv2.imread(str(PHOTO)))[1].tobytes()
    path = tmp_path / f"a{ending}"
    path.write_bytes(whole)
    assert read_picture(path) is not None
    path.write_bytes(whole[: int(left * len(whole))])
    assert read_picture(path) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png") is None


def png(side: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 16, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def png_chunk(side: int) -> bytes:
    """45 bytes, of which a chunk claims 4 GB."""
    return png(8)[:33] + struct.pack(">I", 2**32 - 64) + b"IDAT" + bytes(4)


def bmp(side: int) -> bytes:
    return (
        b"BM"
        + struct.pack("<IHHIIiiHHIIiiII", 100, 0, 0, 54, 40, side, side, 1, 24, *[0] * 6)
        + bytes(40)
    )


def pnm(side: int) -> bytes:
    return f"P6 {side} {side} 65535\n".encode() + bytes(20)


def tiff(side: int) -> bytes:
    tags = [(256, 4, side), (257, 4, side), (258, 3, 16), (259, 3, 1), (262, 3, 2), (273, 4, 200)]
    tags += [(277, 3, 4), (278, 4, side), (279, 4, 64)]
    rows = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + rows + bytes(200)


def jpeg2000(side: int) -> bytes:
    size = struct.pack(">HIIIIIIIIH", 0, side, side, 0, 0, side, side, 0, 0, 3) + b"\7\1\1" * 3
    return (
        b"\xff\x4f\xff\x51" + struct.pack(">H", 2 + len(size)) + size
        + bytes.fromhex("ff52000c00000001000504040001ff5c001340") + b"@" * 16
        + bytes.fromhex("ff90000a0000000000200001ff93") + bytes(20) + b"\xff\xd9"
    )  # fmt: skip


def jpeg(side: int) -> bytes:
    small = bytearray(
        cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[
            1
        ].tobytes()
    )
    at = small.index(b"\xff\xc2")
    small[at + 5 : at + 9] = struct.pack(">HH", side, side)
    return bytes(small)


def gif(side: int) -> bytes:
    return (
        b"GIF89a" + struct.pack("<HHBBB", side, side, 128, 0, 0) + bytes(3) + b"\xff" * 3
        + b"," + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\2\2\x44\1\0;"
    )  # fmt: skip


PEAK = """
import resource, sys
from pathlib import Path
from monitor.camera.pictures import read_picture
for path in sys.argv[1:]:
    read_picture(Path(path))
# not getrusage: its peak is that of the process that started this one, where that is larger
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory as Linux tells it")
@pytest.mark.parametrize("forge", [png, png_chunk, bmp, pnm, tiff, jpeg2000, jpeg, gif])
def test_a_forged_size_takes_no_memory(tmp_path: Path, forge: Callable[[int], bytes]) -> None:
    paths = []
    for side in (8192, 12000, 60000):
        paths.append(str(tmp_path / f"{side}.png"))
        Path(paths[-1]).write_bytes(forge(side))
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *paths],
        env=os.environ | {"OPENCV_IO_MAX_IMAGE_PIXELS": str(2**26)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(done.stdout) < 1000

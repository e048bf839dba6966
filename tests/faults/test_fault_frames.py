"""Frames that nobody expects: 200 faces, 4K, one pixel, and pictures whose header lies about their
size.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from desk import NOBODY, QUICK, Desk, Stage, endless
from fakes import found as found_faces
from fakes import frame, picture
from program import ROOT, Books, environment, started

from monitor.analysis.pipeline import Pipeline
from monitor.config import Config, load_config
from monitor.detect import make_detector
from monitor.faces.classify import MaskClassifier
from monitor.records import Face, FrameResult, MaskState

DATA = ROOT / "tests" / "data"


def read(name: str) -> np.ndarray[Any, Any]:
    image = cv2.imread(str(DATA / f"{name}.jpg"))
    assert image is not None
    return image


def real_pipeline(detector: str = "yunet", changes: dict[str, dict[str, Any]] = QUICK) -> Pipeline:
    config = load_config(
        None, {**changes, "detect": {**changes.get("detect", {}), "name": detector}}
    )
    return Pipeline(
        make_detector(config.detect), MaskClassifier.load(config.classify), config, "shift"
    )


def check_faces(result: FrameResult) -> None:
    height, width = result.frame.image.shape[:2]
    for face in result.faces:
        x0, y0, x1, y1 = face.xyxy
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height
        assert 0 <= face.confidence <= 1
        assert np.isfinite(face.state_confidence)


# 200 faces


def test_two_hundred_faces_are_two_hundred_visits(tmp_path: Path) -> None:
    """With the real classifier: they do not fit into one batch."""
    crowd = found_faces(
        *[(x * 60, y * 60, x * 60 + 50, y * 60 + 50) for y in range(10) for x in range(20)]
    )
    bare = cv2.resize(read("bare")[55:175, 176:272], (50, 50))
    image = np.full((620, 1220, 3), 128, np.uint8)
    for x0, y0, x1, y1 in crowd.boxes.astype(int):
        image[y0:y1, x0:x1] = bare
    desk = Desk(tmp_path, Stage(crowd))
    desk.stage.people = crowd
    pipeline = Pipeline(desk.stage, MaskClassifier.load(Config().classify), desk.config, "shift")  # type: ignore[arg-type]
    for index in range(6):
        (result,) = pipeline.process([frame(index * 0.1, index=index, pixels=image)])
        check_faces(result)
    assert len(result.faces) == 200
    assert len({face.visit_id for face in result.faces}) == 200
    assert {face.state for face in result.faces} == {MaskState.UNMASKED}
    assert all(face.alerting for face in result.faces)


def test_two_hundred_sightings_at_once_are_all_logged(desk: Desk) -> None:
    desk.open(endless())
    desk.stage.people = found_faces(
        *[(x, y, x + 2, y + 3) for y in range(0, 40, 4) for x in range(0, 60, 3)]
    )
    desk.wait_told(opened=200)
    assert desk.last is not None
    assert desk.last.count.unmasked == 200
    assert desk.last.sighting_total == 200
    desk.stage.people = NOBODY
    desk.wait_told(ended=200)
    desk.close()
    desk.check_books(sightings=200)


def test_a_picture_full_of_real_faces() -> None:
    """20 x 10 faces as the detector finds them."""
    bare = cv2.resize(read("bare")[30:200, 150:298], (96, 108))
    (result,) = real_pipeline().process([frame(pixels=np.tile(bare, (10, 20, 1)), still=True)])
    check_faces(result)
    assert len(result.faces) > 150


# Sizes


@pytest.mark.parametrize("detector", ["yunet", "ssd", "haar"])
def test_from_one_pixel_to_4k_and_back(detector: str) -> None:
    """One pipeline, as one camera: buffers follow the size."""
    pipeline = real_pipeline(detector)
    bare, random = read("bare"), np.random.default_rng(1)
    large = np.full((2160, 3840, 3), 128, np.uint8)
    large[1000:1350, 2000:2512] = bare
    shapes = [(1, 1), (1, 500), (500, 1), (2, 3), (31, 33), (7, 4000)]
    images = [random.integers(0, 256, (*shape, 3), np.uint8) for shape in shapes]
    for index, image in enumerate([large, *images, bare, *images, large, bare]):
        (result,) = pipeline.process([frame(index * 1.0, index=index, pixels=image)])
        check_faces(result)
    assert [face.state for face in result.faces] != []


def test_a_face_in_a_4k_frame() -> None:
    image = np.full((2160, 3840, 3), 128, np.uint8)
    image[1000:1350, 2000:2512] = read("bare")
    (result,) = real_pipeline().process([frame(pixels=image, still=True)])
    check_faces(result)
    (face,) = result.faces
    assert face.raw_state is MaskState.UNMASKED
    assert _inside(face, (2150, 1030, 2300, 1200))


def _inside(face: Face, xyxy: tuple[float, float, float, float]) -> bool:
    x0, y0, x1, y1 = face.xyxy
    return xyxy[0] < x0 and xyxy[1] < y0 and x1 < xyxy[2] and y1 < xyxy[3]


def test_the_desk_lives_through_such_a_camera(tmp_path: Path) -> None:
    """The threads, the books and the real networks, on frames of any size."""
    desk = Desk(tmp_path)
    source = endless()
    plain, shapes = source.next, iter([(1, 1), (2160, 3840), (1, 300), (300, 1), (96, 128)])
    source.pictures = [picture(0.001 * i) for i in range(5)]
    for one in source.pictures:
        object.__setattr__(one, "pixels", np.full((*next(shapes), 3), 77, np.uint8))
    assert plain is not None
    try:
        desk.open(source)
        desk.wait_pictures(10)
    finally:
        desk.close()
    assert desk.problems == []
    desk.check_books(sightings=0)


# Forged headers


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def forged_png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def encoded(ending: str) -> bytearray:
    return bytearray(cv2.imencode(ending, np.zeros((16, 16, 3), np.uint8))[1].tobytes())


def forged_jpeg(width: int, height: int) -> bytes:
    data = encoded(".jpg")
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def forged_bmp(width: int, height: int) -> bytes:
    data = encoded(".bmp")
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


def forged_tiff(width: int, height: int) -> bytes:
    data = encoded(".tiff")
    order = "<" if data[:2] == b"II" else ">"
    (at,) = struct.unpack_from(order + "I", data, 4)
    (entries,) = struct.unpack_from(order + "H", data, at)
    for entry in range(at + 2, at + 2 + 12 * entries, 12):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if tag in (256, 257):
            struct.pack_into(
                order + ("I" if kind == 4 else "H"),
                data,
                entry + 8,
                width if tag == 256 else height,
            )
    return bytes(data)


FORGED = {
    "jpeg": forged_jpeg(20000, 16000),
    "jpeg_limit": forged_jpeg(65500, 65500),
    "png": forged_png(30000, 30000),
    "png_limit": forged_png(2**31 - 1, 2**31 - 1),
    "bmp": forged_bmp(30000, 30000),
    "bmp_upside_down": forged_bmp(30000, -30000),
    "bmp_limit": forged_bmp(2**31 - 1, 2**31 - 1),
    "tiff": forged_tiff(60000, 60000),
}
# Runs main.py as the user does and tells the most memory that it took.
MEASURED = """
import runpy, sys
from peak import peak_mb
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    print(peak_mb(), file=sys.stderr)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the peak of memory is read as POSIX tells it")
def test_pictures_with_a_forged_header(tmp_path: Path) -> None:
    """Files of some hundred bytes that claim up to four million megapixels: left out, named, and
    not paid for.
    """
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, content in FORGED.items():
        (folder / f"a_{name}.{name.split('_')[0]}").write_bytes(content)
    with (folder / "a_sparse.png").open("wb") as file:  # two gigabytes that take no room
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(2 * 2**30)
    (folder / "b.jpg").write_bytes((DATA / "bare.jpg").read_bytes())
    books = Books(tmp_path)
    script = (
        f"import sys; sys.argv = sys.argv[1:]\nsys.path[:0] = [{str(ROOT)!r}, "
        f"{str(Path(__file__).parent)!r}]\n{MEASURED}"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            script,
            ROOT / "main.py",
            "--headless",
            "--images",
            folder,
            *books.arguments,
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={k: v for k, v in environment(tmp_path).items() if k != "OPENCV_IO_MAX_IMAGE_PIXELS"},
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert [line["file"] for line in books.lines()] == ["b.jpg"]
    assert [face["raw_state"] for face in json.loads(books.events.read_text())["faces"]] == [
        "unmasked"
    ]
    assert done.stderr.count("was left out") == len(FORGED) + 1, done.stderr
    assert int(done.stderr.splitlines()[-1]) < 900, "megabytes: the forged size was believed"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes among its files")
def test_files_that_are_no_pictures(tmp_path: Path) -> None:
    """A pipe that nobody writes into, and a folder: left out, and not waited for."""
    folder = tmp_path / "pictures"
    (folder / "a1.jpg").mkdir(parents=True)
    os.mkfifo(folder / "a2.jpg")
    (folder / "b.jpg").write_bytes((DATA / "bare.jpg").read_bytes())
    books = Books(tmp_path)
    with started(tmp_path, "--headless", "--images", folder, *books.arguments) as monitor:
        monitor.wait_for("a2.jpg")
        done = monitor.wait()
    assert done.code == 0, done.err
    assert [line["file"] for line in books.lines()] == ["b.jpg"]

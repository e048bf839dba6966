"""Picture sources: what is not there or damaged is said in one line; odd pictures become BGR."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.camera import listing
from monitor.camera.address import parse_address
from monitor.camera.clip import ClipSource
from monitor.camera.folder import FolderSource
from monitor.camera.pictures import to_bgr
from monitor.camera.source import camera_source
from monitor.camera.stream import StreamSource
from monitor.config import CameraConfig
from monitor.errors import CameraError


def write_clip(
    path: Path, frames: int = 10, fps: float = 20, size_wh: tuple[int, int] = (64, 48)
) -> Path:
    """A clip whose pictures get brighter by 10 a frame."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, size_wh)
    for i in range(frames):
        writer.write(np.full((size_wh[1], size_wh[0], 3), 10 * i, np.uint8))
    writer.release()
    return path


def write_picture(path: Path, grey: int = 100) -> Path:
    assert cv2.imwrite(str(path), np.full((12, 16, 3), grey, np.uint8))
    return path


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


def test_clip_gives_every_frame_with_its_time(tmp_path: Path) -> None:
    clip = ClipSource(write_clip(tmp_path / "a.avi"))
    clip.open()
    pictures = []
    while (picture := clip.read()) is not None:
        pictures.append(picture)
    clip.close()
    assert len(pictures) == 10
    assert [p.t for p in pictures] == pytest.approx([i / 20 for i in range(10)], abs=1e-3)
    assert [int(p.image[20, 20, 0]) for p in pictures] == pytest.approx(
        [10 * i for i in range(10)], abs=3
    )
    assert clip.name == "a.avi"
    assert not clip.live
    assert not clip.stills


def test_clip_can_be_opened_again(tmp_path: Path) -> None:
    clip = ClipSource(write_clip(tmp_path / "a.avi", frames=2))
    for _ in range(2):
        clip.open()
        first = clip.read()
        assert first is not None
        assert first.t == pytest.approx(0, abs=1e-3)
    clip.close()
    clip.close()


class FakeCapture:
    """A `cv2.VideoCapture` with broken time stamps and a damaged picture."""

    def __init__(self, images: list[np.ndarray | cv2.error | None], times_ms: list[float]) -> None:
        self.images, self.times, self.released = images, times_ms, False
        self.now_ms = 0.0

    def read(self) -> tuple[bool, np.ndarray | None]:
        if not self.images:
            return False, None
        image = self.images.pop(0)
        self.now_ms = self.times.pop(0)
        if isinstance(image, cv2.error):
            raise image
        return image is not None, image

    def get(self, prop: int) -> float:
        return self.now_ms if prop == cv2.CAP_PROP_POS_MSEC else 25.0

    def isOpened(self) -> bool:  # noqa: N802
        return True

    def release(self) -> None:
        self.released = True


IMAGE = np.zeros((4, 4, 3), np.uint8)


@pytest.mark.parametrize("stamps", [[0, 0, 0, 0], [0, -5, -9, 1e-3], [0, 40, 40, 120]])
def test_time_never_stands_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stamps: list[float]
) -> None:
    path = write_clip(tmp_path / "a.avi", frames=1)
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: FakeCapture([IMAGE] * 4, list(stamps)))
    clip = ClipSource(path)
    clip.open()
    times = [p.t for _ in range(4) if (p := clip.read()) is not None]
    assert times == pytest.approx([0, 0.04, 0.08, 0.12])


def test_clip_in_grey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "a.avi", frames=1)
    monkeypatch.setattr(
        cv2, "VideoCapture", lambda *_: FakeCapture([np.zeros((4, 4), np.uint8)], [0])
    )
    clip = ClipSource(path)
    clip.open()
    picture = clip.read()
    assert picture is not None
    assert picture.image.shape == (4, 4, 3)


def bad_clip(tmp_path: Path, kind: str) -> Path:
    """A file that is no clip."""
    path = tmp_path / "clip.mp4"
    if kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("this is no video\n" * 99)
    elif kind == "text.txt":
        path = tmp_path / "notes.txt"
        path.write_text("caf\u00e9\n" * 2000)
    elif kind == "bytes":
        path.write_bytes(bytes(range(256)) * 99)
    elif kind == "cut":
        whole = write_clip(tmp_path / "whole.avi").read_bytes()
        path.write_bytes(whole[:100])
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("missing", "is not there: check the path"),
        ("folder", "is not there: check the path"),
        ("empty", "is empty"),
        ("text", "is not a video that can be read"),
        ("text.txt", "is not a video that can be read"),
        ("bytes", "is not a video that can be read"),
        ("cut", "is not a video that can be read"),
    ],
)
def test_bad_clip(tmp_path: Path, kind: str, message: str) -> None:
    clip = ClipSource(bad_clip(tmp_path, kind))
    with pytest.raises(CameraError, match=message) as caught:
        clip.open()
    assert "\n" not in str(caught.value)
    clip.close()


def test_percent_in_a_name_is_no_series_of_pictures(tmp_path: Path) -> None:
    write_picture(tmp_path / "a1.png")
    with pytest.raises(CameraError, match="is not there"):
        ClipSource(tmp_path / "a%d.png").open()


def test_folder_in_natural_order(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a10.png", "a2.png", "A1.JPG", "sub/b1.bmp", "a3.tiff"):
        write_picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    folder = FolderSource(tmp_path)
    folder.open()
    pictures = []
    while (picture := folder.read()) is not None:
        pictures.append(picture)
    assert [p.file for p in pictures] == ["A1.JPG", "a2.png", "a3.tiff", "a10.png", "sub/b1.bmp"]
    assert [p.t for p in pictures] == [0, 1, 2, 3, 4]
    assert folder.stills
    folder.close()


@pytest.mark.parametrize(
    "name", ["1\u00b22.png", "\u0663.png", "a b.png", "caf\u00e9.png", "\u56fe.png", "#%20.png"]
)
def test_odd_names(tmp_path: Path, name: str) -> None:
    image = cv2.imencode(".png", IMAGE)[1].tobytes()
    (tmp_path / name).write_bytes(image)
    folder = FolderSource(tmp_path)
    folder.open()
    picture = folder.read()
    assert picture is not None
    assert picture.file == name


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are no text")
def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    pid = os.fork()  # cv2.imread may crash the process on such a name
    if pid == 0:
        image = cv2.imencode(".png", IMAGE)[1].tobytes()
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")).write_bytes(image)
        folder = FolderSource(tmp_path)
        folder.open()
        try:
            good = folder.read() is not None
        except CameraError:
            good = True
        os._exit(0 if good else 1)
    assert os.waitpid(pid, 0)[1] == 0


@pytest.mark.parametrize("kind", ["grey", "alpha", "16 bit", "16 bit grey", "palette of one pixel"])
def test_odd_pictures_in_a_folder(tmp_path: Path, kind: str) -> None:
    image = {
        "grey": np.full((5, 6), 90, np.uint8),
        "alpha": np.full((5, 6, 4), 90, np.uint8),
        "16 bit": np.full((5, 6, 3), 90 * 257, np.uint16),
        "16 bit grey": np.full((5, 6), 90 * 257, np.uint16),
        "palette of one pixel": np.full((1, 1, 3), 90, np.uint8),
    }[kind]
    assert cv2.imwrite(str(tmp_path / "a.png"), image)
    folder = FolderSource(tmp_path)
    folder.open()
    picture = folder.read()
    assert picture is not None
    assert picture.image.dtype == np.uint8
    assert picture.image.shape == (*image.shape[:2], 3)
    assert (picture.image == 90).all()


def damage(tmp_path: Path) -> None:
    """Pictures that cannot be read, among them one that claims to be 60000 x 60000."""
    (tmp_path / "b_empty.jpg").touch()
    (tmp_path / "b_text.jpg").write_text("no picture")
    forged = bytearray(cv2.imencode(".bmp", IMAGE)[1].tobytes())
    forged[18:26] = (60000).to_bytes(4, "little") * 2
    (tmp_path / "b_forged.bmp").write_bytes(forged)


def test_damaged_pictures_are_left_out_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damage(tmp_path)
    write_picture(tmp_path / "a.png")
    write_picture(tmp_path / "c.png")
    folder = FolderSource(tmp_path)
    folder.open()
    with caplog.at_level(logging.WARNING):
        files = [p.file for _ in range(2) if (p := folder.read()) is not None]
        assert folder.read() is None
    assert files == ["a.png", "c.png"]
    for name in ("b_empty.jpg", "b_text.jpg", "b_forged.bmp"):
        assert name in caplog.text
    caplog.clear()


def test_folder_with_nothing_but_damaged_pictures(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damage(tmp_path)
    folder = FolderSource(tmp_path)
    folder.open()
    with pytest.raises(CameraError, match=r"none of the 3 pictures in .* can be read"):
        folder.read()
    caplog.clear()


@pytest.mark.parametrize("kind", ["missing", "file", "empty", "no pictures"])
def test_bad_folder(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "pictures"
    if kind == "file":
        path.touch()
    elif kind != "missing":
        path.mkdir()
    if kind == "no pictures":
        (path / "a.txt").touch()
    message = "is not there" if kind in ("missing", "file") else "holds no pictures"
    with pytest.raises(CameraError, match=message):
        FolderSource(path).open()


def test_camera_that_is_not_there() -> None:
    camera = camera_source("97", CameraConfig())
    with pytest.raises(CameraError, match="camera 97 is not there"):
        camera.open()
    camera.close()


def test_stream_that_refuses_says_nothing_secret() -> None:
    stream = camera_source("http://user:secret@127.0.0.1:9/live?key=hidden", CameraConfig())
    with pytest.raises(CameraError, match=r"http://127\.0\.0\.1:9/live does not answer") as caught:
        stream.open()
    assert "secret" not in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_stream_has_time_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(
        cv2, "VideoCapture", lambda *args: asked.append(args) or FakeCapture([], [])
    )
    camera_source("rtsp://h/live", CameraConfig(open_timeout_s=3, read_timeout_s=4)).open()
    url, backend, parameters = asked[0]
    assert (url, backend) == ("rtsp://h/live", cv2.CAP_FFMPEG)
    pairs = dict(zip(parameters[::2], parameters[1::2], strict=True))
    assert pairs == {cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: 3000, cv2.CAP_PROP_READ_TIMEOUT_MSEC: 4000}


def test_camera_time_is_the_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 10.5, 12.0])
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: FakeCapture([IMAGE, IMAGE], [0, 0]))
    stream = StreamSource(parse_address("rtsp://h/live"), CameraConfig(), now=lambda: next(clock))
    stream.open()
    assert [stream.read().t for _ in range(2)] == [0.5, 2.0]


def test_a_damaged_picture_is_no_lost_camera(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    capture = FakeCapture([cv2.error("truncated"), None, IMAGE], [0, 0, 0])
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: capture)
    camera = camera_source("0", CameraConfig())
    capture.set = lambda *_: True  # type: ignore[attr-defined]
    camera.open()
    assert camera.read().image.shape == (4, 4, 3)
    caplog.clear()


@pytest.mark.parametrize("source", ["0", "rtsp://user:secret@h/live"])
def test_a_camera_without_pictures_is_lost(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    capture = FakeCapture([], [])
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: capture)
    camera = camera_source(source, CameraConfig())
    camera.open()
    with pytest.raises(CameraError, match="gives no more pictures") as caught:
        camera.read()
    assert "secret" not in str(caught.value)
    camera.close()
    assert capture.released


def test_camera_list_survives_a_system_that_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import cv2_enumerate_cameras

    def fail(backend: int) -> list[object]:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(cv2_enumerate_cameras, "enumerate_cameras", fail)
    assert listing.camera_list() == []
    assert "no such thing" in caplog.text
    caplog.clear()

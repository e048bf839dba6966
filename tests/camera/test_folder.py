"""Folders: pictures in the order of their names; what is damaged or unknown is said."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.camera.folder import FolderSource
from monitor.errors import CameraError

IMAGE = np.zeros((4, 4, 3), np.uint8)


def write_picture(path: Path, grey: int = 100) -> Path:
    assert cv2.imwrite(str(path), np.full((12, 16, 3), grey, np.uint8))
    return path


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


def test_kinds_that_cannot_be_read_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a.HEIC", "b.heic", "c.jxl"):
        (tmp_path / name).write_bytes(b"a picture of its kind")
    folder = FolderSource(tmp_path)
    with pytest.raises(CameraError, match="holds 2 HEIC, 1 JXL and nothing that can be read"):
        folder.open()
    write_picture(tmp_path / "d.webp")
    folder.open()
    assert folder.read() is not None
    assert folder.read() is None
    assert "2 HEIC, 1 JXL cannot be read and were left out" in caplog.text
    caplog.clear()

"""Clips: every frame with its time; what is missing or damaged is said in one line."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from monitor.camera.clip import ClipSource, FrameClock
from monitor.camera.source import Picture
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


def encode(
    path: Path,
    codec: str = "libx264",
    frames: int = 50,
    size_wh: tuple[int, int] = (160, 120),
    options: dict[str, str] | None = None,
    **stream: Any,
) -> Path:
    """A clip whose pictures get brighter by 4 a frame, 20 a second."""
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=20, options=options or {})
        video.width, video.height = size_wh
        video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for name, value in stream.items():
            setattr(video, name, value)
        for i in range(frames):
            image = np.full((size_wh[1], size_wh[0], 3), 20 + 4 * i % 200, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(video.encode())
    return path


def play(path: Path) -> list[Picture]:
    clip = ClipSource(path)
    clip.open()
    try:
        return list(iter(clip.read, None))
    finally:
        clip.close()


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
        ("folder", "is a folder: give a folder of pictures with --images"),
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
    cv2.imwrite(str(tmp_path / "a1.png"), np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(CameraError, match="is not there"):
        ClipSource(tmp_path / "a%d.png").open()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_no_clip(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    with pytest.raises(CameraError, match="is no file but a pipe"):
        ClipSource(tmp_path / "a.mp4").open()


def test_a_list_of_addresses_is_no_clip(tmp_path: Path) -> None:
    path = tmp_path / "a.m3u8"
    path.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(CameraError, match="is not a video that can be read"):
        ClipSource(path).open()


def test_a_picture_is_converted_when_it_is_looked_at(tmp_path: Path) -> None:
    first, second = play(encode(tmp_path / "a.mp4", frames=2))
    for picture in (first, second):
        assert not isinstance(picture.pixels, np.ndarray)
        assert picture.pixels.size_wh == (160, 120)
    assert first.image is first.image
    assert first.image.shape == (120, 160, 3)
    assert not first.image.flags.writeable
    assert abs(int(second.image[60, 80, 0]) - int(first.image[60, 80, 0]) - 4) <= 2


def damage(path: Path, part: slice) -> Path:
    """Overwrite the middle of the pictures' bytes, or cut there."""
    whole = bytearray(path.read_bytes())
    begin, end = (round(len(whole) * x) for x in (part.start, part.stop))
    whole[begin:end] = bytes(end - begin) if part.stop < 1 else b""
    path.write_bytes(whole)
    return path


def noise(path: Path, codec: str = "mjpeg") -> Path:
    """A clip of 40 pictures that need some bytes each."""
    random = np.random.default_rng(3)
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        video = container.add_stream(codec, rate=20)
        video.width, video.height, video.pix_fmt = 160, 120, "yuvj420p"
        for _ in range(40):
            image = random.integers(0, 255, (120, 160, 3), np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(video.encode())
    return path


def test_a_damaged_place_is_passed_over_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pictures = play(damage(noise(tmp_path / "a.mov"), slice(0.4, 0.5)))
    assert 32 <= len(pictures) <= 37
    assert pictures[-1].t == pytest.approx(39 / 20, abs=0.06)
    assert f"{40 - len(pictures)} frames could not be read" in caplog.text
    assert len(caplog.records) == 1
    caplog.clear()


def test_a_clip_that_was_cut_short_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pictures = play(damage(noise(tmp_path / "a.mov"), slice(0.5, 1)))
    assert 15 <= len(pictures) <= 25
    assert f"{40 - len(pictures)} frames could not be read" in caplog.text
    caplog.clear()


def test_a_recording_without_one_picture_is_an_error(tmp_path: Path) -> None:
    path = noise(tmp_path / "a.mov")
    start = path.read_bytes().index(b"mdat") + 4
    path.write_bytes(path.read_bytes()[:start] + bytes(200))
    with pytest.raises(CameraError, match=r"no picture of a\.mov could be read"):
        play(path)


def test_squeezed_pixels_are_made_square(tmp_path: Path) -> None:
    for name, ratio, shape in (
        ("wide.mp4", Fraction(2), (120, 320, 3)),
        ("tall.mp4", Fraction(1, 2), (240, 160, 3)),
        ("lie.mp4", Fraction(60), (120, 160, 3)),
    ):
        path = encode(tmp_path / name, frames=2, sample_aspect_ratio=ratio)
        picture = play(path)[0]
        assert picture.image.shape == shape
        assert picture.pixels.size_wh == (shape[1], shape[0])  # type: ignore[union-attr]


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_rotation_is_applied(tmp_path: Path, degrees: int) -> None:
    upright = np.zeros((120, 160, 3), np.uint8)
    upright[:60, :80] = 200  # upper left
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=20)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        video.set_display_rotation(degrees)
        container.mux(video.encode(av.VideoFrame.from_ndarray(upright, format="bgr24")))
        container.mux(video.encode())
    (picture,) = play(path)
    wanted = np.rot90(upright, degrees // 90)
    assert picture.image.shape == wanted.shape
    assert np.abs(picture.image.astype(int) - wanted).mean() < 5


def test_the_largest_track_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        tracks = []
        for size in ((64, 48), (160, 120), (96, 64)):
            track = container.add_stream("libx264", rate=20)
            track.width, track.height = size
            track.pix_fmt = "yuv420p"
            tracks.append(track)
        for _ in range(5):
            for track in tracks:
                image = np.zeros((track.height, track.width, 3), np.uint8)
                container.mux(track.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        for track in tracks:
            container.mux(track.encode())
    pictures = play(path)
    assert [picture.image.shape for picture in pictures] == [(120, 160, 3)] * 5


@pytest.mark.parametrize(
    ("rate", "stamps", "times"),
    [
        (20, [5.0, 5.05, 5.1, 5.3], [0, 0.05, 0.1, 0.3]),
        (20, [5.0, 5.05, 7205.0, 7205.05], [0, 0.05, 0.1, 0.15]),
        (20, [5.0, 3e11, 5.1, 5.15], [0, 0.05, 0.1, 0.15]),
        (20, [5.0, 5.0, 4.0, 4.05], [0, 0.05, 0.1, 0.15]),
        (20, [None] * 4, [0, 0.05, 0.1, 0.15]),
        (20, [5.0, None, 5.1, 5.15], [0, 0.05, 0.1, 0.15]),
        (1000, [5.0, 5.001, 5.002, 5.003], [0, 0.04, 0.08, 0.12]),
        (1000, [5.0, 5.033, 5.066, 5.1], [0, 0.033, 0.066, 0.1]),
        (None, [5.0, 5.04, 5.12, 5.16], [0, 0.04, 0.12, 0.16]),
        (1 / 5, [0, 5, 10, 15], [0, 5, 10, 15]),
    ],
)
def test_times_go_by_the_rate_where_a_stamp_cannot_be(
    rate: float | None, stamps: list[float | None], times: list[float]
) -> None:
    clock = FrameClock(rate, stamps[0] or 0.0)
    assert [clock.tell(stamp) for stamp in stamps] == pytest.approx(times)


def test_a_clip_that_claims_a_picture_of_gigabytes_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.avi")
    size = (48).to_bytes(2, "big") + (64).to_bytes(2, "big")
    assert path.read_bytes().count(size) >= 10  # in each JPEG
    path.write_bytes(path.read_bytes().replace(size, (30000).to_bytes(2, "big") * 2))
    with pytest.raises(CameraError, match=r"no picture of a\.avi could be read"):
        play(path)


def test_all_pictures_have_the_size_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    sizes = ((160, 120), (320, 240))
    parts = [encode(tmp_path / f"{size[0]}.ts", frames=5, size_wh=size) for size in sizes]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    pictures = play(path)
    assert len(pictures) > 5
    assert {picture.image.shape for picture in pictures} == {(120, 160, 3)}

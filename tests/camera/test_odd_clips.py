"""Clips that are put together otherwise than most: what they show is shown, as FFmpeg's own program
shows it, and what they lack is said.
"""

from __future__ import annotations

import gc
import re
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from monitor.camera.clip import ClipSource
from monitor.errors import CameraError
from monitor.records import Image

SIZE_WH = (320, 240)
X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 5"
NOISE = 6.0  # mean difference of colours: two ways of enlarging planes and pictures
# The matrix of a track's header, its first two columns: x' = ax + cy, y' = bx + dy
MATRICES = {
    "as it is": (1, 0, 0, 1),
    "mirrored": (-1, 0, 0, 1),
    "upside down": (1, 0, 0, -1),
    "half a turn": (-1, 0, 0, -1),
    "a quarter to the right": (0, 1, -1, 0),
    "a quarter to the left": (0, -1, 1, 0),
    "a quarter to the right, mirrored": (0, 1, 1, 0),
    "a quarter to the left, mirrored": (0, -1, -1, 0),
}


def pattern(seconds: float = 1, size_wh: tuple[int, int] = SIZE_WH) -> str:
    width, height = size_wh
    return f"-f lavfi -i testsrc2=size={width}x{height}:rate=20:duration={seconds}"


def make(ffmpeg: str, path: Path, line: str) -> Path:
    """Run FFmpeg into `path`."""
    words = [ffmpeg, "-v", "error", "-y", *line.split(), str(path)]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"this ffmpeg cannot make {path.name}: {done.stderr.strip()[-80:]}")
    return path


def joined(path: Path, *parts: Path) -> Path:
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def decoded(ffmpeg: str, path: Path, track: int = 0) -> list[Image]:
    """What FFmpeg's own program sees, all of the size of the first."""
    line = f"-map 0:v:{track} -fps_mode passthrough -f rawvideo -pix_fmt bgr24 -"
    words = [ffmpeg, "-v", "error", "-i", str(path), *line.split()]
    raw = subprocess.run(words, capture_output=True, check=True).stdout
    width, height = SIZE_WH
    return list(np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3))


def seen(path: Path) -> list[tuple[float, Image]]:
    clip = ClipSource(path)
    clip.open()
    try:
        return [(picture.t, picture.image) for picture in iter(clip.read, None)]
    finally:
        clip.close()


def two_programs(ffmpeg: str, path: Path) -> Path:
    line = f"{pattern(1, (160, 120))} {pattern()} -map 0:v -map 1:v {X264}"
    return make(ffmpeg, path, f"{line} -program title=a:st=0 -program title=b:st=1")


def changing_size(ffmpeg: str, path: Path) -> Path:
    first = make(ffmpeg, path.with_name("1.ts"), f"{pattern()} {X264}")
    second = make(ffmpeg, path.with_name("2.ts"), f"{pattern(1, (640, 480))} {X264}")
    return make(ffmpeg, path, f"-i {joined(path.with_name('3.ts'), first, second)} -c copy")


def edited(ffmpeg: str, path: Path) -> Path:
    """An edit list hides the pictures from the key frame to where the cut is."""
    whole = make(ffmpeg, path.with_name("1.mp4"), f"{pattern()} {X264} -g 50 -bf 2")
    return make(ffmpeg, path, f"-ss 0.5 -i {whole} -c copy")


def below_zero(ffmpeg: str, path: Path) -> Path:
    stamps = "-output_ts_offset -0.5 -avoid_negative_ts disabled"
    return make(ffmpeg, path, f"{pattern()} {X264} -bf 2 {stamps}")


def wrapping(ffmpeg: str, path: Path) -> Path:
    """The 33 bits of a transport stream's time run over in the middle."""
    return make(ffmpeg, path, f"{pattern()} {X264} -output_ts_offset {2**33 / 90000 - 1.9}")


def with_a_cover(ffmpeg: str, path: Path) -> Path:
    """The cover is larger than the video."""
    cover = make(ffmpeg, path.with_name("c.png"), f"{pattern(1, (640, 480))} -frames:v 1")
    line = f"{pattern()} -i {cover} -map 0 -map 1 -c:v:0 libx264 -pix_fmt:v:0 yuv420p"
    return make(ffmpeg, path, f"{line} -c:v:1 png -disposition:v:1 attached_pic")


@pytest.mark.parametrize(
    ("name", "maker", "track", "frames"),
    [
        ("two_programs.ts", two_programs, 1, 20),
        ("changing_size.mkv", changing_size, 0, 40),
        ("edited.mp4", edited, 0, 10),
        ("below_zero.mkv", below_zero, 0, 20),
        ("wrapping.ts", wrapping, 0, 20),
        ("with_a_cover.mp4", with_a_cover, 0, 20),
    ],
)
def test_the_pictures_are_those_of_ffmpeg(
    ffmpeg: str,
    tmp_path: Path,
    name: str,
    maker: Callable[[str, Path], Path],
    track: int,
    frames: int,
) -> None:
    path = maker(ffmpeg, tmp_path / name)
    pictures, wanted = seen(path), decoded(ffmpeg, path, track)
    assert len(pictures) == len(wanted) == frames
    assert [t for t, _ in pictures] == pytest.approx([i / 20 for i in range(frames)], abs=0.011)
    for (_, image), other in zip(pictures, wanted, strict=True):
        assert np.abs(image.astype(int) - other).mean() < NOISE


@pytest.mark.parametrize("way", MATRICES)
def test_a_clip_is_shown_as_its_header_says(tmp_path: Path, way: str) -> None:
    """Telephones note how they were held, and some that the front camera mirrors."""
    upright = np.zeros((120, 160, 3), np.uint8)
    upright[:60, :80], upright[60:, :80] = 220, 110  # left, above and below
    path, matrix = tmp_path / "a.mp4", MATRICES[way]
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=20)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        container.mux(video.encode(av.VideoFrame.from_ndarray(upright, format="bgr24")))
        container.mux(video.encode())
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 40
    a, b, c, d = (value << 16 for value in matrix)
    struct.pack_into(">6i", content, at, a, b, 0, c, d, 0)
    path.write_bytes(content)

    ((_, image),) = seen(path)
    a, b, c, d = matrix
    wanted = np.zeros((160, 120, 3) if b else (120, 160, 3), np.uint8)
    for y, x in ((30, 40), (90, 40)):  # the middles of the two fields, from the picture's own
        across, down = x - 80, y - 60
        right, below = a * across + c * down, b * across + d * down
        y0, x0 = wanted.shape[0] // 2 + below, wanted.shape[1] // 2 + right
        half_y, half_x = (40, 30) if b else (30, 40)
        wanted[y0 - half_y : y0 + half_y, x0 - half_x : x0 + half_x] = upright[y, x]
    assert image.shape == wanted.shape
    assert np.abs(image.astype(int) - wanted).mean() < 5


def test_a_picture_that_was_let_go_of_waits_for_no_garbage_collector(
    ffmpeg: str, tmp_path: Path
) -> None:
    """Of 1080p, those of ten seconds are a gigabyte."""
    clip = ClipSource(make(ffmpeg, tmp_path / "a.mp4", f"{pattern(2)} {X264}"))

    def held() -> int:
        return sum(isinstance(one, av.VideoFrame) for one in gc.get_objects())

    gc.collect()
    before = held()
    gc.disable()
    try:
        clip.open()
        assert sum(1 for _ in iter(clip.read, None)) == 40
        assert held() - before <= 2  # that of the first look at how it is to be turned
    finally:
        gc.enable()
        clip.close()


@pytest.mark.parametrize("name", ["song.mp3", "song.m4a"])
def test_a_cover_is_no_recording(ffmpeg: str, tmp_path: Path, name: str) -> None:
    cover = make(ffmpeg, tmp_path / "c.png", f"{pattern()} -frames:v 1")
    line = f"-f lavfi -i sine=duration=1 -i {cover} -map 0 -map 1 -c:v png"
    kind = " -f mp4" if name.endswith("m4a") else ""
    path = make(ffmpeg, tmp_path / name, f"{line} -disposition:v attached_pic{kind}")
    with pytest.raises(CameraError, match="holds no pictures but a cover: give another file"):
        seen(path)


def test_a_recording_into_a_pipe_lacks_nothing(
    ffmpeg: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its header was never finished: it claims 2 to the 30 frames."""
    words = [ffmpeg, "-v", "error", *pattern().split(), *["-c:v", "mpeg4", "-f", "avi", "-"]]
    path = tmp_path / "a.avi"
    path.write_bytes(subprocess.run(words, capture_output=True, check=True).stdout)
    clip = ClipSource(path)
    clip.open()
    assert clip.length_s is None
    clip.close()
    assert len(seen(path)) == 20
    assert caplog.text == ""


def test_a_hole_in_a_transport_stream_is_said(
    ffmpeg: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its decoder passes it over in silence."""
    path = make(ffmpeg, tmp_path / "a.ts", f"{pattern()} {X264}")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 9000] = bytes(9000)
    path.write_bytes(content)
    assert 10 < len(seen(path)) < 20
    assert re.search(r"a\.ts: (some|\d+) frames could not be read", caplog.text)
    assert len(caplog.records) == 1
    caplog.clear()


@pytest.mark.parametrize("first", ["h264", "mpeg2"])
def test_a_part_in_another_codec_is_said(
    ffmpeg: str, tmp_path: Path, first: str, caplog: pytest.LogCaptureFixture
) -> None:
    parts = [
        make(ffmpeg, tmp_path / "h264.ts", f"{pattern(5)} {X264}"),
        make(ffmpeg, tmp_path / "mpeg2.ts", f"{pattern(5)} -c:v mpeg2video -r 25"),
    ]
    parts.sort(key=lambda part: part.stem != first)
    assert len(seen(joined(tmp_path / "a.ts", *parts))) < 200
    assert "frames could not be read" in caplog.text
    caplog.clear()

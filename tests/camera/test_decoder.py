"""Clips of many kinds, made by FFmpeg: the pictures are those of FFmpeg's own decoder."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from monitor.camera.clip import ClipSource
from monitor.errors import CameraError
from monitor.records import Image

SIZE = "320x240"
PATTERN = f"testsrc2=size={SIZE}:rate=20:duration=0.6"
FRAMES = 12
NOISE = 6.0  # mean difference of colours: two ways of enlarging the colour planes


@dataclass(frozen=True)
class Kind:
    """A file: its name, and what FFmpeg is told to make it."""

    name: str
    options: str
    source: str = PATTERN


TO_709 = "-vf scale=out_color_matrix=bt709"
EACH_THIRD = r"select=not(eq(mod(n\,3)\,1)),format=yuv420p"
TEN_BIT = "-pix_fmt yuv420p10le"
X265 = "-c:v libx265 -preset ultrafast -x265-params log-level=none"
X264 = "-c:v libx264 -preset ultrafast"
VP8 = "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 2M"
KINDS = [
    Kind("h264.mp4", f"{X264} -pix_fmt yuv420p"),
    Kind("h264_bframes.mkv", "-c:v libx264 -preset fast -bf 3 -pix_fmt yuv420p"),
    Kind("h264.mov", f"{X264} -pix_fmt yuv420p"),
    Kind("h264.ts", f"{X264} -pix_fmt yuv420p"),
    Kind("h264.flv", f"{X264} -pix_fmt yuv420p"),
    Kind("h264.m4v", f"{X264} -pix_fmt yuv420p"),
    Kind("h264.3gp", f"{X264} -pix_fmt yuv420p"),
    Kind("h264_raw.h264", f"{X264} -pix_fmt yuv420p"),
    Kind("h264_422.mkv", f"{X264} -pix_fmt yuv422p"),
    Kind("h264_444.mkv", f"{X264} -pix_fmt yuv444p"),
    Kind("h264_10bit.mkv", f"{X264} -pix_fmt yuv420p10le"),
    Kind("h264_full.mp4", f"{X264} -pix_fmt yuvj420p"),
    Kind("h264_grey.mp4", f"{X264} -pix_fmt gray"),
    Kind("h264_709.mp4", f"{X264} -colorspace bt709 {TO_709},format=yuv420p"),
    Kind("h264_interlaced.mts", "-c:v libx264 -flags +ilme+ildct -x264opts tff=1 -pix_fmt yuv420p"),
    Kind("hevc.mp4", X265),
    Kind("hevc_10bit.mkv", f"{X265} {TEN_BIT}"),
    Kind("mpeg1.mpg", "-c:v mpeg1video -r 25 -qscale 2"),
    Kind("mpeg2.mpg", "-c:v mpeg2video -r 25 -qscale 2"),
    Kind("mpeg2_interlaced.mpg", "-c:v mpeg2video -r 25 -flags +ilme+ildct -qscale 2"),
    Kind("mpeg4.avi", "-c:v mpeg4 -qscale 2"),
    Kind("mpeg4.mp4", "-c:v mpeg4 -qscale 2"),
    Kind("msmpeg4.avi", "-c:v msmpeg4v2 -qscale 2"),
    Kind("wmv2.wmv", "-c:v wmv2 -qscale 2"),
    Kind("mjpeg.avi", "-c:v mjpeg -qscale 2 -pix_fmt yuvj422p"),
    Kind("mjpeg.mov", "-c:v mjpeg -qscale 2 -pix_fmt yuvj420p"),
    Kind("vp8.webm", VP8),
    Kind("vp9.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 2M"),
    Kind("av1.mkv", "-c:v libsvtav1 -preset 12"),
    Kind("prores.mov", "-c:v prores_ks -profile:v 1"),
    Kind("dnxhd.mov", "-c:v dnxhd -profile:v dnxhr_sq -pix_fmt yuv422p"),
    Kind("ffv1.mkv", "-c:v ffv1"),
    Kind("raw.avi", "-c:v rawvideo -pix_fmt bgr24"),
    Kind("huffyuv.avi", "-c:v huffyuv"),
    Kind("png.mov", "-c:v png -pix_fmt rgb24"),
    Kind("theora.ogv", "-c:v libtheora -qscale 8"),
    Kind("flash.flv", "-c:v flv -qscale 2"),
    Kind("animated.gif", "-vf format=rgb8"),
    Kind("odd_size.mkv", f"{X264} -pix_fmt yuv444p", "testsrc2=size=321x241:rate=20:duration=0.6"),
    Kind("variable_rate.mkv", f"{X264} -vf {EACH_THIRD} -vsync vfr"),
    Kind("fast.mp4", f"{X264} -pix_fmt yuv420p", "testsrc2=size=320x240:rate=120:duration=0.1"),
    Kind("slow.mp4", f"{X264} -pix_fmt yuv420p", "testsrc2=size=320x240:rate=1/2:duration=24"),
    Kind("with_sound.mp4", f"-f lavfi -i sine=duration=0.6 {X264} -pix_fmt yuv420p -c:a aac"),
    Kind("h264_fragments.mp4", f"{X264} -pix_fmt yuv420p -movflags frag_keyframe+empty_moov"),
    Kind("h264.nut", f"{X264} -pix_fmt yuv420p"),
    Kind("h264_422_10bit.mp4", f"{X264} -pix_fmt yuv422p10le"),
    Kind("h264_rgb.mkv", "-c:v libx264rgb -preset ultrafast"),
    Kind("hevc_444_12bit.mkv", f"{X265} -pix_fmt yuv444p12le"),
    Kind("hevc_422_10bit.mov", f"{X265} -pix_fmt yuv422p10le -tag:v hvc1"),
    Kind("hevc_2020.mp4", f"{X265}:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc "
                          f"-vf scale=out_color_matrix=bt2020 {TEN_BIT}"),
    Kind("vp8_alpha.webm", f"{VP8} -pix_fmt yuva420p -auto-alt-ref 0"),
    Kind("vp9_10bit.webm", f"-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 2M {TEN_BIT}"),
    Kind("av1_10bit.mp4", f"-c:v libsvtav1 -preset 12 {TEN_BIT}"),
    Kind("av1.ivf", "-c:v libsvtav1 -preset 12"),
    Kind("prores_4444.mov", "-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le"),
    Kind("cineform.mov", "-c:v cfhd"),
    Kind("animation_alpha.mov", "-c:v qtrle -pix_fmt argb"),
    Kind("jpeg2000.mov", "-c:v jpeg2000"),
    Kind("grey_16bit.mkv", "-c:v ffv1 -pix_fmt gray16le"),
    Kind("mpeg2.mxf", "-c:v mpeg2video -r 25 -qscale 2"),
    Kind("mpeg2.vob", "-c:v mpeg2video -r 25 -qscale 2"),
    Kind("mpeg2.wtv", "-c:v mpeg2video -r 25 -qscale 2"),
    Kind("wmv1.asf", "-c:v wmv1 -qscale 2"),
    Kind("real.rm", "-c:v rv20 -s 352x288 -qscale 2"),
    Kind("flash.swf", "-c:v flv -qscale 2"),
    Kind("animated.apng", "-c:v apng"),
    Kind("palette.avi", "-c:v rawvideo -pix_fmt pal8"),
    Kind("raw.y4m", "-pix_fmt yuv420p"),
    Kind("dv.avi", "-c:v dvvideo -s 720x576 -r 25 -pix_fmt yuv420p"),
]  # fmt: skip


def make(ffmpeg: str, folder: Path, kind: Kind) -> Path:
    path = folder / kind.name
    line = f"{ffmpeg} -v error -y -f lavfi -i".split()
    done = subprocess.run(
        [*line, kind.source, *kind.options.split(), str(path)],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip(f"this ffmpeg cannot make {kind.name}: {done.stderr.strip()[-80:]}")
    return path


def decoded(ffmpeg: str, path: Path, size_wh: tuple[int, int]) -> list[Image]:
    """What FFmpeg's own program sees."""
    line = (
        f"{ffmpeg} -v error -i {path} -map 0:v:0 -fps_mode passthrough -f rawvideo -pix_fmt bgr24 -"
    )
    raw = subprocess.run(line.split(), capture_output=True, check=True).stdout
    width, height = size_wh
    return list(np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_pictures_are_those_of_ffmpeg(ffmpeg: str, tmp_path: Path, kind: Kind) -> None:
    path = make(ffmpeg, tmp_path, kind)
    clip = ClipSource(path)
    clip.open()
    pictures = list(iter(clip.read, None))
    clip.close()
    height, width = pictures[0].image.shape[:2]
    # DV has squeezed pixels, which are made square; FFmpeg leaves them
    coded_wh = (720, 576) if kind.name == "dv.avi" else (width, height)
    wanted = decoded(ffmpeg, path, coded_wh)
    assert len(pictures) == len(wanted) > 3
    times = [picture.t for picture in pictures]
    assert all(after > before for before, after in itertools.pairwise(times))
    if coded_wh == (width, height):
        for picture, frame in zip(pictures, wanted, strict=True):
            assert np.abs(picture.image.astype(int) - frame).mean() < NOISE


@pytest.mark.parametrize(
    "name", ["h264.mp4", "hevc.mp4", "vp9.webm", "mpeg2.mpg", "mjpeg.avi", "h264.ts"]
)
@pytest.mark.parametrize("cut", [0.5, 0.02])
def test_what_was_cut_short_is_no_fault(
    ffmpeg: str, tmp_path: Path, name: str, cut: float, caplog: pytest.LogCaptureFixture
) -> None:
    kind = next(kind for kind in KINDS if kind.name == name)
    path = make(ffmpeg, tmp_path, kind)
    path.write_bytes(path.read_bytes()[: round(path.stat().st_size * cut)])
    clip = ClipSource(path)
    try:
        clip.open()
        pictures = list(iter(clip.read, None))
    except CameraError as error:
        said = str(error)
    else:
        said = caplog.text.strip()
        assert 0 < len(pictures) <= FRAMES * 2
    clip.close()
    assert "\n" not in said
    caplog.clear()


LOOKED_AT_BY_FOUR = """
import threading
import av, numpy as np
from monitor.camera.decoder import Converter, DecodedImage

rng, converter = np.random.default_rng(0), Converter()

def decoded(index):
    height, width = ((480, 640), (240, 320))[index % 2]
    noise = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    frame = av.VideoFrame.from_ndarray(noise, format="bgr24")
    frame = frame.reformat(format=("yuv420p", "yuvj422p", "gray")[index % 3])
    return DecodedImage(frame, converter, (width, height), (False, False, False))

for _ in range(5):
    images = [decoded(index) for index in range(60)]
    begin = threading.Barrier(4)
    def look(place):
        begin.wait()
        for image in images[place::4]:
            image.image
    threads = [threading.Thread(target=look, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_a_camera_that_changes_its_pictures_is_looked_at_by_several_threads() -> None:
    # in a process of its own: what goes wrong here ends it
    done = subprocess.run(
        [sys.executable, "-c", LOOKED_AT_BY_FOUR], capture_output=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")

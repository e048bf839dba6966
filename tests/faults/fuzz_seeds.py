"""Whole pictures and clips, of which the fuzzer makes broken ones."""

from __future__ import annotations

import io

import av
import cv2
import numpy as np

CLIPS = (  # container, codec, pixels
    ("mp4", "libx264", "yuv420p"),
    ("avi", "mjpeg", "yuvj420p"),
    ("matroska", "mpeg4", "yuv420p"),
    ("gif", "gif", "rgb8"),
    ("mpegts", "libx264", "yuv420p"),
    ("mpeg", "mpeg2video", "yuv420p"),
    ("webm", "libvpx-vp9", "yuv420p"),
    ("mov", "png", "rgba"),
    ("flv", "flv", "yuv420p"),
    ("asf", "wmv2", "yuv420p"),
    ("mp4", "libx265", "yuv420p10le"),
    ("matroska", "ffv1", "gray16le"),
)


def clip_seeds() -> list[bytes]:
    """Short clips of several containers and codecs; those of MP4 are turned and mirrored."""
    seeds = []
    for container, codec, pixels in CLIPS:
        content = io.BytesIO()
        with av.open(content, "w", container) as out:
            stream = out.add_stream(codec, rate=25)
            stream.width, stream.height = 64, 48
            stream.pix_fmt = pixels
            if container == "mp4":
                stream.set_display_rotation(90, hflip=True)
            if codec == "libx265":
                stream.options = {"x265-params": "log-level=none", "preset": "ultrafast"}
            for shade in range(0, 200, 40):
                picture = np.full((48, 64, 3), shade, np.uint8)
                picture[10:30, 20 + shade // 10 : 40] = 255 - shade
                out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
            out.mux(stream.encode())
        seeds.append(content.getvalue())
    return seeds


def picture_seeds() -> list[bytes]:
    """Small pictures of each format and kind that the program reads."""
    random_ = np.random.default_rng(3)
    colour = cv2.resize(random_.integers(0, 256, (6, 8, 3), np.uint8), (48, 36))
    grey, alpha = colour[:, :, 0], np.dstack([colour, colour[:, :, :1]])
    deep = colour.astype(np.uint16) * 257
    kinds = [
        *(
            (".jpg", colour, []),
            (".jpg", grey, []),
            (".jpg", colour, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
        ),
        *(
            (".jpg", colour, [cv2.IMWRITE_JPEG_RST_INTERVAL, 2]),
            (".png", colour, []),
            (".png", grey, []),
        ),
        *((".png", alpha, []), (".png", deep, []), (".png", grey, [cv2.IMWRITE_PNG_BILEVEL, 1])),
        *(
            (".bmp", colour, []),
            (".bmp", grey, []),
            (".tiff", colour, []),
            (".tiff", deep, []),
            (".tiff", grey, []),
        ),
        *(
            (".tiff", colour, [cv2.IMWRITE_TIFF_COMPRESSION, 1]),
            (".tiff", colour, [cv2.IMWRITE_TIFF_COMPRESSION, 5]),
        ),
    ]
    return [cv2.imencode(ending, image, options)[1].tobytes() for ending, image, options in kinds]

"""Whether a picture file holds what it claims: OpenCV takes memory for what a header says, and
fills what is missing of a JPEG with grey, which would be judged.
"""

from __future__ import annotations

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_STRICT = {"err_detect": "crccheck+bitstream+buffer+explode", "threads": "1"}


def overstates(data: bytes, pixels_max: int) -> bool:
    """Whether a file claims what it cannot hold, or may not: asked before it is decoded.

    A chunk of a PNG may claim up to 4 GB. JPEG 2000 has a limit of its own, beyond ours.
    """
    if data.startswith(PNG):
        return _png_overstates(data)
    size_at = data.find(b"ihdr", 0, 4096)  # JPEG 2000
    if size_at < 0:
        return False
    height, width = (int.from_bytes(data[size_at + at : size_at + at + 4], "big") for at in (4, 8))
    return width * height > pixels_max


def _png_overstates(png: bytes) -> bool:
    at = len(PNG)
    while at + 8 <= len(png) and png[at + 4 : at + 8] != b"IEND":
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return at > len(png)


def damaged(data: bytes, pixels_max: int) -> bool:
    """Whether a part of a JPEG is missing or broken: asked after it was decoded, of a second
    decoder that stops where it finds an error. OpenCV refuses other formats by itself, as far as
    they can tell.
    """
    if not data.startswith(JPEG):
        return False
    import av
    import av.error

    decoder = av.codec.CodecContext.create("mjpeg", "r")
    decoder.options = _STRICT | {"max_pixels": str(pixels_max)}
    try:
        decoder.decode(av.Packet(data))
        decoder.decode(None)
    except av.error.InvalidDataError:
        return True
    except av.error.FFmpegError:  # a kind of JPEG that it does not know tells nothing
        return False
    return False

"""A picture out of a request: its bytes within their bounds, its kind, its size, then its pixels.

Pillow reads the head of a file alone: kind, size and frames are known, and refused, before OpenCV
decodes a pixel by the same path as `--images`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import json
import logging
import warnings
from collections.abc import AsyncGenerator
from typing import Any

from PIL import Image as Pillow
from PIL import UnidentifiedImageError
from starlette.datastructures import UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from monitor.camera.pictures import decode_picture
from monitor.records import Image
from monitor.web.options import Limits
from monitor.web.problems import Problem

KINDS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")  # as Pillow names them; OpenCV reads them all
TYPES = ("image/jpeg", "image/png", "image/webp", "image/bmp", "image/tiff")
BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"RIFF", b"BM", b"II*\0", b"MM\0*")
FIELD = "picture"
DAMAGED = "the picture is damaged or cut off: save it anew"
HEAD_BYTES = 16 * 1024  # round a picture: a form's heads, a JSON object's names

log = logging.getLogger(__name__)
# our own bound is below Pillow's, and has its own answer
warnings.filterwarnings("ignore", category=Pillow.DecompressionBombWarning)
logging.getLogger("PIL").setLevel(logging.WARNING)


class _InMemoryParser(MultiPartParser):
    spool_max_size = 2**31  # no picture goes to a disk; the body is bounded before


async def picture_bytes(request: Request, limits: Limits) -> bytes:
    """The picture's file out of a form, a JSON object or the plain body.

    Raises:
        Problem: 400, 408, 413, 415 or 422.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in ("multipart/form-data", "application/json", *TYPES):
        raise Problem(
            415,
            "unknown_type",
            "send the picture as multipart/form-data, as application/json, or as the body itself "
            f"with its own type ({', '.join(TYPES)})",
        )
    inflated = 4 / 3 if kind == "application/json" else 1
    body_max = int(limits.bytes_max * inflated) + (0 if kind in TYPES else HEAD_BYTES)
    body = await read_body(request, body_max, limits)
    if kind == "multipart/form-data":
        data = await _of_form(request, body)
    elif kind == "application/json":
        data = _of_json(body)
    else:
        data = body
    if len(data) > limits.bytes_max:
        raise _too_large(limits.bytes_max)
    if not data:
        raise Problem(422, "no_picture", "the picture is empty: send the bytes of an image file")
    return data


async def read_body(request: Request, body_max: int, limits: Limits) -> bytes:
    """The whole body of a request.

    Raises:
        Problem: 413 if it is larger, 408 if it does not come, 400 if the client has gone.
    """
    claimed = request.headers.get("content-length", "")
    if claimed.isdecimal() and int(claimed) > body_max:
        raise _too_large(body_max)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_s):
            async for part in request.stream():
                body += part
                if len(body) > body_max:
                    raise _too_large(body_max)
    except TimeoutError:
        raise Problem(
            408, "too_slow", f"the request was not there whole after {limits.body_s:.0f} s"
        ) from None
    except ClientDisconnect:
        raise Problem(400, "cut_off", "the request was cut off") from None
    return bytes(body)


async def form_fields(request: Request, body: bytes, files_max: int) -> dict[str, list[Any]]:
    """The fields of a form by name: texts, and the bytes of files.

    Raises:
        Problem: 422 if it is no form.
    """

    async def whole() -> AsyncGenerator[bytes, None]:
        yield body

    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        found = await FormParser(request.headers, whole(), max_fields=20).parse()
        return {name: found.getlist(name) for name in found}
    try:
        parser = _InMemoryParser(
            request.headers, whole(), max_files=files_max, max_fields=20, max_part_size=len(body)
        )
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError, LookupError) as error:
        log.debug("a form could not be read: %r", error)
        raise Problem(
            422, "bad_form", "the form cannot be read: send multipart/form-data with its boundary"
        ) from None
    fields: dict[str, list[Any]] = {}
    for name, value in form.multi_items():
        content = await value.read() if isinstance(value, UploadFile) else value
        fields.setdefault(name, []).append(content)
    await form.close()
    return fields


async def _of_form(request: Request, body: bytes) -> bytes:
    pictures = (await form_fields(request, body, files_max=2)).get(FIELD, [])
    if len(pictures) != 1 or not isinstance(pictures[0], bytes):
        raise Problem(422, "no_picture", f"the form needs exactly one file in the field {FIELD!r}")
    return pictures[0]


def _of_json(body: bytes) -> bytes:
    try:
        found = json.loads(body)
        if not isinstance(found, dict) or set(found) != {FIELD}:
            raise ValueError
        text = found[FIELD]
        if not isinstance(text, str):
            raise ValueError
        return base64.b64decode(text, validate=True)
    except (ValueError, RecursionError, binascii.Error):
        raise Problem(
            422, "bad_json", f'send {{"{FIELD}": "…"}} with the picture\'s bytes in base64'
        ) from None


def decode(data: bytes, limits: Limits) -> Image:
    """The picture of a file's bytes, upright by its EXIF. Any thread; takes a while.

    Returns:
        (H, W, 3) uint8 BGR.

    Raises:
        Problem: 415 or 422.
    """
    width, height, frames = _head(data)
    if width * height > limits.pixels_max:
        raise Problem(
            422,
            "too_many_pixels",
            f"the picture has {width} x {height} pixels, {limits.pixels_max:,} are allowed: send "
            f"a smaller one",
        )
    if frames > limits.frames_max:
        raise Problem(
            422,
            "too_many_frames",
            f"the file holds more than {limits.frames_max} frame: send them one by one",
        )
    image = decode_picture(data)
    if image is None:
        raise Problem(422, "damaged", DAMAGED)
    if image.shape[0] * image.shape[1] > limits.pixels_max:  # not what its head says
        raise Problem(422, "too_many_pixels", "the picture has more pixels than are allowed")
    return image


def _head(data: bytes) -> tuple[int, int, int]:
    """Width, height and frames, by the file's head."""
    try:
        with Pillow.open(io.BytesIO(data), formats=KINDS) as head:
            width, height = head.size
            return width, height, int(getattr(head, "n_frames", 1))
    except Pillow.DecompressionBombError:
        raise Problem(
            422, "too_many_pixels", "the picture has more pixels than are allowed: send a smaller"
        ) from None
    except UnidentifiedImageError:
        if data.startswith(BEGINNINGS):
            raise Problem(422, "damaged", DAMAGED) from None
        raise Problem(
            415,
            "unknown_type",
            "this is no picture of a known kind: send JPEG, PNG, WebP, BMP or TIFF",
        ) from None
    except Exception as error:  # a damaged head: Pillow raises whatever its parts raise
        log.debug("a picture's head cannot be read: %r", type(error))
        raise Problem(422, "damaged", DAMAGED) from None


def _too_large(bytes_max: int) -> Problem:
    return Problem(
        413,
        "too_large",
        f"more than {bytes_max:,} bytes: send a smaller or a better packed picture",
    )

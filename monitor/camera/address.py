"""What a camera is known by: the number of a USB camera, or the address of a stream.

An address is read once, here. It may hold a password in places that nobody thought of, so its name
is built from what is known to be harmless, and all else is left out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from monitor.declared import sources
from monitor.errors import CameraError, NoAddressError

HIDDEN = "…"
USB = "usb"  # the kind of camera that a number means
_NUMBER = re.compile(r"[0-9]{1,3}", re.ASCII)
_HOST = re.compile(r"([\w-]+(?:\.[\w-]+)*\.?|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?")
# a word of a path: letters with few digits, or a number; a token or a key is none
_WORD = re.compile(r"[A-Za-z]{0,20}\d{0,4}(?:[A-Za-z]{1,20}\d{0,3})?", re.ASCII)
_SECRET = re.compile(r"us(e)?r|login|pass|pwd|pw$|tok|key|auth|secret|cred|sess|sign|sig$", re.I)
# which of a device's pictures is meant
_CHOOSES = (
    *("channel", "subtype", "stream", "ch", "chn", "cam", "camera", "channelid", "streamid"),
    *("streamtype", "substream", "profile", "track", "input", "video", "res", "resolution"),
)
_CHOICE = re.compile(rf"(?<![a-z])({'|'.join(_CHOOSES)})=(\d{{1,4}}|main|sub)(?![^&_.;/?#])", re.I)
_LOGIN = re.compile(r"(\w+://)([^/?#@:]+):[^/?#@]+@(.*)")
_PLAIN_TEXT = re.compile(r"[\w .-]{1,60}")


@dataclass(frozen=True, slots=True)
class Address:
    """A camera. Two with the same `url` are the same camera."""

    url: str = field(repr=False)  # what opens it: a number, or a URL that may hold a password
    kind: str = field(compare=False)  # the file in `monitor/camera/` that opens it
    name: str = field(compare=False)  # for screens, logs and files; without secrets

    @property
    def plain(self) -> bool:
        """Whether the name says all: the address holds nothing that has to be kept secret."""
        return self.kind == USB or self.url == self.name

    @property
    def user(self) -> str:
        """Who is named, where a password is all else that the name leaves out; "" where not."""
        found = _LOGIN.fullmatch(self.url)
        if found is None or f"{found[1]}{found[3]}" != self.name:
            return ""
        return unquote(found[2])

    @property
    def key(self) -> str:
        """What tells cameras apart without telling the address: the same for every user of one."""
        place = re.sub(r"://[^/?#@]*@", "://", self.url, count=1)
        return hashlib.sha256(place.encode()).hexdigest()


def told_apart(name: str, others: Collection[str]) -> str:
    """A name for one more camera, where the addresses differ in what may not be shown."""
    names = (name, *(f"{name} ({number})" for number in range(2, len(others) + 2)))
    return next(free for free in names if free not in others)


def addresses(text: str) -> list[str]:
    """The cameras of a setting, where several are separated by spaces."""
    return text.split()


def parse_address(text: str) -> Address:
    """
    Raises:
        NoAddressError: If `text` is neither a camera's number nor the address of a stream.
        CameraError: If the address is not valid. No sentence shows a part of `text` that may be
            secret.
    """
    if _NUMBER.fullmatch(text):
        return Address(str(int(text)), USB, f"camera {int(text)}")
    scheme, colon, rest = text.partition("://")
    kind = _kind(scheme.lower()) if colon else None
    if kind is None:
        raise NoAddressError(_no_camera(text))
    scheme = scheme.lower()  # FFmpeg knows no HTTP://
    shown = f"{scheme}://{HIDDEN}"
    if not text.isprintable() or " " in text or not _is_utf8(text):
        raise CameraError(
            f"{shown} holds a space or a sign that is no text: write it as %20 in an address"
        )
    user, host, tail = _parts(rest, shown)
    found = _HOST.fullmatch(host)
    if found is None or int(found[2] or 0) > 65535:
        raise CameraError(f"{shown} is no valid address: write it like {scheme}://host/stream")
    return Address(f"{scheme}://{user}{host}{tail}", kind, f"{scheme}://{host}{_harmless(tail)}")


def _kind(scheme: str) -> str | None:
    return next((name for name, info in sources().items() if scheme in (info.schemes or ())), None)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes of a command line that are no UTF-8
        return False
    return True


def _no_camera(text: str) -> str:
    # what looks like a name may be shown; an address without a scheme may hold a password
    harmless = _PLAIN_TEXT.fullmatch(text) is not None and _is_utf8(text)
    if not harmless and "://" in text and "@" not in text:
        scheme, _, rest = text.partition("://")
        harmless = bool(_PLAIN_TEXT.fullmatch(scheme) and _HOST.fullmatch(rest))
    shown = repr(text) if harmless else "what was given as a camera"
    hint = "an address begins with one of these; `main.py cameras` lists the numbers"
    if not harmless:
        hint = "an address begins with rtsp:// or http://, two slashes and all"
    if Path(text).suffix.lower() in (".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v", ".gif"):
        hint = "give a recorded file with --video"
    return f"{shown} is neither a camera's number nor a stream (rtsp://…, http://…): {hint}"


def _parts(rest: str, shown: str) -> tuple[str, str, str]:
    """User and password with their @, host and port, and what follows.

    A password with / ? or # in it ends the host for every program that reads the address. Where it
    is clear that it is one (the "port" before it is no number), it is written as it should have
    been; where it is not, the address is refused rather than half of it shown.
    """
    end = re.search(r"[/?#]|$", rest)
    assert end is not None
    host, tail = rest[: end.start()], rest[end.start() :]
    user = ""
    if "@" in tail:
        before, _, port = host.partition(":")
        if "@" in host or not before or not port or port.isdigit():
            raise CameraError(
                f"{shown} has an @ behind a / ? or #: write these signs as %40, %2F, %3F and %23 "
                f"in a password or a path"
            )
        user, _, rest = rest.rpartition("@")
        return _parts(f"{_quoted(user)}@{rest}", shown)
    if "@" in host:
        user, _, host = host.rpartition("@")
        user = _quoted(user) + "@"
    return user, host, tail


def _quoted(user: str) -> str:
    name, colon, password = user.partition(":")
    return quote(unquote(name), safe="") + colon + quote(unquote(password), safe="")


def _harmless(tail: str) -> str:
    """A path and a query as they may be shown."""
    path, _, query = tail.partition("#")[0].partition("?")
    shown: list[str] = []
    for segment in path.split("/")[1:]:
        if _SECRET.search(segment) or (shown and shown[-1].startswith(HIDDEN)):
            # what follows may be the value of what is named here
            shown.append(HIDDEN + _choices(segment))
        else:
            words = re.split(r"[._-]", segment)
            plain = len(segment) <= 40 and all(map(_WORD.fullmatch, words))
            shown.append(segment if plain else HIDDEN + _choices(segment))
    choices = _choices(query)
    return "".join("/" + segment for segment in shown) + (f"?{choices}" if choices else "")


def _choices(text: str) -> str:
    """The parts of a query that say which picture is meant, and nothing else."""
    return "&".join(f"{key}={value}" for key, value in _CHOICE.findall(text))

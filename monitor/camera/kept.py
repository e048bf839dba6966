"""The cameras that the user has set up: a record each, in a file of the user's data folder.

Addresses may be secrets. The file has what of them may be shown; a whole address that says more is
in the system's keyring, or else it is asked for again at each start.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.camera import passwords
from monitor.camera.address import USB, Address, parse_address, told_apart
from monitor.camera.source import FrameSource, camera_source
from monitor.camera.turn import Turn
from monitor.config import ROTATIONS, CameraConfig
from monitor.data_folder import data_folder
from monitor.errors import CameraError, StoreError
from monitor.files import read_file, within, write_whole

FILE_BYTES_MAX = 2**20
ANSWER_S = 3.0
NAME_MAX = 60  # letters


@dataclass(frozen=True, slots=True)
class KeptCamera:
    """A camera that the user has set up."""

    camera_id: str  # stays, whatever else is changed
    shown: str  # its number, or its address without what may be secret
    secret: bool = False  # the address says more than is shown
    name: str = ""  # as the user calls it; empty: by its address
    turn: Turn | None = None  # None: as the settings say
    on: bool = True  # watched at the start
    user: str = ""  # who logs in, where the password alone is kept apart; "" where more is

    @property
    def title(self) -> str:
        """What it is called on the screen, in the store and in files."""
        return self.name or _title(self.shown)


class KeptCameras:
    """The list in its order. Main thread, which waits for the disk for `ANSWER_S` at most; `unlock`
    may be called by another one.

    Each change reads the file first: another window may have changed it.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.fault = ""  # why the list cannot be read or written, in one line
        self._addresses: dict[str, str] = {}  # whole, by camera
        self.cameras: tuple[KeptCamera, ...] = ()
        self.set_up = False  # the user has had a camera once
        try:
            self._path: Path | None = path or data_folder() / "cameras.json"
        except StoreError as error:
            self._path, self.fault = None, str(error)
        self._read()

    def unlock(self) -> None:
        """Fetch the addresses that are in the keyring. Any thread; it may take a while."""
        for camera in self.cameras:
            if camera.on and self.address(camera) is None:
                address = passwords.read(camera.camera_id)
                if address is not None:
                    self._addresses[camera.camera_id] = address

    def address(self, camera: KeptCamera) -> str | None:
        """What opens a camera; None while its password is not known."""
        known = self._addresses.get(camera.camera_id)
        return known if known is not None or camera.secret else camera.shown

    @property
    def locked(self) -> tuple[KeptCamera, ...]:
        """Those that are on and need a password."""
        return tuple(c for c in self.cameras if c.on and self.address(c) is None)

    def get(self, camera_id: str) -> KeptCamera | None:
        return next((c for c in self.cameras if c.camera_id == camera_id), None)

    def known(self, address: Address) -> KeptCamera | None:
        """The camera of an address, if it is in the list. One whose password is not known is
        taken for it where no other looks the same.
        """
        locked = []
        for camera in (c for c in self.cameras if c.shown == _shown(address)):
            whole = self.address(camera)
            if whole is None:
                locked.append(camera)
            elif parse_address(whole).key == address.key:
                return camera
        return locked[0] if len(locked) == 1 else None

    def source(self, camera: KeptCamera, config: CameraConfig) -> FrameSource:
        """Its source, not opened.

        Raises:
            CameraError: If its password is not known, or the file was written by hand.
        """
        address = self.address(camera)
        if address is None:
            raise CameraError(f"{camera.title} needs its password: enter it")
        return _as_kept(camera_source(address, config), camera)

    def sources(self, config: CameraConfig) -> tuple[tuple[FrameSource, ...], str]:
        """The sources of all that are on and not locked; and what is wrong with others."""
        sources, wrong = [], [self.fault] if self.fault else []
        names: list[str] = []
        for camera in self.cameras:
            if not camera.on or self.address(camera) is None:
                continue
            try:
                source = self.source(camera, config)
            except CameraError as error:
                wrong.append(str(error))
                continue
            source.name = told_apart(source.name, names)
            names.append(source.name)
            sources.append(source)
        return tuple(sources), "; ".join(wrong)

    def unattended(self, config: CameraConfig) -> tuple[tuple[FrameSource, ...], str]:
        """The sources of those that are on, for a run in which nobody can be asked; and what is
        wrong with others. The keyring is asked.

        Raises:
            CameraError: If none of them can be watched.
        """
        self.unlock()
        sources, wrong = self.sources(config)
        told = [wrong] if wrong else []
        told += [
            f"{camera.title} needs its password: enter it in the window, or give the whole "
            f"address with --camera"
            for camera in self.locked
        ]
        if not sources:
            raise CameraError(
                "; ".join(told)
                or "all cameras are switched off: switch one on in the window "
                "(File > Cameras…), or name one with --camera"
            )
        return sources, "; ".join(told)

    def named(self, text: str, config: CameraConfig) -> FrameSource:
        """The source of an address, by its name and turn if it is in the list.

        Raises:
            CameraError: If `text` is no camera.
        """
        source = camera_source(text, config)
        camera = self.known(parse_address(text))
        return source if camera is None else _as_kept(source, camera)

    # Changes

    def put(self, text: str, **changes: Any) -> KeptCamera:
        """Keep the camera of an address; what is in the list already is kept as it is but for
        `changes`. The keyring is not asked: see `passwords.keep`.

        Raises:
            CameraError: If `text` is no camera.
        """
        address = parse_address(text)
        camera = self.known(address) or KeptCamera(uuid.uuid4().hex, _shown(address))
        camera = dataclasses.replace(camera, secret=not address.plain, user=address.user, **changes)
        self._addresses[camera.camera_id] = address.url
        self.replace(camera)
        return camera

    def replace(self, camera: KeptCamera, text: str = "") -> None:
        """Put a changed camera in the place of the former one, or at the end.

        Args:
            text: Its new whole address, if that has changed.

        Raises:
            CameraError: If `text` is no camera.
        """
        if text:
            address = parse_address(text)
            camera = dataclasses.replace(
                camera, shown=_shown(address), secret=not address.plain, user=address.user
            )
            self._addresses[camera.camera_id] = address.url

        def put(cameras: list[KeptCamera]) -> None:
            places = [i for i, c in enumerate(cameras) if c.camera_id == camera.camera_id]
            for place in places:
                cameras[place] = camera
            if not places:
                cameras.append(camera)

        self._change(put)

    def remove(self, camera_id: str) -> None:
        """Take a camera out of the list; `passwords.forget` does so in the keyring."""
        self._addresses.pop(camera_id, None)

        def drop(cameras: list[KeptCamera]) -> None:
            cameras[:] = [c for c in cameras if c.camera_id != camera_id]

        self._change(drop)

    def move(self, camera_id: str, places: int) -> None:
        """Move a camera down the list, or up by a negative number of places."""

        def shift(cameras: list[KeptCamera]) -> None:
            for place, camera in enumerate(cameras):
                if camera.camera_id == camera_id:
                    cameras.insert(max(0, place + places), cameras.pop(place))
                    return

        self._change(shift)

    def switch(self, on: Sequence[str], off: Sequence[str] = ()) -> None:
        """Switch cameras on and off, by their ids."""

        def turn(cameras: list[KeptCamera]) -> None:
            for place, camera in enumerate(cameras):
                is_on = camera.camera_id in on or (camera.on and camera.camera_id not in off)
                cameras[place] = dataclasses.replace(camera, on=is_on)

        self._change(turn)

    # The file

    def _change(self, change: Callable[[list[KeptCamera]], None]) -> None:
        damaged = bool(self.fault)
        if not damaged:
            self._read()
        cameras = list(self.cameras)
        change(cameras)
        self.cameras, self.set_up = tuple(cameras), True
        if self._path is None:
            return
        content = json.dumps(
            {"version": 1, "cameras": [_written(c) for c in cameras]}, ensure_ascii=False, indent=2
        )
        path = self._path

        def write() -> None:
            if damaged:  # what could not be read is kept beside it
                with contextlib.suppress(FileNotFoundError):
                    os.replace(path, _aside(path))
            write_whole(path, content.encode())

        try:
            within(write, path, ANSWER_S)
            self.fault = ""
        except OSError as error:
            self.fault = (
                f"the list of cameras {self._path} cannot be written ({error.strerror}): free some "
                f"space, or make the folder writable"
            )

    def _read(self) -> None:
        if self._path is None:
            return
        try:
            content = read_file(self._path, FILE_BYTES_MAX, ANSWER_S)
            self.set_up = True
            entries = json.loads(content)["cameras"]
            self.cameras = tuple(_camera(entry) for entry in entries)
        except FileNotFoundError:
            return
        except OSError as error:
            self.set_up, reason = True, error.strerror
        except (ValueError, TypeError, KeyError, RecursionError):
            reason = "it is damaged"
        else:
            return
        self.fault = (
            f"the list of cameras {self._path} cannot be read ({reason}): mend it, or set the "
            f"cameras up again"
        )


def check_name(name: str, others: Sequence[str]) -> str:
    """A camera's name, without blanks around it.

    Raises:
        CameraError: If another camera has it, or it cannot stand in a line.
    """
    name = " ".join(name.split())
    if not name.isprintable() or len(name) > NAME_MAX:
        raise CameraError(f"the name is too long, or no text: give at most {NAME_MAX} letters")
    if name and name.casefold() in (other.casefold() for other in others):
        raise CameraError(f"another camera is called {name}: choose another name")
    return name


def _as_kept(source: FrameSource, camera: KeptCamera) -> FrameSource:
    source.name = camera.name or source.name
    source.turn = camera.turn or source.turn
    return source


def _shown(address: Address) -> str:
    return address.url if address.kind == USB else address.name


def _title(shown: str) -> str:
    return f"camera {shown}" if shown.isdigit() else shown


def _aside(path: Path) -> Path:
    places = (path.with_name(f"{path.stem}.damaged{n or ''}.json") for n in range(1000))
    return next((p for p in places if not p.exists()), path.with_name("cameras.damaged.json"))


def _written(camera: KeptCamera) -> dict[str, Any]:
    turn = camera.turn
    return {
        "id": camera.camera_id,
        "name": camera.name,
        "address": camera.shown,
        "secret": camera.secret,
        "user": camera.user,
        "rotate": None if turn is None else turn.rotate,
        "mirror": None if turn is None else turn.mirror,
        "on": camera.on,
    }


def _camera(entry: Any) -> KeptCamera:
    """
    Raises:
        ValueError, TypeError, KeyError: If the file was written by hand, and wrongly.
    """
    texts = [*(entry[key] for key in ("id", "name", "address")), entry.get("user", "")]
    if not all(isinstance(text, str) and text.isprintable() for text in texts):
        raise ValueError
    rotate, mirror = entry.get("rotate"), entry.get("mirror")
    if rotate not in (None, *ROTATIONS):
        raise ValueError
    turn = None if rotate is None else Turn(int(rotate), bool(mirror))
    secret, on = bool(entry.get("secret")), bool(entry.get("on", True))
    return KeptCamera(texts[0], texts[2], secret, texts[1], turn, on, texts[3])

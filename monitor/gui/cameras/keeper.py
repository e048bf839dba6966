"""Holds the list of cameras and what is watched together: what is added, changed, switched on or
off on one side is so on the other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from monitor.camera import passwords
from monitor.camera.kept import KeptCamera, KeptCameras
from monitor.camera.source import FrameSource
from monitor.camera.turn import Turn
from monitor.camera.zones import Zones
from monitor.camera.zones_file import load_zones, save_zones, zones_path
from monitor.config import CameraConfig
from monitor.errors import CameraError
from monitor.gui.banner import Severity
from monitor.gui.cameras.locks import Locks
from monitor.gui.cameras.words import fault_text
from monitor.gui.layout import WindowParts
from monitor.gui.remembered import First
from monitor.gui.threads.watched import Watched


class Watcher(Protocol):
    """Whoever opens and leaves sources for the window."""

    def open(self, *sources: FrameSource) -> None: ...
    def add(self, source: FrameSource) -> bool: ...
    def leave(self, name: str) -> None: ...
    def exchange(self, name: str, source: FrameSource) -> None: ...
    def ordered(self) -> None: ...


class CameraKeeper(QObject):
    """Main thread; the keyring is asked in the background.

    Args:
        parts: Of the window.
        watcher: Opens and leaves what is watched.
    """

    changed = Signal()  # the list, or what is known of its passwords

    def __init__(self, parts: WindowParts, watcher: Watcher) -> None:
        super().__init__(parts.window)
        self.kept = KeptCameras()
        self._window, self._session, self._bridge = parts.window, parts.session, parts.bridge
        self._banners, self._watcher = parts.banners, watcher
        self._asks = False  # for passwords: not where other sources were named
        self.unlocking = False  # the keyring is being asked
        self.locks = Locks(parts, self.kept, self._enter, self.remove)
        self.locks.changed.connect(self.changed)

    # What a run begins with

    def began(self, first: First) -> None:
        """The first sources are watched: keep what the program has found itself, offer to keep
        what was named, and ask for passwords.
        """
        new = [s for s in first.sources if s.live and s.address and self._known(s) is None]
        if new and first.named:
            self._offer(new)
        else:
            self._keep(new)
        self._asks = not first.named
        locked = self.missing
        if not locked:
            return
        self.unlocking = True

        def unlock() -> bool:
            self.kept.unlock()
            return passwords.can_keep()

        def watch(keyring: bool) -> None:
            self.locks.keyring, self.unlocking = keyring, False
            self._watch_unlocked(locked)

        def fail(message: str) -> None:
            self.unlocking = False
            self._tell()

        # loading a keyring takes a while, in which the other cameras are watched
        self._bridge.run("keyring", unlock, watch, fail)

    @property
    def missing(self) -> tuple[KeptCamera, ...]:
        """The cameras that should be watched and are not, for want of a password."""
        return self.kept.locked if self._asks else ()

    def of(self, watched: Watched) -> KeptCamera | None:
        """The camera of the list that is watched so."""
        return self._known(watched.source)

    def _watch_unlocked(self, cameras: Sequence[KeptCamera]) -> None:
        for camera in cameras:
            if self.kept.address(camera) is not None and self.watched(camera) is None:
                try:
                    self._watcher.add(self.kept.source(camera, self.config))
                except CameraError as error:
                    self._banners.show_message("choice", Severity.ERROR, fault_text(error))
        self._arrange()
        self._tell()

    def _offer(self, sources: Sequence[FrameSource]) -> None:
        """A camera that was named once is kept on request."""

        def keep() -> None:
            self._banners.clear("keep")
            self._keep(sources)

        names = ", ".join(source.name for source in sources)
        which = "it" if len(sources) == 1 else "them"
        self._banners.show_message(
            "keep",
            Severity.INFO,
            f"{names}: watched in this run alone. Watch {which} at each start?",
            f"Keep {which}",
            keep,
        )

    def _keep(self, sources: Sequence[FrameSource]) -> None:
        for source in sources:
            if source.address is not None:
                self._put(source.address.url)

    # By menu

    def open_camera(self, text: str) -> None:
        """Watch a camera by its number, or a stream by its address, and nothing else. Others stay
        in the list, switched off.
        """
        source = self._source(text)
        if source is None:
            return
        self._watcher.open(source)
        camera = self._put(text, on=True)
        locked = {c.camera_id for c in self.kept.locked}
        others = [c.camera_id for c in self.kept.cameras if c.camera_id not in locked]
        self.kept.switch((camera.camera_id,), others)
        self._tell()

    def add_camera(self, text: str) -> None:
        """Watch one beside the others."""
        source = self._source(text)
        if source is not None and self._watcher.add(source):
            self._put(text, on=True)

    def left(self, source: FrameSource) -> None:
        """A source is not watched any more, because the user said so."""
        camera = self._known(source)
        if camera is not None:
            self.kept.switch((), (camera.camera_id,))
            self._tell()

    def renewed(self, sources: Sequence[FrameSource]) -> tuple[FrameSource, ...]:
        """Sources that were left, as they are called and turned now; without those that have been
        switched off.
        """
        cameras = [(source, self._known(source)) for source in sources]
        return tuple(
            source if camera is None else self.kept.source(camera, self.config)
            for source, camera in cameras
            if camera is None or (camera.on and self.kept.address(camera) is not None)
        )

    def _source(self, text: str) -> FrameSource | None:
        try:
            return self.kept.named(text, self.config)
        except CameraError as error:
            self._banners.show_message("choice", Severity.ERROR, fault_text(error))
            return None

    @property
    def config(self) -> CameraConfig:
        return self._session.options.config.camera

    # By the Cameras page; errors go to whoever calls

    def watched(self, camera: KeptCamera) -> Watched | None:
        """The camera's place among what is watched."""
        return next((w for w in self._session.watched if self._is(w.source, camera)), None)

    def watching(self, source: FrameSource) -> Watched | None:
        """Who reads the camera of a source already."""
        address = source.address
        return next(
            (
                w
                for w in self._session.watched
                if address is not None
                and w.source.address is not None
                and w.source.address.key == address.key
            ),
            None,
        )

    def add(self, text: str, name: str, turn: Turn | None) -> KeptCamera:
        """Keep a camera and watch it.

        Raises:
            CameraError: If `text` is no camera, is in the list, or cannot be watched.
        """
        source = self.kept.named(text, self.config)
        known = self._known(source)
        if known is not None:
            raise CameraError(f"{known.title} is in the list already: change it there")
        camera = self._put(text, name=name, turn=turn)
        self.take_up(camera)
        return camera

    def take_up(self, camera: KeptCamera) -> None:
        """Watch a camera of the list: beside the others, in the place of a recording.

        Raises:
            CameraError: If it cannot be watched: one too many, or a password is missing.
        """
        watched = self._session.watched
        if not watched or any(w.live for w in watched):
            self.switch(camera, True)
            return
        self.kept.switch((camera.camera_id,))
        sources = self.renewed([aside.source for aside in self._session.unread.aside.values()])
        if not any(self._is(source, camera) for source in sources):
            sources = (*sources, self.kept.source(camera, self.config))
        self._watcher.open(*sources)
        self._tell()

    def change(self, camera: KeptCamera, text: str = "") -> None:
        """Take over a changed record.

        Args:
            text: Its new whole address, if that has changed.

        Raises:
            CameraError: If `text` is no camera.
        """
        former = self.kept.get(camera.camera_id)
        watched = self.watched(former) if former is not None else None
        self.kept.replace(camera, text)
        if text:
            self.locks.keep(camera.camera_id)
        new = self.kept.get(camera.camera_id)
        if former is not None and former.secret and new is not None and not new.secret:
            self.locks.forget(camera.camera_id)
        if former is not None and new is not None:
            self._carry_zones(former.title, new.title)
        if watched is not None and new is not None and self.kept.address(new) is not None:
            self._watcher.exchange(watched.name, self.kept.source(new, self.config))
        self._tell()

    def _carry_zones(self, before: str, after: str) -> None:
        """What counts in a camera's picture is kept by its name."""
        if before == after:
            return
        named = self._session.options.config.detect.zones

        def carry() -> dict[str, Zones] | None:
            path = zones_path(named)
            zones = load_zones(path)
            if before not in zones:
                return None
            save_zones(path, after, zones[before])
            save_zones(path, before, Zones())
            return load_zones(path)

        def use(now: dict[str, Zones] | None) -> None:
            if now is not None:
                self._session.submit(lambda parts: parts.pipeline.use_zones(now))
                self.changed.emit()

        self._bridge.run(
            "the zones",
            carry,
            use,
            lambda message: self._banners.show_message("choice", Severity.ERROR, message),
        )

    def turn(self, watched: Watched, degrees: int) -> None:
        """Turn the pictures of a watched camera by so much more, clockwise, now and from now on."""
        turn = watched.source.turn.further(degrees)
        camera = self._known(watched.source)
        if camera is not None:
            self.change(dataclasses.replace(camera, turn=turn))
        else:
            source = watched.source
            source.turn = turn
            self._watcher.exchange(watched.name, source)

    def switch(self, camera: KeptCamera, on: bool) -> None:
        """Watch a camera, or leave it.

        Raises:
            CameraError: If it cannot be watched: one too many, or a password is missing.
        """
        watched = self.watched(camera)
        self.kept.switch(*(((camera.camera_id,), ()) if on else ((), (camera.camera_id,))))
        try:
            if on and watched is None and self.kept.address(camera) is not None:
                source = self.kept.source(camera, self.config)
                if not self._watcher.add(source):
                    self.kept.switch((), (camera.camera_id,))
            elif not on:
                self._leave(camera)
        finally:
            self._tell()

    def remove(self, camera: KeptCamera) -> None:
        """Take a camera out of the list and its password out of the keyring."""
        self._leave(camera)
        self.kept.remove(camera.camera_id)
        self.locks.forget(camera.camera_id)
        self._tell()

    def _leave(self, camera: KeptCamera) -> None:
        """Watch it no more, now and after the recording that took its place."""
        watched = [(w.name, w.source) for w in self._session.watched]
        aside = [(name, one.source) for name, one in self._session.unread.aside.items()]
        for name, source in (*watched, *aside):
            if self._is(source, camera):
                self._watcher.leave(name)

    def move(self, camera: KeptCamera, places: int) -> None:
        """Move a camera in the list; the pictures follow."""
        self.kept.move(camera.camera_id, places)
        self._arrange()
        self._tell()

    def _arrange(self) -> None:
        """Watch in the order of the list."""
        order = [c.camera_id for c in self.kept.cameras]

        def place(watched: Watched) -> int:
            known = self._known(watched.source)
            return order.index(known.camera_id) if known is not None else len(order)

        self._session.order(place)
        self._watcher.ordered()

    # Passwords

    def unlock(
        self,
        camera: KeptCamera,
        then: Callable[[], None] = lambda: None,
        parent: QWidget | None = None,
    ) -> None:
        """Ask for a camera's password, and watch it; then call `then`.

        Args:
            parent: Gets the keyboard back; None: the window.
        """
        now = self.kept.get(camera.camera_id)
        if now is not None:
            self.locks.ask(now, then, parent)

    def _enter(self, camera: KeptCamera, text: str) -> bool:
        """Watch a camera by its whole address, as it was entered now. False if that is none."""
        try:
            self.kept.replace(camera, text)
            known = self.kept.get(camera.camera_id)
            assert known is not None
            watched = self.watched(known)
            if watched is not None:  # refused with what was typed before: tried at once
                self._watcher.exchange(watched.name, self.kept.source(known, self.config))
            self.switch(known, True)
        except CameraError as error:
            self._banners.show_message("choice", Severity.ERROR, fault_text(error))
            return False
        return True

    def _put(self, text: str, **changes: object) -> KeptCamera:
        camera = self.kept.put(text, **changes)
        self.locks.keep(camera.camera_id)
        self._tell()
        return camera

    def _tell(self) -> None:
        self.locks.tell(self.missing)
        locked = [] if self.unlocking else [camera.title for camera in self.missing]
        self._session.unread.lock(locked, self._session.names)
        if self.kept.fault:
            self._banners.show_message("cameras", Severity.ERROR, self.kept.fault)
        else:
            self._banners.clear("cameras")
        self.changed.emit()

    def _known(self, source: FrameSource) -> KeptCamera | None:
        return self.kept.known(source.address) if source.address is not None else None

    def _is(self, source: FrameSource, camera: KeptCamera) -> bool:
        known = self._known(source)
        return known is not None and known.camera_id == camera.camera_id

"""Choosing what is watched: at the start, by menu, by dropping something on the window."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Qt, Slot
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QDialog, QFileDialog, QInputDialog, QMenu

from monitor.app import Chosen, outlived
from monitor.camera.listing import camera_list
from monitor.camera.source import FrameSource, camera_source, recording
from monitor.errors import CameraError
from monitor.gui.banner import Severity
from monitor.gui.layout import WindowParts
from monitor.gui.remembered import (
    First,
    PasswordDialog,
    first_sources,
    locked_text,
    to_remember,
)
from monitor.gui.threads.session import CAMERAS_MAX

CLIPS = (
    "Clips (*.mp4 *.avi *.mkv *.mov *.webm *.m4v *.mpg *.mpeg *.ts *.mts *.m2ts *.wmv *.3gp *.gif)"
    ";;All files (*)"
)


def check_number(chosen: Chosen) -> None:
    """
    Raises:
        CameraError: If there are more sources than the window can show.
    """
    if len(chosen.sources) > CAMERAS_MAX:
        raise CameraError(
            f"{len(chosen.sources)} cameras are named, and the window shows at most {CAMERAS_MAX}: "
            f"name fewer, or add --headless"
        )


class SourceChooser(QObject):
    """Opens, adds and removes sources. Main thread; what may take long is done in the background.

    Args:
        parts: Of the window.
        opened: Called after others are watched.
    """

    def __init__(self, parts: WindowParts, opened: Callable[[], None]) -> None:
        super().__init__(parts.window)
        self._window, self._session, self._bridge = parts.window, parts.session, parts.bridge
        self._banners, self._preferences, self._opened = parts.banners, parts.preferences, opened
        self._menus, self._grid = menus, grid = parts.menus, parts.grid
        self._locked: tuple[str, ...] = ()  # cameras whose passwords are asked for
        self._left: tuple[FrameSource, ...] = ()  # cameras that a recording took the place of
        menus.back.triggered.connect(self.back)
        menus.open_clip.triggered.connect(self.ask_for_clip)
        menus.open_folder.triggered.connect(self.ask_for_folder)
        menus.open_stream.triggered.connect(
            lambda: self._ask_for_stream("Open stream", self.open_camera)
        )
        menus.add_stream.triggered.connect(
            lambda: self._ask_for_stream("Add stream", self.add_camera)
        )
        menus.camera_group.triggered.connect(lambda action: self.open_camera(str(action.data())))
        menus.add_group.triggered.connect(lambda action: self.add_camera(str(action.data())))
        menus.remove.triggered.connect(lambda: self.remove(grid.chosen))
        menus.tile_group.triggered.connect(lambda action: self._choose(int(action.data())))
        menus.alone.triggered.connect(grid.show_alone)
        grid.arranged.connect(self._tell_menus)
        grid.tile_menu_wanted.connect(lambda name, place: self.tile_menu(name).popup(place))
        for menu in (menus.cameras, menus.add_cameras):
            menu.addAction("Looking for cameras…").setEnabled(False)
        self._tell_menus()

    def begin(self, first: First) -> None:
        """Watch what a run begins with; ask for the passwords that it lacks."""
        self._locked = first.locked
        if first.sources:
            self.open(*first.sources, notice=first.notice)
        elif first.notice:
            self._banners.show_message("notice", Severity.INFO, first.notice)
        self._ask_for_passwords()

    def open(self, *sources: FrameSource, notice: str = "") -> None:
        """Watch these, which are not open yet, and leave what was watched."""
        for key in ("choice", "export"):
            self._banners.clear(key)
        cameras = tuple(w.source for w in self._session.watched if w.live)
        self._left = cameras or self._left
        self._session.open(*sources)
        self._grid.clear()
        self._show_notice(notice)
        self._changed()
        self._keep()

    def _show_notice(self, notice: str) -> None:
        """Say that a recording is watched, with the way back."""
        watched = self._session.watched
        recording = bool(watched) and not any(w.live for w in watched)
        self._menus.back.setEnabled(recording)
        self._window.setWindowTitle("Recording - Mask Monitor" if recording else "Mask Monitor")
        if not recording:
            self._banners.show_message("notice", Severity.INFO, notice)
            return
        stored = self._session.options.into_store
        kept = "is stored as visits" if stored else "is in neither the store nor today's visits"
        name = ", ".join(self._session.names)
        text = notice or f"{name} is a recording: what it shows {kept}"
        self._tell_of_recording(text)
        recorded = watched[0].source.recorded
        if not stored or recorded is None:
            return

        def date(began: datetime) -> None:
            if self._session.watched == watched:
                self._tell_of_recording(f"{text} of {self._dated(began)}")

        self._bridge.run(
            "dating the recording",
            lambda: recorded.began(datetime.now(UTC)),
            date,
            lambda message: None,  # the capture thread says it
        )

    def _dated(self, began: datetime) -> str:
        """When a recording that is stored was made, and what becomes of an old one."""
        text = f"{began.astimezone():%d %b %Y, %H:%M}"
        if outlived(self._session.options, began):
            days = self._session.options.config.store.retention_days
            text += f": older than {days} days, so it is deleted again within the hour"
        return text

    def _tell_of_recording(self, text: str) -> None:
        self._banners.show_message(
            "notice", Severity.INFO, text, "Back to the cameras", lambda: self.back()
        )

    @Slot()
    def back(self) -> None:
        """From a recording back to the cameras that were watched before, in this run or the last
        one.
        """
        if self._left:
            self.open(*self._left)
            return
        options = dataclasses.replace(self._session.options, video=None, images=None, recordings={})
        kept = dataclasses.replace(self._preferences.remembered, set_up=True)
        self._bridge.run(
            "looking for the cameras",
            lambda: first_sources(options, kept),
            self.begin,
            lambda message: self._banners.show_message("choice", Severity.ERROR, message),
        )

    def _ask_for_passwords(self) -> None:
        self._banners.show_message(
            "locked",
            Severity.WARNING,
            locked_text(self._locked),
            "Enter it…",
            self.ask_for_password,
        )

    @Slot()
    def ask_for_password(self) -> None:
        """Ask for the password of the first camera that lacks one."""
        if not self._locked:
            return
        name = self._locked[0]
        dialog = PasswordDialog(name, self._window)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            if dialog.forgotten:
                self._unlock(name)
                self._keep()
            else:
                alone = not any(w.live for w in self._session.watched)
                before, asked = self._session.watched, self._locked
                (self.open_camera if alone else self.add_camera)(dialog.whole_address())
                if self._session.watched != before and self._locked == asked:
                    self._unlock(name)  # it was opened by another address
                    self._keep()
            self._ask_for_passwords()
        dialog.deleteLater()

    def add(self, source: FrameSource) -> None:
        """Watch a source beside the others."""
        try:
            self._session.add(source)
        except CameraError as error:
            self._banners.show_message("choice", Severity.ERROR, str(error))
            self._tell_menus()
            return
        for key in ("choice", "notice"):
            self._banners.clear(key)
        self._changed()

    def remove(self, name: str) -> None:
        """Leave one of several sources; what was counted there stays counted."""
        if len(self._session.watched) > 1:
            self._session.remove(name)
            self._banners.clear("choice")
            self._changed()
            self._keep()

    def open_camera(self, source: str) -> None:
        """Watch a camera by its number, or a stream by its address, and nothing else."""
        self._camera(source, self.open)

    def add_camera(self, source: str) -> None:
        """Watch one beside the others."""
        self._camera(source, self.add)

    def _camera(self, source: str, watch: Callable[[FrameSource], None]) -> None:
        try:
            camera = camera_source(source, self._session.options.config.camera)
        except CameraError as error:
            self._banners.show_message("choice", Severity.ERROR, str(error))
            return
        watch(camera)
        if any(w.source is camera for w in self._session.watched) and camera.address is not None:
            self._unlock(camera.address.name)
        self._keep()
        self._ask_for_passwords()

    def _unlock(self, name: str) -> None:
        """A camera's password is no longer asked for; of others with the same name it still is."""
        left = list(self._locked)
        if name in left:
            left.remove(name)
        self._locked = tuple(left)

    def _keep(self) -> None:
        """Have the next run watch the cameras that are watched now."""
        live = [w.source.address for w in self._session.watched if w.live]
        if live or self._locked:
            watched = [address for address in live if address is not None]
            self._preferences.remembered = to_remember(watched, self._locked)

    def open_path(self, path: Path) -> None:
        """Watch a clip, or a folder of pictures."""
        option = "images" if path.is_dir() else "video"
        self.open(recording(option, path, self._session.options.config.camera))

    def open_dropped(self, paths: Sequence[Path]) -> None:
        """Watch the one clip or folder that was dropped; several are refused."""
        if len(paths) == 1:
            self.open_path(paths[0])
            return
        self._banners.show_message(
            "choice",
            Severity.ERROR,
            f"{len(paths)} files were dropped and none was opened: drop one clip, or one folder "
            f"of pictures",
        )

    def tile_menu(self, name: str) -> QMenu:
        """What can be done with one of several cameras."""
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._grid.alone:
            menu.addAction("Show &all cameras").triggered.connect(
                lambda: self._grid.show_alone(False)
            )
        else:
            menu.addAction("Show &alone").triggered.connect(lambda: self._grid.show_alone(True))
        watched = self._session.find(name)
        if watched is not None and not watched.live:
            menu.addAction("&Play again").triggered.connect(lambda: self._session.again(name))
        else:
            menu.addAction("&Connect again").triggered.connect(lambda: self._session.again(name))
        menu.addSeparator()
        menu.addAction(f"&Remove {name.replace('&', '&&')}").triggered.connect(
            lambda: self.remove(name)
        )
        return menu

    def _choose(self, number: int) -> None:
        if number < len(self._grid.names):
            self._grid.choose(self._grid.names[number], focus=True)

    def _changed(self) -> None:
        self._grid.set_cameras(self._session.names)
        self._tell_menus()
        self._opened()

    @Slot()
    def _tell_menus(self) -> None:
        self._menus.show_watched(self._grid.names, self._grid.chosen, bool(self._grid.alone))

    @Slot()
    def ask_for_clip(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self._window, "Open clip", "", CLIPS)
        if path:
            self.open_path(Path(path))

    @Slot()
    def ask_for_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self._window, "Open folder of pictures")
        if path:
            self.open_path(Path(path))

    def _ask_for_stream(self, title: str, watch: Callable[[str], None]) -> None:
        question = (
            "Address of the stream, for example rtsp://camera.local/stream or "
            "http://camera.local/stream.mjpg"
        )
        address, agreed = QInputDialog.getText(self._window, title, question)
        if agreed and address.strip():
            watch(address.strip())

    @Slot()
    def list_cameras(self) -> None:
        self._bridge.run(
            "listing the cameras",
            camera_list,
            self._show_cameras,
            lambda message: self._show_cameras([], "The cameras cannot be listed"),
        )

    def _show_cameras(self, cameras: list[tuple[int, str]], none: str = "No camera found") -> None:
        self._menus.show_cameras(cameras, none)
        self._menus.look_again.triggered.connect(self.list_cameras)
        self._tell_menus()


def dropped_paths(data: QMimeData) -> list[Path]:
    """The local files and folders of what is dragged."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def take_copy(event: QDropEvent) -> None:
    """Accept what is dragged as a copy: where a move is proposed, the file manager would delete
    the file after it.
    """
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()

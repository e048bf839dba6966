"""Choosing what is watched: at the start, by menu, by dropping something on the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Qt, Slot
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu

from monitor.app import Chosen, RunOptions, choose_source
from monitor.camera.sources import (
    ClipSource,
    FolderSource,
    FrameSource,
    camera_list,
    camera_source,
    public_name,
)
from monitor.errors import CameraError
from monitor.gui.banner import Severity
from monitor.gui.layout import WindowParts
from monitor.gui.threads.session import CAMERAS_MAX

CLIPS = "Clips (*.mp4 *.avi *.mkv *.mov *.webm *.m4v *.mpg *.mpeg *.gif);;All files (*)"


def first_source(options: RunOptions, last_cameras: str) -> Chosen:
    """What a run begins with: what the options name, else the cameras of the last run, else
    `choose_source`'s choice.

    Raises:
        CameraError: If what is named is not valid.
    """
    named = (
        options.video is not None
        or options.images is not None
        or bool(options.config.camera.source)
    )
    if not named and last_cameras:
        there = {str(index) for index, _ in camera_list()}
        known = dict.fromkeys(
            camera for camera in last_cameras.split() if "://" in camera or camera in there
        )
        sources = [
            camera_source(camera, options.config.camera) for camera in [*known][:CAMERAS_MAX]
        ]
        if sources:
            return Chosen(sources[0], further=tuple(sources[1:]))
    return choose_source(options)


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
        # Name to address, of what the next run may open.
        self._kept: dict[str, str] = {}
        for source in parts.session.options.config.camera.source.split():
            if not _keepable(source):
                self._kept[public_name(source)] = ""
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

    def open(self, *sources: FrameSource, notice: str = "") -> None:
        """Watch these, which are not open yet, and leave what was watched."""
        for key in ("choice", "export"):
            self._banners.clear(key)
        self._banners.show_message("notice", Severity.INFO, notice)
        self._session.open(*sources)
        self._grid.clear()
        self._changed()

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
            self._banners.show_message(
                "choice", Severity.ERROR, str(error).removeprefix("--camera ")
            )
            return
        watch(camera)
        self._kept[camera.name] = _keepable(source)
        self._keep()

    def _keep(self) -> None:
        """Have the next run watch what is watched now, where that is the user's choice."""
        addresses = (self._kept.get(name, _address(name)) for name in self._session.names)
        self._preferences.camera = " ".join(filter(None, addresses))

    def open_path(self, path: Path) -> None:
        """Watch a clip, or a folder of pictures."""
        self.open(FolderSource(path) if path.is_dir() else ClipSource(path))

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
            lambda message: self._show_cameras([]),
        )

    def _show_cameras(self, cameras: list[tuple[int, str]]) -> None:
        self._menus.show_cameras(cameras)
        self._menus.look_again.triggered.connect(self.list_cameras)
        self._tell_menus()


def _keepable(source: str) -> str:
    """The address if it may be written to a file: nothing where it holds a password."""
    return source if public_name(source) == source else ""


def _address(name: str) -> str:
    """What opens a camera or stream of this name; nothing for clips and folders."""
    return (
        name
        if "://" in name
        else name.removeprefix("camera ")
        if name.startswith("camera ")
        else ""
    )


def dropped_paths(data: QMimeData) -> list[Path]:
    """The local files and folders of what is dragged."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def take_copy(event: QDropEvent) -> None:
    """Accept what is dragged as a copy: where a move is proposed, the file manager would delete
    the file after it.
    """
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()

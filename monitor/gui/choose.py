"""Choosing what is watched: at the start, by menu, by dropping something on the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Slot
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMainWindow

from monitor.app import Chosen, RunOptions, camera_source, choose_source
from monitor.errors import CameraError
from monitor.gui.banner import BannerStack, Severity
from monitor.gui.bridge import Bridge
from monitor.gui.menus import Menus
from monitor.gui.preferences import Preferences
from monitor.gui.session import Session
from monitor.sources import ClipSource, FolderSource, FrameSource, camera_list, public_name

CLIPS = "Clips (*.mp4 *.avi *.mkv *.mov *.webm *.m4v *.mpg *.mpeg *.gif);;All files (*)"


def first_source(options: RunOptions, last_camera: str) -> Chosen:
    """What a run begins with: what the options name, else the camera of the last run, else `choose_source`'s choice.

    Raises:
        CameraError: If what is named is not valid.
    """
    named = options.video is not None or options.images is not None or bool(options.config.camera.source)
    if not named and last_camera:
        known = "://" in last_camera or last_camera in (str(index) for index, _ in camera_list())
        if known:
            return Chosen(camera_source(last_camera, options.config))
    return choose_source(options)


class SourceChooser(QObject):
    """Opens sources. Main thread; what may take long is done in the background.

    Args:
        window: Parent of dialogs.
        opened: Called after another source was opened.
    """

    def __init__(
        self,
        window: QMainWindow,
        session: Session,
        bridge: Bridge,
        banners: BannerStack,
        menus: Menus,
        preferences: Preferences,
        opened: Callable[[], None],
    ) -> None:
        super().__init__(window)
        self._window, self._session, self._bridge, self._banners = window, session, bridge, banners
        self._menus, self._preferences, self._opened = menus, preferences, opened
        menus.open_clip.triggered.connect(self.ask_for_clip)
        menus.open_folder.triggered.connect(self.ask_for_folder)
        menus.open_stream.triggered.connect(self.ask_for_stream)
        menus.camera_group.triggered.connect(lambda action: self.open_camera(str(action.data())))
        menus.cameras.addAction("Looking for cameras…").setEnabled(False)

    def open(self, source: FrameSource, notice: str = "") -> None:
        """Watch `source`, which is not open yet."""
        for key in ("source", "export"):
            self._banners.clear(key)
        self._banners.show_message("notice", Severity.INFO, notice)
        self._session.open(source)
        self._menus.check_camera(self._session.source_name)
        self._opened()

    def open_camera(self, source: str) -> None:
        """Watch a camera by its number, or a stream by its address."""
        try:
            self.open(camera_source(source, self._session.options.config))
        except CameraError as error:
            self._banners.show_message("source", Severity.ERROR, str(error).removeprefix("--camera "))
            return
        # An address with a password in it is not written to a file.
        self._preferences.camera = source if public_name(source) == source else ""

    def open_path(self, path: Path) -> None:
        """Watch a clip, or a folder of pictures."""
        self.open(FolderSource(path) if path.is_dir() else ClipSource(path))

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

    @Slot()
    def ask_for_stream(self) -> None:
        question = "Address of the stream, for example rtsp://camera.local/stream or http://camera.local/stream.mjpg"
        address, agreed = QInputDialog.getText(self._window, "Open stream", question)
        if agreed and address.strip():
            self.open_camera(address.strip())

    @Slot()
    def list_cameras(self) -> None:
        """Fill the menu of cameras."""
        self._bridge.run("listing the cameras", camera_list, self._show_cameras, lambda message: self._show_cameras([]))

    def _show_cameras(self, cameras: list[tuple[int, str]]) -> None:
        self._menus.show_cameras(cameras)
        self._menus.look_again.triggered.connect(self.list_cameras)
        self._menus.check_camera(self._session.source_name)


def dropped_path(data: QMimeData) -> Path | None:
    """The first local file or folder of what is dragged, if any."""
    for url in data.urls():
        if url.isLocalFile():
            return Path(url.toLocalFile())
    return None

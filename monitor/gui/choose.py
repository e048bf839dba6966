"""Choosing what is watched: at the start, by menu, by dropping something on the window."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, QStandardPaths, Qt, QTimer, Slot
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu

from monitor.app import Chosen, outlived
from monitor.camera.listing import camera_list
from monitor.camera.source import FrameSource, recording
from monitor.errors import CameraError
from monitor.gui.banner import Severity
from monitor.gui.cameras.keeper import CameraKeeper
from monitor.gui.layout import WindowParts
from monitor.gui.remembered import NOTHING, First, first_sources
from monitor.gui.threads.session import CAMERAS_MAX

CLIPS = (
    "Clips (*.mp4 *.avi *.mkv *.mov *.webm *.m4v *.mpg *.mpeg *.ts *.mts *.m2ts *.wmv *.3gp *.gif)"
    ";;All files (*)"
)

FOLDER = "opened_folder"  # of the clip or the pictures that were opened last
PLUG_MS = 3000  # between two looks at what is plugged in, while there is nothing else


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
        self._banners, self._opened = parts.banners, opened
        self._preferences = parts.preferences
        self._menus, self._grid = menus, grid = parts.menus, parts.grid
        self.keeper = keeper = CameraKeeper(parts, self)
        self._there: set[int] = set()  # numbers of the cameras that are plugged in
        self._demonstration = False  # plays, as there is no camera
        menus.back.triggered.connect(self.back)
        menus.open_clip.triggered.connect(self.ask_for_clip)
        menus.open_folder.triggered.connect(self.ask_for_folder)
        menus.open_stream.triggered.connect(
            lambda: self._ask_for_stream("Open stream", keeper.open_camera)
        )
        menus.add_stream.triggered.connect(
            lambda: self._ask_for_stream("Add stream", keeper.add_camera)
        )
        menus.camera_group.triggered.connect(lambda action: keeper.open_camera(str(action.data())))
        menus.add_group.triggered.connect(lambda action: keeper.add_camera(str(action.data())))
        menus.remove.triggered.connect(lambda: self.remove(grid.chosen))
        menus.tile_group.triggered.connect(lambda action: self._choose(int(action.data())))
        menus.alone.triggered.connect(grid.show_alone)
        grid.arranged.connect(self._tell_menus)
        grid.tile_menu_wanted.connect(lambda name, place: self.tile_menu(name).popup(place))
        for menu in (menus.cameras, menus.add_cameras):
            menu.addAction("Looking for cameras…").setEnabled(False)
        menus.cameras.aboutToShow.connect(self.list_cameras)
        self._plug_timer = QTimer(self, interval=PLUG_MS)
        self._plug_timer.timeout.connect(self._look_for_plugged)
        self._tell_menus()

    def begin(self, first: First) -> None:
        """Watch what a run begins with."""
        if first.sources:
            recorded = not any(source.live for source in first.sources)
            self._demonstration = recorded and not first.named and bool(first.notice)
            self.open(*first.sources, notice=first.notice)
        elif first.notice:
            self._banners.show_message(
                "notice",
                Severity.INFO,
                first.notice,
                "Set up a camera…",
                self._menus.set_up.trigger,
            )
        self.keeper.began(first)
        self._plug_timer.start()

    def open(self, *sources: FrameSource, notice: str = "") -> None:
        """Watch these, which are not open yet, and leave what was watched."""
        self._demonstration = self._demonstration and bool(notice)
        for key in ("choice", "export"):
            self._banners.clear(key)
        self._session.open(*sources)
        self._grid.clear()
        self._show_notice(notice)
        self._changed()

    def demonstrate(self, clip: FrameSource, notice: str) -> None:
        """Watch the clip that comes with the program, until a camera takes its place."""
        self._demonstration = True
        self.open(clip, notice=notice)

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
        if self._session.unread.aside:
            text += ". The cameras are not watched meanwhile"
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
        if self._demonstration:
            self._banners.show_message(
                "notice", Severity.INFO, text, "Set up a camera…", self._menus.set_up.trigger
            )
            return
        self._banners.show_message(
            "notice", Severity.INFO, text, "Back to the cameras", lambda: self.back()
        )

    @Slot()
    def back(self) -> None:
        """From a recording back to the cameras that were watched before, in this run or the last
        one.
        """
        left = self.keeper.renewed([aside.source for aside in self._session.unread.aside.values()])
        if left:
            self.open(*left)
            return
        options = dataclasses.replace(self._session.options, video=None, images=None, recordings={})
        kept = self.keeper.kept

        def look() -> First:
            first = first_sources(options, kept)
            recorded = first.sources and not any(source.live for source in first.sources)
            return First((), NOTHING) if recorded else first  # the demonstration is no camera

        self._bridge.run(
            "looking for the cameras",
            look,
            self.begin,
            lambda message: self._banners.show_message("choice", Severity.ERROR, message),
        )

    def add(self, source: FrameSource) -> bool:
        """Watch a source beside the others, or in the place of the demonstration. False if it
        cannot be; that is said.
        """
        if self._demonstration and source.live:
            self.open(source)
            return True
        try:
            self._session.add(source)
        except CameraError as error:
            self._banners.show_message("choice", Severity.ERROR, str(error))
            self._tell_menus()
            return False
        for key in ("choice", "notice"):
            self._banners.clear(key)
        self._changed()
        return True

    def remove(self, name: str) -> None:
        """Leave one of several sources; what was counted there stays counted, and a camera stays in
        the list, switched off.
        """
        watched = self._session.find(name)
        if watched is not None and len(self._session.watched) > 1:
            self.leave(name)
            self.keeper.left(watched.source)

    def leave(self, name: str) -> None:
        """Leave a source, also the last one, or one that waits for the end of a recording."""
        self._session.remove(name)
        self._banners.clear("choice")
        if not self._session.watched:
            self._grid.clear()
        self._changed()

    def exchange(self, name: str, source: FrameSource) -> None:
        """Watch another source in the place of one."""
        self._session.exchange(name, source)
        self._changed()

    def ordered(self) -> None:
        """What is watched has another order."""
        self._changed()

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
            menu.addAction("&Play again").triggered.connect(lambda: self._session.play_again(name))
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
        path, _ = QFileDialog.getOpenFileName(self._window, "Open clip", self._folder(), CLIPS)
        if path:
            self._preferences.keep_text(FOLDER, str(Path(path).parent))
            self.open_path(Path(path))

    def _folder(self) -> str:
        """The folder of what was opened last, else the user's videos."""
        last = self._preferences.text(FOLDER)
        if last and Path(last).is_dir():
            return last
        return QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MoviesLocation)

    @Slot()
    def ask_for_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(
            self._window, "Open folder of pictures", self._folder()
        )
        if path:
            self._preferences.keep_text(FOLDER, str(Path(path).parent))
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

    @Slot()
    def _look_for_plugged(self) -> None:
        """Where nothing is watched and no camera is in the list, the next one that is plugged in
        is watched.
        """
        if self._idle:
            self.list_cameras()

    @property
    def _idle(self) -> bool:
        return not self._session.watched and not self.keeper.kept.cameras

    def _show_cameras(self, cameras: list[tuple[int, str]], none: str = "No camera found") -> None:
        self._menus.show_cameras(cameras, none)
        self._menus.look_again.triggered.connect(self.list_cameras)
        self._tell_menus()
        new = [number for number, _ in cameras if number not in self._there]
        self._there = {number for number, _ in cameras}
        if new and self._plug_timer.isActive() and self._idle:
            self._banners.clear("notice")
            self.keeper.open_camera(str(new[0]))


def dropped_paths(data: QMimeData) -> list[Path]:
    """The local files and folders of what is dragged."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def take_copy(event: QDropEvent) -> None:
    """Accept what is dragged as a copy: where a move is proposed, the file manager would delete
    the file after it.
    """
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()

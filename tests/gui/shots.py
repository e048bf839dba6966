"""Draws the window in many situations, to be looked at: `QT_QPA_PLATFORM=offscreen python -m
tests.gui.shots DIR`.

`--keep FILE` draws only the bundled clip as it is watched, for the README.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2
import numpy as np
from PySide6.QtCore import QEventLoop, QSettings, QTimer
from PySide6.QtWidgets import QWidget

from monitor.app import DEMO_CLIP, Chosen, RunOptions
from monitor.camera.clip import ClipSource
from monitor.camera.source import FrameSource, Picture
from monitor.config import load_config
from monitor.errors import CameraError
from monitor.gui.alerts.dialog import AlertsDialog
from monitor.gui.alerts.visitor import Saying
from monitor.gui.alerts.visitor_view import VisitorView
from monitor.gui.application import make_application
from monitor.gui.banner import Severity
from monitor.gui.dialogs import SettingsDialog
from monitor.gui.export_dialog import ExportDialog
from monitor.gui.help import AboutDialog, HelpDialog
from monitor.gui.people.receipt_dialog import ReceiptDialog
from monitor.gui.preferences import Preferences
from monitor.gui.theme import Theme
from monitor.gui.window import MainWindow
from monitor.identity.person import EnrolledPerson, Kind
from monitor.records import Correction, Count, Face, Image, MaskState, Sighting
from tests.fakes import FakeSource

STATES = list(MaskState)


def wait(seconds: float) -> None:
    """Let the window live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def demo_frame(number: int) -> Image:
    capture = cv2.VideoCapture(str(DEMO_CLIP))
    capture.set(cv2.CAP_PROP_POS_FRAMES, number)
    image = capture.read()[1]
    capture.release()
    return image  # type: ignore[return-value]


def face(
    box: tuple[float, float, float, float], state: MaskState, track: int, alerting: bool = False
) -> Face:
    return Face(
        np.array(box, np.float32),
        0.93,
        MaskState.MASKED,
        0.9,
        state,
        0.97,
        track,
        f"v{track}",
        alerting,
    )


def crowd(count: int, width: int, height: int) -> tuple[Face, ...]:
    """Faces side by side in rows that overlap, as in a lobby."""
    faces = []
    for i in range(count):
        row, column = divmod(i, 7)
        size = width * (0.055 + 0.02 * row)
        x = width * (0.02 + 0.138 * column + 0.03 * (row % 2))
        y = height * (0.03 + 0.27 * row) + 14 * (column % 3)
        faces.append(
            face(
                (x, y, x + size, y + 1.25 * size),
                STATES[i % 4],
                i,
                alerting=STATES[i % 4].value == "unmasked",
            )
        )
    return tuple(faces)


def sightings(camera: str) -> tuple[Sighting, ...]:
    now = datetime.now().astimezone()
    rows = []
    for i in range(12):
        state = (MaskState.UNMASKED, MaskState.INCORRECT)[i % 3 == 1]
        rows.append(
            Sighting(
                sighting_id=f"s{i}",
                camera=camera,
                visit_id=f"v{i}",
                first_seen=now - timedelta(minutes=7 * i, seconds=3 + i),
                last_seen=now,
                seconds_unmasked=3.2 + 41 * i,
                worst_state=state,
                final_state=MaskState.MASKED if i % 2 else MaskState.UNMASKED,
                confidence=0.97,
                identity=None,
                model="mask_v5",
                corrected=[None, None, Correction.MASKED, None, None, Correction.NO_PERSON][i % 6],
                note="Delivery, had just been told at the gate" if i == 3 else "",
                open=i == 0,
            )
        )
    return tuple(rows)


def make_window(
    width: int, height: int, theme: str, folder: Path, sources: Sequence[FrameSource] = ()
) -> MainWindow:
    settings = QSettings(str(folder / f"{width}{theme}.ini"), QSettings.Format.IniFormat)
    config = load_config(None, {"store": {"url": f"sqlite:///{folder / 'shots.db'}"}})
    application = make_application()
    preferences = Preferences(settings)
    preferences.theme = theme
    first, *further = sources or [ClipSource(DEMO_CLIP)]
    chosen = Chosen(first, further=tuple(further))
    window = MainWindow(
        RunOptions(config=config, gallery=folder / "gallery.npz"),
        preferences,
        Theme(application),
        chosen,
    )
    window.resize(width, height)
    window.show()
    return window


def fill(window: MainWindow, camera: str, faces: tuple[Face, ...], image: Image) -> None:
    """A window without threads, with invented figures."""
    window.view.show_picture(image, faces)
    window.count_panel.show_count(Count(masked=132, unmasked=11, incorrect=7, unsure=4))
    hours = {
        7: Count(12, 1, 0),
        8: Count(41, 3, 2),
        9: Count(33, 0, 1),
        10: Count(14, 2, 0),
        11: Count(9, 1, 2),
    }
    window.hour_panel.show_hours(hours, 12)
    window.sightings.show_sightings(sightings(camera), 12)
    window.sightings.select(2)
    window.status.show_source(f"{camera}: live")
    window.status.show_size(image.shape[1], image.shape[0])
    window.status.show_speed(29.7, 8.4)
    window.status.model.setText("mask_v5 on onnx, yunet")


def draw_situations(folder: Path, work: Path) -> None:
    long_camera = "rtsp://entrance-north.building-7.example.org:8554/h264Preview_01_main_stream"
    frame = demo_frame(60)
    wide = cv2.resize(frame, (1920, 1080))
    for width, height in ((1280, 720), (1920, 1080)):
        for theme in ("light", "dark"):
            name = f"{width}_{theme}"
            window = make_window(width, height, theme, work)
            fill(window, "camera 0", crowd(20, 1920, 1080), wide)  # type: ignore[arg-type]
            wait(0.1)
            window.grab().save(str(folder / f"{name}_crowd.png"))
            fill(window, long_camera, crowd(3, 1920, 1080), wide)  # type: ignore[arg-type]
            window.banners.show_message(
                "source",
                Severity.WARNING,
                f"{long_camera} gives no more pictures: check its cable, its power and the "
                f"network. "
                "It is tried again by itself",
                "Try now",
                lambda: None,
            )
            window.banners.show_message(
                "store",
                Severity.ERROR,
                "the store sqlite:////srv/reception/mask-monitor/monitor.db cannot be written "
                "(database or disk is full): "
                "free the disk or the file. Nothing is lost yet: it is tried again",
            )
            window.view.set_plate("Lost since 10:42: this is the last picture")
            window.view.drop_faces()
            window.status.show_source(f"{long_camera}: lost, next try in 16 s")
            wait(0.1)
            window.grab().save(str(folder / f"{name}_trouble.png"))
            window.close()
    for theme in ("light", "dark"):
        window = make_window(1280, 720, theme, work)
        config = window.session.options.config
        dialogs: dict[str, QWidget] = {
            "help": HelpDialog(window),
            "about": AboutDialog(config, window),
            "settings": SettingsDialog(config, window),
            "export": ExportDialog(datetime.now().astimezone(), window),
            "alerts": AlertsDialog(config, ("Front door",), lambda *test: None, window),
        }
        for saying in Saying:
            visitor = dialogs[f"visitor_{saying.value}"] = VisitorView()
            visitor.say(saying)
        for name, dialog in dialogs.items():
            dialog.show()
            wait(0.05)
            dialog.grab().save(str(folder / f"dialog_{name}_{theme}.png"))
        window.close()


class LobbyCamera(FakeSource):
    """A live camera that shows the bundled clip from some place on, larger and darker or not; it
    can be lost.
    """

    def __init__(self, name: str, first: int, light: float = 1.0, flip: bool = False) -> None:
        super().__init__(live=True, name=name)
        self.first, self.light, self.flip = first, light, flip
        self.lost: list[str] = []
        self.t = 0.0

    def open(self) -> None:
        if self.lost:
            raise CameraError(self.lost[0])
        self.capture = cv2.VideoCapture(str(DEMO_CLIP))
        self.capture.set(cv2.CAP_PROP_POS_FRAMES, self.first)

    def read(self) -> Picture | None:
        time.sleep(1 / 15)
        self.t += 1 / 15
        good, image = self.capture.read()
        if self.lost or not good:
            raise CameraError(self.lost[0] if self.lost else "the end of the clip")
        image = cv2.flip(image, 1) if self.flip else image
        return Picture(cv2.convertScaleAbs(image, alpha=self.light), self.t)  # type: ignore[arg-type]


def draw_cameras(folder: Path, work: Path) -> None:
    """Two, four and nine cameras by the real pipeline, one of four lost; then one shown alone."""
    for width, height in ((1280, 720), (1920, 1080)):
        for theme in ("light", "dark"):
            for number in (2, 4, 9) if (width, theme) == (1280, "light") else (2, 4):
                names = (
                    "camera 0",
                    "camera 1",
                    "http://yard.example.org/stream.mjpg",
                    "rtsp://dock.example.org/main",
                )
                names += tuple(f"camera {n}" for n in range(4, 9))
                cameras = [
                    LobbyCamera(n, 5 + 20 * i, 1 - 0.08 * (i % 4), i % 2 == 1)
                    for i, n in enumerate(names)
                ]
                window = make_window(width, height, theme, work, cameras[:number])
                window.start()
                while window.session.analysed < 10 * number:
                    wait(0.1)
                if number == 4:
                    cameras[2].lost.append(
                        f"stream {names[2]} gives no more pictures: check its cable and its power"
                    )
                wait(2.5)
                window.grab().save(str(folder / f"cameras_{number}_{width}_{theme}.png"))
                if (number, width) == (4, 1280):
                    window.grid.choose(names[1])
                    window.grid.show_alone(True)
                    wait(0.3)
                    window.grab().save(str(folder / f"cameras_alone_{theme}.png"))
                window.close()


def enrolled(name: str, days: int | None, consent: str) -> EnrolledPerson:
    """Somebody enrolled 40 days ago, for `days` or without end."""
    vectors = np.random.default_rng(len(name)).normal(size=(24, 256)).astype(np.float32)
    kinds = np.array([Kind.BARE] * 12 + [Kind.MASKED] * 4 + [Kind.DRAWN] * 8, np.uint8)
    given = datetime.now().astimezone() - timedelta(days=40)
    until = None if days is None else given + timedelta(days=days)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return EnrolledPerson(name, consent, given, until, "reception", vectors, kinds)


def enrol_three(path: Path) -> None:
    """A gallery of three people who do not exist."""
    from monitor.identity.embed import MODEL
    from monitor.identity.gallery import Gallery, save_gallery

    people = (
        enrolled(
            "Anna Nowak",
            365,
            "May be greeted by name at the entrance, masked or not; signed on 12 October",
        ),
        enrolled("José Ramírez-Ortega de la Cruz", None, "Agreed by e-mail"),
        enrolled(
            "Zoë",
            90,
            "May be named at the gate while the building works go on; signed form in the personnel "
            "file",
        ),
    )
    save_gallery(Gallery(MODEL, 256, people), path)


def draw_people(folder: Path, work: Path) -> None:
    """The People page with three people, the form, and the guidance before a camera."""
    enrol_three(work / "gallery.npz")
    for theme in ("light", "dark"):
        camera = LobbyCamera("camera 0", 60)
        window = make_window(1280, 720, theme, work, [camera])
        window.start()
        while window.session.analysed < 5:
            wait(0.1)
        page = window.commands.show_people()
        while page.busy:
            wait(0.1)
        page.table.selectRow(0)
        wait(0.2)
        page.grab().save(str(folder / f"people_{theme}.png"))
        page.ask_to_enrol()
        dialog = page.enrolling
        assert dialog is not None
        dialog.name.setText("Berta Example")
        wait(0.2)
        dialog.grab().save(str(folder / f"enrol_form_{theme}.png"))
        dialog.consent.setPlainText("May be greeted by name")
        dialog.start()
        while not dialog.preview.has_picture:
            wait(0.1)
        wait(1.5)
        dialog.grab().save(str(folder / f"enrol_guide_{theme}.png"))
        window.grab().save(str(folder / f"enrol_window_{theme}.png"))
        dialog.reject()
        while page.enrolling is not None:
            wait(0.1)
        page.forget("Zoë" if theme == "light" else "Anna Nowak")
        while page.busy:
            wait(0.1)
        wait(0.3)
        page.grab().save(str(folder / f"people_receipt_{theme}.png"))
        for receipt in page.findChildren(ReceiptDialog):
            receipt.grab().save(str(folder / f"receipt_{theme}.png"))
        window.close()


def draw_clip(path: Path, work: Path, size_wh: tuple[int, int], theme: str) -> None:
    """The bundled clip, watched by the real pipeline, a moment after the first sighting has
    begun.
    """
    window = make_window(*size_wh, theme, work)
    window.start()
    for _ in range(300):
        wait(0.1)
        if any(sighting.open for sighting in window.sightings.model.sightings):
            break
    wait(0.6)
    window.grab().save(str(path))
    window.close()


DRAWN = {
    "situations": draw_situations,
    "cameras": draw_cameras,
    "people": draw_people,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", choices=DRAWN, help="this kind of situation alone")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        if arguments.folder is not None:
            arguments.folder.mkdir(parents=True, exist_ok=True)
            for name, draw in DRAWN.items():
                if arguments.only in (None, name):
                    draw(arguments.folder, Path(work))
        if arguments.keep is not None:
            draw_clip(arguments.keep, Path(work), (1280, 720), "light")


if __name__ == "__main__":
    main()

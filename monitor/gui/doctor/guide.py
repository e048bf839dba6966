"""The first steps: choose the camera, see your own face in its box, choose where it counts and
whether it is heard.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from monitor.app import DEMO_CLIP
from monitor.camera.listing import camera_list
from monitor.camera.source import camera_source, recording
from monitor.doctor.face_look import FaceLook, FaceSeen, look_at_face
from monitor.errors import CameraError
from monitor.gui.alerts.sound_choice import SoundChoice
from monitor.gui.banner import BannerStack, Severity
from monitor.gui.cameras.preview import Preview
from monitor.gui.choose import SourceChooser
from monitor.gui.layout import WindowParts
from monitor.gui.picture.view import PictureView
from monitor.gui.remembered import First
from monitor.gui.screen import dialog_size
from monitor.gui.side.panel import scaled_font
from monitor.marks import MARKS
from monitor.records import FrameResult, WorkerState

TITLES = (
    "Step 1 of 3: choose the camera",
    "Step 2 of 3: see your own face",
    "Step 3 of 3: choose where it counts",
)
NETWORK = "a network camera"
LOOK_MS = 500
LIST_MS = 2000
DEMO_TEXT = "This is the demonstration, a clip that comes with Mask Monitor: no camera is watched"
ZONES_TEXT = (
    "Everybody in the picture counts, unless you say otherwise. Draw what counts (the doorway) and "
    "what is ignored (a poster, a mirror) on the picture; that can be done later, too: Monitor > "
    "Zones of the picture."
)


class GuideDialog(QDialog):
    """Beside the window, which goes on. Main thread.

    Args:
        draw: Begins to draw zones in the window.
        sound: Whether alerts have one.
    """

    def __init__(
        self,
        parts: WindowParts,
        chooser: SourceChooser,
        draw: Callable[[], object],
        sound: SoundChoice,
    ) -> None:
        super().__init__(parts.window)
        self.setWindowTitle("First steps")
        self._parts, self._chooser, self._draw, self._sound = parts, chooser, draw, sound
        self._is_open = True
        self.first: First | None = None  # what the run begins with if the steps are skipped
        self.step = 0
        self.skipped = True  # until something was chosen
        self._plugged: list[tuple[int, str]] | None = None
        self._camera = ""  # the name of the one that was chosen
        self._lay_out()
        self.preview = Preview(self.view, chooser.keeper.config)
        self.kind.currentIndexChanged.connect(self.show_picture)
        self.address.returnPressed.connect(self.show_picture)
        self._list_timer = QTimer(self, interval=LIST_MS)
        self._list_timer.timeout.connect(self._list)
        self._look_timer = QTimer(self, interval=LOOK_MS)
        self._look_timer.timeout.connect(self._look)
        self.resize(dialog_size(self, QSize(680, 560)))
        self.go_to(0)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 14)
        self.banners = BannerStack()
        column.addWidget(self.banners)
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 14, 16, 0)
        inner.setSpacing(10)
        column.addLayout(inner, 1)
        self.title, self.message = QLabel(), QLabel()
        self.title.setFont(scaled_font(self, 1.4, self.font().Weight.DemiBold))
        self.message.setWordWrap(True)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setMinimumHeight(2 * self.message.fontMetrics().lineSpacing())
        self.kind, self.address = QComboBox(), QLineEdit()
        self.kind.setAccessibleName("Camera")
        self.address.setAccessibleName("Address of the network camera")
        self.address.setPlaceholderText("rtsp://camera.local/stream, then Enter")
        self.view = PictureView()
        self.view.setMinimumSize(200, 120)
        self.view.setAccessibleName("Live picture of this camera")
        for widget in (self.title, self.message, self.kind, self.address):
            inner.addWidget(widget)
        inner.addWidget(self.view, 1)
        inner.addWidget(self._lay_out_sound())
        self.demo_button = QPushButton("Watch the &demonstration")
        self.demo_button.clicked.connect(self.watch_demonstration)
        self.draw_button = QPushButton("Dra&w zones…")
        self.draw_button.clicked.connect(self._draw_zones)
        self.skip_button, self.back_button = QPushButton("&Skip all this"), QPushButton("&Back")
        self.next_button = QPushButton("&Next")
        self.skip_button.clicked.connect(self.reject)
        self.back_button.clicked.connect(lambda: self.go_to(self.step - 1))
        self.next_button.clicked.connect(self.go_on)
        row = QHBoxLayout()
        for button in (self.demo_button, self.draw_button, self.skip_button):
            row.addWidget(button)
            button.setAutoDefault(False)
        row.addStretch(1)
        row.addWidget(self.back_button)
        row.addWidget(self.next_button)
        self.back_button.setAutoDefault(False)
        self.next_button.setDefault(True)
        inner.addLayout(row)

    def _lay_out_sound(self) -> QWidget:
        """The question whether alerts have a sound, with a try of it."""
        self.sound_row = QWidget()
        row = QHBoxLayout(self.sound_row)
        row.setContentsMargins(0, 0, 0, 0)
        self.sound_box = QCheckBox("S&ound when somebody wears no mask, or wears it wrong")
        self.sound_box.setChecked(self._sound.on or not self._sound.made)
        self.sound_box.setToolTip("M turns it on and off; Monitor > Alerts has quiet hours")
        self.test_button = QPushButton("&Test")
        self.test_button.setAutoDefault(False)
        self.test_button.setAccessibleName("Play the sound")
        self.test_button.clicked.connect(self._test_sound)
        row.addWidget(self.sound_box)
        row.addWidget(self.test_button)
        row.addStretch(1)
        return self.sound_row

    # The steps

    def go_to(self, step: int) -> None:
        """Show a step."""
        self.step = step
        self.title.setText(TITLES[step])
        first, last = step == 0, step == len(TITLES) - 1
        self.kind.setVisible(first)
        self.address.setVisible(first and self._network)
        self.demo_button.setVisible(first)
        self.draw_button.setVisible(last)
        self.sound_row.setVisible(last)
        self.skip_button.setVisible(not last)
        self.back_button.setVisible(not first)
        self.next_button.setText("&All of it counts" if last else "&Next")
        self.next_button.setEnabled(not first or bool(self.kind.count()))
        self.view.clear()
        if first:
            self.message.setText("Point it at the way that people come; faces are to be well lit.")
            self._list_timer.start()
            self._look_timer.stop()
            self._list()
            self.show_picture()
        else:
            self._list_timer.stop()
            self.preview.stop()
            self._look_timer.start()
            self.message.setText(ZONES_TEXT if last else "Stand where visitors stand.")
            self.view.set_placeholder("Waiting for the first picture…")
            self._look()

    def go_on(self) -> None:
        """The next step, or the end."""
        if self.step == 0:
            self._choose()
        elif self.step < len(TITLES) - 1:
            self.go_to(self.step + 1)
        else:
            self._end()

    # The camera

    @property
    def _network(self) -> bool:
        return bool(self.kind.currentData() == "")

    @property
    def _text(self) -> str:
        return self.address.text().strip() if self._network else str(self.kind.currentData() or "")

    def _list(self) -> None:
        """Look for what is plugged in."""
        self._parts.bridge.run(
            "listing", camera_list, self._show_plugged, lambda message: self._show_plugged([])
        )

    def _show_plugged(self, cameras: list[tuple[int, str]]) -> None:
        if self.step or cameras == self._plugged:
            return
        chosen, self._plugged = self.kind.currentData(), cameras
        before = self.address.text()
        self.kind.blockSignals(True)
        self.kind.clear()
        for number, name in cameras:
            self.kind.addItem(f"{number}: {name}", str(number))
        self.kind.addItem(NETWORK, "")
        # who types an address is not interrupted
        kept = self.kind.findData(chosen) if chosen or before else 0
        self.kind.setCurrentIndex(max(0, kept))
        self.kind.blockSignals(False)
        self.next_button.setEnabled(True)
        self.show_picture()

    def show_picture(self) -> None:
        """Show what the chosen camera shows now."""
        self.address.setVisible(self._network)
        self.preview.stop()
        if not self._text:
            none = self._plugged == []
            title = "No camera is plugged in" if none else "No picture yet"
            hint = "Plug one in, or enter the address of a network camera"
            if self._plugged is None:
                title, hint = "Looking for cameras…", ""
            self.view.set_placeholder(title, hint)
            return
        keeper = self._chooser.keeper
        try:
            source = camera_source(self._text, keeper.config)
        except CameraError as error:
            self._say(str(error))
            return
        self.banners.clear("fault")
        self.preview.turn = source.turn
        watched = keeper.watching(source)
        if watched is not None:
            self.preview.look_on(watched)
        else:
            self.preview.open(source)

    def _choose(self) -> None:
        """Watch the chosen camera, and keep it."""
        if not self._text:
            self._say("Choose a camera first, or watch the demonstration")
            return
        keeper = self._chooser.keeper
        try:
            source = keeper.kept.named(self._text, keeper.config)
        except CameraError as error:
            self._say(str(error))
            return
        self.banners.clear("fault")
        self.preview.stop()  # a USB camera has one reader
        if keeper.watching(source) is None:
            if any(watched.live for watched in self._parts.session.watched):
                keeper.add_camera(self._text)  # the steps were opened again: others stay
            else:
                keeper.open_camera(self._text)
        watched = keeper.watching(source)
        if watched is None:
            self._say("This camera cannot be watched: see the line in the window")
            return
        self.chosen_is(watched.name)

    def chosen_is(self, name: str) -> None:
        """Go on with a camera that is watched."""
        self.skipped, self._camera = False, name
        self.go_to(1)

    def watch_demonstration(self) -> None:
        """The clip that comes with the program, named as such; no camera is set up by it."""
        self.skipped = False
        self.accept()
        config = self._chooser.keeper.config
        self._chooser.open(recording("video", DEMO_CLIP, config), notice=DEMO_TEXT)

    # The face

    def take(self, result: FrameResult) -> None:
        """What the analysis says of a frame of the window."""
        if self.step == 0 or result.frame.camera != self._camera:
            return
        self.view.show_picture(result.frame.image, result.faces)
        if self.step == 1:
            unsure_px = self._parts.session.options.config.classify.unsure_face_px
            self.message.setText(face_text(look_at_face(result, unsure_px), result))

    def _look(self) -> None:
        """Say why nothing is analysed, if so."""
        state, message = self._parts.session.worker_state()
        watched = self._parts.session.find(self._camera)
        if self.step == 1 and state is not WorkerState.READY:
            self.message.setText(message or "Loading models…")
        elif watched is not None and not self.view.has_picture:
            said = self._parts.session.status_of(watched).message
            self.view.set_placeholder("No picture yet", said)

    # The end

    def _end(self) -> None:
        """All three steps are done."""
        self._sound.choose(self.sound_box.isChecked())
        self.accept()

    def _draw_zones(self) -> None:
        self._end()
        self._draw()

    def _test_sound(self) -> None:
        self.banners.clear("fault")
        self._sound.test(lambda problem: self._say(problem) if problem and self._is_open else None)

    def _say(self, message: str) -> None:
        text = f"{message[:1].upper()}{message[1:]}"
        self.banners.show_message("fault", Severity.ERROR, text)

    def done(self, result: int) -> None:
        self._is_open = False  # a sound may end later
        self._list_timer.stop()
        self._look_timer.stop()
        self.preview.stop()
        super().done(result)


def face_text(seen: FaceSeen, result: FrameResult) -> str:
    """What is said of somebody who tries the camera, with what helps."""
    size = f"{seen.size_px:.0f} px"
    if seen.look is FaceLook.GOOD:
        nearest = max(result.faces, key=lambda face: float(face.xyxy[2] - face.xyxy[0]))
        state = MARKS[nearest.state].word.lower()
        return f"You are seen: {state}. Your face is {size} large, and the light is good."
    return {
        FaceLook.TURNED: "The picture is not upright: turn the camera, or its picture (File > "
        "Cameras…, Change).",
        FaceLook.NOBODY: "No face is seen yet: stand where visitors stand and look at the camera.",
        FaceLook.SMALL: f"You are seen, but your face is too small ({size}): come closer, zoom in, "
        "or bring the camera closer.",
        FaceLook.DARK: "You are seen, but your face is too dark: turn on a light in front of you, "
        "or turn the camera away from the window.",
        FaceLook.UNDECIDED: "You are seen: hold still for a moment.",
    }[seen.look]

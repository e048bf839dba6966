"""The first steps: choose the camera, see your own face in its box, choose where it counts and
whether it is heard.
"""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from monitor.app import DEMO_CLIP
from monitor.camera.listing import camera_list
from monitor.camera.source import recording
from monitor.camera.zones import Zones
from monitor.doctor.face_look import FaceLook, FaceSeen, look_at_face
from monitor.errors import CameraError
from monitor.gui.alerts.sound_choice import SoundChoice
from monitor.gui.banner import BannerStack, Severity
from monitor.gui.cameras.form import CameraForm
from monitor.gui.cameras.words import fault_text
from monitor.gui.choose import SourceChooser
from monitor.gui.doctor.zones_words import zones_text
from monitor.gui.layout import WindowParts
from monitor.gui.picture.view import PictureView
from monitor.gui.remembered import First
from monitor.gui.screen import dialog_size
from monitor.gui.side.panel import scaled_font
from monitor.gui.zones.room import ZoneRoom
from monitor.marks import MARKS
from monitor.records import FrameResult, WorkerState

TITLES = (
    "Step 1 of 3: choose the camera",
    "Step 2 of 3: see your own face",
    "Step 3 of 3: choose where it counts",
)
LOOK_MS = 500
LIST_MS = 2000
DEMO_TEXT = "This is the demonstration, a clip that comes with Mask Monitor: no camera is watched"
POINT_TEXT = "Point it at the way that people come; faces are to be well lit."


class GuideDialog(QDialog):
    """Beside the window, which goes on. Main thread.

    Args:
        zones: Of the window: begins to draw them.
        sound: Whether alerts have one.
    """

    def __init__(
        self,
        parts: WindowParts,
        chooser: SourceChooser,
        zones: ZoneRoom,
        sound: SoundChoice,
    ) -> None:
        super().__init__(parts.window)
        self.setWindowTitle("First steps")
        self._parts, self._chooser, self._zones, self._sound = parts, chooser, zones, sound
        self._is_open = True
        self.first: First | None = None  # what the run begins with if the steps are skipped
        self.step = 0
        self.skipped = False  # the user wants none of it
        self._plugged: list[tuple[int, str]] | None = None
        self._waits = False  # for the picture of the chosen camera, to go on
        self._camera = ""  # the name of the one that was chosen
        self.view = PictureView()
        self.form = CameraForm(chooser.keeper, self.view)
        self._lay_out()
        self.form.wrong.connect(self._say_wrong)
        self.form.came.connect(self._came)
        self._list_timer = QTimer(self, interval=LIST_MS)
        self._list_timer.timeout.connect(self._list)
        self._look_timer = QTimer(self, interval=LOOK_MS)
        self._look_timer.timeout.connect(self._look)
        self.resize(dialog_size(self, QSize(760, 560)))
        chooser.keeper.locks.look_for_keyring()
        self._offer()
        self.go_to(0)

    def _lay_out(self) -> None:
        inner = QVBoxLayout(self)
        inner.setContentsMargins(16, 14, 16, 14)
        inner.setSpacing(10)
        self.title, self.message = QLabel(), QLabel()
        self.title.setFont(scaled_font(self, 1.4, self.font().Weight.DemiBold))
        self.message.setWordWrap(True)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setMinimumHeight(2 * self.message.fontMetrics().lineSpacing())
        self.view.setMinimumSize(200, 120)
        self.view.setAccessibleName("Live picture of this camera")
        inner.addWidget(self.title)
        inner.addWidget(self.message)
        both = QHBoxLayout()
        both.setSpacing(16)
        both.addWidget(self.form, 1)
        both.addWidget(self.view, 1)
        inner.addLayout(both, 1)
        inner.addWidget(self._lay_out_sound())
        self.banners = BannerStack()
        self.banners.reserve()  # nothing moves under the mouse when a line comes
        inner.addWidget(self.banners)
        inner.addLayout(self._lay_out_buttons())

    def _lay_out_buttons(self) -> QHBoxLayout:
        self.demo_button = QPushButton("Watch the &demonstration")
        self.demo_button.clicked.connect(self.watch_demonstration)
        self.draw_button = QPushButton("Dra&w zones…")
        self.draw_button.clicked.connect(self._draw_zones)
        self.skip_button, self.back_button = QPushButton("S&kip all this"), QPushButton("&Back")
        self.next_button = QPushButton("&Next")
        self.skip_button.clicked.connect(self._skip)
        self.back_button.clicked.connect(lambda: self.go_to(self.step - 1))
        self.next_button.clicked.connect(self.go_on)
        row = QHBoxLayout()
        for button in (self.demo_button, self.draw_button, self.skip_button):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.back_button)
        row.addWidget(self.next_button)
        # Enter in a field of the form shows the picture
        for button in (
            *(self.demo_button, self.draw_button, self.skip_button),
            *(self.back_button, self.next_button),
        ):
            button.setAutoDefault(False)
        return row

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
        self.step, self._waits = step, False
        self.title.setText(TITLES[step])
        first, last = step == 0, step == len(TITLES) - 1
        self.form.setVisible(first)
        self.demo_button.setVisible(first)
        self.draw_button.setVisible(last)
        self.sound_row.setVisible(last)
        self.skip_button.setVisible(not last)
        self.back_button.setVisible(not first)
        self.next_button.setText("&Next")
        self.next_button.setEnabled(True)
        self.banners.clear("fault")
        self.view.clear()
        self.view.set_zones(Zones())
        if first:
            self.message.setText(POINT_TEXT)
            self._list_timer.start()
            self._look_timer.stop()
            self._list()
            self.form.choose_kind()
        else:
            self._list_timer.stop()
            self.form.stop()
            self._look_timer.start()
            self.message.setText("Stand where visitors stand.")
            if last:
                self._show_zones()
            self.view.set_placeholder("Waiting for the first picture…")
            self._look()

    def _show_zones(self) -> None:
        """What counts now stays so, unless it is changed."""
        zones = self._zones.zones_of(self._camera)
        self.view.set_zones(zones)
        self.message.setText(zones_text(zones))
        self.next_button.setText("&Keep it so" if zones else "&All of it counts")
        self.draw_button.setText("Change the &zones…" if zones else "Dra&w zones…")

    def go_on(self) -> None:
        """The next step, or the end."""
        if self.step == 0:
            self._choose()
        elif self.step < len(TITLES) - 1:
            self.go_to(self.step + 1)
        else:
            self._end()

    # The camera

    def _list(self) -> None:
        """Look for what is plugged in."""
        self._parts.bridge.run(
            "listing", camera_list, self._show_plugged, lambda message: self._show_plugged([])
        )

    def _show_plugged(self, cameras: list[tuple[int, str]]) -> None:
        if self.step or cameras == self._plugged or not self._is_open:
            return
        self._plugged = cameras
        self._offer()
        self.form.choose_kind()
        if not cameras and not self._chooser.keeper.kept.cameras and not self.form.address.text():
            self.view.set_placeholder(
                "No camera is plugged in", "Plug one in, or enter the address of a network camera"
            )

    def _offer(self) -> None:
        """The cameras that were set up, and what is plugged in and not among them."""
        kept = self._chooser.keeper.kept.cameras
        used = {camera.shown for camera in kept}
        self.form.offer([(n, name) for n, name in self._plugged or () if str(n) not in used], kept)
        if self._plugged is None and not kept:
            self.view.set_placeholder("Looking for cameras…")

    def _choose(self) -> None:
        """Watch the chosen camera, and keep it, once its picture has come."""
        if self.form.has_picture:
            self._take()
            return
        self._waits = True
        self.next_button.setEnabled(False)
        self.message.setText("Waiting for its picture…")
        self.form.show_picture()
        if self.form.awaited:
            return
        self._stop_waiting()
        if self.form.of_list is not None:
            self._unlock()
        elif not self.banners.text("fault"):
            self._say("Choose a camera or enter its address first, or watch the demonstration")

    def _unlock(self) -> None:
        camera = self.form.of_list
        if camera is not None:
            self._chooser.keeper.unlock(camera, self.form.show_picture, self)

    def _stop_waiting(self) -> None:
        self._waits = False
        self.next_button.setEnabled(True)
        self.message.setText(POINT_TEXT)

    @Slot()
    def _came(self) -> None:
        self.banners.clear("fault")
        if self._waits:
            self._take()

    @Slot(str, bool)
    def _say_wrong(self, text: str, no_picture: bool) -> None:
        """A camera that gives no picture is kept if that is wanted all the same."""
        if self.step:
            return
        if text:
            self._stop_waiting()
        kept = self.form.of_list
        if not no_picture:
            self.banners.show_message("fault", Severity.ERROR, text)
            return
        what = "Go on" if kept is not None else "Save it"
        self.banners.show_message(
            *("fault", Severity.ERROR, f"{text}. {what} all the same?"),
            *(f"{what} all the same", self._take),
        )
        if kept is not None and kept.secret:
            self.banners.offer("fault", "Enter it…", self._unlock)

    def _take(self) -> None:
        try:
            camera = self.form.save()
        except CameraError as error:
            self._stop_waiting()
            self._say(fault_text(error))
            return
        self._offer()
        self.form.choose(camera)
        watched = self._chooser.keeper.watched(camera)
        if watched is None:
            self._stop_waiting()
            self._say("This camera cannot be watched: see the line in the window")
            return
        self.chosen_is(watched.name)

    def chosen_is(self, name: str) -> None:
        """Go on with a camera that is watched."""
        self._camera = name
        self.go_to(1)

    def watch_demonstration(self) -> None:
        """The clip that comes with the program, named as such; no camera is set up by it."""
        self.accept()
        config = self._chooser.keeper.config
        clip = recording("video", DEMO_CLIP, config, datetime.now(UTC))  # of the moment it plays
        self._chooser.demonstrate(clip, DEMO_TEXT)

    def _skip(self) -> None:
        self.skipped = True
        self.reject()

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
        self._zones.draw()

    def _test_sound(self) -> None:
        self.banners.clear("sound")
        self._sound.test(
            lambda problem: self._say(problem, "sound") if problem and self._is_open else None
        )

    def _say(self, message: str, key: str = "fault") -> None:
        text = f"{message[:1].upper()}{message[1:]}"
        self.banners.show_message(key, Severity.ERROR, text)

    def done(self, result: int) -> None:
        self._is_open = False  # a sound may end later
        self._list_timer.stop()
        self._look_timer.stop()
        self.form.stop()
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

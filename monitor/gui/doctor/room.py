"""What the main window has of this room: first steps, the doctor's page, the acceptance run.
Each is imported once it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from monitor.gui.alerts.sound_choice import SoundChoice
from monitor.gui.choose import SourceChooser
from monitor.gui.layout import WindowParts
from monitor.gui.remembered import First
from monitor.gui.screen import bring_to_front
from monitor.gui.zones.room import ZoneRoom
from monitor.records import FrameResult

if TYPE_CHECKING:
    from monitor.camera.kept import KeptCamera
    from monitor.gui.doctor.accept_page import AcceptDialog
    from monitor.gui.doctor.guide import GuideDialog
    from monitor.gui.doctor.page import DoctorDialog

LEFT = "first_steps_left"  # the user wants none of it


class DoctorRoom(QObject):
    """Main thread."""

    def __init__(
        self, parts: WindowParts, chooser: SourceChooser, zones: ZoneRoom, sound: SoundChoice
    ) -> None:
        super().__init__(parts.window)
        self._parts, self._chooser, self._zones, self._sound = parts, chooser, zones, sound
        self.guide: GuideDialog | None = None
        self.doctor: DoctorDialog | None = None
        self.accept: AcceptDialog | None = None
        parts.menus.first_steps.triggered.connect(lambda: self.show_guide())

    def wants_guide(self, first: First) -> bool:
        """Whether this is a first run: no camera was ever set up or named, and the first steps were
        not left.
        """
        kept = self._chooser.keeper.kept
        return not (first.named or kept.set_up or self._parts.preferences.flag(LEFT, False))

    def answered(self, result: FrameResult) -> None:
        """What the analysis says of a frame that is shown."""
        if self.guide is not None:
            self.guide.take(result)
        if self.accept is not None:
            self.accept.take(result)

    def show_guide(self, first: First | None = None) -> GuideDialog:
        """Open the first steps, or bring them to the front.

        Args:
            first: What the run would have begun with; None: something is watched already.
        """
        from monitor.gui.doctor.guide import GuideDialog

        if self.guide is None:
            self.guide = guide = GuideDialog(
                self._parts, self._chooser, self._zones.draw, self._sound
            )
            guide.first = first
            guide.finished.connect(self._guided)
        bring_to_front(self.guide)
        return self.guide

    def _guided(self) -> None:
        guide, self.guide = self.guide, None
        if guide is None:
            return
        if guide.first is not None:
            if guide.skipped:
                self._parts.preferences.keep_flag(LEFT, True)
                self._chooser.begin(guide.first)
            else:
                self._chooser.begin(First(()))  # looks for what is plugged in
        guide.deleteLater()

    def show_doctor(self, camera: KeptCamera) -> DoctorDialog:
        """Open the doctor's page of a camera, or bring it to the front."""
        from monitor.gui.doctor.page import DoctorDialog

        if self.doctor is None:
            parts = self._parts
            self.doctor = DoctorDialog(
                self._chooser.keeper, parts.session, parts.bridge, self.show_accept, parts.window
            )
        self.doctor.show_camera(camera)
        bring_to_front(self.doctor)
        return self.doctor

    def show_accept(self, camera: str) -> AcceptDialog:
        """Begin an acceptance run, or bring the one of this camera to the front."""
        from monitor.gui.doctor.accept_page import AcceptDialog

        old = self.accept
        if old is None or not old.isVisible():
            self.accept = AcceptDialog(camera, self._parts.bridge, self._parts.window)
            if old is not None:
                old.deleteLater()
        assert self.accept is not None
        bring_to_front(self.accept)
        return self.accept

    def close(self) -> None:
        """The window closes: what is open here closes, too."""
        guide, self.guide = self.guide, None
        if self.accept is not None and self.accept.found is None:
            self.accept.end()
        for dialog in (guide, self.doctor, self.accept):
            if dialog is not None:
                dialog.close()

"""What the receptionist has done by menu, key or button: corrections, notes, shifts, settings, the
export.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QInputDialog, QMenu, QMessageBox

from monitor.app import RunOptions
from monitor.config import with_values
from monitor.gui.banner import Severity
from monitor.gui.layout import WindowParts
from monitor.gui.preferences import IDENTIFY
from monitor.gui.reports import Reports
from monitor.gui.side.sightings_panel import CORRECTIONS, NOTE_LABEL, correction_icon
from monitor.records import Correction, Sighting

if TYPE_CHECKING:
    from monitor.analysis.worker import Parts
    from monitor.camera.kept import KeptCamera
    from monitor.gui.cameras.keeper import CameraKeeper
    from monitor.gui.cameras.page import CamerasDialog
    from monitor.gui.history.page import HistoryPage
    from monitor.gui.learning.models_page import ModelsDialog
    from monitor.gui.people.page import PeopleDialog
    from monitor.storage.export import Exported
    from monitor.storage.export_wish import Wish


class Commands(QObject):
    """Main thread; whatever may take long is done in the inference thread or in the background.

    Args:
        parts: Of the window.
        reports: What the window shows of the shift.
        started_again: Called after the analysis was started anew.
    """

    def __init__(
        self, parts: WindowParts, reports: Reports, started_again: Callable[[], None]
    ) -> None:
        super().__init__(parts.window)
        self._window, self._session, self._bridge = parts.window, parts.session, parts.bridge
        self._banners, self._preferences = parts.banners, parts.preferences
        self._reports, self._started_again = reports, started_again
        # made when it is asked for: mask-only mode imports nothing of it
        self.ignore_place: Callable[[str], None] = lambda visit_id: None
        self.check_camera: Callable[[KeptCamera], object] = lambda camera: None
        self.people: PeopleDialog | None = None
        self.models: ModelsDialog | None = None
        self.cameras: CamerasDialog | None = None
        self.history: HistoryPage | None = None
        parts.grid.face_menu_wanted.connect(self.show_face_menu)
        parts.sightings.corrected.connect(self.correct)
        parts.sightings.note_wanted.connect(self.ask_for_note)
        self._menus = menus = parts.menus
        menus.undo.triggered.connect(self.undo)
        menus.undo.setEnabled(False)
        menus.new_shift.triggered.connect(self.ask_for_new_shift)
        menus.detector_group.triggered.connect(
            lambda a: self.change_settings({("detect", "name"): a.data()})
        )
        menus.settings.triggered.connect(self.ask_for_settings)
        menus.export.triggered.connect(self.ask_for_export)
        menus.people.triggered.connect(self.show_people)
        menus.history.triggered.connect(self.show_history)
        menus.print.triggered.connect(lambda: self.show_history().printing.ask_to_print())
        menus.models.triggered.connect(self.show_models)
        menus.help.triggered.connect(self.show_help)
        menus.about.triggered.connect(self.show_about)

    # Corrections

    @Slot(str, object)
    def correct(self, visit_id: str, correction: Correction | None) -> None:
        """Count a visit as the receptionist says; None: as the monitor saw it."""
        self._session.submit(lambda parts: parts.ledger.correct(visit_id, correction))

    @Slot()
    def undo(self) -> None:
        """Take the last correction of this shift back."""
        self._session.submit(_undo_last)

    @Slot(str, QPoint)
    def show_face_menu(self, visit_id: str, place: QPoint) -> None:
        """Correct somebody in the picture."""
        self.face_menu(visit_id).popup(place)

    def face_menu(self, visit_id: str) -> QMenu:
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for correction, text, *_ in CORRECTIONS:
            action = menu.addAction(correction_icon(correction), text)
            action.triggered.connect(lambda _=False, c=correction: self.correct(visit_id, c))
        menu.addAction("I&gnore this place").triggered.connect(lambda: self.ignore_place(visit_id))
        if visit_id in self._reports.shown.corrections:
            menu.addAction("As the monitor &saw it").triggered.connect(
                lambda: self.correct(visit_id, None)
            )
        return menu

    @Slot(object)
    def ask_for_note(self, sighting: Sighting) -> None:
        note, agreed = QInputDialog.getText(
            self._window, "Note", NOTE_LABEL.format("sighting"), text=sighting.note
        )
        if agreed:
            self.annotate(sighting.sighting_id, note.strip())

    def annotate(self, sighting_id: str, note: str) -> None:
        self._session.submit(lambda parts: parts.ledger.annotate(sighting_id, note))

    # Shift and settings

    @Slot()
    def ask_for_new_shift(self) -> None:
        question = (
            "Count from zero? The visits and sightings so far stay in the store, in the history "
            "and in the export. The next shift of the settings begins by itself."
        )
        if (
            QMessageBox.question(self._window, "Start a new shift", question)
            is QMessageBox.StandardButton.Yes
        ):
            self.new_shift()

    def new_shift(self) -> None:
        """End the shift and begin one that counts from zero."""
        self._session.submit(_begin_shift)

    def start_again(self, options: RunOptions | None = None) -> None:
        """Load models and open the store anew, with other options if wanted; the shift goes on."""
        self._session.start_worker(options)
        self._started_again()

    @Slot()
    def ask_for_settings(self) -> None:
        from monitor.gui.dialogs import SettingsDialog
        from monitor.gui.privacy_box import agreed

        options = self._session.options
        fixed = self._preferences.is_given(options, "store", "retention_days")
        dialog = SettingsDialog(
            options.config, self._window, identify=options.identify, fixed=fixed
        )
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.change_settings(*agreed(options, dialog, self._window))
        dialog.deleteLater()

    def change_settings(
        self, values: dict[tuple[str, str], object], identify: bool | None = None
    ) -> None:
        """Keep settings, and start the analysis again if they are others than now.

        Args:
            identify: Whether people are named from now on; None: as before.
        """
        options = self._session.options
        if identify is not None and identify != options.identify:
            self._preferences.keep_flag(IDENTIFY, identify)
            options = dataclasses.replace(options, identify=identify)
        for (section, name), value in values.items():
            if getattr(getattr(options.config, section), name) != value:
                config = with_values(options.config, {section: {name: value}})
                options = dataclasses.replace(options, config=config)
                self._preferences.keep_setting(section, name, value)
        if options is not self._session.options:
            self.start_again(options)

    # People

    @Slot()
    def show_people(self) -> PeopleDialog:
        """Open the People page, or bring it to the front."""
        from monitor.gui.people.page import PeopleDialog

        if self.people is None:
            self.people = PeopleDialog(self._session, self._bridge, self._window)
        elif not self.people.isVisible() and not self.people.busy:
            self.people.read()
        self.people.show()
        self.people.raise_()
        self.people.activateWindow()
        return self.people

    def close_people(self) -> None:
        """Close the People page; an enrolment that runs is cancelled."""
        if self.people is not None:
            self.people.close()

    # Cameras

    def show_cameras(self, keeper: CameraKeeper) -> CamerasDialog:
        """Open the Cameras page, or bring it to the front."""
        from monitor.gui.cameras.page import CamerasDialog

        if self.cameras is None:
            self.cameras = CamerasDialog(keeper, self._session, self._bridge, self._window)
            self.cameras.check_wanted.connect(lambda camera: self.check_camera(camera))
        self.cameras.show()
        self.cameras.raise_()
        self.cameras.activateWindow()
        return self.cameras

    def close_cameras(self) -> None:
        if self.cameras is not None:
            self.cameras.close()

    # Models

    @Slot()
    def show_models(self) -> ModelsDialog:
        """Open the Models page, or bring it to the front."""
        from monitor.gui.learning.models_page import ModelsDialog

        if self.models is None:
            self.models = ModelsDialog(self._session, self._bridge, self._window)
        elif not self.models.isVisible() and not self.models.busy:
            self.models.read()
        self.models.show()
        self.models.raise_()
        self.models.activateWindow()
        return self.models

    def close_models(self) -> None:
        """Close the Models page; what is being learnt goes on."""
        if self.models is not None:
            self.models.close()

    # History

    @Slot()
    def show_history(self) -> HistoryPage:
        """Open the history, or bring it to the front."""
        from monitor.gui.history.page import HistoryPage

        if self.history is None:
            self.history = HistoryPage(self._session, self._bridge, self._reports, self._window)
        self.history.show()
        self.history.raise_()
        self.history.activateWindow()
        self.history.read()
        return self.history

    def close_history(self) -> None:
        """Close the history."""
        if self.history is not None:
            self.history.close()

    # Export

    @Slot()
    def ask_for_export(self) -> None:
        from monitor.gui.export_dialog import ExportDialog

        separator = self._session.options.config.export.separator
        dialog = ExportDialog(self._reports.shift_began, separator, self._window)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.export(*dialog.chosen())
        dialog.deleteLater()

    def export(self, path: Path, wish: Wish, recording: str = "") -> None:
        """Write sightings and totals in the background, then say where they are.

        Args:
            recording: Of this one alone; empty: of the store.
        """
        from monitor.gui.export_dialog import exported_text

        def say(written: Exported) -> None:
            text = exported_text(written)
            apart = self._reports.recording and not self._session.options.into_store
            if apart and not recording:
                text += (
                    ". What this recording shows is not in the store, so it is not among them: "
                    "Export below its picture saves it"
                )
            self._banners.show_message(
                "export",
                Severity.INFO,
                text,
                "Show folder",
                lambda: self._show_folder(path.absolute().parent),
            )

        def fail(message: str) -> None:
            again = self._menus.review.export.trigger if recording else self.ask_for_export
            self._banners.show_message("export", Severity.ERROR, message, "Export…", again)

        def write() -> Exported:
            if recording:
                from monitor.gui.review.exporting import export_shown

                return export_shown(self._session, recording, path, wish)
            return self._session.export(path, wish)

        self._banners.clear("export")
        self._bridge.run("the export", write, say, fail)

    def _show_folder(self, folder: Path) -> None:
        """In the file manager; where none answers, the path is said."""
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            text = f"This system has no file manager: the folder is {folder}"
            self._banners.show_message("export", Severity.INFO, text)

    # Help

    @Slot()
    def show_help(self) -> None:
        from monitor.gui.help import HelpDialog

        help_ = HelpDialog(self._window)
        help_.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        help_.open()

    @Slot()
    def show_about(self) -> None:
        from monitor.gui.help import AboutDialog

        options = self._session.options
        about = AboutDialog(options.config, self._window, identify=options.identify)
        about.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        about.folder_wanted.connect(self._show_folder)
        about.open()


def _begin_shift(parts: Parts) -> None:
    parts.ledger.begin_shift()


def _undo_last(parts: Parts) -> None:
    parts.ledger.undo()

"""What the main window has of this room: zones are shown, drawn, saved, and made of what was taken
for a visitor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QBoxLayout

from monitor.camera.turn import UPRIGHT, Turn
from monitor.camera.zones import ZONES_MAX, Polygon, Zones, around, as_turned
from monitor.camera.zones_file import load_zones, save_zones, zones_path
from monitor.gui.banner import Severity
from monitor.gui.layout import WindowParts
from monitor.records import Correction, Face, Frame

if TYPE_CHECKING:
    from monitor.gui.zones.bar import ZoneBar
    from monitor.gui.zones.editor import ZoneEditor

PLACES_MAX = 2000  # visits whose place is remembered
Correct = Callable[[str, Correction | None], None]


class ZoneRoom(QObject):
    """Main thread; files are read and written in the background.

    Args:
        parts: Of the window.
        correct: Says of a visit what it was.
    """

    def __init__(self, parts: WindowParts, correct: Correct) -> None:
        super().__init__(parts.window)
        self._parts, self._correct = parts, correct
        self.zones: dict[str, Zones] = {}  # by camera, as saved
        self._places: dict[str, tuple[str, Polygon]] = {}  # where each visit was seen last
        self.editor: ZoneEditor | None = None
        self.bar: ZoneBar | None = None
        self._camera, self._was_alone = "", False
        parts.menus.zones.triggered.connect(self.draw)
        parts.sightings.ignore_wanted.connect(self.ignore_place)
        parts.grid.arranged.connect(self._stay)

    def start(self) -> None:
        """Read what is saved. A damaged file stops the analysis, which says so."""
        named = self._parts.session.options.config.detect.zones
        self._parts.bridge.run(
            "the zones", lambda: load_zones(zones_path(named)), self._take, lambda message: None
        )

    def saw(self, frame: Frame, faces: Sequence[Face]) -> None:
        """Remember where each visit stands, and show the zones with the picture."""
        for face in faces:
            if face.visit_id is not None:
                self._places.pop(face.visit_id, None)
                polygon = around((float(v) for v in face.xyxy), frame.size_wh)
                self._places[face.visit_id] = (frame.camera, polygon)
        while len(self._places) > PLACES_MAX:
            del self._places[next(iter(self._places))]

    def show(self) -> None:
        """Each picture with its zones: others are watched, or zones were saved."""
        if self.editor is not None and self._camera not in self._parts.session.names:
            self._close()
        for name in self._parts.grid.names:
            view = self._parts.grid.view_of(name)
            if view is not None:
                drawn = self.editor is not None and name == self._camera
                view.set_zones(Zones() if drawn else self.zones_of(name))

    def zones_of(self, camera: str) -> Zones:
        """As they lie on its pictures now."""
        return as_turned(self.zones.get(camera, Zones()), self._turn_of(camera))

    def _turn_of(self, camera: str) -> Turn:
        watched = self._parts.session.find(camera)
        return watched.source.turn if watched is not None and watched.live else UPRIGHT

    # Drawing

    @Slot()
    def draw(self) -> None:
        """Draw the zones of the chosen camera."""
        grid, camera = self._parts.grid, self._parts.grid.chosen
        if self.editor is not None:
            self.editor.setFocus()
            return
        if not camera or not grid.view.has_picture:
            self._say(Severity.WARNING, "Zones are drawn on a picture: there is none yet")
            return
        from monitor.gui.zones.bar import ZoneBar
        from monitor.gui.zones.draft import Draft
        from monitor.gui.zones.editor import ZoneEditor

        self._parts.banners.clear("zones")
        self._camera, self._was_alone = camera, bool(grid.alone)
        grid.show_alone(True)
        self.editor = editor = ZoneEditor(grid.view, Draft(self.zones_of(camera)))
        self.bar = bar = ZoneBar(camera)
        column = self._parts.splitter.widget(0).layout()
        assert isinstance(column, QBoxLayout)
        column.insertWidget(1, bar)  # between banners and pictures
        editor.changed.connect(lambda: bar.show_draft(editor.draft))
        editor.said.connect(bar.say)
        editor.left.connect(lambda: self._end(False))
        bar.kind_chosen.connect(editor.choose)
        bar.undo_wanted.connect(lambda: editor.act(undo=True))
        bar.clear_wanted.connect(lambda: editor.act(clear=True))
        bar.ended.connect(self._end)
        bar.show_draft(editor.draft)
        self.show()
        editor.setFocus()

    @Slot(bool)
    def _end(self, keep: bool) -> None:
        assert self.editor is not None
        camera, former = self._camera, self.zones_of(self._camera)
        zones = replace(self.editor.draft.zones, turn=former.turn)
        self._close()
        if keep and zones != former:
            self.save(camera, zones)

    def _close(self) -> None:
        for widget in (self.editor, self.bar):
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.editor = self.bar = None
        self._parts.grid.show_alone(self._was_alone)
        self.show()

    @Slot()
    def _stay(self) -> None:
        """The camera whose zones are drawn stays in front."""
        grid = self._parts.grid
        if self.editor is not None and self._camera in grid.names:
            grid.choose(self._camera)
            grid.show_alone(True)

    # Saving

    def save(self, camera: str, zones: Zones, done: Callable[[], None] = lambda: None) -> None:
        """Keep the zones of a camera and go by them, in the same shift."""
        named = self._parts.session.options.config.detect.zones

        def write() -> dict[str, Zones]:
            path = zones_path(named)
            save_zones(path, camera, zones)
            return load_zones(path)

        def finish(saved: dict[str, Zones]) -> None:
            self._take(saved)
            done()

        self._parts.bridge.run(
            "the zones", write, finish, lambda message: self._say(Severity.ERROR, message)
        )

    def _take(self, saved: Mapping[str, Zones]) -> None:
        changed, self.zones = dict(saved) != self.zones, dict(saved)
        if changed:
            zones = self.zones
            self._parts.session.submit(lambda parts: parts.pipeline.use_zones(zones))
        self.show()

    # What was taken for a visitor

    @Slot(str)
    def ignore_place(self, visit_id: str) -> None:
        """Ignore the place where a visit was seen last, and say that it was no person."""
        if visit_id not in self._places:
            self._say(
                Severity.WARNING,
                "Where that was is not known any more: draw it in Monitor > Zones of the picture",
            )
            return
        camera, place = self._places[visit_id]
        former = self.zones_of(camera)
        if len(former.counting) + len(former.ignored) >= ZONES_MAX:
            self._say(Severity.WARNING, f"{camera} has {ZONES_MAX} zones: remove one first")
            return

        def undo() -> None:
            self._correct(visit_id, None)
            self.save(camera, former, lambda: self._parts.banners.clear("zones"))

        def tell() -> None:
            self._correct(visit_id, Correction.NO_PERSON)
            text = f"This place in {camera} is ignored from now on, and it was no person"
            self._say(Severity.INFO, text, "Undo", undo)

        self.save(camera, replace(former, ignored=(*former.ignored, place)), tell)

    def _say(
        self,
        severity: Severity,
        text: str,
        button: str = "",
        action: Callable[[], None] | None = None,
    ) -> None:
        self._parts.banners.clear("zones")
        self._parts.banners.show_message(
            "zones", severity, f"{text[:1].upper()}{text[1:]}", button, action
        )

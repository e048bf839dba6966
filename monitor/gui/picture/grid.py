"""The pictures of all cameras side by side, or of one alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPoint, QSize, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from monitor.gui.picture import caption as strip
from monitor.gui.picture.caption import Caption
from monitor.gui.picture.view import BACKGROUND, PictureView

GAP = 4
ASPECT = 16 / 9


def grid_shape(number: int, width: int, height: int) -> tuple[int, int]:
    """Columns and rows that show `number` pictures largest in an area of `width` x `height` px; a
    fuller grid wins a tie.
    """

    def picture_width(columns: int) -> float:
        rows = -(-number // columns)
        return min(width / columns, max(0.0, height / rows - strip.HEIGHT) * ASPECT)

    columns = max(
        range(1, number + 1), key=lambda c: (round(picture_width(c)), -(c * -(-number // c)))
    )
    return columns, -(-number // columns)


class CameraGrid(QWidget):
    """Main thread. One camera is shown as a picture and nothing else; several have a caption each,
    and one of them is chosen.
    """

    face_menu_wanted = Signal(str, QPoint)  # visit id, place on the screen
    tile_menu_wanted = Signal(str, QPoint)  # camera's name, place on the screen
    arranged = Signal()  # another camera is chosen, or shown alone

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._views: dict[str, PictureView] = {"": self._make()}
        self._chosen = ""
        self._alone = False
        self._arrange()

    def sizeHint(self) -> QSize:
        return QSize(860, 540)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 160)

    # What there is

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in self._views if name)

    @property
    def several(self) -> bool:
        return len(self._views) > 1

    @property
    def chosen(self) -> str:
        """The camera that the menus speak of; empty where there is none."""
        return self._chosen

    @property
    def alone(self) -> str:
        """The one of several cameras that fills the area; empty where all are shown."""
        return self._chosen if self._alone and self.several else ""

    @property
    def view(self) -> PictureView:
        """The chosen camera's picture."""
        return self._views[self._chosen]

    def view_of(self, name: str) -> PictureView | None:
        return self._views.get(name)

    # Changing

    def set_cameras(self, names: Sequence[str]) -> None:
        """Have a picture for each of these; those that stay keep theirs."""
        former = self._views
        if not self.several and len(names) <= 1:
            view = self.view  # one follows the other in the same place
            self._views = {(names[0] if names else ""): view}
            if names and names[0] != self._chosen:
                view.clear()
            former = {}
        else:
            self._views = {
                n: former.pop(n) if n in former else self._make() for n in names or ("",)
            }
        for view in former.values():
            view.hide()
            view.deleteLater()
        if self._chosen not in self._views:
            self._chosen, self._alone = next(iter(self._views)), False
        for name, view in self._views.items():
            view.set_caption(
                Caption(name) if self.several and view.caption is None else view.caption
            )
            if not self.several:
                view.set_caption(None)
        self._alone = self._alone and self.several
        self._arrange()

    def choose(self, name: str, *, focus: bool = False) -> None:
        """Choose a camera; where one is shown alone, this one is now."""
        if name in self._views:
            changed, self._chosen = name != self._chosen, name
            if changed:
                self._arrange()
            if focus and self.several:
                self._views[name].setFocus()

    def show_alone(self, alone: bool) -> None:
        """Show the chosen one of several cameras alone, or all of them."""
        if self._alone != alone:
            self._alone = alone
            self._arrange()

    def show_captions(self, captions: Mapping[str, Caption]) -> None:
        """Show what is known of each camera, where there are several."""
        if self.several:
            for name, caption in captions.items():
                view = self._views.get(name)
                if view is not None:
                    view.set_caption(caption, name == self._chosen)

    def clear(self) -> None:
        for view in self._views.values():
            view.clear()

    def _make(self) -> PictureView:
        view = PictureView(self)
        view.face_menu_wanted.connect(self.face_menu_wanted)
        view.tile_menu_wanted.connect(lambda place: self._ask_for_menu(view, place))
        view.chosen.connect(lambda: self.choose(self._name_of(view)))
        view.alone_wanted.connect(lambda: self._toggle(view))
        return view

    def _name_of(self, view: PictureView) -> str:
        return next((name for name, v in self._views.items() if v is view), "")

    @Slot()
    def _toggle(self, view: PictureView) -> None:
        self.choose(self._name_of(view), focus=True)
        self.show_alone(not self._alone)

    def _ask_for_menu(self, view: PictureView, place: QPoint) -> None:
        self.choose(self._name_of(view), focus=True)
        self.tile_menu_wanted.emit(self._chosen, place)

    # Laying out

    def _arrange(self) -> None:
        alone = self.alone
        shown = [self._views[alone]] if alone else list(self._views.values())
        columns, rows = grid_shape(len(shown), max(1, self.width()), max(1, self.height()))
        for place, view in enumerate(shown):
            row, column = divmod(place, columns)
            x0, x1 = (round((self.width() + GAP) * c / columns) for c in (column, column + 1))
            y0, y1 = (round((self.height() + GAP) * r / rows) for r in (row, row + 1))
            view.setGeometry(x0, y0, max(1, x1 - x0 - GAP), max(1, y1 - y0 - GAP))
        for name, view in self._views.items():
            view.setVisible(view in shown)
            view.set_caption(view.caption, view.caption is not None and name == self._chosen)
        self.update()
        self.arranged.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), BACKGROUND)
        painter.end()

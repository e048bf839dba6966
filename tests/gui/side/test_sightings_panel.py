"""The list of sightings: what is selected, and what can be said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QMenu, QToolButton
from pytestqt.qtbot import QtBot

from monitor.gui.side.sightings_model import SIGHTING_ROLE
from monitor.gui.side.sightings_panel import CORRECTIONS, SightingsPanel
from monitor.marks import MARKS
from monitor.records import Correction, MaskState
from tests.fakes import sighting
from tests.gui.looks import mask_of, pixels_of

ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def panel(qtbot: QtBot) -> SightingsPanel:
    """Three sightings, the newest first."""
    panel = SightingsPanel()
    qtbot.addWidget(panel)
    panel.resize(340, 400)
    with qtbot.waitActive(panel):
        panel.show()
    panel.show_sightings(tuple(sighting(n) for n in (3, 2, 1)), 3)
    return panel


@pytest.fixture
def said(panel: SightingsPanel) -> list[tuple[str, object]]:
    """What the receptionist says."""
    heard: list[tuple[str, object]] = []
    panel.corrected.connect(lambda visit_id, correction: heard.append((visit_id, correction)))
    panel.note_wanted.connect(lambda sighting: heard.append((sighting.visit_id, "note")))
    return heard


def selected(panel: SightingsPanel) -> str:
    sighting = panel.selected()
    return sighting.visit_id if sighting is not None else ""


def test_without_a_selection_nothing_can_be_said(
    qtbot: QtBot, panel: SightingsPanel, said: list[tuple[str, object]]
) -> None:
    assert selected(panel) == ""
    assert not any(action.isEnabled() for action in panel.actions_)
    qtbot.keyClick(panel, Qt.Key.Key_1, ALT)
    assert said == []


def test_each_correction_has_a_symbol_of_its_own(panel: SightingsPanel) -> None:
    panel.select(0)
    buttons = panel.findChildren(QToolButton)[: len(CORRECTIONS)]
    icons = [button.defaultAction().icon().pixmap(18, 18).toImage() for button in buttons]
    assert all(not icon.isNull() for icon in icons)
    assert len({pixels_of(icon).tobytes() for icon in icons}) == len(CORRECTIONS)
    assert len({button.size().toTuple() for button in buttons}) == 1


def test_the_selection_stays_on_its_sighting_when_others_come(panel: SightingsPanel) -> None:
    panel.select(1)
    assert selected(panel) == "shift-v2"
    panel.show_sightings(tuple(sighting(n) for n in (5, 4, 3, 2, 1)), 5)
    assert selected(panel) == "shift-v2"
    assert panel.list.currentIndex().row() == 3
    panel.show_sightings(tuple(sighting(n, note="x" * (n == 2)) for n in (5, 4, 3, 2, 1)), 5)
    assert selected(panel) == "shift-v2"
    panel.show_sightings((), 0)
    assert selected(panel) == ""
    assert not any(action.isEnabled() for action in panel.actions_)


@pytest.mark.parametrize("number", range(4))
def test_a_key_and_a_button_say_the_same(
    qtbot: QtBot, panel: SightingsPanel, said: list[tuple[str, object]], number: int
) -> None:
    correction, text, short, _ = CORRECTIONS[number]
    panel.select(2)
    qtbot.keyClick(panel, Qt.Key(Qt.Key.Key_1 + number), ALT)
    (button,) = (
        b for b in panel.findChildren(QToolButton) if b.accessibleName() == text.replace("&", "")
    )
    assert button.text() == short
    button.click()
    assert said == [("shift-v1", correction)] * 2


def test_what_is_said_already_is_not_said_again_and_can_be_taken_back(
    qtbot: QtBot, panel: SightingsPanel, said: list[tuple[str, object]]
) -> None:
    panel.show_sightings((sighting(1, corrected=Correction.MASKED),), 1)
    panel.select(0)
    qtbot.keyClick(panel, Qt.Key.Key_1, ALT)
    assert said == []
    (as_seen,) = (a for a in panel.menu().actions() if "saw it" in a.text())
    as_seen.trigger()
    assert said == [("shift-v1", None)]
    panel.show_sightings((sighting(1),), 1)
    assert not as_seen.isEnabled()  # nothing to take back


def test_a_note_is_asked_for_by_key_and_by_double_click(
    qtbot: QtBot, panel: SightingsPanel, said: list[tuple[str, object]]
) -> None:
    panel.select(0)
    qtbot.keyClick(panel, Qt.Key.Key_N, ALT)
    assert said == [("shift-v3", "note")]
    place = panel.list.visualRect(panel.model.index(1)).center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert said[1:] == [("shift-v2", "note")]


def test_a_right_click_selects_and_offers_every_correction(
    qtbot: QtBot, panel: SightingsPanel
) -> None:
    place = panel.list.visualRect(panel.model.index(2)).center()
    panel.list.customContextMenuRequested.emit(place)
    assert selected(panel) == "shift-v1"
    (menu,) = panel.findChildren(QMenu)
    texts = [action.text() for action in menu.actions()]
    assert [text for _, text, *_ in CORRECTIONS] == texts[:4]
    menu.close()
    panel.list.customContextMenuRequested.emit(QPoint(5, panel.list.height() - 2))  # no row there
    assert selected(panel) == "shift-v1"


def test_the_number_of_the_shift_is_said_though_the_list_is_short(panel: SightingsPanel) -> None:
    total = panel._total
    panel.show_sightings((sighting(9),), 240)
    assert total.text() == "240 this shift, latest 1 shown"
    panel.show_sightings((), 0)
    assert total.text() == ""


def test_a_row_shows_the_state_and_whether_it_goes_on(panel: SightingsPanel) -> None:
    def row(**changes: object) -> object:
        panel.show_sightings((sighting(1, **changes),), 1)
        return panel.list.grab(panel.list.visualRect(panel.model.index(0))).toImage()

    over, going_on = (row(open=is_open) for is_open in (False, True))
    assert mask_of(over, MARKS[MaskState.UNMASKED].colour).any()  # type: ignore[arg-type]
    assert (pixels_of(over) != pixels_of(going_on))[:, :6].any()  # type: ignore[arg-type]
    masked = row(corrected=Correction.MASKED)
    assert mask_of(masked, MARKS[MaskState.MASKED].colour).any()  # type: ignore[arg-type]
    assert not mask_of(masked, MARKS[MaskState.UNMASKED].colour).any()  # type: ignore[arg-type]


def test_an_empty_list_says_so(panel: SightingsPanel) -> None:
    panel.show_sightings((), 0)
    painted = pixels_of(panel.list.grab().toImage())
    assert (painted != painted[0, 0]).any()


def test_what_is_said_of_the_list_widens_no_window(qtbot: QtBot) -> None:
    panel = SightingsPanel()
    qtbot.addWidget(panel)
    before = panel.minimumSizeHint().width()
    taken_back = [
        replace(sighting(i), corrected=Correction.NO_PERSON if i % 3 else None) for i in range(12)
    ]
    panel.show_sightings(tuple(taken_back), 2_000_000)
    assert panel.minimumSizeHint().width() == before


def test_what_is_under_the_mouse_stays_there_until_it_leaves(
    qtbot: QtBot, panel: SightingsPanel
) -> None:
    rows = panel.list
    panel.resize(340, 300)
    old = tuple(sighting(n) for n in range(20, 0, -1))
    panel.show_sightings(old, 20)
    place = QPoint(60, 20)
    before = rows.indexAt(place).data(SIGHTING_ROLE)
    QApplication.sendEvent(rows, QEnterEvent(place, place, place))
    # two more, and as many of the oldest give way
    panel.show_sightings((sighting(22), sighting(21), *old[:-2]), 22)
    assert rows.indexAt(place).data(SIGHTING_ROLE) == before
    QApplication.sendEvent(rows, QEvent(QEvent.Type.Leave))
    assert rows.indexAt(place).data(SIGHTING_ROLE) == sighting(22)


def test_the_selection_stays_when_the_oldest_rows_give_way(panel: SightingsPanel) -> None:
    panel.select(1)
    chosen = selected(panel)
    panel.show_sightings(tuple(sighting(n) for n in (4, 3, 2)), 4)
    assert selected(panel) == chosen

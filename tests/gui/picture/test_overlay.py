"""Boxes and labels over the picture."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QFont, QImage, QPainter
from pytestqt.qtbot import QtBot

from monitor.gui.picture.overlay import Overlay, box_in_widget, figure_text, label_text
from monitor.marks import MARKS
from monitor.records import Face, MaskState
from tests.gui.looks import MakeWindow, colours, make_face, mask_of

BOX = (100.0, 100.0, 300.0, 340.0)


def outline(state: MaskState, **changes: Any) -> QImage:
    """A face on black, its picture 640 x 480 shown pixel by pixel."""
    image = QImage(640, 480, QImage.Format.Format_RGB32)
    image.fill(QColor("#000000"))
    painter = QPainter(image)
    faces = [make_face(BOX, state, **changes)]
    Overlay().paint(painter, faces, (), QRectF(0, 0, 640, 480), 1.0, QFont())
    painter.end()
    return image


@pytest.mark.parametrize("state", list(MaskState))
def test_a_face_is_drawn_in_its_states_colour_and_named(
    make_window: MakeWindow, state: MaskState
) -> None:
    window = make_window(start=False)
    box = np.array([100, 100, 300, 340], np.float32)
    face = Face(box, 0.9, MaskState.MASKED, 0.9, state, 0.975, track_id=1)
    window.view.show_picture(np.full((480, 640, 3), 60, np.uint8), [face])
    others = {MARKS[s].colour for s in MaskState} - {MARKS[state].colour}
    seen = colours(window)
    assert MARKS[state].colour in seen
    assert not others & seen
    assert MARKS[state].word in window.view.accessibleDescription()
    assert label_text(face) == MARKS[state].word + ("" if state is MaskState.UNSURE else "  98 %")


def test_the_lines_of_the_states_differ_without_their_colours(qtbot: QtBot) -> None:
    length, width = {}, {}
    for state in MaskState:
        drawn = mask_of(outline(state), MARKS[state].colour)
        side = drawn[150:300, 90:112]  # the left side of the box, past its corners
        length[state] = side.any(axis=1).mean()
        width[state] = side.sum(axis=1).max()
    assert length[MaskState.MASKED] == length[MaskState.UNMASKED] == 1.0
    assert width[MaskState.UNMASKED] > width[MaskState.MASKED]
    assert 0.4 < length[MaskState.UNSURE] < 0.95
    assert 0.4 < length[MaskState.INCORRECT] < 0.95
    # dash-dot and dashed: the one has marks of two lengths, the other of one
    runs = {
        state: {
            sum(1 for _ in run)
            for on, run in groupby(mask_of(outline(state), MARKS[state].colour)[150:300, 100])
            if on
        }
        for state in (MaskState.INCORRECT, MaskState.UNSURE)
    }
    assert max(runs[MaskState.INCORRECT]) > 3 * min(runs[MaskState.INCORRECT])


def test_a_sighting_tints_its_box(qtbot: QtBot) -> None:
    calm, alerting = (outline(MaskState.UNMASKED, alerting=a) for a in (False, True))
    assert calm.pixelColor(200, 220).name() == "#000000"
    tint = alerting.pixelColor(200, 220)
    assert tint.red() > tint.blue()
    assert alerting.pixelColor(320, 220).name() == "#000000"


@pytest.mark.parametrize(("scale", "left", "top"), [(1.0, 0.0, 0.0), (0.5, 40.0, 90.0)])
def test_a_box_is_where_the_face_is_at_any_scale(scale: float, left: float, top: float) -> None:
    picture = QRectF(left, top, 640 * scale, 480 * scale)
    assert box_in_widget(make_face(BOX), picture, scale) == (
        left + 100 * scale,
        top + 100 * scale,
        left + 300 * scale,
        top + 340 * scale,
    )


def test_nothing_is_painted_beside_the_picture(qtbot: QtBot) -> None:
    image = QImage(640, 480, QImage.Format.Format_RGB32)
    image.fill(QColor("#000000"))
    painter = QPainter(image)
    faces = [make_face((-60, -60, 900, 700), MaskState.UNMASKED, alerting=True)]
    Overlay().paint(painter, faces, (), QRectF(100, 100, 320, 240), 0.5, QFont())
    painter.end()
    rows, columns = np.nonzero(~mask_of(image, "#000000"))
    assert rows.min() >= 100
    assert rows.max() < 340
    assert columns.min() >= 100
    assert columns.max() < 420


def test_a_guess_at_the_gender_has_its_question_mark() -> None:
    face = make_face(BOX, MaskState.UNMASKED, gender="female")
    assert label_text(face) == "No mask  98 %  · female?"
    assert label_text(make_face(BOX, MaskState.UNSURE)) == "Not sure"
    assert figure_text(make_face(BOX, MaskState.UNSURE)) == ""
    assert figure_text(make_face(BOX, track_id=4), ["v4"]) == "corrected"

"""Boxes and labels over the picture."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.gui.picture.marks import MARKS
from monitor.gui.picture.overlay import label_text
from monitor.records import Face, MaskState
from tests.gui.looks import MakeWindow, colours


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

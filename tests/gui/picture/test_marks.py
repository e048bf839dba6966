"""Each state has a mark of its own, in every respect."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor

from monitor.gui.picture.marks import CORRECTION_WORDS
from monitor.marks import MARKS
from monitor.records import Correction, MaskState
from tests.gui.looks import contrast


@pytest.mark.parametrize("what", ["colour", "word", "line"])
def test_no_two_states_share_a_mark(what: str) -> None:
    assert set(MARKS) == set(MaskState)
    assert len({getattr(mark, what) for mark in MARKS.values()}) == len(MaskState)


def test_every_correction_has_words_of_its_own() -> None:
    assert set(CORRECTION_WORDS) == set(Correction)
    assert len(set(CORRECTION_WORDS.values())) == len(Correction)


@pytest.mark.parametrize("state", list(MaskState))
def test_the_colours_show_on_the_window_in_light_and_in_dark(state: MaskState) -> None:
    colour = QColor(MARKS[state].colour)
    assert colour.isValid()
    # bars and discs: their words stand beside them
    assert min(contrast(colour, QColor(ground)) for ground in ("#FFFFFF", "#25292F")) >= 2

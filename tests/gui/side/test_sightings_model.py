"""Sightings in words, and the list of them."""

from __future__ import annotations

from monitor.gui.side.sightings_model import duration_text, headline, progress, sentence
from monitor.records import Correction, MaskState
from tests.fakes import sighting


def test_a_sighting_in_words() -> None:
    assert [duration_text(s) for s in (0.4, 59.9, 65, 3725)] == [
        "0 s",
        "59 s",
        "1 min 05 s",
        "1 h 02 min",
    ]
    corrected = sighting(corrected=Correction.NO_PERSON, note="a poster")
    assert headline(corrected) == "No person, 2 s"
    assert "it was no person" in sentence(corrected)
    assert "a poster" in sentence(corrected)
    assert progress(sighting(open=True)) == "now"
    assert progress(sighting(open=False, final_state=MaskState.MASKED)) == "mask put on"
    assert progress(sighting(open=False)) == "left"

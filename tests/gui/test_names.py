"""Which names are shown."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.gui import names
from monitor.gui.picture.overlay import label_text
from monitor.gui.side.sightings_model import details, sentence
from monitor.gui.status import privacy_text
from monitor.identity.person import VISITOR
from monitor.records import Face, MaskState
from tests.fakes import sighting


def test_visitors_have_no_name_on_screen() -> None:
    assert names.VISITOR == VISITOR
    box = np.array([10, 10, 60, 60], np.float32)
    faces = [
        Face(box, 0.9, MaskState.MASKED, 0.9, MaskState.MASKED, 0.9, 1, "v1", identity=identity)
        for identity in ("Anna", VISITOR, None, "x" * 200)
    ]
    assert [label_text(face) for face in faces[:3]] == [
        "Anna  Masked  90 %",
        "Masked  90 %",
        "Masked  90 %",
    ]
    assert len(label_text(faces[3])) < 60
    assert details(sighting(identity="Anna")) == "Anna  ·  door"
    assert details(sighting(identity=VISITOR)) == "door"
    assert "Anna" in sentence(sighting(identity="Anna"))
    assert VISITOR not in sentence(sighting(identity=VISITOR))
    assert privacy_text(None) == "mask-only: nobody is identified"
    assert privacy_text(2) == "2 people enrolled, others are visitors"


@pytest.mark.parametrize("length", [1, 27, 28, 29, 400])
def test_a_long_name_is_cut_and_a_short_one_is_whole(length: int) -> None:
    name = "Anna" * 100
    shown = names.shown_name(name[:length])
    assert len(shown) <= names.SHOWN_MAX
    assert shown == name[:length] if length <= names.SHOWN_MAX else shown.endswith("…")
    assert name.startswith(shown.removesuffix("…"))


@pytest.mark.parametrize("identity", [None, "", VISITOR])
def test_who_is_not_enrolled_has_no_name(identity: str | None) -> None:
    assert names.shown_name(identity) == ""

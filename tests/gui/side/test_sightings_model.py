"""Sightings in words, and the list of them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from monitor.gui.side.sightings_model import (
    SIGHTING_ROLE,
    SightingsModel,
    details,
    duration_text,
    headline,
    progress,
    sentence,
    shown_state,
    time_text,
)
from monitor.records import Correction, MaskState
from monitor.storage.compliance import stands
from tests.fakes import sighting


def test_a_sighting_in_words() -> None:
    assert [duration_text(s) for s in (0.4, 2.6, 59.9, 65, 3599.7, 3725, 3755)] == [
        "0 s",
        "3 s",
        "1 min 00 s",
        "1 min 05 s",
        "1 h 00 min",
        "1 h 02 min",
        "1 h 03 min",
    ]
    corrected = sighting(corrected=Correction.NO_PERSON, note="a poster")
    assert headline(corrected) == "No person, 2 s"
    assert "was no person" in sentence(corrected)
    assert "a poster" in sentence(corrected)
    assert progress(sighting(open=True)) == "now"
    assert progress(sighting(open=False, final_state=MaskState.MASKED)) == "mask put on"
    assert progress(sighting(open=False)) == "left"


NOW = datetime(2026, 11, 20, 18, 0).astimezone()


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOW.replace(hour=9, minute=5, second=7), "09:05:07"),
        (NOW - timedelta(days=1), "19 Nov 18:00"),
        (NOW.replace(year=2020), "20 Nov 2020, 18:00"),
        (NOW.astimezone(timezone(timedelta(hours=9))), "18:00:00"),  # in this place's time
    ],
)
def test_the_date_is_shown_where_it_is_not_today(moment: datetime, text: str) -> None:
    assert time_text(moment, NOW) == text


def test_the_receptionists_word_stands_before_the_machines() -> None:
    assert shown_state(sighting()) is MaskState.UNMASKED
    assert shown_state(sighting(corrected=Correction.MASKED)) is MaskState.MASKED
    assert shown_state(sighting(corrected=Correction.NO_PERSON)) is MaskState.UNSURE
    assert headline(sighting(corrected=Correction.INCORRECT)) == "Worn incorrectly, 2 s"
    assert details(sighting(corrected=Correction.MASKED, note="courier", identity="Anna")) == (
        "Anna  ·  corrected  ·  “courier”  ·  door"
    )


@pytest.fixture
def model(qtmodeltester: ModelTester) -> SightingsModel:
    """Three sightings, the newest first; Qt's own checks look on."""
    model = SightingsModel()
    model.show(tuple(sighting(n) for n in (3, 2, 1)))
    qtmodeltester.check(model)
    return model


def ids(model: SightingsModel) -> list[str]:
    return [
        model.data(model.index(row), SIGHTING_ROLE).sighting_id  # type: ignore[attr-defined]
        for row in range(model.rowCount())
    ]


def test_a_row_that_was_pointed_at_is_followed_when_others_come(model: SightingsModel) -> None:
    pointed = QPersistentModelIndex(model.index(1))
    model.show(tuple(sighting(n) for n in (5, 4, 3, 2, 1)))
    assert ids(model) == [f"shift-v{n}-s1" for n in (5, 4, 3, 2, 1)]
    assert pointed.row() == 3
    assert pointed.data(SIGHTING_ROLE).sighting_id == "shift-v2-s1"
    # The list is cut at its end, where it is long.
    model.show(tuple(sighting(n) for n in (6, 5, 4, 3, 2)))
    assert ids(model)[0] == "shift-v6-s1"
    assert model.rowCount() == 5


def test_a_sighting_that_changes_is_drawn_anew_and_no_row_moves(
    qtbot: QtBot, model: SightingsModel
) -> None:
    pointed = QPersistentModelIndex(model.index(2))
    changed = (sighting(3, note="courier"), sighting(2), sighting(1, open=True))
    with qtbot.waitSignal(model.dataChanged), qtbot.assertNotEmitted(model.rowsInserted):
        model.show(changed)
    assert pointed.row() == 2
    assert "courier" in str(model.data(model.index(0)))
    assert model.sightings == changed


def test_the_same_sightings_are_not_drawn_again(qtbot: QtBot, model: SightingsModel) -> None:
    with qtbot.assertNotEmitted(model.dataChanged):
        model.show(model.sightings)


def test_a_row_is_a_whole_sentence_for_screen_readers(model: SightingsModel) -> None:
    index = model.index(0)
    for role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
        assert model.data(index, role) == sentence(sighting(3))
    assert model.data(model.index(9), SIGHTING_ROLE) is None
    model.show(())
    assert model.rowCount() == 0


def test_what_the_machine_withdrew_is_not_called_corrected() -> None:
    poster = sighting(corrected=Correction.NEVER_MOVED, open=False, seconds_unmasked=12.0)
    assert headline(poster) == "Never moved, 12 s"
    assert details(poster) == "withdrawn  ·  door"
    assert ", withdrawn: it never moved" in sentence(poster)
    assert "corrected" not in sentence(poster)
    assert shown_state(poster) is MaskState.UNSURE
    assert not stands(poster)

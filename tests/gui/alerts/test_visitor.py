"""What is said to the visitor, and when nothing is."""

from __future__ import annotations

import dataclasses

import pytest

from monitor.config import LANGUAGES
from monitor.gui.alerts.sentences import SENTENCES
from monitor.gui.alerts.visitor import Saying, VisitorRule
from monitor.records import MaskState

M, U, W, Q = MaskState.MASKED, MaskState.UNMASKED, MaskState.INCORRECT, MaskState.UNSURE


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ([], Saying.NOBODY),
        ([M], Saying.MASKED),
        ([U], Saying.UNMASKED),
        ([W], Saying.INCORRECT),
        ([Q], Saying.UNSURE),
        ([M, U, W], Saying.UNMASKED),
        ([M, W], Saying.INCORRECT),
        ([Q, M], Saying.MASKED),
    ],
)
def test_what_is_said_of_those_in_the_picture(states: list[MaskState], said: Saying) -> None:
    rule = VisitorRule()
    for tenth in range(12):
        rule.saw(tenth / 10, states)
    assert rule.saying(1.1) is said


def test_an_old_picture_says_nothing() -> None:
    rule = VisitorRule()
    assert rule.saying(0.0) is Saying.NOTHING
    rule.saw(5.0, [U])
    assert rule.saying(6.9) is Saying.UNMASKED
    assert rule.saying(7.1) is Saying.NOTHING
    rule.saw(8.0, [U])
    rule.forget()
    assert rule.saying(8.0) is Saying.NOTHING


def test_a_face_that_is_missed_for_a_moment_is_still_there() -> None:
    rule = VisitorRule()
    rule.saw(0.0, [M])
    rule.saw(0.9, [])
    assert rule.saying(0.9) is Saying.MASKED
    rule.saw(1.1, [])
    assert rule.saying(1.1) is Saying.NOBODY


def test_who_has_just_come_is_not_asked_to_look_at_once() -> None:
    rule = VisitorRule()
    rule.saw(0.0, [])
    rule.saw(0.1, [Q])
    assert rule.saying(0.1) is Saying.NOBODY
    rule.saw(0.4, [M])
    assert rule.saying(0.4) is Saying.MASKED
    rule.saw(0.5, [Q])
    rule.saw(1.6, [Q])
    assert rule.saying(1.6) is Saying.UNSURE


def test_every_language_has_every_sentence_and_two_go_from_right_to_left() -> None:
    assert tuple(SENTENCES) == LANGUAGES
    said = {s.value for s in Saying} - {"nothing"}
    for language in SENTENCES.values():
        sentences = [getattr(language, name) for name in said]
        assert all(sentences)
        assert len(set(sentences)) == len(said), language.name
    assert {c for c, v in SENTENCES.items() if v.right_to_left} == {"ar", "he"}
    fields = {f.name for f in dataclasses.fields(SENTENCES["en"])}
    assert said <= fields

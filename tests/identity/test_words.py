"""What the desk tells, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.identity import words
from monitor.identity.guide import Failure, Progress, Reason, Refusal, Step
from monitor.identity.results import (
    FewShots,
    FilesLeftOut,
    NoMaskModel,
    Note,
    OddShots,
    PicturesKept,
    Receipt,
)


def test_every_step_and_every_reason_has_words() -> None:
    assert set(words.STEPS) == set(Step)
    assert set(words.REASONS) == set(Reason)


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (Refusal(Reason.NO_FACE), "no face is seen"),
        (Refusal(Reason.BLURRED), "the picture is blurred: hold still"),
        (
            Refusal(Reason.TOO_SMALL, 54.6, 80.0),
            "the face is too small (55 px, 80 are needed): come closer",
        ),
        (Refusal(Reason.NO_MASK), "put your mask on, over nose and mouth"),
    ],
)
def test_refusals(refusal: Refusal, said: str) -> None:
    assert words.of_refusal(refusal) == said


def test_progress() -> None:
    taken = Progress(Step.LEFT, None, True, 4, 30)
    assert words.of_progress(taken) == "Turn your head a little to your left"
    refused = Progress(Step.LEFT, Refusal(Reason.NOT_LEFT), False, 4, 30)
    assert (
        words.of_progress(refused)
        == "Turn your head a little to your left (turn a little more to your left)"
    )
    assert words.of_progress(Progress(Step.FREE, None, True, 30, 30, done=True)) == "Done"
    failure = Failure(30.0, Refusal(Reason.NO_FACE))
    failed = Progress(Step.STRAIGHT, failure.refusal, False, 4, 30, failure=failure)
    assert words.of_progress(failed) == "nothing could be taken for 30 s: no face is seen"


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (NoMaskModel("it is gone"), "Shots with a mask are not told apart: it is gone"),
        (
            FilesLeftOut(Reason.TOO_SMALL, ("a", "b", "c", "d", "e")),
            "Left out: the face is too small in a, b, c and 2 more",
        ),
        (
            FewShots("a.mp4", 3, 9, Reason.SEVERAL_FACES),
            "a.mp4 gave 3 of 9 shots (mostly: more than one face is seen)",
        ),
        (FewShots("a.mp4", 3, 9, None), "a.mp4 gave 3 of 9 shots (mostly: it has no pictures)"),
        (OddShots(1, 5), "Left out: 1 of 5 shots, which are not like the others"),
        (PicturesKept(3, Path("kept")), "3 pictures are kept in kept"),
        (Progress(Step.CLOSER, None, True, 4, 30), "[4/30] Come closer"),
    ],
)
def test_notes(note: Note, said: str) -> None:
    assert words.of_note(note) == said


def test_a_receipt_says_what_was_not_there() -> None:
    now = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
    receipt = Receipt("Ann", now, Path("g.npz"), None, "m.db", 2)
    first, *lines = words.of_receipt(receipt)
    assert first.startswith("Receipt: Ann was forgotten on 2026-11-2")
    assert lines[0] == "  gallery g.npz: the name was not in it"
    assert lines[1].startswith("  store m.db: the name removed from 2 visits and sightings")
    assert len(lines) == 3  # neither snapshots nor pictures, and what is not touched


def test_a_receipt_says_what_a_server_keeps() -> None:
    now = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
    receipt = Receipt("Ann", now, Path("g.npz"), None, "office", 2, server_files="")
    assert receipt.done
    assert sum("the server's journal" in line for line in words.of_receipt(receipt)) == 1
    left = replace(receipt, server_files="they are too large")
    assert not left.done
    assert "NOT DONE: the files of the server's tables" in "\n".join(words.of_receipt(left))
    assert words.of_ended(left).endswith("may hold the name still: they are too large")

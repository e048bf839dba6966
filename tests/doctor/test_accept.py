"""The acceptance run: what is judged, what it comes to, what is saved; on a real terminal."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from doctor_clips import at_the_door, write_clip
from program import LIMIT_S, ROOT, environment

from monitor.doctor.accept_book import AcceptBook
from monitor.doctor.accept_figures import figures, share
from monitor.doctor.accept_files import save
from monitor.doctor.accept_records import Accepted, Fit, Truth
from monitor.doctor.accept_words import as_csv, as_markdown, as_text, verdict
from monitor.errors import ConfigError, PlaceTakenError
from monitor.records import (
    Correction,
    Face,
    Frame,
    FrameResult,
    MaskState,
    Timings,
    Visit,
)

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def result(**states: MaskState) -> FrameResult:
    """A frame in which these visits stand."""
    frame = Frame(np.zeros((90, 160, 3), np.uint8), 0, 0.0, 0.0, NOON, "door")
    faces = tuple(
        Face(np.array([10, 10, 30, 40], np.float32), 0.9, s, 0.9, s, 0.9, n, visit_id)
        for n, (visit_id, s) in enumerate(states.items())
    )
    return FrameResult(frame, faces, Timings(), model="mask_v5")


def accepted(cells: dict[tuple[Truth, MaskState], int], missed: int = 0) -> Accepted:
    return Accepted("door", NOON, 600.0, "mask_v5", cells, missed)


def test_visits_are_judged_in_their_order_by_their_last_state() -> None:
    book = AcceptBook("door", NOON)
    assert book.judge(Truth.MASKED) is None  # nobody waits
    book.take(result(a=MaskState.UNSURE, b=MaskState.UNMASKED))
    judged = book.judge(Truth.MASKED)
    assert judged is not None
    assert (judged.visit_id, judged.number) == ("a", 1)
    book.take(result(a=MaskState.MASKED, b=MaskState.UNMASKED))
    book.judge(Truth.NOBODY)
    book.miss()
    found = book.result(60)
    assert found.cells == {
        (Truth.MASKED, MaskState.MASKED): 1,
        (Truth.NOBODY, MaskState.UNMASKED): 1,
    }
    assert (found.missed, found.skipped, found.left, found.model) == (1, 0, 0, "mask_v5")


def test_every_word_can_be_taken_back() -> None:
    book = AcceptBook("door", NOON)
    book.take(result(a=MaskState.MASKED, b=MaskState.MASKED))
    book.judge(None)
    book.miss()
    book.judge(Truth.UNMASKED)
    assert [book.undo() for _ in range(4)] == [True, True, True, False]
    assert [seen.visit_id for seen in book.waiting] == ["a", "b"]
    assert book.result(1).cells == {}


def test_a_visit_that_the_monitor_takes_back_is_not_asked_for() -> None:
    book = AcceptBook("door", NOON)
    book.take(result(poster=MaskState.UNMASKED))
    visit = Visit(
        "poster", "door", NOON, NOON, MaskState.UNMASKED, Correction.NEVER_MOVED, open=False
    )
    frame = result().frame
    book.take(FrameResult(frame, (), Timings(), (visit,)))
    assert book.waiting == ()


def test_wilsons_interval_is_that_of_the_books() -> None:
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29
    for hits, of, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = share(hits, of)
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("cells", "missed", "fit", "words"),
    [
        ({}, 0, Fit.UNKNOWN, "0 people were judged"),
        ({(Truth.MASKED, MaskState.UNMASKED): 4}, 0, Fit.UNKNOWN, "4 people were judged"),
        ({(Truth.MASKED, MaskState.MASKED): 15}, 0, Fit.UNKNOWN, "go on for longer"),
        ({(Truth.MASKED, MaskState.MASKED): 16}, 0, Fit.YES, "door is fit"),
        ({(Truth.MASKED, MaskState.UNSURE): 20}, 0, Fit.NO, "told wrong"),
        ({(Truth.MASKED, MaskState.MASKED): 20}, 20, Fit.NO, "missed"),
        (
            {(Truth.MASKED, MaskState.MASKED): 90, (Truth.UNMASKED, MaskState.MASKED): 9},
            0,
            Fit.NO,
            "not noticed",
        ),
        (
            {(Truth.MASKED, MaskState.MASKED): 20, (Truth.NOBODY, MaskState.UNMASKED): 20},
            0,
            Fit.NO,
            "ignore the place",
        ),
    ],
)
def test_the_sentence_says_whether_the_door_is_fit(
    cells: dict[tuple[Truth, MaskState], int], missed: int, fit: Fit, words: str
) -> None:
    found = accepted(cells, missed)
    assert figures(found).fit is fit
    assert words in verdict(found)
    assert verdict(found) in as_text(found)
    assert verdict(found) in as_markdown(found)


def test_the_csv_has_each_cell_and_nothing_is_overwritten(tmp_path: Path) -> None:
    found = accepted({(Truth.INCORRECT, MaskState.MASKED): 3}, missed=2)
    path = tmp_path / "door.csv"
    save(found, path)
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 4 * 4 + 1
    counted = {
        (r["it_was"], r["monitor_said"]): int(r["visits"]) for r in rows if r["visits"] != "0"
    }
    assert counted == {("worn wrong", "masked"): 3, ("somebody, missed", "not seen"): 2}
    right = [(r["it_was"], r["monitor_said"]) for r in rows if r["right"] == "yes"]
    assert right == [(n, n) for n in ("masked", "unmasked", "worn wrong")]
    with pytest.raises(PlaceTakenError, match="is there already"):
        save(accepted({}), path)
    assert path.read_text(encoding="utf-8") == as_csv(found).replace("\r\n", "\n")
    with pytest.raises(ConfigError, match=r"\.csv or \.md"):
        save(found, tmp_path / "door.txt")
    with pytest.raises(ConfigError, match="is not there"):
        save(found, tmp_path / "no" / "door.md")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_a_run_on_a_terminal_is_judged_by_keys_and_saved(tmp_path: Path) -> None:
    import pty

    clip = write_clip(tmp_path / "door.mp4", at_the_door())
    saved = tmp_path / "door.md"
    ours, theirs = pty.openpty()
    command = [sys.executable, ROOT / "main.py", "check", "--video", clip, "--accept", "1"]
    with (tmp_path / "out").open("w") as log:
        program = subprocess.Popen(
            [*command, "--save", saved],
            stdin=theirs,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=tmp_path,
            env=environment(tmp_path),
        )
    try:
        limit = time.monotonic() + LIMIT_S
        out = ""
        while not re.search(r"Visit 1, came at .* px large\?", out):
            assert time.monotonic() < limit, out
            assert program.poll() is None, out
            time.sleep(0.1)
            out = (tmp_path / "out").read_text()
        os.write(ours, b"?xum")  # what it says of an unknown key; the second u has nobody
        assert program.wait(LIMIT_S) == 1  # one person is too few
    finally:
        program.kill()
        program.wait()
        os.close(ours)
        os.close(theirs)
    out = (tmp_path / "out").read_text()
    assert "Somebody was missed" in out
    assert "Visit 1: unmasked" in out
    assert "Nobody waits to be judged" in out
    assert "People who came and were seen: 1 of 2, 50 % (9 to 91 %)" in out
    assert "cannot be told yet" in out
    assert "| somebody, missed | 0 | 0 | 0 | 0 | 1 |" in saved.read_text(encoding="utf-8")
    assert not list(tmp_path.rglob("*.db"))  # nothing is stored

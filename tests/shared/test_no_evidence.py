"""Clips of ../shared/cases in which release 0.1 gave a state without evidence."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import Books, run

from monitor.records import MaskState

pytestmark = [pytest.mark.shared, pytest.mark.timeout(300)]


def watch(shared: Path, folder: Path, name: str) -> tuple[Books, str]:
    """The books of a run on a clip, and what it said."""
    books = Books(folder)
    clip = shared / "cases" / f"{name}.mp4"
    done = run(folder, "--headless", "--video", clip, *books.arguments)
    assert done.code == 0, done.err
    return books, done.err


@pytest.mark.parametrize("name", ["ear_as_face", "gaiter_as_face", "hand_as_face"])
def test_a_part_of_a_masked_face_is_nobody(shared: Path, tmp_path: Path, name: str) -> None:
    books, _ = watch(shared, tmp_path, name)
    assert [visit.state for visit in books.visits()] == [MaskState.MASKED]
    assert books.sightings() == {}


def test_the_back_of_a_head_is_no_sighting(shared: Path, tmp_path: Path) -> None:
    books, _ = watch(shared, tmp_path, "back_of_head")
    assert books.sightings() == {}


def test_a_coat_of_arms_is_nobody(shared: Path, tmp_path: Path) -> None:
    books, _ = watch(shared, tmp_path, "emblem_nobody")
    assert books.visits() == []
    assert books.sightings() == {}


def test_a_bare_profile_is_not_masked(shared: Path, tmp_path: Path) -> None:
    books, _ = watch(shared, tmp_path, "profile_bare_masked")
    assert MaskState.MASKED not in {visit.state for visit in books.visits()}
    assert len(books.sightings()) == 5


def test_upside_down_is_said_once_and_nobody_is_masked(shared: Path, tmp_path: Path) -> None:
    books, said = watch(shared, tmp_path, "upside_down_bare")
    assert {visit.state for visit in books.visits()} == {MaskState.UNSURE}
    assert said.count("is upside down") == 1


def test_shelves_emblems_and_backs_of_heads_in_the_clips_are_nobody(
    shared: Path, tmp_path: Path
) -> None:
    books = Books(tmp_path)
    clip = shared / "data" / "videos" / "shop_masked_flowers.mp4"
    done = run(tmp_path, "--headless", "--video", clip, *books.arguments)
    assert done.code == 0, done.err
    assert len(books.visits()) == 1
    assert books.sightings() == {}

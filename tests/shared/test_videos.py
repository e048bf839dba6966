"""The clips of ../shared/data/videos, headless, by the bars of issue A: read from the events, the
CSV and the store of a run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from program import Books, Done, run, states

from monitor.records import MaskState

pytestmark = [pytest.mark.shared, pytest.mark.timeout(300)]

Watch = Callable[[str], Books]


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Watch:
    """Runs a clip once and gives its books, which agree with one another."""

    @cache
    def watched(name: str) -> Books:
        books = Books(tmp_path_factory.mktemp("clip"))
        clip = shared / "data" / "videos" / name
        check(run(books.folder, "--headless", "--video", clip, *books.arguments), books)
        return books

    return watched


def check(done: Done, books: Books) -> None:
    """The run ended well, and all that it wrote says the same."""
    assert done.code == 0, done.err
    visits, sightings = books.visits(), books.sightings()
    assert f": {len(visits)} visit" in done.out
    assert f"; {len(sightings)} sighting" in done.out
    assert {row["sighting_id"] for row in books.rows()} == set(sightings)
    assert sum(books.lines()[-1]["count"].values()) == len(visits)
    assert not any(record.open for record in [*visits, *sightings.values()])


def test_walkup_unmasked(watch: Watch) -> None:
    books = watch("walkup_unmasked.mp4")
    assert len(books.sightings()) >= 1
    assert 1 <= len(books.visits()) <= 2


def test_walkup_masked(watch: Watch) -> None:
    books = watch("walkup_masked.mp4")
    assert books.sightings() == {}
    assert 1 <= len(books.visits()) <= 2


def test_mask_put_on_then_a_hand_over_the_mouth(watch: Watch) -> None:
    # Bare, the mask goes on at frames 26 to 52, a hand covers it at 65 to 104.
    books = watch("mask_on_hand_over_mouth.mp4")
    (visit,) = books.visits()
    (sighting,) = books.sightings().values()
    assert sighting.visit_id == visit.visit_id
    assert sighting.worst_state is MaskState.UNMASKED
    assert sighting.final_state is MaskState.MASKED
    changes = states(books.lines(), 1)
    assert changes[0][1] == "unmasked"
    masked_at = next(frame for frame, state in changes if state == "masked")
    assert 26 < masked_at < 104
    assert visit.state is MaskState.MASKED


def test_a_mask_on_a_bench_is_nobody(watch: Watch) -> None:
    books = watch("mask_on_bench_no_person.mp4")
    assert books.visits() == []
    assert books.sightings() == {}
    assert not any(line["faces"] for line in books.lines())


def test_three_people_in_the_corridor(watch: Watch) -> None:
    books = watch("corridor_walk_unmasked.gif")
    assert len(books.visits()) == 3
    sightings = books.sightings().values()
    assert len(sightings) == 3
    assert {sighting.visit_id for sighting in sightings} == {
        visit.visit_id for visit in books.visits()
    }

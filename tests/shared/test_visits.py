"""Visits and sightings of all clips against what a person sees: tests/data/visits.json."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.bench.truth import read_truth
from monitor.bench.visits import ROOT, TRUTH, score_clip
from monitor.config import Config

pytestmark = [pytest.mark.shared, pytest.mark.timeout(300)]

PEOPLE = read_truth(TRUTH)


@pytest.mark.parametrize("name", PEOPLE)
def test_a_clip_has_the_visits_that_a_person_counts(shared: Path, name: str) -> None:
    path = ROOT / name
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    told = score_clip(Config(), path, PEOPLE[name]).told
    assert told == ()

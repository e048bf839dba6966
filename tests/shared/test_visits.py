"""Visits and sightings of all clips against what a person sees: tests/data/visits.json."""

from __future__ import annotations

import pytest

from monitor.bench.truth import read_truth
from monitor.bench.visits import ROOT, TRUTH, score_clip
from monitor.config import Config

pytestmark = [pytest.mark.shared, pytest.mark.timeout(300)]

PEOPLE = read_truth(TRUTH)
# A man steps before another's face, and the track goes on with him. Nobody is counted twice.
SWAPPED = {"crowd_unmasked_1080p.mp4": 1}


@pytest.mark.parametrize("name", PEOPLE)
def test_a_clip_has_the_visits_that_a_person_counts(name: str) -> None:
    path = ROOT / name
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    found = score_clip(Config(), path, PEOPLE[name])
    assert (found.too_many, found.too_few) == (0, 0), found.told
    assert (found.false_sightings, found.missed_sightings) == (0, 0), found.told
    assert found.swapped <= SWAPPED.get(path.name, 0), found.told
    assert found.wrong_state_s < 0.1

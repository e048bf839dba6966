"""The count: every visit once, `unsure` never in the share."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from fakes import sighting, visit

from monitor.records import Correction, Count, MaskState
from monitor.storage.compliance import (
    RunningCount,
    as_count,
    compliance,
    counted_state,
    stands,
    total,
)


@pytest.mark.parametrize(
    ("count", "share"),
    [
        (Count(), None),
        (Count(unsure=9), None),
        (Count(masked=1), 1.0),
        (Count(unmasked=1), 0.0),
        (Count(incorrect=1), 0.0),
        (Count(3, 1, 1, 0), 0.6),
        (Count(3, 1, 1, 100), 0.6),
    ],
)
def test_unsure_is_never_in_the_share(count: Count, share: float | None) -> None:
    assert compliance(count) == share


def test_a_visit_counts_once_and_moves() -> None:
    running = RunningCount()
    for _ in range(3):
        running.update(visit(1, MaskState.UNMASKED))
    assert running.count() == Count(unmasked=1)
    running.update(visit(1, MaskState.MASKED))
    assert running.count() == Count(masked=1)
    running.update(visit(2, MaskState.UNSURE))
    running.update(visit(1, MaskState.MASKED, open=False))
    assert running.count() == Count(masked=1, unsure=1)


def test_corrections_move_and_come_back() -> None:
    running = RunningCount()
    running.update(visit(1, MaskState.UNMASKED))
    for correction, count in (
        (Correction.MASKED, Count(masked=1)),
        (Correction.INCORRECT, Count(incorrect=1)),
        (Correction.NO_PERSON, Count()),
        (Correction.UNMASKED, Count(unmasked=1)),
        (None, Count(unmasked=1)),
    ):
        running.update(visit(1, MaskState.UNMASKED, corrected=correction))
        assert running.count() == count


def test_the_receptionist_comes_before_the_machine() -> None:
    assert counted_state(visit(1, MaskState.UNMASKED)) is MaskState.UNMASKED
    assert (
        counted_state(visit(1, MaskState.UNMASKED, corrected=Correction.MASKED)) is MaskState.MASKED
    )
    assert counted_state(visit(1, MaskState.MASKED, corrected=Correction.NO_PERSON)) is None


@pytest.mark.parametrize(
    ("correction", "counts"),
    [
        (None, True),
        (Correction.UNMASKED, True),
        (Correction.INCORRECT, True),
        (Correction.MASKED, False),
        (Correction.NO_PERSON, False),
    ],
)
def test_which_sightings_stand(correction: Correction | None, counts: bool) -> None:
    assert stands(sighting(corrected=correction)) is counts


def test_single_pictures_count_by_face() -> None:
    running = RunningCount()
    running.add_stills(
        [SimpleNamespace(state=s) for s in (MaskState.MASKED, MaskState.MASKED, MaskState.UNSURE)]
    )
    running.update(visit(1, MaskState.MASKED))
    assert running.count() == Count(masked=3, unsure=1)
    assert running.stills == Count(masked=2, unsure=1)


def test_as_count_and_total() -> None:
    assert as_count([]) == Count()
    assert as_count([MaskState.MASKED, None, MaskState.UNSURE, MaskState.MASKED]) == Count(
        masked=2, unsure=1
    )
    assert total([]) == Count()
    assert total([Count(1, 2, 3, 4), Count(10, 20, 30, 40)]) == Count(11, 22, 33, 44)

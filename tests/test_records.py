"""Records: data only."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from fakes import found, frame, sighting, visit

from monitor import records


def test_records_cannot_be_changed() -> None:
    for record in (frame(), visit(), sighting(), records.Count(), records.Timings()):
        name = dataclasses.fields(record)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, name, None)


def test_records_with_arrays_compare_by_identity() -> None:
    a, b = found((0, 0, 1, 1)), found((0, 0, 1, 1))
    assert a == a
    assert a != b
    assert len({a, b}) == 2  # hashable: a generated hash would fail on arrays


def test_plain_records_compare_by_value() -> None:
    assert visit() == visit()
    assert sighting(1) != sighting(2)


@pytest.mark.parametrize("n", [0, 1, 7])
def test_length_of_detections(n: int) -> None:
    assert len(found(*[(0, 0, 1, 1)] * n)) == n


def test_words_of_the_states() -> None:
    assert [s.value for s in records.MaskState] == ["masked", "unmasked", "incorrect", "unsure"]
    assert {f.name for f in dataclasses.fields(records.Count)} == {
        s.value for s in records.MaskState
    }


def test_no_record_has_a_dict() -> None:
    for record in (frame(), visit(), sighting()):
        assert not hasattr(record, "__dict__")
    assert frame().image.dtype == np.uint8

"""Models at the same rate of false alarms."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.training.mask.at_false_rate import BARE, WRONG, area, best_at
from monitor.training.mask.choose_bias import Unseen


def unseen(apart: float) -> Unseen:
    """A hundred of each class; alarms lead by `apart` more where they should."""
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], 100)
    logits = rng.normal(0, 1, (300, 3))
    logits[np.arange(300), truth] += apart
    return Unseen("door", logits, truth)


def test_who_tells_them_apart_better_finds_more_at_the_same_rate() -> None:
    found = [best_at(unseen(apart), 0.05) for apart in (1.0, 3.0)]
    assert all(masked.hits <= 5 for _, _, masked in found)
    assert found[0][0].hits + found[0][1].hits < found[1][0].hits + found[1][1].hits
    assert area(unseen(1.0), BARE) < area(unseen(3.0), BARE)
    assert area(unseen(1.0), WRONG) < area(unseen(3.0), WRONG)


def test_areas_of_what_cannot_and_what_can_be_told() -> None:
    blind = Unseen("door", np.zeros((300, 3)), np.repeat([0, 1, 2], 100))
    assert area(blind, BARE) == pytest.approx(0.5)
    assert area(unseen(50.0), BARE) == pytest.approx(1.0)


def test_where_no_bias_alarms_so_few_that_is_said() -> None:
    logits = np.tile([0.0, 9.0, 0.0], (30, 1))
    with pytest.raises(ConfigError, match="no bias alarms as few as 0"):
        best_at(Unseen("door", logits, np.repeat([0, 1, 2], 10)), 0.0)

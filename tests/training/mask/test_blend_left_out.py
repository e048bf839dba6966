"""A blend is judged on each source that was left out by what the other sources choose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.training.mask import blend_left_out
from monitor.training.mask.choose_bias import Unseen

MASKED, BARE, WRONG = range(3)


def unseen(source: str, masked_leads_by: float) -> Unseen:
    """Ten faces of each class; masks worn wrong look masked by so much."""
    truth = np.repeat([MASKED, BARE, WRONG], 10)
    logits = np.full((30, 3), -5.0)
    logits[np.arange(30), truth] = 0.0
    logits[truth == MASKED, WRONG] = -0.6
    logits[truth == WRONG, MASKED] = masked_leads_by
    return Unseen(source, logits, truth)


def test_each_source_is_judged_by_the_bias_of_the_others() -> None:
    # the first wants worn wrong pushed by more than 0.2, the second does not
    first, second = unseen("first", 0.2), unseen("second", -1.0)
    costs = {u.source: blend_left_out.costs_of(u) for u in (first, second)}
    assert blend_left_out.best([costs["second"]]) == ((0.0, 0.0), 0.0)
    bias, cost = blend_left_out.best([costs["first"]])
    assert (bias, cost) == ((0.0, 0.25), 0.0)
    judged = blend_left_out.Tried(0.5, first, (0.0, 0.0))
    assert str(judged.rates["worn wrong alarmed"]) == "0.0 % (0/10)"
    assert str(judged.rates["bare alarmed"]) == "100.0 % (10/10)"
    mended = blend_left_out.Tried(0.5, first, bias)
    assert str(mended.rates["worn wrong alarmed"]) == "100.0 % (10/10)"
    assert str(mended.rates["masked falsely alarmed"]) == "0.0 % (0/10)"
    text = blend_left_out.table([judged], {0.5: costs, 1.0: {"second": costs["second"]}})
    assert "| first | 0.5 | 0, 0 |" in text
    assert "part 0.5: least mean cost 0.000 with bias 0, 0.25" in text


def test_one_source_cannot_be_judged_by_others(tmp_path: Path) -> None:
    command = ["a.keras", "b.keras", "--data", str(tmp_path), "--sources", "ilc2021"]
    with pytest.raises(ConfigError, match="two or more"):
        blend_left_out.main(command)

"""A blend lies between its two models, and bias and temperature are inside its last layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.training.mask import blend, held_out
from monitor.training.pictures.chips import Chip
from monitor.training.report import metrics


def test_a_blend_goes_from_the_first_model_to_the_second() -> None:
    first, second = [np.zeros(3, np.float32)], [np.full(3, 4, np.float32)]
    assert [float(blend.between(first, second, p)[0][0]) for p in (0, 0.25, 1)] == [0, 1, 4]
    assert blend.between(first, second, 0.5)[0].dtype == np.float32


def test_folded_weights_answer_as_bias_and_temperature_say() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(6, 5)).astype(np.float32)
    kernel, offset = rng.normal(size=(5, 3)).astype(np.float32), np.ones(3, np.float32)
    body = np.arange(4, dtype=np.float32)
    same, new_kernel, new_offset = blend.folded([body, kernel, offset], (0.5, -0.75), 1.6)
    wanted = metrics.softmax((features @ kernel + offset + [0, 0.5, -0.75]) / 1.6)
    assert metrics.softmax(features @ new_kernel + new_offset) == pytest.approx(wanted, abs=1e-5)
    assert np.array_equal(same, body)


def test_the_card_does_not_pass_the_second_models_figures_off_as_its_own() -> None:
    card = {"name": "second", "steps": 450, "figures": {"bare": 1}, "temperature": 1.0}
    made = blend.blended(card, blend.Choice(0.25, (0.5, -0.75), 3.0), 0.97, "python -m …")
    assert "figures" not in made
    assert "name" not in made
    assert made["figures_of_second"] == {"bare": 1}
    assert made["decision"]["logit_bias"] == [0.0, 0.5, -0.75]
    assert (made["temperature"], made["steps"]) == (0.97, 450)
    assert made["blend"]["part_of_second"] == 0.25


def test_what_both_models_left_out_chooses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def chip(source: str) -> Chip:
        return Chip(Path("a"), source, "masked", (0, 0, 1, 1), None, 50.0, "a", None, "a")

    monkeypatch.setattr(held_out, "watched", lambda _: [chip("aizoo_masked")])
    monkeypatch.setattr(held_out, "validation", lambda _: [chip("ilc2021"), chip("chandrika")])
    made = blend.choosers(Path("data"), ["ilc2021"])
    assert [c.source for chips in made.values() for c in chips] == ["aizoo_masked", "chandrika"]

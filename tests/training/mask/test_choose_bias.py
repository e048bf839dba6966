"""The decision's bias and the list of wrong labels, from predictions of runs that left a source
out.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.training.mask import choose_bias, label_noise


def write(path: Path, source: str, logits: np.ndarray, truth: np.ndarray) -> str:
    files = np.array([f"{source}/x/{i}.jpg" for i in range(len(truth))])
    saved = {"logits": logits, "truth": truth, "px": np.full(len(truth), 90.0), "file": files}
    np.savez(path, **{f"{source}_{k}": v for k, v in saved.items()})  # type: ignore[arg-type]
    return f"{path}:{source}"


def made(shift: float, seed: int, count: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose unmasked column is too low by `shift`."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, count)
    logits = 3 * np.eye(3)[truth] + rng.normal(0, 0.8, (count, 3))
    logits[:, 1] -= shift
    return logits, truth


def test_bias_makes_up_for_what_all_sources_lack(tmp_path: Path) -> None:
    sets = [
        choose_bias.load(write(tmp_path / f"{s}.npz", s, *made(1.5, i)))
        for i, s in enumerate(("a", "b"))
    ]
    unmasked, incorrect = choose_bias.choose(sets)
    assert 0.75 <= unmasked <= 2
    assert abs(incorrect) <= 0.75
    assert choose_bias.cost(sets[0], (unmasked, incorrect)) < choose_bias.cost(sets[0], (0, 0))


def test_temperature_of_logits_that_are_three_times_too_sure(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    right = rng.normal(0, 1.5, (4000, 3))
    confidence = np.exp(right) / np.exp(right).sum(1, keepdims=True)
    truth = np.array([rng.choice(3, p=p) for p in confidence])
    unseen = choose_bias.load(write(tmp_path / "a.npz", "a", 3 * right, truth))
    assert choose_bias.temperature([unseen], (0, 0)) == pytest.approx(3, rel=0.1)


def test_small_faces_do_not_count(tmp_path: Path) -> None:
    logits, truth = made(0, 0, 10)
    np.savez(
        tmp_path / "p.npz", a_logits=logits, a_truth=truth, a_px=np.array([39.0] * 4 + [40.0] * 6)
    )
    assert len(choose_bias.load(f"{tmp_path / 'p.npz'}:a").truth) == 6


@pytest.mark.parametrize("module", [choose_bias, label_noise])
def test_mistakes(module: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_noise, "NOISE_FILE", tmp_path / "noise.csv")
    item = write(tmp_path / "a.npz", "a", *made(0, 0, 5))
    with pytest.raises(ConfigError, match="names no source"):
        module.main([str(tmp_path / "a.npz")])  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="leave-out b"):
        module.main([item.replace(":a", ":b")])  # type: ignore[attr-defined]


def test_noise_lists_what_the_model_rules_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_noise, "NOISE_FILE", tmp_path / "noise.csv")
    logits = np.array([[9.0, 0, 0], [0, 9.0, 0], [1.0, 0.5, 0]])
    label_noise.main([write(tmp_path / "a.npz", "a", logits, np.array([1, 1, 1]))])
    with (tmp_path / "noise.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["file"], row["label"], row["predicted"]) == ("a/x/0.jpg", "unmasked", "masked")
    assert "without a" in row["reason"]


def test_near_duplicates_of_two_labels_are_both_listed(
    tmp_path: Path, write_chips: Callable[..., Path]
) -> None:
    root = write_chips(tmp_path / "c", {"masked": 3, "unmasked": 3}, "one")
    (root / "one_unmasked_0.png").write_bytes((root / "one_masked_0.png").read_bytes())
    rows = label_noise.conflicts(root)
    assert {Path(r["file"]).name for r in rows} == {"one_masked_0.png", "one_unmasked_0.png"}

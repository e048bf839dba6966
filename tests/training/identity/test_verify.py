"""Figures of trials, and the protocols on made-up people."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.training.identity import verify
from monitor.training.identity.trials import at_threshold, figures, table, threshold_at, trial


def unit(*degrees: float) -> np.ndarray:
    turned = np.radians(degrees)
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


def test_a_probe_is_named_by_the_nearest_template() -> None:
    enrolled = [unit(0, 20), unit(90)]
    probes = [unit(10, 80), unit(95)]
    mean, most = (trial(enrolled, probes, how) for how in ("mean", "max"))
    assert mean.person.tolist() == [0, 0, 1]
    assert mean.cosines.argmax(axis=1).tolist() == [0, 1, 1]
    assert mean.genuine[0] == pytest.approx(1, abs=1e-5)
    assert most.genuine[0] == pytest.approx(np.cos(np.radians(10)), abs=1e-5)
    found = figures(mean)
    assert found["rank1"] == pytest.approx(200 / 3)
    assert (found["probes"], found["people"], found["comparisons"]) == (3, 2, 3)
    assert at_threshold(mean, 0.5)["far_at_card"] == pytest.approx(100 / 3)
    assert figures(trial(enrolled, [unit(), unit()], "mean")) == {"probes": 0, "people": 2}


def test_a_threshold_of_the_table_has_strangers_enough_above_it() -> None:
    rng = np.random.default_rng(0)
    people = [unit(*rng.uniform(0, 360, 1)) for _ in range(60)]
    tried = trial(people, [unit(*rng.uniform(0, 360, 2)) for _ in range(60)], "mean")
    rows = table({"a": tried})
    assert rows["far"] == [
        3e-1,
        1e-1,
        3e-2,
        1e-2,
        3e-3,
    ]  # 7,080 strangers: ten of 0.1 % are too few
    assert rows["threshold"] == sorted(rows["threshold"])
    assert rows["threshold"][1] == pytest.approx(threshold_at(tried.impostor, 0.1), abs=1e-4)


def test_thresholds_do_not_come_from_the_test_people(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="add --people train"):
        verify.parse(["sface", "--write-table"])
    with pytest.raises(ConfigError, match="give the folder that holds it with --data"):
        verify.main(["sface", "--data", str(tmp_path)])


def test_a_run_writes_its_figures(data: Path, tmp_path: Path) -> None:
    import cv2

    image = cv2.imread(str(data / "bare.jpg"))
    assert image is not None
    for name in ("a", "b", "c"):
        for i in range(4):
            path = tmp_path / "rmfrd_ids" / name / "unmasked" / f"{i}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.roll(image, 3 * i, axis=1))
    (tmp_path / "mask_templates").mkdir()
    for name in verify.CUTOUTS:
        cv2.imwrite(
            str(tmp_path / "mask_templates" / f"{name}.png"), np.full((9, 9, 4), 255, np.uint8)
        )
    out = tmp_path / "figures.json"
    arguments = ["sface", "--data", str(tmp_path), "--people", "all", "--sets", "rmfrd"]
    assert verify.main([*arguments, "--json", str(out)]) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["rmfrd bare"]["probes"] == found["rmfrd bare"]["people"] == 3
    assert found["rmfrd bare"]["tar_at_card"] == 100
    assert found["rmfrd masked"]["probes"] == 0

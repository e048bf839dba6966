"""The networks of the papers on the pictures of ../shared."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from monitor.training.experiments import all as every
from monitor.training.experiments import paper

pytestmark = [
    pytest.mark.shared,
    pytest.mark.long,
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("ignore"),  # TensorFlow and Keras warn about themselves
]


def test_quick_runs_every_network(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = (shared / "data").resolve()
    monkeypatch.chdir(tmp_path)  # the cut faces of the Siamese networks lie in runs/
    assert every.main(["--quick", "--data", str(data)]) == 0
    found = {path.name for path in (tmp_path / "runs" / "papers-quick").glob("*.json")}
    for name, info in paper.infos().items():
        for task in info.tasks:
            assert any(one.startswith(f"{name}-{task}-") for one in found), (name, task)


def test_the_program_runs_with_a_network_of_a_paper(shared: Path, tmp_path: Path) -> None:
    data, few = shared / "data", tmp_path / "few"
    for folder in ("images", "annotations"):
        (few / folder).mkdir(parents=True)
        for path in sorted((data / "andrewmvd" / folder).iterdir())[:6]:
            shutil.copy(path, few / folder)
    words = ["--networks", "five_cnn", "--limit", "60", "--passes", "1", "--size-max", "32"]
    words += ["--data", str(data), "--out", str(tmp_path), "--summary", str(tmp_path / "docs")]
    assert every.main(words) == 0
    assert every.main([*words, "--end-to-end", str(few)]) == 0  # with what was trained before
    whole = json.loads((tmp_path / "five_cnn-masks-random.json").read_text())["whole"]
    assert whole["pictures"] == 6
    assert whole["masked_right"]["count"] + whole["bare_right"]["count"] > 0
    assert "whole program: bare right" in (tmp_path / "docs" / "papers.md").read_text()

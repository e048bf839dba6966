"""A detector is added by one file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from monitor.cli import main
from monitor.config import DetectConfig, load_config
from monitor.detect import make_detector
from monitor.errors import ConfigError


def test_settings_know_it(added_detector: str, tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(f'[detect]\nname = "{added_detector}"\n')
    assert load_config(path).detect.name == added_detector


def test_help_offers_it_with_its_words(
    added_detector: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert f"--detector yunet|ssd|haar|{added_detector}" in said
    assert f"{added_detector}: Everywhere, finds a face in 100 % of pictures" in said


def test_it_is_made_with_its_own_confidence_unless_the_settings_say_another(
    added_detector: str,
) -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    found = make_detector(DetectConfig(added_detector)).detect(image)
    assert found.boxes.tolist() == [[0, 0, 200, 100]]
    assert found.confidence[0] == pytest.approx(0.55)
    found = make_detector(DetectConfig(added_detector, confidence_min=0.75)).detect(image)
    assert found.confidence[0] == pytest.approx(0.75)


def test_the_program_runs_with_it(added_detector: str, data: Path, tmp_path: Path) -> None:
    events = tmp_path / "e.jsonl"
    arguments = ["--headless", "--images", str(data), "--detector", added_detector]
    store = f"sqlite:///{tmp_path / 's.db'}"
    assert main([*arguments, "--events", str(events), "--store", store]) == 0
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    assert [len(line["faces"]) for line in lines] == [1, 1, 1]


def test_one_whose_library_is_missing_is_listed_and_says_so(
    added_detector: str, added_folder: Path
) -> None:
    (added_folder / "absent.py").write_text(
        "import no_such_library\n"
        "from monitor.declared import DetectorInfo\n"
        'DETECTOR = DetectorInfo(title="Absent", line="not here", confidence_min=0.5)\n'
        "def make(config): ...\n"
    )
    config = load_config(None, {"detect": {"name": "absent"}})
    with pytest.raises(ConfigError, match=r"absent cannot be loaded .*no_such_library"):
        make_detector(config.detect)

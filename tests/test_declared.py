"""Files that declare themselves: what is listed, and what is said of one that is not complete."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from monitor.declared import DetectorInfo, declared, detectors
from monitor.errors import ConfigError

WHOLE = 'DETECTOR = DetectorInfo(title="A", line="b", confidence_min=0.4)\n'
MAKE = "def make(config): ...\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "made_up"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_files_are_listed_by_name_and_not_run(package: Path) -> None:
    (package / "second.py").write_text("import no_such_library\n" + WHOLE + MAKE)
    (package / "first.py").write_text(WHOLE + MAKE)
    (package / "helper.py").write_text("# DetectorInfo(\n")
    (package / "notes.txt").write_text(WHOLE)
    assert declared("made_up", DetectorInfo, ("make",)) == {
        "first": DetectorInfo("A", "b", 0.4),
        "second": DetectorInfo("A", "b", 0.4),
    }
    assert not {"made_up", "made_up.first", "made_up.second"} & set(sys.modules)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ('D = DetectorInfo(title="A", confidence_min=0.4)\n' + MAKE, "line 1: .* lacks line"),
        ('D = DetectorInfo(title="", line="b", confidence_min=0.4)\n' + MAKE, "lacks title"),
        ('D = DetectorInfo("A", "b", 0.4)\n' + MAKE, "lacks title, line, confidence_min"),
        (WHOLE.replace("line", "lime") + MAKE, "knows no lime"),
        (WHOLE.replace("0.4", "1 - LOW") + MAKE, "confidence_min is worked out"),
        (WHOLE, "lacks the function make"),
        (WHOLE + "def make(:\n", "no Python"),
    ],
)
def test_a_file_that_is_not_complete_is_named(package: Path, source: str, says: str) -> None:
    (package / "broken.py").write_text(source)
    with pytest.raises(ConfigError, match=rf"broken\.py.*{says}") as caught:
        declared("made_up", DetectorInfo, ("make",))
    assert "\n" not in str(caught.value)


def test_the_detectors_that_find_most_masked_faces_come_first() -> None:
    found = detectors()
    assert list(found) == ["yunet", "ssd", "haar", "yunet_masked"]
    masked = [info.recall[0] for info in found.values() if info.recall is not None]
    assert masked == sorted(masked, reverse=True)

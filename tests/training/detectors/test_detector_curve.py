"""The curve knows every detector, and goes on where one cannot work at a side."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.training.detectors import detector_curve
from monitor.training.detectors.detector_curve import Tally


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    (tmp_path / "andrewmvd").mkdir()
    return tmp_path


def curve(monkeypatch: pytest.MonkeyPatch, folder: Path, detector: str) -> list[str]:
    """The detectors that were measured."""
    measured: list[str] = []

    def tally(detector, data, face_px_min):  # type: ignore[no-untyped-def]
        measured.append(detector.name)
        return Tally(), Tally()

    monkeypatch.setattr(detector_curve, "tally", tally)
    monkeypatch.setattr(detector_curve, "show", lambda side, pictures, empty: None)
    arguments = ["curve", "--detector", detector, "--sides", "0,480", "--data", str(folder)]
    monkeypatch.setattr("sys.argv", arguments)
    detector_curve.main()
    return measured


def test_an_added_detector_is_measured(
    added_detector: str, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert curve(monkeypatch, pictures, added_detector) == [added_detector] * 2


def test_a_side_that_a_detector_does_not_have_is_said_and_passed_over(
    pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert curve(monkeypatch, pictures, "ssd") == ["ssd"]
    assert "side 480: the detector ssd works at 300 px only" in capsys.readouterr().out

"""`main.py cameras`: those that were set up in the window, and those that are plugged in."""

from __future__ import annotations

import re

import pytest

from monitor import cli
from monitor.camera import listing
from monitor.camera.kept import KeptCameras
from monitor.data_folder import data_folder


@pytest.fixture(autouse=True)
def plugged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "camera_list", lambda: [(0, "Webcam")])


def test_cameras_of_the_window_are_listed_without_their_passwords(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = KeptCameras()
    kept.put("0", name="Front door")
    kept.put("rtsp://anna:s3cret@dock.example.org/main", name="Loading dock", on=False)
    kept.put("http://yard.example.org/stream.mjpg")
    assert cli.main(["cameras"]) == 0
    told = capsys.readouterr().out
    assert "s3cret" not in told
    assert "anna" not in told
    lines = [re.split(r"\s{2,}", line.strip()) for line in told.splitlines()]
    yard = "http://yard.example.org/stream.mjpg"
    dock = "rtsp://dock.example.org/main, password not shown"
    assert lines[1:4] == [
        ["Front door", "USB", "switched on", "number 0"],
        ["Loading dock", "RTSP", "switched off", dock],
        [yard, "HTTP", "switched on", yard],
    ]
    assert told.endswith("Plugged in:\n0  Webcam\n")


def test_a_list_that_cannot_be_read_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    (data_folder() / "cameras.json").write_text("{")
    assert cli.main(["cameras"]) == 2
    told = capsys.readouterr()
    assert told.out == "0  Webcam\n"
    assert "cannot be read (it is damaged)" in told.err

"""What a run without a window prints."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import pytest
from fakes import NOON, frame, sighting

from monitor.app import RunOptions
from monitor.camera.turn import Turn
from monitor.camera.zones import Zones
from monitor.camera.zones_file import save_zones
from monitor.config import load_config
from monitor.errors import CameraError, ModelError, MonitorError
from monitor.headless import _Run, run_headless
from monitor.records import (
    Condition,
    Correction,
    Count,
    FrameResult,
    SourceState,
    SourceStatus,
    Timings,
    Update,
    WatchState,
    WorkerState,
)

TESTS_DATA = Path(__file__).parent / "data"


@pytest.fixture
def run() -> _Run:
    return _Run(RunOptions(), ["door"])


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    messages = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return messages


def test_a_sighting_is_told_when_it_begins_and_when_it_ends(
    run: _Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    closed = dataclasses.replace(sighting(1), open=False, seconds_unmasked=2.34)
    for shown in (sighting(1), sighting(1, seconds_unmasked=1.5), closed, closed):
        run.on_update(Update(None, Count(), (shown,), 1))
    first, second = lines(caplog)
    assert first.endswith("sighting shift-v1-s1 began")
    assert second.endswith("sighting shift-v1-s1 ended after 2.3 s, unmasked")


def test_a_sighting_of_what_never_moved_is_told_to_be_withdrawn(
    run: _Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    poster = dataclasses.replace(sighting(1), open=False, corrected=Correction.NEVER_MOVED)
    for shown in (sighting(1), poster, poster):
        run.on_update(Update(None, Count(), (shown,), 0))
    told = [line for line in lines(caplog) if "withdrawn" in line]
    assert told == ["sighting shift-v1-s1 is withdrawn: it never moved"]


def test_problems_and_their_end_are_told_once(run: _Run, caplog: pytest.LogCaptureFixture) -> None:
    for problem in ("", "the store is full", "the store is full", "", ""):
        run.on_update(Update(None, Count(), (), 0, problem))
    assert lines(caplog) == ["the store is full", "everything that waited has been saved"]


def test_a_picture_upside_down_is_told_once_for_each_camera(
    run: _Run, caplog: pytest.LogCaptureFixture
) -> None:
    run.turns = {"a": Turn(), "b": Turn(), "c": Turn(90)}
    for camera, turn in (("a", 0), ("a", 180), ("a", 180), ("b", 90), ("c", 90), ("a", 180)):
        result = FrameResult(frame(camera=camera), (), Timings(), turn=turn)
        run.on_update(Update(result, Count(), (), 0))
    judged = "so nobody is judged: turn the camera, or"
    assert lines(caplog) == [
        f"the picture of a is upside down, {judged} set camera.rotate = 180",
        f"the picture of b is sideways, {judged} set camera.rotate = 90",
        f"the picture of c is sideways, {judged} its picture in the window (File > Cameras…)",
    ]


def test_a_camera_that_shows_nobody_is_told(run: _Run, caplog: pytest.LogCaptureFixture) -> None:
    """Once, and that it is good again; that it is lost is said elsewhere."""
    caplog.set_level(logging.INFO)
    states = (None, "LIVE", "BLACK", "BLACK", "LOST", "BLACK", "PAUSED", "LIVE", "LIVE")
    for state in states:
        run.look("door", Condition(WatchState[state], NOON) if state else None)
    assert lines(caplog) == [
        "door sends a black picture: see to its cover, its cable and the light",
        "door shows a good picture again",
    ]


def test_a_lost_camera_is_told(run: _Run, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for state in (
        SourceStatus(SourceState.OPENING),
        SourceStatus(SourceState.LIVE),
        SourceStatus(SourceState.LOST, "door gives no more pictures", 4.0),
        SourceStatus(SourceState.OPENING),
        SourceStatus(SourceState.LIVE),
    ):
        run.on_source("door", state)
    assert lines(caplog) == [
        "door is live",
        "door gives no more pictures; trying again",
        "door is live",
    ]
    assert not run.done.is_set()


def test_a_recording_is_not_said_to_be_live(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.INFO)
    for options in (RunOptions(video=tmp_path / "a.mp4"), RunOptions(images=tmp_path)):
        _Run(options, ["recording"]).on_source("recording", SourceStatus(SourceState.LIVE))
    assert lines(caplog) == []


def test_summary(run: _Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.on_update(Update(None, Count(3, 1, 0, 2), (), 1))
    assert run.close(None) == 0
    assert capsys.readouterr().out == (
        "door: 6 visits: 3 masked, 1 unmasked, 0 incorrect, 2 unsure; "
        "compliance 75 % as last seen; 1 sighting\n"
    )


def test_summary_of_nobody(run: _Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.close(None) == 0
    assert "0 visits" in (out := capsys.readouterr().out)
    assert "nobody judged" in out


def test_summary_of_pictures_and_the_csv(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = RunOptions(images=tmp_path, csv=tmp_path / "s.csv")
    pictures = _Run(options, ["pictures"])
    pictures.on_update(Update(FrameResult(frame(), (), Timings()), Count(), (), 0))
    pictures.close(None)
    out = capsys.readouterr().out
    assert "0 faces" in out
    assert str(tmp_path / "s.csv") in out


def test_what_ends_the_run(run: _Run) -> None:
    run.on_worker(WorkerState.READY, "")
    assert run.done_or_ready.is_set()
    assert not run.done.is_set()
    run.on_source("door", SourceStatus(SourceState.FAILED, "camera 9 is not there"))
    assert run.done.is_set()
    with pytest.raises(CameraError, match="camera 9 is not there"):
        run.close(None)


def test_a_signal_ends_it_well(run: _Run) -> None:
    run.on_signal()
    assert run.done.is_set()
    assert run.done_or_ready.is_set()
    assert run.close(None) == 0


def test_the_workers_own_error_comes_first(run: _Run) -> None:
    run.on_worker(WorkerState.FAILED, "mask_v5.onnx is missing")
    assert run.done.is_set()
    with pytest.raises(ModelError):
        run.close(ModelError("mask_v5.onnx is missing"))
    with pytest.raises(MonitorError, match="is missing") as caught:
        run.close(None)
    assert type(caught.value) is MonitorError  # a fault of the program: exit 1


def test_a_recording_of_which_nothing_was_analysed_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(MonitorError, match="nothing of pictures could be analysed"):
        _Run(RunOptions(images=tmp_path), ["pictures"]).close(None)


def test_a_camera_that_is_down_at_the_start_is_said_once(
    run: _Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for pause in (1.0, 2.0, 4.0):
        run.on_source("door", SourceStatus(SourceState.OPENING))
        run.on_source("door", SourceStatus(SourceState.LOST, "door does not answer", pause))
    run.on_source("door", SourceStatus(SourceState.LIVE))
    assert lines(caplog) == ["door does not answer; trying again", "door is live"]
    assert not run.done.is_set()


def test_a_wrong_password_ends_the_run_at_its_start_alone(
    run: _Run, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = SourceStatus(SourceState.LOST, "door refuses this password", 1.0, mistake=True)
    run.on_source("door", SourceStatus(SourceState.LIVE))
    run.on_source("door", wrong)
    assert not run.done.is_set()
    assert lines(caplog) == ["door refuses this password; trying again"]
    other = _Run(RunOptions(), ["door"])
    other.on_source("door", wrong)
    assert other.done.is_set()
    with pytest.raises(CameraError, match="refuses this password"):
        other.close(None)


FAILING = """
from monitor.declared import DetectorInfo

DETECTOR = DetectorInfo(title="Failing", line="for tests", confidence_min=0.5)


def make(config):
    return Failing()


class Failing:
    name = "failing"

    def detect(self, image_bgr, smallest_px=0):
        raise ValueError("no picture of mine")

    detect_still = detect
"""


def folder_of_pictures(folder: Path, number: int) -> Path:
    folder.mkdir()
    for index in range(number):
        (folder / f"{index}.jpg").write_bytes((TESTS_DATA / "bare.jpg").read_bytes())
    return folder


@pytest.mark.parametrize(
    ("zones", "line"),
    [
        (Zones(), "3 faces"),
        (Zones(counting=(((0.3, 0), (0.6, 0), (0.6, 1), (0.3, 1)),)), "3 faces"),
        (Zones(ignored=(((0.3, 0), (0.6, 0), (0.6, 1), (0.3, 1)),)), "0 faces"),
    ],
)
def test_zones_hold_without_a_window_by_the_settings(
    tmp_path: Path, zones: Zones, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "door.json"
    save_zones(file, "pictures", zones)
    options = RunOptions(
        config=load_config(None, {"detect": {"zones": str(file)}}),
        images=folder_of_pictures(tmp_path / "pictures", 3),
    )
    assert run_headless(options) == 0
    assert line in capsys.readouterr().out


def test_no_output_is_written_over_the_zones(tmp_path: Path) -> None:
    file = tmp_path / "door.csv"
    save_zones(file, "pictures", Zones(ignored=(((0, 0), (1, 0), (1, 1)),)))
    before = file.read_bytes()
    options = RunOptions(
        config=load_config(None, {"detect": {"zones": str(file)}}),
        images=folder_of_pictures(tmp_path / "pictures", 1),
        csv=file,
    )
    with pytest.raises(MonitorError, match="zones"):
        run_headless(options)
    assert file.read_bytes() == before


@pytest.mark.parametrize("number", [1, 3])
def test_a_folder_of_which_no_picture_can_be_analysed(
    tmp_path: Path,
    added_folder: Path,
    number: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Fewer than those faults in a row that end the thread."""
    (added_folder / "failing.py").write_text(FAILING)
    options = RunOptions(
        config=load_config(None, {"detect": {"name": "failing"}}),
        images=folder_of_pictures(tmp_path / "pictures", number),
    )
    with pytest.raises(MonitorError, match="nothing of pictures could be analysed") as caught:
        run_headless(options)
    assert type(caught.value) is MonitorError  # exit 1
    assert caplog.text.count("a frame was skipped") == number
    caplog.clear()


def test_some_pictures_that_could_not_be_analysed_are_a_fault_after_the_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = _Run(RunOptions(images=tmp_path), ["pictures"])
    pictures.on_update(Update(FrameResult(frame(), (), Timings()), Count(), (), 0))
    with pytest.raises(MonitorError, match="2 frames of pictures could not be analysed"):
        pictures.close(None, skipped=2)
    assert "0 faces" in capsys.readouterr().out
    door = _Run(RunOptions(), ["door"])
    door.on_update(Update(FrameResult(frame(), (), Timings()), Count(), (), 0))
    assert door.close(None, skipped=2) == 0  # a camera goes on

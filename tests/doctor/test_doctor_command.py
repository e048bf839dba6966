"""`main.py check --camera N`: its lines, its exit status, and wrong input in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from doctor_clips import at_the_door, blurred, write_clip
from mjpeg import MjpegCamera
from program import run

from monitor import cli
from monitor.camera.kept import KeptCameras
from monitor.camera.turn import Turn
from monitor.doctor import command
from monitor.doctor.measured import Delivery, Examined, Focus, Latency, Light, People
from monitor.storage.store import default_url

GOOD = Examined(
    "door.mp4",
    Delivery((1280, 720), (1280, 720), None, 300, 10.0, 30.0, 30.0, 0.05, 0),
    Light(120.0, 230.0, 0.01, 0.05),
    Focus(0.5, 0.7),
    False,
    People(),
    Latency(0.06, 0.11),
)


@pytest.fixture(scope="module")
def soft_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    images = [blurred(image) for image in at_the_door()]
    return write_clip(tmp_path_factory.mktemp("clips") / "soft.mp4", images)


def test_a_clip_out_of_focus_ends_with_status_1(soft_clip: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "check", "--video", soft_clip, "--seconds", "2")
    assert done.code == 1, done.err
    lines = done.out.splitlines()
    assert any(line.startswith("MEND  The picture is out of focus") for line in lines)
    assert any(line.startswith("ok    The picture is 960 x 540.") for line in lines)
    assert lines[-1].startswith("soft.mp4: ")
    assert lines[-1].endswith(" to mend")
    assert done.err.splitlines() == ["Looking at soft.mp4 for 2 s …"]
    assert not list(tmp_path.rglob("*.db"))  # nothing is stored


def test_a_look_at_a_stream_hides_its_password(tmp_path: Path) -> None:
    camera = MjpegCamera()
    camera.show(at_the_door()[20])
    camera.live()
    try:
        url = camera.url.replace("http://", "http://desk:s3cret@")
        done = run(tmp_path, "check", "--camera", url, "--seconds", "3")
    finally:
        camera.die()
    assert done.code in (0, 1), done.err
    assert "pictures came in" in done.out
    assert "pictures a second came; the camera claims no rate." in done.out
    assert "A frame is answered" in done.out
    assert "s3cret" not in done.out + done.err


def test_a_kept_camera_has_its_name_and_its_turn(capsys: pytest.CaptureFixture[str]) -> None:
    camera = MjpegCamera()
    camera.show(np.rot90(at_the_door()[20]))  # it hangs on its side
    camera.live()
    kept = KeptCameras()
    kept.put(camera.url, name="Front door", turn=Turn(90))
    try:
        assert cli.main(["check", "--camera", camera.url, "--seconds", "2"]) in (0, 1)
    finally:
        camera.die()
    lines = capsys.readouterr().out.splitlines()
    assert "ok    The picture is 540 x 960." in lines  # as the camera gives it
    assert any(line.startswith("ok    1 person was seen") for line in lines)
    assert lines[-1].startswith("Front door: ")


def test_all_good_ends_with_status_0(
    soft_clip: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "examine", lambda *arguments: GOOD)
    assert cli.main(["check", "--video", str(soft_clip)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "door.mp4: nothing to mend"
    assert {line[:6] for line in lines[:-1]} == {"ok    ", "?     "}


def test_a_stream_that_is_off_is_to_be_mended(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--camera", "rtsp://desk:s3cret@127.0.0.1:1/live"]) == 1
    printed = capsys.readouterr()
    assert "is refused: check the port" in printed.out
    assert "s3cret" not in printed.out + printed.err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--camera", "door"], "--camera: 'door' is neither"),
        (["--camera", ""], "neither a camera's number nor a stream"),
        (["--video", "no.mp4"], "no.mp4 is not there"),
        (["--camera", "0", "--video", "no.mp4"], "not allowed with"),
        (["--camera", "0", "--seconds", "0"], "--seconds is 0: give 2 to 600"),
        (["--camera", "0", "--seconds", "nan"], "--seconds is nan: give 2 to 600"),
        (["--camera", "0", "--seconds", "long"], "invalid float"),
        (["--seconds", "5"], "go with a camera"),
        (["--accept"], "--accept has to go with a camera"),
        (["--camera", "0", "--save", "a.md"], "--save goes with --accept"),
        (["--camera", "0", "--accept", "--seconds", "5"], "give one of them"),
        (["--camera", "0", "--accept", "0"], "--accept is 0: give up to 480 minutes"),
        (["--camera", "0", "--accept", "nan"], "--accept is nan"),
        (["--camera", "0", "--accept", "1", "--save", "a.txt"], "ends in .csv or .md"),
        (["--camera", "0", "--accept", "1"], "standard input is no terminal"),
        (["--camera", "0", "--store", "sqlite://"], "--store goes without a camera"),
        (["--camera", "0", "--config", "no.toml"], "no.toml"),
    ],
)
def test_wrong_input_is_one_line_and_status_2(
    argv: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", *argv]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    [line] = printed.err.splitlines()
    assert words in line


def test_a_clip_that_is_no_clip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    assert cli.main(["check", "--video", str(text)]) == 2
    assert "is not a video that can be read" in capsys.readouterr().err


def test_a_camera_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--camera", "99"]) == 2
    assert "camera 99 is not there" in capsys.readouterr().err


def test_the_installation_is_looked_over_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from monitor import check

    asked: list[str] = []
    monkeypatch.setattr(check, "run_checks", lambda url: asked.append(url) or 0)
    assert cli.main(["check"]) == 0
    assert cli.main(["check", "--store", default_url()]) == 0
    assert asked == ["", default_url()]

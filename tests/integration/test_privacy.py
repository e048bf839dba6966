"""Nothing leaves the PC, and nothing is written outside of the program's own folders.

The program runs as on an office PC: real window (offscreen) or headless, real networks, a camera on
127.0.0.1, no variable of a CI. strace tells every address and every file that it reached for; a
network namespace tells every packet.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from mjpeg import MjpegCamera
from office import (
    LONG_S,
    MAIN,
    PERSON,
    WAYS,
    check,
    enrol,
    outside,
    packets,
    store,
    strange_files,
    visits,
)
from program import ROOT
from traced import run_traced, why_not

# As main.py, with the telemetry of ONNX Runtime as its makers ship it.
TELEMETRY_ON = """
import os, sys
import monitor
del os.environ["ORT_DISABLE_TELEMETRY"]
import onnxruntime
onnxruntime.disable_telemetry_events = lambda: None
from monitor.cli import main
sys.exit(main())
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home, with a folder for what the user asks for by name."""
    (tmp_path / "home" / "asked").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def camera() -> Iterator[MjpegCamera]:
    """Shows a bare face."""
    one = MjpegCamera()
    one.show(cv2.imread(str(PERSON)))
    one.live()
    yield one
    one.die()


@pytest.fixture
def traced() -> None:
    if why_not():
        pytest.skip(f"what the program reaches for cannot be seen: {why_not()}")


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(("way", "identify"), [("headless", False), ("window", True)])
def test_the_program_reaches_for_its_camera_and_its_folders_alone(
    tmp_path: Path, home: Path, camera: MjpegCamera, way: str, identify: bool
) -> None:
    """Until a visit is booked: by then every library is loaded, and a device id would be there."""
    words = [*WAYS[way], "--camera", camera.url]
    if identify:
        enrolment = enrol(tmp_path, home)
        check(enrolment, home, None)
        assert (store(home).parent / "gallery.npz").is_file(), enrolment.out
        words.append("--identify")
    booked = lambda: store(home).is_file() and visits(home) > 0  # noqa: E731
    trace = run_traced(tmp_path, outside(home), MAIN, *words, until=booked)
    assert visits(home) > 0, trace.out
    check(trace, home, camera.port)


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(
    "words", [("check",), ("cameras",), ("people",), ("export", "asked/x.csv")]
)
def test_a_command_reaches_for_its_folders_alone(
    tmp_path: Path, home: Path, words: tuple[str, ...]
) -> None:
    check(run_traced(tmp_path, outside(home), MAIN, *words), home, None)


@pytest.mark.usefixtures("traced")
def test_telemetry_would_be_seen(tmp_path: Path, home: Path, demo_clip: Path) -> None:
    """The test of the test: what is shipped switched on is told at once."""
    words = ("-c", TELEMETRY_ON, "--headless", "--video", demo_clip)
    trace = run_traced(tmp_path, outside(home), *words)
    assert any("deviceid" in path for path in strange_files(trace, home)), trace.out
    with pytest.raises(AssertionError):
        check(trace, home, None)


@pytest.mark.long
@pytest.mark.usefixtures("traced")
def test_tensorflow_and_keras_keep_to_the_folder(
    tmp_path: Path, home: Path, demo_clip: Path
) -> None:
    """Keras tries whether processes can share a lock, in files without a name that stays."""
    words = ("--headless", "--backend", "tensorflow", "--video", demo_clip)
    trace = run_traced(tmp_path, outside(home), MAIN, *words)
    assert "2 visits" in trace.out
    assert trace.addresses == set()
    kept = [path for path in strange_files(trace, home) if Path(path).is_file()]
    assert [path for path in kept if not path.startswith("/proc/")] == []
    assert {path.name for path in home.iterdir()} == {".local", "asked"}


def test_packets_would_be_seen(tmp_path: Path, home: Path) -> None:
    """The test of the test: one letter to a far host, and one to this PC."""
    script = (
        "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
        "s.sendto(b'x', ('198.51.100.7', 53)); s.sendto(b'x', ('127.0.0.1', 9))"
    )
    strange, _ = packets(tmp_path, home, 5, "-c", script)
    assert {"198.51.100.7:53", "127.0.0.1:9"} <= {to for *_, to in strange}


@pytest.mark.long
@pytest.mark.timeout(LONG_S + 480)
@pytest.mark.parametrize("identify", [False, True], ids=["mask-only", "identify"])
@pytest.mark.parametrize("way", WAYS)
def test_no_packet_but_to_the_camera(tmp_path: Path, home: Path, way: str, identify: bool) -> None:
    if identify:
        enrol(tmp_path, home)
    more = ["--identify"] if identify else []
    words = [str(MAIN), *WAYS[way], "--camera", "CAMERA", *more]
    strange, seen = packets(tmp_path, home, LONG_S, *words)
    assert seen > 1000
    assert strange == []
    assert visits(home) > 0


@pytest.mark.long
@pytest.mark.timeout(LONG_S + 480)
def test_packets_of_telemetry_would_be_seen(tmp_path: Path, home: Path) -> None:
    words = ("-c", TELEMETRY_ON, "--headless", "--camera", "CAMERA")
    strange, _ = packets(tmp_path, home, LONG_S, *words)
    assert any(to.endswith(":53") for *_, to in strange)


def test_a_run_leaves_no_file_but_its_own(tmp_path: Path, demo_clip: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    command = [
        sys.executable,
        ROOT / "main.py",
        "--headless",
        "--video",
        demo_clip,
        "--csv",
        home / "s.csv",
        "--into-store",
    ]
    subprocess.run(
        command, env=outside(home), cwd=home, check=True, capture_output=True, timeout=100
    )
    left = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    own = {"s.csv", ".local/share/mask-monitor/monitor.db"}
    assert left - {name + end for name in own for end in ("-wal", "-shm")} == own


def test_telemetry_is_off_before_onnx_runtime_is_loaded(tmp_path: Path) -> None:
    script = (
        "import monitor.engine, os, sys; assert 'onnxruntime' not in sys.modules;"
        "monitor.engine.onnx_runtime(); print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=outside(tmp_path),
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["1"]
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1", "the tests themselves run with it off"

"""A model file that is cut short: one line that names it, and the picture goes on without
counts.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from desk import QUICK, Desk, endless
from program import ROOT, environment, run

from monitor.card import load_card
from monitor.detect import make_detector, ssd, yunet
from monitor.engine import OnnxNetwork, onnx_session
from monitor.errors import ModelError
from monitor.records import SourceState, WorkerState

MODELS = ROOT / "models"
CUTS = (0, 1, 100, -100, -1)  # bytes that are left, or that are missing at the end


def cut(name: str, folder: Path, left: int, *, card_agrees: bool = False) -> Path:
    """A model and its card, cut short after `left` bytes; its card may have been made from the cut
    file.
    """
    path = folder / name
    shutil.copy(MODELS / name, path)
    path.write_bytes(path.read_bytes()[:left])
    card = json.loads((MODELS / name).with_suffix(".json").read_text(encoding="utf-8"))
    if card_agrees:
        card["files"][name]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    return path


@pytest.mark.parametrize("left", CUTS)
@pytest.mark.parametrize("name", ["mask_v5.onnx", "mask_v5.keras", "yunet.onnx", "ssd.onnx"])
def test_a_cut_file_is_refused_by_its_card(tmp_path: Path, name: str, left: int) -> None:
    path = cut(name, tmp_path, left)
    with pytest.raises(ModelError, match=f"{name} is not the file that its card"):
        load_card(path)


@pytest.mark.parametrize("left", CUTS)
@pytest.mark.parametrize("name", ["mask_v5.onnx", "yunet.onnx"])
def test_a_cut_file_whose_card_agrees_is_refused_all_the_same(
    tmp_path: Path, name: str, left: int
) -> None:
    path = cut(name, tmp_path, left, card_agrees=True)
    with pytest.raises(ModelError, match=f"{name} cannot be loaded") as raised:
        onnx_session(path, 1)
    assert "\n" not in str(raised.value)
    with pytest.raises(ModelError):
        OnnxNetwork(path.with_suffix(""), 1)


@pytest.mark.parametrize(("module", "name"), [(yunet, "yunet"), (ssd, "ssd")])
def test_a_detector_that_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    from monitor.config import DetectConfig

    monkeypatch.setattr(module, "MODEL", cut(f"{name}.onnx", tmp_path, 5000))
    with pytest.raises(ModelError, match=f"{name}.onnx"):
        make_detector(DetectConfig(name=name))


def test_the_picture_goes_on_without_the_model(tmp_path: Path) -> None:
    """The analysis has stopped, with a line that names the file; the camera is read on, and nothing
    was written.
    """
    stem = cut("mask_v5.onnx", tmp_path, 10_000).with_suffix("")
    desk = Desk(tmp_path, None, QUICK | {"classify": {"model": str(stem)}})
    try:
        desk.open(endless())
        assert desk.states == [(WorkerState.FAILED, desk.worker.message)]
        assert "mask_v5.onnx is not the file that its card" in desk.worker.message
        assert isinstance(desk.worker.error, ModelError)
        desk.wait_source(SourceState.LIVE)
        assert desk.frames.get(5.0) is not None
        assert desk.frames.get(5.0) is not None
    finally:
        desk.close()
    assert not desk.csv_path.exists()


@pytest.mark.long
@pytest.mark.parametrize("kind", ["model", "card"])
def test_the_program_says_it_in_one_line(tmp_path: Path, kind: str) -> None:
    path = cut("mask_v5.onnx", tmp_path, 1_000_000)
    if kind == "card":
        shutil.copy(MODELS / path.name, path)
        card = path.with_suffix(".json")
        card.write_text(card.read_text(encoding="utf-8")[:100], encoding="utf-8")
    done = run(
        tmp_path, "--headless", "--images", ROOT / "tests" / "data", "--model", path.with_suffix("")
    )
    assert done.code == 2, done.err
    assert done.err.count("\n") == 1, done.err
    assert "mask_v5" in done.err
    assert done.out == ""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX has pipes among its files")
@pytest.mark.parametrize("what", ["config", "model", "card", "device"])
def test_a_pipe_in_the_place_of_a_file_is_said_at_once(tmp_path: Path, what: str) -> None:
    words: tuple[str | Path, ...] = ("--model", tmp_path / "net")
    if what == "card":
        shutil.copy(MODELS / "mask_v5.onnx", tmp_path / "net.onnx")
        os.mkfifo(tmp_path / "net.json")
    elif what == "model":
        os.mkfifo(tmp_path / "net.onnx")
    elif what == "config":
        os.mkfifo(tmp_path / "m.toml")
        words = ("--config", tmp_path / "m.toml")
    else:
        words = ("--config", "/dev/zero")
    started = time.monotonic()
    done = run(tmp_path, "--headless", "--images", ROOT / "tests" / "data", *words)
    assert time.monotonic() - started < 30
    assert done.code == 2, done.err
    assert done.err.count("\n") == 1, done.err
    assert "it is a device or a pipe" in done.err


# A share whose server is gone: the system does not come back from `open`.
DEAD_SHARE = """
import os, sys, threading
real = os.open
def dead(path, *arguments, **more):
    if "dead" in str(path):
        print("waits", flush=True)
        threading.Event().wait()
    return real(path, *arguments, **more)
os.open = dead
from monitor.cli import main
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_wait_for_a_dead_share(tmp_path: Path, number: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", DEAD_SHARE, "--headless", "--config", tmp_path / "dead.toml"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment(tmp_path),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waits\n"
        process.send_signal(number)
        _, said = process.communicate(timeout=10)
    assert "Traceback" not in said

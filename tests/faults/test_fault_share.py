"""The real program with its files on a share that does not answer: strace holds each write."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from mjpeg import MjpegCamera
from program import LIMIT_S, ROOT, Books, environment

EMPTY = np.full((720, 1280, 3), 140, np.uint8)


def somebody() -> np.ndarray:
    image, face = EMPTY.copy(), cv2.imread(str(ROOT / "assets" / "portraits" / "collins.jpg"))
    assert face is not None
    face = cv2.resize(face, None, fx=600 / face.shape[0], fy=600 / face.shape[0])
    image[60 : 60 + face.shape[0], 300 : 300 + face.shape[1]] = face
    return image


def wait_until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.1)


def traces() -> bool:
    strace = shutil.which("strace")
    command = [strace or "", "-qq", "-o", "/dev/null", "--seccomp-bpf", "-f", "true"]
    return strace is not None and subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.long
@pytest.mark.skipif(not traces(), reason="no strace here")
@pytest.mark.timeout(300)
def test_a_list_on_a_dead_share_stops_nothing(tmp_path: Path) -> None:
    books = Books(tmp_path)
    camera = MjpegCamera()
    camera.show(EMPTY)
    camera.live()
    # a row is written after the third look for the list's end, the header after the second
    held = ("-P", books.csv, "-e", "trace=lseek", "-e", "inject=lseek:delay_enter=90000000:when=3+")
    program = subprocess.Popen(
        [
            *("strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", *held),
            *(sys.executable, ROOT / "main.py", "--headless", "--camera", camera.url),
            *("--csv", books.csv, "--events", books.events, "--store", books.url),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment(tmp_path),
    )
    try:
        wait_until(lambda: books.events.exists() and len(books.lines()) > 3)
        camera.show(somebody())
        wait_until(lambda: len(books.sightings()) == 1)
        camera.show(EMPTY)
        wait_until(lambda: not any(sighting.open for sighting in books.sightings().values()))
        seen = len(books.lines())
        wait_until(lambda: len(books.lines()) > seen + 30)  # frames go on
        (monitor,) = psutil.Process(program.pid).children()
        time.sleep(4)
        began = time.monotonic()
        monitor.send_signal(signal.SIGINT)
        # strace holds the thread, and with it the process, until the write is let go
        words = ""
        assert program.stderr is not None
        for line in program.stderr:
            words += line
            if line.startswith("mask-monitor: "):
                break
        assert time.monotonic() - began < 60
        assert f"{books.csv} does not answer: its rows wait" in words
        assert "1 records could not be saved" in words
        assert "the store has them: `python main.py export FILE`" in words
        assert books.rows() == []
        assert len(books.sightings()) == 1
    finally:
        camera.die()
        for process in [*psutil.Process(program.pid).children(), program]:
            process.kill()
        program.communicate()

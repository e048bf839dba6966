"""What live cameras cost: processor time, frames a second, and the time from capture to screen.

Each measurement runs in a process of its own (`python -m monitor.bench.live JSON`), so that memory
and processor seconds are its own.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from monitor.analysis.worker import InferenceThread
from monitor.app import Chosen, build_parts
from monitor.bench.frames import options_for
from monitor.bench.measure import Usage, in_own_process, summary
from monitor.bench.pictures import crowd
from monitor.camera.address import Address
from monitor.camera.capture import CaptureThread
from monitor.camera.recorded import Recorded
from monitor.camera.slot import LatestSlot
from monitor.camera.source import Picture
from monitor.camera.turn import UPRIGHT, Turn
from monitor.config import Config, load_config
from monitor.records import Frame, Image, Update, WorkerState

SETTLE_S = 3.0  # models load, caches fill; not counted
LOOP_FRAMES = 60


@dataclass(frozen=True, slots=True)
class LiveTask:
    """One measurement."""

    cameras: int = 1
    faces: int = 2
    frames_per_s: float = 30.0
    seconds: float = 10.0
    window: bool = False


class LoopSource:
    """A camera that shows the same pictures over and over, at a fixed rate."""

    live, stills = True, False
    address: Address | None = None
    recorded: Recorded | None = None
    turn: Turn = UPRIGHT

    def __init__(self, name: str, images: Sequence[Image], frames_per_s: float) -> None:
        self.name = name
        self._images, self._period_s = images, 1 / frames_per_s
        self._start = self._due = time.monotonic()
        self._index = 0

    def open(self) -> None:
        self._start = self._due = time.monotonic()

    def read(self) -> Picture:
        self._due += self._period_s
        time.sleep(max(0.0, self._due - time.monotonic()))
        # There and back, so that nobody jumps where the loop begins again.
        last = len(self._images) - 1
        place = self._index % (2 * last)
        self._index += 1
        # A copy, as a camera's driver makes one.
        return Picture(
            self._images[min(place, 2 * last - place)].copy(), time.monotonic() - self._start
        )

    def close(self) -> None:
        pass


def measure_live(task: LiveTask, config_json: str = "{}") -> dict[str, Any]:
    """Run one measurement in a process of its own."""
    return in_own_process("monitor.bench.live", json.dumps(asdict(task)), config_json)


class _Tally:
    """What reached the end of the way, and when. Written by one thread."""

    def __init__(self) -> None:
        self.latency_s: list[float] = []
        self.frames: dict[str, int] = {}
        self.counts = False

    def add(self, frame: Frame) -> None:
        if self.counts:
            self.latency_s.append(time.monotonic() - frame.captured_at)
            self.frames[frame.camera] = self.frames.get(frame.camera, 0) + 1

    def result(self, usage: Usage, seconds: float) -> dict[str, Any]:
        rates = [count / seconds for count in self.frames.values()]
        used = usage.read()
        return {
            "frames_per_s_of_slowest": round(min(rates, default=0.0), 1),
            **{f"latency_{k}": v for k, v in summary(self.latency_s).items()},
            "core_percent": used["core_percent"],
            "resident_mb": used["resident_mb"],
        }


def run_headless(task: LiveTask, config: Config) -> dict[str, Any]:
    """Several cameras, one inference thread, no window."""
    images = crowd(task.faces, LOOP_FRAMES)
    frames: LatestSlot[Frame] = LatestSlot()
    tally, ready = _Tally(), threading.Event()

    def on_update(update: Update) -> None:
        if update.result is not None:
            tally.add(update.result.frame)

    def on_state(state: WorkerState, message: str) -> None:
        ready.set()

    with tempfile.TemporaryDirectory() as folder:
        options = options_for(config, folder)
        worker = InferenceThread(lambda: build_parts(options), frames, on_update, on_state)
        worker.start()
        ready.wait()
        captures = [
            CaptureThread(
                LoopSource(f"camera {k}", images, task.frames_per_s), frames, config.camera
            )
            for k in range(task.cameras)
        ]
        for capture in captures:
            capture.start()
        time.sleep(SETTLE_S)
        usage, tally.counts = Usage(), True
        time.sleep(task.seconds)
        result = tally.result(usage, task.seconds)
        for capture in captures:
            capture.stop()
        worker.stop()
        worker.join()
    return result


def run_window(task: LiveTask, config: Config) -> dict[str, Any]:
    """One camera in the real window; the time counts to the end of painting."""
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        os.environ.pop(name, None)
    from PySide6.QtCore import QSettings, QTimer

    from monitor.bench.painting import on_paint
    from monitor.gui.application import make_application
    from monitor.gui.picture.view import PictureView
    from monitor.gui.preferences import Preferences
    from monitor.gui.theme import Theme
    from monitor.gui.window import MainWindow

    tally, last = _Tally(), [-1]

    def painted(view: PictureView, frame: Frame | None) -> None:
        if frame is not None and frame.index != last[0]:
            last[0] = frame.index
            tally.add(frame)

    on_paint(painted)
    with tempfile.TemporaryDirectory() as folder:
        application = make_application()
        source = LoopSource("bench camera", crowd(task.faces, LOOP_FRAMES), task.frames_per_s)
        settings = QSettings(f"{folder}/settings.ini", QSettings.Format.IniFormat)
        window = MainWindow(
            options_for(config, folder), Preferences(settings), Theme(application), Chosen(source)
        )
        window.resize(1280, 720)
        window.show()
        QTimer.singleShot(0, window.start)
        result: dict[str, Any] = {}

        def begin() -> None:
            usage, tally.counts = Usage(), True

            def end() -> None:
                result.update(tally.result(usage, task.seconds))
                window.close()
                application.quit()

            QTimer.singleShot(round(task.seconds * 1000), end)

        QTimer.singleShot(round(SETTLE_S * 1000), begin)
        application.exec()
    return result


def main() -> None:
    task, changes = LiveTask(**json.loads(sys.argv[1])), json.loads(sys.argv[2])
    config = load_config(None, changes)
    print(json.dumps(run_window(task, config) if task.window else run_headless(task, config)))


if __name__ == "__main__":
    main()

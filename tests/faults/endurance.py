"""Runs the program's threads on very many frames and tells what they cost. Run in a process of its
own, so that nothing else counts.

    python tests/faults/endurance.py fake|real FRAMES BASELINE FOLDER

`fake`: small pictures and faked networks. `real`: the shipped networks. Somebody comes and goes
every 500 frames, masked and bare in turn. Memory, threads and open files are read after BASELINE
frames and after all of them. Prints one line of JSON.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS.parent), str(TESTS), str(Path(__file__).parent)]
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import psutil  # noqa: E402
from fakes import MASKED, UNMASKED, FakeSource, face_at, found  # noqa: E402

from monitor.analysis.pipeline import Pipeline  # noqa: E402
from monitor.analysis.worker import InferenceThread, Parts  # noqa: E402
from monitor.app import RunOptions, build_parts  # noqa: E402
from monitor.camera.capture import CaptureThread  # noqa: E402
from monitor.camera.slot import LatestSlot  # noqa: E402
from monitor.camera.source import Picture  # noqa: E402
from monitor.config import load_config  # noqa: E402
from monitor.records import Detections, Frame, Update  # noqa: E402
from monitor.storage.csv_log import CsvLog  # noqa: E402
from monitor.storage.events import EventLog  # noqa: E402
from monitor.storage.ledger import Ledger  # noqa: E402
from monitor.storage.outputs import Outputs  # noqa: E402
from monitor.storage.store import Store  # noqa: E402

RATE = 15
# frames from one person to the next, and how many of them the person is there
PERIOD, PRESENT = 500, 200
Image = np.ndarray[Any, Any]


def who(index: int) -> str:
    """Who is there in frame `index`: bare, masked or nobody."""
    if index % PERIOD >= PRESENT:
        return "nobody"
    return "masked" if index // PERIOD % 2 else "bare"


class Actor:
    """Stands for both networks: reads from the first pixel of a picture who is there."""

    name, backend, size = "actor", "fake", 4
    _last = 0

    def detect(self, image_bgr: Image, smallest_px: float = 0) -> Detections:
        self._last = int(image_bgr[0, 0, 0])
        return found(face_at(32, 24, 30)) if self._last else found()

    def rois(self, image_bgr: Image, boxes: Image) -> Image:
        return np.zeros((len(boxes), self.size, self.size, 3), np.float32)

    def probabilities(self, rois: Image) -> Image:
        return np.tile(MASKED if self._last == 2 else UNMASKED, (len(rois), 1)).astype(np.float32)


def fake_image(index: int) -> Image:
    return np.full((48, 64, 3), ("nobody", "bare", "masked").index(who(index)), np.uint8)


def real_images() -> Callable[[int], Image]:
    pictures = {
        name: cv2.imread(str(TESTS / "data" / f"{name}.jpg")) for name in ("bare", "masked")
    }
    small: dict[str, Image] = {
        n: cv2.resize(p, (320, 220)) for n, p in pictures.items() if p is not None
    }
    small["nobody"] = np.full((220, 320, 3), 128, np.uint8)
    return lambda index: small[who(index)].copy()


def measure() -> dict[str, float]:
    gc.collect()
    process = psutil.Process()
    files = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()
    return {
        "mb": process.memory_info().rss / 2**20,
        "threads": threading.active_count(),
        "files": files,
    }


def numbered(image: Callable[[int], Image], frames: int) -> FakeSource:
    """A source of so many pictures, by the clock of a clip."""
    source, indices = FakeSource(), iter(range(frames))

    def give() -> Picture | None:
        index = next(indices, None)
        return None if index is None else Picture(image(index), index / RATE)

    source.next = give
    return source


def parts_of(kind: str, options: RunOptions) -> Parts:
    if kind == "real":
        return build_parts(options)
    assert options.csv is not None
    assert options.events is not None
    actor = Actor()
    pipeline = Pipeline(actor, actor, options.config, "shift")  # type: ignore[arg-type]
    outputs = Outputs(CsvLog(options.csv), EventLog(options.events))
    return Parts(pipeline, Ledger(Store(options.config.store.url), "shift", outputs), "fake")


def run(kind: str, frames: int, baseline: int, folder: Path) -> dict[str, object]:
    changes: dict[str, dict[str, Any]] = {"store": {"url": f"sqlite:///{folder / 'm.db'}"}}
    if kind == "fake":
        changes["classify"] = {"unsure_face_px": 0}
    config = load_config(None, changes)
    options = RunOptions(
        config=config, csv=folder / "s.csv", events=folder / "e.jsonl", into_store=True
    )
    source = numbered(fake_image if kind == "fake" else real_images(), frames)
    done, at_baseline, last = 0, {}, Update(None, None, (), 0)  # type: ignore[arg-type]
    finished = threading.Event()

    def on_update(update: Update) -> None:
        nonlocal done, at_baseline, last
        last = update
        if update.result is None:
            return
        done += 1
        if done == baseline:
            at_baseline = measure()
        if done == frames:
            finished.set()

    before = {thread.name for thread in threading.enumerate()}
    slot: LatestSlot[Frame] = LatestSlot()
    worker = InferenceThread(lambda: parts_of(kind, options), slot, on_update)
    capture = CaptureThread(source, slot, config.camera)
    worker.start()
    capture.start()
    while not finished.wait(0.5) and worker.is_alive():
        pass
    at_end = measure()
    capture.stop()
    capture.join()
    worker.stop()
    worker.join()
    store = Store(config.store.url)
    rows = {
        "visits": len(store.read_visits()),
        "sightings": len(store.read_sightings()),
        "shifts": len(store.read_shifts()),
    }
    store.close()
    return {
        "done": done,
        "baseline": at_baseline,
        "end": at_end,
        "rows": rows,
        "csv_lines": (folder / "s.csv").read_bytes().count(b"\n"),
        "event_lines": (folder / "e.jsonl").read_bytes().count(b"\n"),
        "count": [last.count.masked, last.count.unmasked, last.count.incorrect, last.count.unsure],
        "problem": last.problem or worker.message,
        "threads_left": sorted({thread.name for thread in threading.enumerate()} - before),
        "files_left": measure()["files"],
    }


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    report = run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
    sys.stdout.write(json.dumps(report) + "\n")

"""A program that runs takes a promoted model up: no restart, no visit lost, each sighting with the
name of the model that raised it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_models import make_model

from monitor.analysis.worker import InferenceThread
from monitor.app import RunOptions, build_parts
from monitor.camera.slot import LatestSlot
from monitor.config import Config
from monitor.files import write_whole
from monitor.learning.places import Places
from monitor.learning.registry import back_to_shipped, promote
from monitor.records import Frame, Update, WorkerState

WAIT_S = 60.0
START = datetime(2026, 11, 2, 8, tzinfo=UTC)


class Door:
    """The inference thread behind one camera that a bare face stands before."""

    def __init__(self, data: Path, options: RunOptions) -> None:
        self.image = cv2.imread(str(data / "bare.jpg"))
        self.frames: LatestSlot[Frame] = LatestSlot()
        self.updates: list[Update] = []
        self.thread = InferenceThread(
            lambda: build_parts(options), self.frames, self.updates.append
        )
        self.number = 0

    def show(self, face: bool = True) -> None:
        """One more frame, a tenth of a second later."""
        image = self.image if face else np.zeros_like(self.image)
        t = self.number / 10
        moment = START + timedelta(seconds=t)
        frame = Frame(image, self.number, t, 1000 + t, moment, "door")
        while not self.frames.put_when_empty(frame, 0.2, "door"):
            assert self.thread.is_alive(), self.thread.message
        self.number += 1

    def until(self, condition: Callable[[], bool], face: bool = True) -> None:
        limit = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < limit, self.thread.message
            self.show(face)

    @property
    def last(self) -> Update:
        return self.updates[-1]


@contextmanager
def watched(data: Path, options: RunOptions) -> Iterator[Door]:
    door = Door(data, options)
    door.thread.start()
    try:
        yield door
    finally:
        door.thread.stop()
        door.thread.join(WAIT_S)


def options_of(tmp_path: Path) -> RunOptions:
    config = Config()
    store = replace(config.store, url=f"sqlite:///{tmp_path / 'm.db'}")
    return RunOptions(config=replace(config, store=store))


def test_a_promoted_model_is_taken_up_between_two_frames(
    places: Places, tmp_path: Path, data: Path
) -> None:
    model = make_model(places, "better")
    with watched(data, options_of(tmp_path)) as door:
        door.until(lambda: bool(door.updates) and door.last.sighting_total == 1)
        promote(places, model, "anna", "")
        door.until(lambda: door.thread.message.startswith("better on onnx"))
        door.until(lambda: door.last.result is not None and door.last.result.model == "better")
        assert door.last.count.unmasked == 1  # the same visit, in the same sighting
        assert [s.model for s in door.last.sightings] == ["mask_v5"]
        door.until(lambda: not door.last.sightings[0].open, face=False)
        door.until(lambda: door.last.sighting_total == 2)
        assert [s.model for s in door.last.sightings] == ["better", "mask_v5"]
        back_to_shipped(places, "anna")
        door.until(lambda: door.thread.message.startswith("mask_v5 on onnx"))
    assert door.thread.state is WorkerState.ENDED


def test_the_promoted_model_is_there_at_the_start_unless_another_one_is_named(
    places: Places, tmp_path: Path
) -> None:
    promote(places, make_model(places, "better"), "anna", "")
    options = options_of(tmp_path)
    named = replace(options, named=frozenset({"classify.model"}))
    assert _model(options) == "better"
    assert _model(named) == "mask_v5"


def _model(options: RunOptions) -> str:
    parts = build_parts(options)
    parts.ledger.close()
    parts.pipeline.close()
    if parts.models is not None:
        parts.models.close()
    return parts.model.split(" on ")[0]


@pytest.mark.parametrize("damaged", ["model", "registry"])
def test_what_is_damaged_never_reaches_the_monitor(
    places: Places, tmp_path: Path, data: Path, damaged: str, caplog: pytest.LogCaptureFixture
) -> None:
    model, spoilt = make_model(places, "better"), make_model(places, "spoilt")
    with watched(data, options_of(tmp_path)) as door:
        door.until(lambda: bool(door.updates) and door.last.sighting_total == 1)
        promote(places, model, "anna", "")
        door.until(lambda: door.thread.message.startswith("better"))
        registry = places.live.read_bytes()
        if damaged == "model":
            (places.models / "spoilt.onnx").write_bytes(b"spoilt")
            registry = registry.replace(b"better", b"spoilt")
            registry = registry.replace(model.sha256.encode(), spoilt.sha256.encode())
        else:
            registry = registry[:40]
        write_whole(places.live, registry)
        door.until(lambda: "the model that runs goes on" in caplog.text)
        door.show()
        assert door.last.result is not None
        assert door.last.result.model == "better"
        assert door.thread.state is WorkerState.READY
    assert _model(options_of(tmp_path)) == "mask_v5"  # at the next start, and it says why
    assert "the shipped model is used" in caplog.text
    caplog.clear()

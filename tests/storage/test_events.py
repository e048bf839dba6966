"""One JSON line per frame, as the README says."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import frame

from monitor.errors import StoreError
from monitor.records import Count, Face, FrameResult, MaskState, Timings
from monitor.storage.events import EventLog, event

FACE = Face(
    xyxy=np.array([10.04, 20.06, 30.1, 40.2], np.float32),
    confidence=0.93456,
    raw_state=MaskState.UNMASKED,
    raw_confidence=0.7,
    state=MaskState.UNSURE,
    state_confidence=0.987654,
    track_id=3,
)
RESULT = FrameResult(frame(0.5671, index=17), (FACE,), Timings(0.0081, 0.0001, 0.003, 0.0))


def test_the_line_of_the_design() -> None:
    line = event(RESULT, Count(1, 2, 0, 3))
    assert next(iter(line)) == "frame"
    assert line["frame"] == 17
    assert line["file"] is None
    assert line["t"] == 0.567
    assert line["count"] == {"masked": 1, "unmasked": 2, "incorrect": 0, "unsure": 3}
    assert line["faces"] == [
        {
            "track": 3,
            "box": [10.0, 20.1, 30.1, 40.2],
            "confidence": 0.9346,
            "state": "unsure",
            "state_confidence": 0.9877,
            "raw_state": "unmasked",
            "identity": None,
            "identity_confidence": None,
        }
    ]
    timings = line["ms"]
    assert isinstance(timings, dict)
    assert timings["detect"] == 8.1
    assert timings["classify"] == 3.0


def test_nobody_and_a_single_picture() -> None:
    line = event(FrameResult(frame(file="sub/a.jpg", still=True), (), Timings()), Count())
    assert line["faces"] == []
    assert line["file"] == "sub/a.jpg"
    still = event(FrameResult(frame(), (replace(FACE, track_id=None),), Timings()), Count())
    assert still["faces"][0]["track"] is None  # type: ignore[index]


def test_a_line_each_and_flushed(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    for i in range(3):
        log.write(RESULT, Count(masked=i))
        lines = (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["count"]["masked"] for line in lines] == list(range(i + 1))
    log.close()


def test_odd_names_stay_one_line(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.write(FrameResult(frame(file='a\n"b\u2028\u00e9.jpg', still=True), (), Timings()), Count())
    log.close()
    text = (tmp_path / "events.jsonl").read_bytes()
    assert text.count(b"\n") == 1
    assert json.loads(text)["file"] == 'a\n"b\u2028\u00e9.jpg'


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "events.jsonl"):
        with pytest.raises(StoreError, match="give another file after --events"):
            EventLog(path)


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = EventLog(tmp_path / "events.jsonl")

    class Full:
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    log._file.close()
    log._file = Full()  # type: ignore[assignment]
    with pytest.raises(StoreError, match="No space left on device"):
        log.write(RESULT, Count())
    with pytest.raises(StoreError, match="No space left"):
        log.close()

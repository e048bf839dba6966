"""One JSON line per frame, as the README says."""

from __future__ import annotations

import errno
import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import frame

from monitor.errors import StoreError
from monitor.records import Count, Face, FrameResult, MaskState, Timings
from monitor.storage.csv_log import CsvLog
from monitor.storage.events import EventLog, event, event_line

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
        log.write([event_line(RESULT, Count(masked=i))])
        lines = (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["count"]["masked"] for line in lines] == list(range(i + 1))
    log.close()


def test_odd_names_stay_one_line(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    odd = FrameResult(frame(file='a\n"b\u2028\u00e9.jpg', still=True), (), Timings())
    log.write([event_line(odd, Count())])
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
        def write(self, line: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    log._file.close()
    log._file = Full()  # type: ignore[assignment]
    with pytest.raises(StoreError, match="No space left on device"):
        log.write([event_line(RESULT, Count())])
    with pytest.raises(StoreError, match="No space left"):
        log.close()


def numbers(path: Path) -> list[int]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["count"]["masked"] for line in lines]


def write(path: Path, *masked: int, **limits: int) -> None:
    log = EventLog(path, **limits)
    for number in masked:
        log.write([event_line(RESULT, Count(masked=number))])
    log.close()


def test_a_file_of_events_is_carried_on(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    write(path, 1)
    write(path, 2, 3)
    assert numbers(path) == [1, 2, 3]
    with path.open("a") as file:  # a run was killed within a line
        file.write('{"frame": 1')
    write(path, 4)
    assert json.loads(path.read_text().splitlines()[-1])["count"]["masked"] == 4


@pytest.mark.parametrize(
    "content", [b"\0\1\2", b"a,b\n1,2\n", b"\n", b"[]\n", b'{"a": 1}\n', b"[" * 9999, b"\xff\xfe\n"]
)
def test_what_is_no_file_of_events_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    for name in ("e.jsonl", "f.jsonl.1"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(StoreError, match="holds no events"):
            EventLog(tmp_path / name.removesuffix(".1"))
        assert (tmp_path / name).read_bytes() == content


def test_a_full_file_is_put_aside_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    size = len(json.dumps(event(RESULT, Count()))) + 1
    write(path, *range(7), max_bytes=2 * size, files=3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["e.jsonl", "e.jsonl.1", "e.jsonl.2"]
    assert [numbers(path.with_name(f"e.jsonl{end}")) for end in (".2", ".1", "")] == [
        [2, 3],
        [4, 5],
        [6],
    ]
    write(tmp_path / "one", *range(5), max_bytes=2 * size, files=1)
    assert numbers(tmp_path / "one") == [4]


def test_a_foreign_file_that_came_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    log = EventLog(path, max_bytes=1, files=2)
    log.write([event_line(RESULT, Count(masked=1))])
    (tmp_path / "e.jsonl.1").write_text("mine")
    with pytest.raises(StoreError, match="holds no events"):
        log.write([event_line(RESULT, Count(masked=2))])
    assert (tmp_path / "e.jsonl.1").read_text() == "mine"
    assert numbers(path) == [1]
    log.close()


@pytest.mark.skipif(os.name == "nt", reason="there are none")
def test_a_fifo_or_a_device_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/null"), Path("/dev/full"), Path("/dev/stdout")):
        with pytest.raises(StoreError, match="no regular file"):
            EventLog(path)
        with pytest.raises(StoreError, match="no regular file"):
            CsvLog(path)


@pytest.mark.skipif(os.name == "nt", reason="rights are others there")
def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    EventLog(tmp_path / "e.jsonl").close()
    CsvLog(tmp_path / "s.csv")
    for name in ("e.jsonl", "s.csv"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600

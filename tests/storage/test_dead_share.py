"""CSV, events and snapshots on a share that does not answer: nobody waits for it, and what can be
written later is.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from books import Desk, alarm, result
from fakes import sighting, visit

from monitor.errand import Errand
from monitor.errors import StoreError
from monitor.storage.csv_log import CsvLog
from monitor.storage.events import EventLog
from monitor.storage.ledger import Ledger
from monitor.storage.outputs import Outputs
from monitor.storage.snapshots import Snapshots
from monitor.storage.store import Store
from monitor.storage.writer import EVENTS_MAX, RETRY_S


class DeadShare:
    """Calls on files that stand still until the share is back."""

    def __init__(self) -> None:
        self.back, self.reached = threading.Event(), threading.Event()

    def dead(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def stands_still(*arguments: Any) -> Any:
            if threading.current_thread().name == "errand":
                self.reached.set()
                assert self.back.wait(60)
            return call(*arguments)

        return stands_still


@pytest.fixture
def share(monkeypatch: pytest.MonkeyPatch) -> Iterator[DeadShare]:
    monkeypatch.setattr("monitor.errand.ANSWER_S", 0.2)
    monkeypatch.setattr("monitor.errand.STUCK_AFTER_S", 0.1)
    found = DeadShare()
    yield found
    found.back.set()
    for thread in threading.enumerate():
        if thread.name == "errand":
            thread.join(60)


def wait_until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.02)


def problem(ledger: Ledger) -> str:
    ledger.tidy()
    return ledger.update().problem


def tidied(desk: Desk) -> str:
    desk.clock.t += RETRY_S + 0.1
    desk.ledger.tidy()
    return desk.ledger.update().problem


def test_rows_wait_for_the_list_and_are_written_once_in_their_order(
    tmp_path: Path,
    share: DeadShare,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", share.dead(os.fsync))
        for number in (1, 2, 3):
            desk.ledger.absorb([visit(number)], [sighting(number, open=False)])
        assert share.reached.is_set()
        wait_until(lambda: tidied(desk) != "")
        assert tidied(desk) == f"{desk.csv} does not answer: its rows wait"
        assert len(desk.read()[1]) == 3  # the store has them
        assert caplog.text.count("does not answer") == 1
        share.back.set()
        wait_until(lambda: tidied(desk) == "")
    wait_until(lambda: len(desk.rows()) == 3)
    assert [row["sighting_id"] for row in desk.rows()] == [f"shift-v{n}-s1" for n in (1, 2, 3)]
    desk.ledger.close()
    assert len(desk.rows()) == 3
    caplog.clear()


def test_a_name_that_is_being_written_is_taken_out_again(
    tmp_path: Path,
    share: DeadShare,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk(tmp_path)
    monkeypatch.setattr(os, "fsync", share.dead(os.fsync))
    desk.ledger.absorb([visit(1, identity="Ada")], [sighting(1, open=False, identity="Ada")])
    desk.ledger.forget(["ADA"])
    share.back.set()
    wait_until(lambda: tidied(desk) == "" and [r["identity"] for r in desk.rows()] == [""])
    desk.ledger.close()
    caplog.clear()


def test_a_list_that_stays_dead_is_said_at_the_end(
    tmp_path: Path,
    share: DeadShare,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("monitor.storage.writer.CLOSE_S", 0.3)
    desk = Desk(tmp_path)
    monkeypatch.setattr(os, "fsync", share.dead(os.fsync))
    desk.ledger.absorb([visit(1)], [sighting(1, open=False)])
    with pytest.raises(StoreError, match="1 records could not be saved"):
        desk.ledger.close()
    assert len(desk.read()[1]) == 1
    caplog.clear()


def test_events_wait_then_are_dropped_and_counted(
    tmp_path: Path,
    share: DeadShare,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Store(f"sqlite:///{tmp_path / 'm.db'}")
    log = EventLog(tmp_path / "e.jsonl")
    ledger = Ledger(store, "shift", Outputs(events=log))
    monkeypatch.setattr(log, "_write", share.dead(log._write))
    for index in range(EVENTS_MAX + 31):
        ledger.record(result(index=index))
    wait_until(lambda: "e.jsonl does not answer: events wait" in problem(ledger))
    caplog.set_level(logging.WARNING)
    share.back.set()
    wait_until(lambda: problem(ledger) == "")
    ledger.record(result(index=5000))
    ledger.close()
    written = [
        json.loads(line)["frame"] for line in (tmp_path / "e.jsonl").read_text().splitlines()
    ]
    assert written == sorted(set(written))
    assert written[-1] == 5000
    assert written[: EVENTS_MAX + 1] == list(range(EVENTS_MAX + 1))
    assert f"30 events could not be written to {tmp_path / 'e.jsonl'}" in caplog.text
    caplog.clear()


def test_pictures_that_are_to_go_are_deleted_when_the_folder_answers(
    tmp_path: Path,
    share: DeadShare,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = tmp_path / "pictures"
    desk = Desk(tmp_path, snapshots=Snapshots(folder))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", share.dead(Path.write_bytes))
        desk.ledger.record(alarm(1))
        assert share.reached.is_set()
        desk.ledger.record(alarm(2))  # is not waited for
        desk.ledger._writer.forget_snapshot("shift-v1-s1")
        wait_until(lambda: tidied(desk) != "")
        assert "folder of the snapshots does not answer" in tidied(desk)
        share.back.set()
        wait_until(lambda: tidied(desk) == "" and not list(folder.iterdir()))
    desk.ledger.close()
    caplog.clear()


def test_a_dead_list_stops_neither_events_nor_pictures(
    tmp_path: Path,
    share: DeadShare,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Store(f"sqlite:///{tmp_path / 'm.db'}")
    outputs = Outputs(
        CsvLog(tmp_path / "s.csv"), EventLog(tmp_path / "e.jsonl"), Snapshots(tmp_path / "p")
    )
    ledger = Ledger(store, "shift", outputs)
    monkeypatch.setattr(os, "fsync", share.dead(os.fsync))
    ledger.absorb([visit(9)], [sighting(9, open=False)])
    ledger.record(alarm(1))
    assert share.reached.is_set()
    assert len((tmp_path / "e.jsonl").read_text().splitlines()) == 1
    assert [path.stem for path in (tmp_path / "p").iterdir()] == ["shift-v1-s1"]
    share.back.set()
    ledger.close()
    caplog.clear()


def test_who_is_slow_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.errand.ANSWER_S", 0.05)
    errand, ended, gate = Errand(), [], threading.Event()
    errand.run(lambda: gate.wait(60), ended.append)
    assert not errand.settle()
    assert ended == []
    gate.set()
    wait_until(errand.settle)
    assert ended == [None]
    errand.run(lambda: 1 / 0, ended.append)
    wait_until(errand.settle)
    assert isinstance(ended[1], ZeroDivisionError)

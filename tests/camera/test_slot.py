"""LatestSlot: newest wins, each once, closing wakes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from monitor.camera.slot import LatestSlot

LONG_S = 30.0


def test_newest_wins_and_the_rest_is_counted() -> None:
    slot: LatestSlot[int] = LatestSlot()
    for value in (1, 2, 3):
        slot.put(value)
    assert slot.get(0) == 3
    assert slot.dropped == 2


def test_each_value_once() -> None:
    slot: LatestSlot[int] = LatestSlot()
    slot.put(1)
    assert slot.get(0) == 1
    assert slot.get(0) is None
    assert slot.dropped == 0


def test_empty_slot_gives_none_in_time() -> None:
    assert LatestSlot[int]().get(0.01) is None


def test_none_and_zero_are_values_too() -> None:
    slot: LatestSlot[int] = LatestSlot()
    slot.put(0)
    slot.put(0)
    assert slot.dropped == 1
    assert slot.get(0) == 0


def in_thread(call: Callable[[], object], then: Callable[[], object]) -> object:
    """Start `call` in a thread, do `then`, and give what `call` returned."""
    started = threading.Event()

    def run() -> object:
        started.set()
        return call()

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(run)
        assert started.wait(LONG_S)
        then()
        return future.result(LONG_S)


def test_put_wakes_the_reader() -> None:
    slot: LatestSlot[str] = LatestSlot()
    assert in_thread(lambda: slot.get(LONG_S), lambda: slot.put("x")) == "x"


def test_close_wakes_the_reader() -> None:
    slot: LatestSlot[str] = LatestSlot()
    assert in_thread(lambda: slot.get(LONG_S), slot.close) is None


def test_close_wakes_the_writer() -> None:
    slot: LatestSlot[int] = LatestSlot()
    slot.put(1)
    assert in_thread(lambda: slot.put_when_empty(2, LONG_S), slot.close) is False
    assert slot.get(0) == 1  # what was there can still be taken


def test_put_when_empty_waits_for_the_reader() -> None:
    slot: LatestSlot[int] = LatestSlot()
    assert slot.put_when_empty(1, 0)
    assert not slot.put_when_empty(2, 0)
    assert in_thread(lambda: slot.put_when_empty(2, LONG_S), lambda: slot.get(0)) is True
    assert slot.get(0) == 2
    assert slot.dropped == 0


def test_wait_empty() -> None:
    slot: LatestSlot[int] = LatestSlot()
    assert slot.wait_empty(0)
    slot.put(1)
    assert not slot.wait_empty(0)
    assert in_thread(lambda: slot.wait_empty(LONG_S), lambda: slot.get(0)) is True


def test_nothing_is_lost_between_a_waiting_writer_and_a_reader() -> None:
    slot: LatestSlot[int] = LatestSlot()

    def write() -> None:
        for i in range(300):
            assert slot.put_when_empty(i, LONG_S)

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(write)
        got = [slot.get(LONG_S) for _ in range(300)]
        future.result(LONG_S)
    assert got == list(range(300))

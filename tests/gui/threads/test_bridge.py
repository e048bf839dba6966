"""The way from other threads into the window."""

from __future__ import annotations

import threading
import time

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from monitor.errors import StoreError
from monitor.gui.threads.bridge import Bridge


def test_news_that_wait_are_not_sent_twice(qtbot: QtBot) -> None:
    bridge = Bridge()
    heard: list[int] = []
    bridge.changed.connect(lambda: heard.append(1))
    threads = [
        threading.Thread(target=lambda: [bridge.notify() for _ in range(200)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    qtbot.waitUntil(lambda: bool(heard))
    assert heard == [1]
    bridge.taken()
    bridge.notify()
    qtbot.waitUntil(lambda: heard == [1, 1])
    bridge.close(0)
    bridge.notify()


def test_work_in_the_background_answers_in_the_main_thread(qtbot: QtBot) -> None:
    bridge = Bridge()
    answers: list[object] = []
    main = threading.current_thread()

    def refuse() -> None:
        raise StoreError("no room")

    def note(answer: object) -> None:
        answers.append((answer, threading.current_thread() is main))

    bridge.run("adding", lambda: 2 + 3, note, note)
    qtbot.waitUntil(lambda: answers == [(5, True)])
    bridge.run("refusing", refuse, note, note)
    qtbot.waitUntil(lambda: answers[1:] == [("no room", True)])
    bridge.close(1)


def test_what_is_done_in_the_background_ends_in_the_order_in_which_it_is_done(
    qtbot: QtBot,
) -> None:
    bridge = Bridge()
    gates = [threading.Event() for _ in range(5)]
    heard: list[int] = []

    def work(number: int) -> int:
        gates[number].wait(10)
        return number

    for number in range(5):
        bridge.run(f"work {number}", lambda n=number: work(n), heard.append, heard.append)  # type: ignore[misc, arg-type]
    order = [3, 0, 4, 1, 2]
    for done, number in enumerate(order, 1):
        gates[number].set()
        qtbot.waitUntil(lambda done=done: len(heard) == done)
    assert heard == order
    bridge.close(1)


def test_no_answer_is_lost_when_many_end_at_once(qtbot: QtBot) -> None:
    bridge = Bridge()
    heard: list[int] = []
    start = threading.Event()
    for number in range(30):
        bridge.run(
            f"work {number}",
            lambda n=number: start.wait(10) and n,  # type: ignore[misc]
            heard.append,
            lambda message: None,
        )
    start.set()
    qtbot.waitUntil(lambda: len(heard) == 30)
    assert sorted(heard) == list(range(30))
    bridge.close(1)


def test_an_unforeseen_fault_is_one_line_and_the_rest_is_in_the_log(
    qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    bridge = Bridge()
    heard: list[str] = []

    def fail() -> None:
        raise ZeroDivisionError("by zero")

    bridge.run("counting", fail, heard.append, heard.append)
    qtbot.waitUntil(lambda: heard == ["counting failed (by zero): see the log"])
    assert "Traceback" in caplog.text
    caplog.clear()
    bridge.close(1)


def test_after_closing_nothing_is_delivered(qtbot: QtBot) -> None:
    bridge = Bridge()
    heard: list[object] = []
    bridge.changed.connect(lambda: heard.append("changed"))
    go, done = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(10)
        done.set()

    bridge.run("late work", work, heard.append, heard.append)
    bridge.run("early work", lambda: 1, heard.append, heard.append)
    qtbot.waitUntil(lambda: heard == [1])
    bridge.run("work that ends before its answer is fetched", lambda: 2, heard.append, heard.append)
    threading.Timer(0.05, go.set).start()
    bridge.close(10)  # waits for both
    assert done.is_set()
    bridge.notify()
    QApplication.processEvents()
    assert heard == [1]


def test_closing_waits_no_longer_than_it_is_told(qtbot: QtBot) -> None:
    bridge = Bridge()
    go = threading.Event()
    bridge.run("endless work", lambda: go.wait(30), lambda answer: None, lambda message: None)
    began = time.monotonic()
    bridge.close(0.05)
    assert time.monotonic() - began < 10
    go.set()

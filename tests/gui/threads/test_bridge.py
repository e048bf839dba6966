"""The way from other threads into the window."""

from __future__ import annotations

import threading

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

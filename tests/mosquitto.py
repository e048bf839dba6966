"""A broker of one's own for tests (Eclipse Mosquitto), and somebody who listens to it. Where there
is none, the tests are skipped and the reason is printed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WAIT_S = 30.0


def program() -> str:
    """Where Mosquitto is."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if found is None:
        pytest.skip("Mosquitto is not installed here: no broker was told (Debian: mosquitto)")
    return found


def wait_for(condition: Callable[[], object], what: str = "") -> None:
    ends = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < ends, what or "it did not come"
        time.sleep(0.02)


class Broker:
    """Knows after a kill who listened when `remember` was called last, and nothing else."""

    def __init__(self, folder: Path, settings: str = "allow_anonymous true") -> None:
        self._program = program()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._file = folder / "mosquitto.conf"
        folder.mkdir(parents=True, exist_ok=True)
        self._sessions = folder / "mosquitto.db"
        lasting = f"persistence true\npersistence_location {folder}/\nautosave_interval 0\n"
        as_root = "user root\n" if os.geteuid() == 0 else ""  # else it cannot write there
        listens = f"listener {self.port} 127.0.0.1\n"
        self._file.write_text(f"{as_root}{listens}{lasting}{settings}\n")
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> Broker:
        self._running = subprocess.Popen(
            [self._program, "-c", self._file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(self._answers, "Mosquitto did not start")
        return self

    def _answers(self) -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def remember(self) -> None:
        """Keep who listens over the next kill: for them then waits what comes before they do."""
        assert self._running is not None
        self._running.send_signal(signal.SIGUSR1)
        wait_for(self._sessions.exists, "Mosquitto kept no sessions")

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self._running is not None:
            self._running.send_signal(how)
            self._running.wait(WAIT_S)
            self._running = None


class Listener:
    """Hears everything that a broker is told, and what it has kept; goes on after a broker's
    end, which has missed nothing for it where it remembers.
    """

    def __init__(self, port: int, prepare: Callable[[Any], None] = lambda client: None) -> None:
        import paho.mqtt.client as paho
        from paho.mqtt.enums import CallbackAPIVersion

        self.heard: list[tuple[str, str]] = []  # live messages: topic, payload
        self.kept: dict[str, str] = {}  # the newest by topic, those that were retained, too
        self._there = threading.Event()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"listener-{id(self)}", clean_session=False
        )
        self._client.reconnect_delay_set(1, 1)
        prepare(self._client)
        self._client.on_connect = lambda c, *_: c.subscribe("#", qos=1)
        self._client.on_subscribe = lambda *_: self._there.set()
        self._client.on_disconnect = lambda *_: self._there.clear()
        self._client.on_message = self._on_message
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()
        self.wait_there()

    def wait_there(self) -> None:
        assert self._there.wait(WAIT_S), "the listener is not connected"

    def _on_message(self, client: object, userdata: object, message: Any) -> None:
        payload = message.payload.decode()
        self.kept[message.topic] = payload
        if not message.retain:
            self.heard.append((message.topic, payload))

    def json_of(self, topic: str) -> Any:
        """The newest of a topic; None where there is none."""
        return json.loads(self.kept[topic]) if self.kept.get(topic) else None

    def sightings(self, topic: str) -> list[dict[str, Any]]:
        return [json.loads(payload) for at, payload in list(self.heard) if at == topic]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

"""The program as a user starts it, with a broker in its settings; and `main.py mqtt`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from tests.mjpeg import MjpegCamera
from tests.mosquitto import Broker, Listener, wait_for
from tests.program import ROOT, Books, run, started


@pytest.fixture
def camera() -> Iterator[MjpegCamera]:
    one = MjpegCamera()
    one.show(cv2.imread(str(ROOT / "tests" / "data" / "bare.jpg")))
    one.live()
    yield one
    one.die()


def write_settings(folder: Path, port: int) -> Path:
    path = folder / "settings.toml"
    path.write_text(
        f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\ndesk = "door"\n'
        "[sighting]\nalert_after_s = 0.3\n"
    )
    return path


def test_what_the_store_has_the_broker_was_told_though_it_was_killed(
    broker: Broker, listener: Listener, camera: MjpegCamera, tmp_path: Path
) -> None:
    books, settings = Books(tmp_path), write_settings(tmp_path, broker.port)
    empty = cv2.imread(str(ROOT / "tests" / "data" / "no_face.jpg"))
    bare = cv2.imread(str(ROOT / "tests" / "data" / "bare.jpg"))
    told = "mask-monitor/door/sighting"
    with started(
        tmp_path, "--headless", "--camera", camera.url, "--config", settings, *books.arguments
    ) as monitor:
        monitor.wait_for(" began")
        wait_for(lambda: listener.sightings(told))
        state = next(topic for topic in listener.kept if topic.endswith("/state"))
        wait_for(lambda: listener.json_of(state)["state"] == "live")
        broker.end()
        camera.show(cv2.resize(empty, (bare.shape[1], bare.shape[0])))
        monitor.wait_for(" ended")
        broker.start()
        listener.wait_there()
        wait_for(lambda: any(not s["open"] for s in listener.sightings(told)))
        wait_for(lambda: listener.json_of("mask-monitor/door/count")["unmasked"] == 1)
        done = monitor.end(signal.SIGINT)
    assert done.code == 0, done.err
    stored = books.sightings()
    assert {s["id"] for s in listener.sightings(told)} == set(stored)
    ended = [s for s in listener.sightings(told) if not s["open"]]
    assert [s["id"] for s in ended] == list(stored)  # once each
    assert listener.kept["mask-monitor/door/status"] == "offline"


def test_a_killed_monitor_is_offline_by_its_last_will(
    broker: Broker, listener: Listener, camera: MjpegCamera, tmp_path: Path
) -> None:
    books, settings = Books(tmp_path), write_settings(tmp_path, broker.port)
    with started(
        tmp_path, "--headless", "--camera", camera.url, "--config", settings, *books.arguments
    ) as monitor:
        wait_for(lambda: listener.kept.get("mask-monitor/door/status") == "online")
        monitor.end(signal.SIGKILL)
        wait_for(lambda: listener.kept["mask-monitor/door/status"] == "offline")


def test_the_command_looks_at_the_broker_and_takes_everything_back(
    broker: Broker, listener: Listener, camera: MjpegCamera, tmp_path: Path
) -> None:
    books, settings = Books(tmp_path), write_settings(tmp_path, broker.port)
    with started(
        tmp_path, "--headless", "--camera", camera.url, "--config", settings, *books.arguments
    ) as monitor:
        wait_for(lambda: any(topic.endswith("/config") for topic in listener.kept))
        wait_for(lambda: any(topic.endswith("/state") for topic in listener.kept))
        monitor.end(signal.SIGINT)
    assert run(tmp_path, "mqtt", "check", "--config", settings).code == 0
    removed = run(tmp_path, "mqtt", "remove", "--config", settings)
    assert removed.code == 0, removed.err
    late = Listener(broker.port)
    wait_for(lambda: not any(late.kept.values()))
    late.close()
    broker.end()
    away = run(tmp_path, "mqtt", "check", "--config", settings)
    assert away.code == 1
    assert "does not answer" in away.err
    assert len(away.err.strip().splitlines()) == 1


def test_without_a_broker_in_the_settings_the_command_says_what_to_write(tmp_path: Path) -> None:
    done = run(tmp_path, "mqtt", "check")
    assert done.code == 2
    assert "[mqtt]" in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_a_password_that_no_keyring_takes_is_said(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[mqtt]\nhost = "127.0.0.1"\nuser = "door"\n')
    done = run(tmp_path, "mqtt", "password", "--config", path)
    assert done.code == 0  # nothing was typed: none is kept
    assert "No password" in done.out

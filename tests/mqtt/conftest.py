"""A broker, somebody who listens, and publishers that end with the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.config import MqttConfig, load_config
from monitor.mqtt.publisher import Publisher
from tests.mosquitto import Broker, Listener

MakePublisher = Callable[..., Publisher]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path / "broker").start()
    yield made
    made.end()


@pytest.fixture
def listener(broker: Broker) -> Iterator[Listener]:
    made = Listener(broker.port)
    yield made
    made.close()


def settings(port: int, **changes: Any) -> MqttConfig:
    return load_config(None, {"mqtt": {"host": "127.0.0.1", "port": port, **changes}}).mqtt


@pytest.fixture
def make_publisher(tmp_path: Path) -> Iterator[MakePublisher]:
    made: list[Publisher] = []

    def make(port: int, *more: Any, desk: str = "door", **changes: Any) -> Publisher:
        publisher = Publisher(settings(port, **changes), desk, tmp_path / "mqtt", *more)
        publisher.start()
        made.append(publisher)
        return publisher

    yield make
    for publisher in made:
        publisher.close()
        assert not publisher.is_alive()

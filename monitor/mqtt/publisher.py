"""The thread that tells the broker. Sightings go through the outbox, one after the other, and are
sent until the broker has confirmed them; counts and states are told as they are now.

A message whose confirmation was lost is sent again (MQTT's QoS 1): `id` tells that it is the same.
"""

from __future__ import annotations

import logging
import queue
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.config import MqttConfig
from monitor.errand import STUCK_AFTER_S
from monitor.errors import StoreError
from monitor.mqtt import topics
from monitor.mqtt.outbox import Outbox
from monitor.mqtt.topics import Topics
from monitor.records import Condition, Count, Sighting

if TYPE_CHECKING:
    import paho.mqtt.client as paho

log = logging.getLogger(__name__)

FLYING_MAX = 20  # sightings that are sent and not confirmed
KEEPALIVE_S, CONNECT_S = 30, 5.0
RETRY_MAX_S = 30
WAKE_S = 0.5
PATIENCE_S = 10.0  # without a broker, before that is told
CLOSE_S = 5.0  # for what still waits when the program ends


class Publisher(threading.Thread):
    """Runs until it is closed. Its methods only hand over; any thread may call them.

    Args:
        config: Which broker.
        desk: Who tells it.
        folder: Of the outbox.
        password: Asked for in this thread, where the settings name a user: a keyring may be slow.
        tls: Where the settings want TLS.
    """

    def __init__(
        self,
        config: MqttConfig,
        desk: str,
        folder: Path,
        password: Callable[[], str | None] = lambda: None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(name="mqtt", daemon=True)
        self._config, self._desk, self._folder, self._password = config, desk, folder, password
        self._tls = tls
        self._topics = Topics(config.prefix, desk)
        self._given: queue.SimpleQueue[Sighting] = queue.SimpleQueue()
        self._confirmed: queue.SimpleQueue[int] = queue.SimpleQueue()  # numbers of paho's messages
        self._unsaved: list[str] = []  # messages that are not in the outbox yet
        self._flying: dict[int, int] = {}  # paho's number -> the outbox's
        self._sent = 0  # the last one of the outbox that was sent
        self._lock = threading.Lock()
        self._latest: dict[str, str] = {}  # topic -> what is true now
        self._told: dict[str, str] = {}  # topic -> what this connection was told
        self._cameras: set[str] = set()
        self._counts: tuple[Count, int, Mapping[str, Count]] | None = None
        self._connected, self._refused = False, ""
        self._away_since = time.monotonic()
        self._wake, self._closing = threading.Event(), threading.Event()
        self._fault = ""  # of the disk
        self._writing_since: float | None = None
        self._waiting = 0

    # Any thread

    def sightings(self, sightings: Iterable[Sighting]) -> None:
        """Newest versions, each as it was committed to the store."""
        for sighting in sightings:
            self._given.put(sighting)
        self._wake.set()

    def counts(self, total: Count, sightings: int, by_camera: Mapping[str, Count]) -> None:
        """The running count; cheap where nothing has changed."""
        if self._counts == (total, sightings, by_camera):
            return
        self._counts = total, sightings, dict(by_camera)
        self._tell(self._topics.count, topics.count_json(total, sightings))
        for camera, count in by_camera.items():
            self._tell(self._topics.camera_count(camera), topics.count_json(count))

    def camera(self, camera: str, condition: Condition | None) -> None:
        """What a live camera shows; None: it is not watched any more."""
        with self._lock:
            self._cameras.add(camera)
        self._tell(self._topics.camera_state(camera), topics.state_json(camera, condition))

    @property
    def problem(self) -> str:
        """Why the broker is not told, in one line; "" if it is."""
        if self._disk_is_dead:
            return f"MQTT: {self._folder} does not answer: what is to be told waits"
        if self._fault or self._refused:
            return self._fault or self._refused
        if self._connected or time.monotonic() - self._away_since < PATIENCE_S:
            return ""
        waits = f": {self._waiting} sightings wait" if self._waiting else ""
        return f"the MQTT broker {self._place} does not answer{waits}"

    def close(self) -> None:
        """Tell what waits, if the broker is there, and end."""
        self._closing.set()
        self._wake.set()
        ends = time.monotonic() + 2 * CLOSE_S
        while self.is_alive() and not self._disk_is_dead and time.monotonic() < ends:
            self.join(0.1)

    @property
    def _disk_is_dead(self) -> bool:
        began = self._writing_since
        return began is not None and time.monotonic() - began > STUCK_AFTER_S

    @property
    def _place(self) -> str:
        return f"{self._config.host}:{port_of(self._config)}"

    def _tell(self, topic: str, payload: str) -> None:
        with self._lock:
            if self._latest.get(topic) == payload:
                return
            self._latest[topic] = payload
        self._wake.set()

    # The thread itself

    def run(self) -> None:
        try:
            outbox = Outbox(self._folder)
        except StoreError as error:
            self._fault = f"MQTT: {error}"
            log.error("%s", self._fault)
            return
        try:
            if outbox.number > 1:  # another program of this computer tells the broker, too
                self._desk = f"{self._desk} {outbox.number}"
                self._move(Topics(self._config.prefix, self._desk))
            self._run(outbox)
        except Exception as error:  # the top of a thread
            self._fault = f"MQTT has ended in a fault ({error}): start Mask Monitor again"
            log.exception("MQTT has ended in a fault")
        finally:
            outbox.close()

    def _move(self, new: Topics) -> None:
        """Under other topics from now on."""
        with self._lock:
            old, self._topics = self._topics, new
            self._latest = {
                new.root + topic.removeprefix(old.root): payload
                for topic, payload in self._latest.items()
            }

    def _run(self, outbox: Outbox) -> None:
        client = self._client(outbox.number)
        client.connect_async(self._config.host, port_of(self._config), KEEPALIVE_S)
        client.loop_start()
        try:
            while not self._closing.is_set():
                self._wake.wait(WAKE_S)
                self._wake.clear()
                self._step(client, outbox)
            ends = time.monotonic() + CLOSE_S
            while self._connected and time.monotonic() < ends:
                self._step(client, outbox)
                if not self._flying and not self._unsaved and not len(outbox):
                    break
                time.sleep(0.05)
            self._save(outbox)
            if self._connected:
                self._say_goodbye(client)
        finally:
            client.disconnect()
            client.loop_stop()

    def _client(self, number: int) -> paho.Client:
        import paho.mqtt.client as paho
        from paho.mqtt.enums import CallbackAPIVersion

        config = self._config
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"mask-monitor-{topics.part(self._desk)}",
        )
        client.connect_timeout = CONNECT_S
        client.reconnect_delay_set(1, RETRY_MAX_S)
        client.will_set(self._topics.status, topics.OFFLINE, qos=1, retain=True)
        if config.user:
            client.username_pw_set(config.user, self._password())
        if self._tls is not None:
            client.tls_set_context(self._tls)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        return client

    def _say_goodbye(self, client: paho.Client) -> None:
        info = client.publish(self._topics.status, topics.OFFLINE, qos=1, retain=True)
        try:
            info.wait_for_publish(CLOSE_S)
        except (RuntimeError, ValueError):
            log.debug("the broker was not told that the monitor ends")

    def _step(self, client: paho.Client, outbox: Outbox) -> None:
        self._save(outbox)
        while not self._confirmed.empty():
            number = self._flying.pop(self._confirmed.get(), None)
            if number is not None:
                self._on_disk(lambda n=number: outbox.confirmed(n))  # type: ignore[misc]
        if self._connected:
            self._tell_latest(client)
            self._send(client, outbox)
        self._waiting = len(outbox) + len(self._unsaved)

    def _save(self, outbox: Outbox) -> None:
        while not self._given.empty():
            self._unsaved.append(topics.sighting_json(self._desk, self._given.get()))
        if self._unsaved and self._on_disk(lambda: outbox.add(self._unsaved)):
            self._unsaved = []

    def _on_disk(self, action: Callable[[], object]) -> bool:
        self._writing_since = time.monotonic()
        try:
            action()
        except StoreError as error:
            if not self._fault:
                log.error("MQTT: %s", error)
            self._fault = f"MQTT: {error}"
            return False
        finally:
            self._writing_since = None
        self._fault = ""
        return True

    def _tell_latest(self, client: paho.Client) -> None:
        with self._lock:
            latest = {self._topics.status: topics.ONLINE, **self._latest}
            cameras = sorted(self._cameras)
        if self._config.discovery:
            latest |= topics.discovery(self._topics, self._config.discovery, cameras)
        for topic, payload in latest.items():
            if self._told.get(topic) != payload:
                client.publish(topic, payload, qos=1, retain=True)
                self._told[topic] = payload

    def _send(self, client: paho.Client, outbox: Outbox) -> None:
        room = FLYING_MAX - len(self._flying)
        if room <= 0:
            return
        for number, payload in outbox.after(self._sent, room):
            sent = client.publish(self._topics.sighting, payload, qos=1, retain=True)
            self._flying[sent.mid] = self._sent = number

    # paho's thread

    def _on_connect(
        self, client: object, userdata: object, flags: object, reason: Any, properties: object
    ) -> None:
        if reason.is_failure:
            refused = (
                f"the MQTT broker {self._place} refuses the monitor ({reason}): look at mqtt.user, "
                f"and set the password by `python main.py mqtt password`"
            )
            if refused != self._refused:
                log.warning("%s", refused)
            self._refused = refused
            return
        self._refused, self._told = "", {}
        self._connected = True
        log.info("the MQTT broker %s is told", self._place)
        self._wake.set()

    def _on_disconnect(
        self, client: object, userdata: object, flags: object, reason: Any, properties: object
    ) -> None:
        if self._connected:
            self._connected, self._away_since = False, time.monotonic()
            log.info("the MQTT broker %s is away (%s)", self._place, reason)

    def _on_publish(
        self, client: object, userdata: object, mid: int, reason: object, properties: object
    ) -> None:
        self._confirmed.put(mid)
        self._wake.set()


def port_of(config: MqttConfig) -> int:
    return config.port or (8883 if config.tls else 1883)

"""`main.py mqtt`: the broker's password, a first look, and taking back what was told."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Sequence

from monitor.config import MqttConfig, load_config
from monitor.errors import ConfigError, MonitorError
from monitor.given import CommandParser, path_to_read
from monitor.mqtt import broker, topics
from monitor.mqtt.publisher import port_of
from monitor.mqtt.topics import Topics

ANSWER_S = 10.0


def run_mqtt(argv: Sequence[str]) -> int:
    """Returns the exit status.

    Raises:
        MonitorError: If the settings name no broker, or it does not answer.
    """
    parser = CommandParser(
        prog="main.py mqtt",
        description="The MQTT broker of the settings ([mqtt]) that is told counts and sightings.",
    )
    parser.add_argument(
        "what",
        choices=("password", "check", "remove"),
        help="password: keep the broker's password in the system's keyring (an empty one is taken "
        "out of it); check: connect and say whether it answers; remove: take everything back "
        "that this desk has told the broker to keep",
    )
    parser.add_argument("--config", metavar="FILE", type=path_to_read, help="settings in TOML")
    arguments = parser.parse_args(argv)
    config = load_config(arguments.config).mqtt
    if not config.host:
        raise ConfigError(
            'the settings name no broker: write host = "…" under [mqtt] in a file, and give it '
            "with --config"
        )
    if arguments.what == "password":
        return _ask_password(config)
    # made for what it checks: the library and the certificates
    broker.make_publisher(config)
    return _check(config) if arguments.what == "check" else _remove(config)


def _ask_password(config: MqttConfig) -> int:
    if not config.user:
        raise ConfigError("mqtt.user is empty: name the user whose password it is")
    if sys.stdin.isatty():
        password = getpass.getpass(f"Password of {config.user} at {config.host}: ")
    else:
        password = sys.stdin.readline().rstrip("\n")
    if not password:
        broker.forget_password(config)
        print(f"No password of {config.user} is kept any more.")
    elif broker.keep_password(config, password):
        print(f"The password of {config.user} is in the keyring.")
    else:
        raise ConfigError(
            f"this system has no keyring that takes it: set the environment variable "
            f"{broker.PASSWORD_VARIABLE} where the monitor runs"
        )
    return 0


def _check(config: MqttConfig) -> int:
    with _Connected(config):
        print(f"The broker {config.host}:{port_of(config)} answers.")
    return 0


def _remove(config: MqttConfig) -> int:
    """Take back all that is retained under this desk's topics. The monitor must not run."""
    own = Topics(config.prefix, broker.desk_of(config))
    with _Connected(config) as connected:
        found = connected.retained([f"{own.root}/#", *_discovery_filters(config, own)])
        for topic in found:
            connected.client.publish(topic, b"", qos=1, retain=True).wait_for_publish(ANSWER_S)
    print(f"{len(found)} messages that the broker kept of {own.desk} are taken back.")
    return 0


def _discovery_filters(config: MqttConfig, own: Topics) -> list[str]:
    if not config.discovery:
        return []
    return [f"{config.discovery}/sensor/{topics.node_of(own)}/#"]


class _Connected:
    """A connection of its own for a moment.

    Raises:
        MonitorError: If the broker does not answer, or refuses.
    """

    def __init__(self, config: MqttConfig) -> None:
        import paho.mqtt.client as paho
        from paho.mqtt.enums import CallbackAPIVersion

        self._config, self._answer = config, ""
        self._found: set[str] = set()
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        self.client.connect_timeout = ANSWER_S
        if config.user:
            self.client.username_pw_set(config.user, broker.password_of(config))
        if config.tls:
            self.client.tls_set_context(broker.tls_of(config))
        self.client.on_connect = self._on_connect
        self.client.on_message = self._on_message

    def __enter__(self) -> _Connected:
        place = f"{self._config.host}:{port_of(self._config)}"
        try:
            self.client.connect(self._config.host, port_of(self._config))
        except OSError as error:
            raise MonitorError(
                f"the broker {place} does not answer ({error}): check mqtt.host, mqtt.port and "
                f"mqtt.tls"
            ) from None
        self.client.loop_start()
        ends = time.monotonic() + ANSWER_S
        while not self._answer and time.monotonic() < ends:
            time.sleep(0.02)
        if self._answer != "Success":
            self.__exit__()
            raise MonitorError(
                f"the broker {place} refuses ({self._answer or 'no answer'}): look at mqtt.user, "
                f"and set the password by `python main.py mqtt password`"
            )
        return self

    def __exit__(self, *error: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def retained(self, filters: Sequence[str], quiet_s: float = 1.0) -> list[str]:
        """Topics under some filters that have a retained message."""
        for one in filters:
            self.client.subscribe(one, qos=1)
        known = -1
        while len(self._found) != known:
            known = len(self._found)
            time.sleep(quiet_s)
        return sorted(self._found)

    def _on_connect(self, client: object, userdata: object, flags: object, *answer: object) -> None:
        self._answer = str(answer[0])

    def _on_message(self, client: object, userdata: object, message: object) -> None:
        if getattr(message, "retain", False):
            self._found.add(str(getattr(message, "topic", "")))

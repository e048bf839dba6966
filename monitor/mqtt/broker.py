"""Whose broker it is, how it is spoken to, and the password that it wants."""

from __future__ import annotations

import importlib.util
import os
import platform
import ssl

from monitor.camera import passwords
from monitor.config import MqttConfig
from monitor.data_folder import data_folder
from monitor.errors import ConfigError
from monitor.mqtt.publisher import Publisher

# for a service on a machine that has no keyring
PASSWORD_VARIABLE = "MASK_MONITOR_MQTT_PASSWORD"


def make_publisher(config: MqttConfig) -> Publisher:
    """Who tells the broker of the settings; not started yet.

    Raises:
        ConfigError: If the library is not installed, or the certificates cannot be read.
        StoreError: If the data folder cannot be made.
    """
    if importlib.util.find_spec("paho") is None:
        raise ConfigError(
            "mqtt.host is set, and MQTT is not installed: run `pip install -r "
            "requirements-server.txt`, or leave mqtt.host empty"
        )
    return Publisher(
        config,
        desk_of(config),
        data_folder() / "mqtt",
        lambda: password_of(config),
        tls_of(config) if config.tls else None,
    )


def desk_of(config: MqttConfig) -> str:
    """Who tells the broker."""
    return config.desk or platform.node() or "desk"


def password_of(config: MqttConfig) -> str | None:
    """From the keyring, else from the environment. May take seconds."""
    return passwords.read(_key(config)) or os.environ.get(PASSWORD_VARIABLE)


def keep_password(config: MqttConfig, password: str) -> bool:
    """Put it into the keyring. False if there is none, or it refuses."""
    return passwords.keep(_key(config), password)


def forget_password(config: MqttConfig) -> None:
    """Take it out of the keyring."""
    passwords.forget(_key(config))


def tls_of(config: MqttConfig) -> ssl.SSLContext:
    """
    Raises:
        ConfigError: If the file of certificates cannot be read.
    """
    try:
        return ssl.create_default_context(cafile=config.ca or None)
    except OSError as error:  # an SSLError is one
        raise ConfigError(
            f"mqtt.ca: {config.ca} cannot be read ({error}): give a file of certificates in PEM"
        ) from None


def _key(config: MqttConfig) -> str:
    return f"mqtt {config.user}@{config.host}:{config.port}"

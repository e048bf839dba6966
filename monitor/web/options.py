"""What `main.py serve` was asked for: data only."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from monitor.app import RunOptions


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused before it costs anything. Each has an answer of its own."""

    bytes_max: int = 10 * 2**20  # of a picture's file: 413
    pixels_max: int = 25_000_000  # of a picture: 422
    frames_max: int = 1  # of a picture's file, which may be animated or have several pages: 422
    rate_per_s: float = 30.0  # pictures of one key or one session, on average; 0: no limit. 429
    burst: int = 60  # pictures that may come at once after a pause
    # pictures that are worked on or wait for it: more of them would only wait longer. 503
    pictures_at_once: int = 2
    requests_at_once: int = 64  # requests of any kind. 503
    body_s: float = 30.0  # a request that is not there whole after so long: 408


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """One run of the server."""

    run: RunOptions = field(default_factory=RunOptions)
    host: str = "127.0.0.1"
    port: int = 8760
    tls_cert: Path | None = None
    tls_key: Path | None = None
    behind_proxy: bool = False  # a proxy before it speaks TLS
    names: tuple[str, ...] = ()  # further names under which it is reached
    keys: Path | None = None  # file of the API keys; None: in the user's data folder
    limits: Limits = field(default_factory=Limits)

    @property
    def loopback(self) -> bool:
        return is_loopback(self.host)

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by https."""
        return self.tls_cert is not None or self.behind_proxy


def is_loopback(host: str) -> bool:
    """Whether an address or name means this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

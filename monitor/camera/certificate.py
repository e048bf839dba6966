"""Whether a camera whose connection is encrypted is the one that was meant: asked before the
password is sent.
"""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
import tempfile
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from monitor.config import CameraConfig
from monitor.errors import CameraError, CameraMistakeError

PORTS = {"https": 443, "rtsps": 322, "rtmps": 443}


@dataclass(frozen=True, slots=True)
class Trusted:
    """What FFmpeg is told: it speaks with nobody but the holder of this very certificate."""

    file: str
    name: str  # that the certificate is made out to

    @property
    def options(self) -> dict[str, str]:
        return {"tls_verify": "1", "ca_file": self.file, "verifyhost": self.name}

    def close(self) -> None:
        os.unlink(self.file)


def pins(config: CameraConfig) -> dict[str, str]:
    """The fingerprints that the settings trust, by host and port.

    Raises:
        CameraError: If one is not written as "host:port=fingerprint".
    """
    found = {}
    for pin in config.tls_pins.split():
        place, equals, fingerprint = pin.partition("=")
        digits = fingerprint.replace(":", "").lower()
        if not equals or len(digits) != 64 or set(digits) - set("0123456789abcdef"):
            raise CameraMistakeError(
                f"camera.tls_pins holds {pin!r}: write host:port=SHA-256 fingerprint, with spaces "
                f"between several"
            )
        found[place.lower()] = digits
    return found


def trust(url: str, called: str, config: CameraConfig) -> Trusted | None:
    """The certificate of an encrypted stream, after it was checked; None for the others.

    It has to be good for the host by the rules of this system, or to be the one that the settings
    name by its fingerprint.

    Args:
        called: What the stream is called in a sentence.

    Raises:
        CameraError: If it is not, or nobody answers.
    """
    parts = urlsplit(url)
    if parts.scheme not in PORTS or parts.hostname is None:
        return None
    host, port = parts.hostname, parts.port or PORTS[parts.scheme]
    place = f"{host}:{port}"
    pinned = pins(config).get(place)
    known = ssl.create_default_context()
    try:
        if pinned is None:
            der = _certificate(host, port, known, config.open_timeout_s)
        else:
            anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
            der = _certificate(host, port, anybody, config.open_timeout_s)
    except ssl.SSLCertVerificationError as error:
        anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
        raise CameraMistakeError(
            f"{called} shows a certificate that cannot be trusted "
            f"({error.verify_message.rstrip('.')}), so no password was sent: if it is your camera, "
            f"compare and write [camera] tls_pins = "
            f'"{place}={_seen(host, port, anybody, config.open_timeout_s)}" into the settings'
        ) from None
    except ConnectionRefusedError:
        raise CameraError(
            f"{called} is refused: check the port in the address, and that the camera is on"
        ) from None
    except ssl.SSLError as error:
        raise CameraError(
            f"{called} cannot be encrypted ({error.reason or 'no TLS'}): check the port in "
            f"the address"
        ) from None
    except OSError:
        raise CameraError(f"{called} does not answer: check its address and the network") from None
    if pinned is not None and hashlib.sha256(der).hexdigest() != pinned:
        raise CameraMistakeError(
            f"{called} shows another certificate than camera.tls_pins names, so no password "
            f"was sent: if the camera was renewed, write {place}="
            f"{hashlib.sha256(der).hexdigest()} there"
        )
    name = host if pinned is None else _made_out_to(host, port, der, config.open_timeout_s) or host
    return _trusted(der, name)


def _certificate(host: str, port: int, context: ssl.SSLContext, timeout_s: float) -> bytes:
    """What a host shows, DER."""
    with (
        socket.create_connection((host, port), timeout_s) as plain,
        context.wrap_socket(plain, server_hostname=host) as wrapped,
    ):
        return wrapped.getpeercert(binary_form=True) or b""


def _seen(host: str, port: int, context: ssl.SSLContext, timeout_s: float) -> str:
    try:
        return hashlib.sha256(_certificate(host, port, context, timeout_s)).hexdigest()
    except OSError:
        return "fingerprint"


def _trusted(der: bytes, name: str) -> Trusted:
    handle, path = tempfile.mkstemp(suffix=".pem")
    with os.fdopen(handle, "w") as file:
        file.write(ssl.DER_cert_to_PEM_cert(der))
    return Trusted(path, name)


def _made_out_to(host: str, port: int, der: bytes, timeout_s: float) -> str:
    """A host that a pinned certificate names: it may be another than it is reached by. "" if none.

    Python tells what a certificate holds where it has verified it: here against itself.
    """
    itself = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    itself.check_hostname = False
    itself.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # it need not be an authority's
    itself.load_verify_locations(cadata=der)
    try:
        with (
            socket.create_connection((host, port), timeout_s) as plain,
            itself.wrap_socket(plain, server_hostname=host) as wrapped,
        ):
            details: Any = wrapped.getpeercert() or {}
    except OSError:  # over, for instance: FFmpeg refuses it, too
        return ""
    for kind, value in details.get("subjectAltName", ()):
        if kind in ("DNS", "IP Address"):
            return str(value).replace("*.", "x.")
    for entry in details.get("subject", ()):
        for key, value in entry:
            if key == "commonName":
                return str(value)
    return ""

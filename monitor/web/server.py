"""Runs the server until a signal comes."""

from __future__ import annotations

import errno
import logging
import os
import socket
import ssl
import sys
import webbrowser
from datetime import UTC, datetime

import uvicorn

from monitor.app import build_pipeline, model_watch
from monitor.errors import ConfigError
from monitor.storage.shifts import new_shift_id
from monitor.web.composed import make_app, make_site
from monitor.web.options import ServeOptions
from monitor.web.scoring import ScoringThread

log = logging.getLogger(__name__)

BACKLOG = 512
KEEP_ALIVE_S, STOP_WAIT_S = 10, 5
HEAD_BYTES_MAX = 32 * 1024


def serve(options: ServeOptions, *, open_browser: bool) -> int:
    """Serve until Ctrl+C or a signal. Returns the exit status.

    Raises:
        MonitorError: If something that the user named is wrong.
    """
    _check(options)
    listening = _listen(options)
    models = model_watch(options.run)
    scoring = ScoringThread(
        lambda: build_pipeline(options.run, new_shift_id(datetime.now(UTC)), models), models
    )
    try:
        site = make_site(options, scoring)
        scoring.start()
        scoring.ready.wait()
        if scoring.error is not None:
            raise scoring.error
        link = f"{_address(options, listening)}/sign-in#{site.access.sessions.new_code()}"
        server = uvicorn.Server(_uvicorn(options, site_app=make_app(site)))
        print(f"Sign in (once, within ten minutes): {link}", flush=True)
        if open_browser:
            webbrowser.open(link)
        server.run(sockets=[listening])
    finally:
        listening.close()
        scoring.stop()
        if scoring.ident is not None:
            scoring.join(STOP_WAIT_S)
    return 0


def _uvicorn(options: ServeOptions, site_app: object) -> uvicorn.Config:
    return uvicorn.Config(
        site_app,  # type: ignore[arg-type]
        log_level="warning",
        access_log=False,  # nobody's address is written down
        proxy_headers=False,  # nothing here asks for the client's address
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_WAIT_S,
        h11_max_incomplete_event_size=HEAD_BYTES_MAX,
        ws="none",
        ssl_certfile=options.tls_cert,
        ssl_keyfile=options.tls_key,
    )


def _check(options: ServeOptions) -> None:
    """
    Raises:
        ConfigError: If others could read what is sent, or the certificate is no use.
    """
    if (options.tls_cert is None) != (options.tls_key is None):
        raise ConfigError("--tls-cert goes with --tls-key: give both, or neither")
    if not options.loopback and not options.secure:
        raise ConfigError(
            f"--host {options.host} would send faces and keys in the clear: give --tls-cert and "
            f"--tls-key, or --behind-proxy where a proxy before it speaks TLS"
        )
    if options.tls_cert is None:
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            options.tls_cert, options.tls_key, password=""
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or error
        raise ConfigError(
            f"{options.tls_cert} and {options.tls_key} are no certificate with its key ({reason}): "
            f"give PEM files without a password"
        ) from None


def _listen(options: ServeOptions) -> socket.socket:
    """
    Raises:
        ConfigError: If the address is none of this machine, or the port is taken.
    """
    try:
        found = socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
        if os.name == "posix":  # on Windows it would let two programs share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"port {options.port} is taken by another program: give another with --port"
            ) from None
        raise ConfigError(
            f"{options.host}:{options.port} cannot be served ({error.strerror}): check --host and "
            f"--port"
        ) from None
    return listening


def _address(options: ServeOptions, listening: socket.socket) -> str:
    """Where a browser on this machine finds it."""
    scheme = "https" if options.tls_cert is not None else "http"
    host, port = options.host, listening.getsockname()[1]
    if options.names:
        host = options.names[0]
    elif host in ("0.0.0.0", "::", ""):
        host = socket.gethostname()
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def has_browser() -> bool:
    """Whether a link can be opened for somebody who sits here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

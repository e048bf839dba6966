"""The commands of the web side: `serve`, `keys`."""

from __future__ import annotations

import argparse
import importlib.util
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from monitor.app import RunOptions
from monitor.config import BACKENDS, load_config
from monitor.declared import detectors
from monitor.errors import ConfigError
from monitor.given import CommandParser
from monitor.web.keys import MASK, SCOPES, Keys, default_keys
from monitor.web.options import Limits, ServeOptions

Say = Callable[[str], None]
# of requirements-web.txt, by the names that they are imported under
PACKAGES = ("fastapi", "uvicorn", "jinja2", "python_multipart", "prometheus_client", "PIL")


def serve_parser() -> argparse.ArgumentParser:
    """What `main.py serve` takes."""
    parser = CommandParser(
        prog="main.py serve",
        description="A web page and an endpoint that judge pictures, on this machine alone unless "
        "told otherwise.",
        allow_abbrev=False,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=_within(0, 65535), default=8760, help="(8760); 0: any")
    parser.add_argument("--tls-cert", metavar="FILE", type=Path, help="certificate, PEM")
    parser.add_argument("--tls-key", metavar="FILE", type=Path, help="its key, PEM")
    parser.add_argument(
        "--behind-proxy", action="store_true", help="a proxy before it speaks TLS with browsers"
    )
    parser.add_argument(
        "--name",
        metavar="HOST",
        action="append",
        default=[],
        help="name under which it is reached; again for each further one",
    )
    parser.add_argument(
        "--identify", action="store_true", help="name the people who are enrolled (off by default)"
    )
    parser.add_argument("--gallery", metavar="FILE", type=Path, help="who is enrolled")
    parser.add_argument("--recogniser", metavar="FILE", help="names them in the gallery's place")
    parser.add_argument("--store", metavar="URL", help="where names go that are forgotten")
    parser.add_argument("--config", metavar="FILE", type=Path, help="settings in TOML")
    parser.add_argument("--model", metavar="NAME|PATH", help="mask model (mask_v5)")
    parser.add_argument("--detector", choices=tuple(detectors()), help="face detector (yunet)")
    parser.add_argument("--backend", choices=BACKENDS, help="what runs the networks (auto)")
    parser.add_argument("--keys", metavar="FILE", type=Path, help="file of the API keys")
    parser.add_argument(
        "--no-browser", action="store_true", help="do not open the page, print its link alone"
    )
    _add_limits(parser.add_argument_group("limits"))
    return parser


def _add_limits(limits: argparse._ArgumentGroup) -> None:
    one = Limits()
    limits.add_argument(
        "--megabytes",
        type=_within(1, 200),
        default=one.bytes_max // 2**20,
        help="of a picture's file (%(default)s)",
    )
    limits.add_argument(
        "--megapixels",
        type=_within(1, 67),
        default=one.pixels_max // 1_000_000,
        help="of a picture (%(default)s)",
    )
    limits.add_argument(
        "--rate",
        type=_within(0, 10_000),
        default=int(one.rate_per_s),
        help="pictures a second of one key or browser; 0: any (%(default)s)",
    )
    limits.add_argument(
        "--at-once",
        type=_within(1, 64),
        default=one.pictures_at_once,
        help="pictures that are worked on or wait; more are told to come again (%(default)s)",
    )


def run_serve(argv: Sequence[str]) -> int:
    """`main.py serve`.

    Raises:
        MonitorError: If something that the user named is wrong.
    """
    arguments = serve_parser().parse_args(argv)
    _check_packages()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    from monitor.web.server import has_browser, serve

    return serve(_serve_options(arguments), open_browser=not arguments.no_browser and has_browser())


def _check_packages() -> None:
    """
    Raises:
        ConfigError: If what the page and the endpoint need is not installed.
    """
    for name in PACKAGES:
        if importlib.util.find_spec(name) is None:
            raise ConfigError(
                f"`serve` needs {name}: run `make serve`, or `pip install -r requirements-web.txt`"
            )


def _serve_options(arguments: argparse.Namespace) -> ServeOptions:
    given = {
        ("detect", "name"): arguments.detector,
        ("classify", "backend"): arguments.backend,
        ("classify", "model"): arguments.model,
        ("identify", "recogniser"): arguments.recogniser,
        ("store", "url"): arguments.store,
    }
    changes: dict[str, dict[str, object]] = {}
    for (section, name), value in given.items():
        if value is not None:
            changes.setdefault(section, {})[name] = value
    config = load_config(arguments.config, changes)
    run = RunOptions(
        config=config,
        headless=True,
        identify=arguments.identify,
        gallery=arguments.gallery,
        settings=arguments.config,
    )
    limits = Limits(
        bytes_max=arguments.megabytes * 2**20,
        pixels_max=arguments.megapixels * 1_000_000,
        rate_per_s=float(arguments.rate),
        burst=2 * arguments.rate,
        pictures_at_once=arguments.at_once,
    )
    return ServeOptions(
        run,
        arguments.host,
        arguments.port,
        arguments.tls_cert,
        arguments.tls_key,
        arguments.behind_proxy,
        tuple(arguments.name),
        arguments.keys,
        limits,
    )


def keys_parser() -> argparse.ArgumentParser:
    """What `main.py keys` takes."""
    parser = CommandParser(
        prog="main.py keys", description="Keys to the endpoint of `serve`.", allow_abbrev=False
    )
    file = CommandParser(add_help=False)
    file.add_argument("--keys", metavar="FILE", type=Path, help="file of the API keys")
    commands = parser.add_subparsers(dest="command", required=True, metavar="add|list|revoke")
    add = commands.add_parser("add", parents=[file], help="make a key, which is shown once")
    add.add_argument("name", metavar="NAME", help="what it is for")
    scopes = "; ".join(f"{scope}: {what}" for scope, what in SCOPES.items())
    add.add_argument(
        "--scope", metavar="SCOPES", default=MASK, help=f"some of {scopes}, with commas ({MASK})"
    )
    commands.add_parser("list", parents=[file], help="which keys there are")
    revoke = commands.add_parser("revoke", parents=[file], help="take a key back")
    revoke.add_argument("name", metavar="NAME", help="of the key, or its id")
    return parser


def run_keys(argv: Sequence[str], say: Say = print) -> int:
    """`main.py keys`.

    Raises:
        ConfigError, StoreError: One line each.
    """
    arguments = keys_parser().parse_args(argv)
    keys = Keys(arguments.keys or default_keys())
    if arguments.command == "add":
        scopes = tuple(dict.fromkeys(s.strip() for s in arguments.scope.split(",") if s.strip()))
        for scope in scopes or ("",):
            if scope not in SCOPES:
                raise ConfigError(f"--scope {scope!r}: give some of {', '.join(SCOPES)}")
        key, text = keys.add(arguments.name, scopes)
        say(f"The key {key.name!r} ({', '.join(key.scopes)}). It is shown this once:")
        say(text)
    elif arguments.command == "list":
        listed = keys.listed()
        for key in listed:
            say(f"{key.key_id}  {key.name}: {', '.join(key.scopes)}; made {key.made}")
        if not listed:
            say("There is no key: make one with `python main.py keys add NAME`.")
    else:
        key = keys.revoke(arguments.name)
        say(f"The key {key.name!r} is revoked: a server that runs refuses it from now on.")
    return 0


def _within(low: int, high: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or not low <= int(text[:9]) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from {low} to {high}")
        return int(text)

    return number

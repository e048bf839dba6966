"""The command line: what the user typed becomes `RunOptions` or one of the small commands."""

from __future__ import annotations

import argparse
import difflib
import importlib
import importlib.util
import io
import logging
import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from monitor import __version__
from monitor.camera.address import parse_address
from monitor.config import BACKENDS, load_config
from monitor.declared import SourceInfo, detectors, sources
from monitor.errors import CameraError, ConfigError, MonitorError
from monitor.given import past, path_to_read, path_to_write, source_option

if TYPE_CHECKING:
    from monitor.app import RunOptions

COMMANDS = (
    "cameras",
    "check",
    "export",
    "people",
    "enrol",
    "forget",
    "learn",
    "serve",
    "keys",
    "mqtt",
    "scan",
    "store",
)

_UNKNOWN = "unrecognized arguments: "  # argparse's words


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, and names the option that was most likely meant."""

    def error(self, message: str) -> NoReturn:
        said = message
        if message.startswith(_UNKNOWN):  # an address may hold a password
            said = re.sub(r"\S*(?::/|@)\S*", "…", message)
        raise ConfigError(f"{said}{self._hint(message)}; see `python main.py --help`")

    def _hint(self, message: str) -> str:
        if not message.startswith(_UNKNOWN):
            return ""
        word = message.removeprefix(_UNKNOWN).partition(" ")[0].split("=")[0]
        if word in COMMANDS:
            return f": {word} comes first, as in `python main.py {word}`"
        known = [option for action in self._actions for option in action.option_strings] + list(
            COMMANDS
        )
        close = difflib.get_close_matches(word, known, n=1) or source_option(word)
        return f" (did you mean {close[0]}?)" if close else ""


def _choice(names: Sequence[str]) -> dict[str, Any]:
    def one_of(value: str) -> str:
        if value not in names:
            close = difflib.get_close_matches(value, names, n=1)
            raise argparse.ArgumentTypeError(
                f"{value!r} is none of {', '.join(names)}"
                + (f" (did you mean {close[0]}?)" if close else "")
            )
        return value

    return {"type": one_of, "metavar": "|".join(names)}


def _recordings() -> dict[str, SourceInfo]:
    """What can be given by its path, by option."""
    return {info.option: info for info in sources().values() if info.option is not None}


def _run_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="main.py",
        description="Watches an entrance camera and tells who wears a mask.",
        epilog="Commands: main.py cameras (list cameras), check (look over the installation, or at "
        "a camera), export FILE (sightings and totals as CSV), store (copy it), "
        "people (who is enrolled), enrol NAME, forget NAME, learn (from corrections to a better "
        "model), serve (a web page and an endpoint), keys (to the endpoint), "
        "mqtt (a broker that is told), scan FOLDER (all clips of a site).",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"Mask Monitor {__version__}")
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--camera",
        metavar="INDEX|URL",
        action="append",
        help="camera number, or a stream: rtsp://…, http://…/stream.mjpg; give it again for each "
        "further camera",
    )
    for option, info in _recordings().items():
        source.add_argument(f"--{option}", metavar=info.metavar, type=path_to_read, help=info.line)
    known = detectors()
    lines = "; ".join(f"{name}: {info.title}, {info.line}" for name, info in known.items())
    parser.add_argument(
        "--detector",
        help=f"face detector (yunet). {lines}".replace("%", "%%"),
        **_choice(tuple(known)),
    )
    parser.add_argument("--backend", help="what runs the networks (auto)", **_choice(BACKENDS))
    parser.add_argument("--model", metavar="NAME|PATH", help="mask model (mask_v5)")
    parser.add_argument(
        "--identify", action="store_true", help="name the people who are enrolled (off by default)"
    )
    parser.add_argument(
        "--gallery",
        metavar="FILE",
        type=path_to_write,
        help="who is enrolled; default: in the user's data folder",
    )
    parser.add_argument("--recogniser", metavar="FILE", help="name them by a model of their own")
    parser.add_argument("--config", metavar="FILE", type=path_to_read, help="settings in TOML")
    _add_outputs(parser)
    parser.add_argument("--headless", action="store_true", help="no window")
    parser.add_argument("--verbose", action="store_true", help="say more on the terminal")
    return parser


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="URL", help="SQLAlchemy URL of the store")
    parser.add_argument(
        "--events", metavar="FILE", type=path_to_write, help="one JSON line per frame"
    )
    parser.add_argument("--csv", metavar="FILE", type=path_to_write, help="sightings as they end")
    parser.add_argument(
        "--into-store",
        action="store_true",
        help="store what a recording shows, too; it is not counted as visitors otherwise",
    )
    parser.add_argument(
        "--recorded-at",
        metavar="TIME",
        type=past,
        help="when a recording was made, like 2026-11-21T08:30 (its name, what it notes, or its "
        "file's time)",
    )


def _changes(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """The command line's part of the settings."""
    given = {
        ("camera", "source"): " ".join(arguments.camera) if arguments.camera else None,
        ("detect", "name"): arguments.detector,
        ("classify", "backend"): arguments.backend,
        ("classify", "model"): arguments.model,
        ("identify", "recogniser"): arguments.recogniser,
        ("store", "url"): arguments.store,
    }
    changes: dict[str, dict[str, Any]] = {}
    for (section, name), value in given.items():
        if value is not None:
            changes.setdefault(section, {})[name] = value
    return changes


def _run(argv: Sequence[str]) -> int:
    arguments = _run_parser().parse_args(argv)
    _log_to_terminal(arguments.verbose)
    for option in ("gallery", "recogniser"):
        if getattr(arguments, option) and not arguments.identify:
            raise ConfigError(f"--{option} goes with --identify: give both, or neither")
    if arguments.recorded_at and not any(getattr(arguments, name) for name in _recordings()):
        raise ConfigError("--recorded-at goes with a recording: name one, like --video FILE")
    if arguments.camera and not all(camera.strip() for camera in arguments.camera):
        raise ConfigError("--camera is empty: give a camera's number or a stream's address")
    for camera in arguments.camera or ():
        try:
            parse_address(camera)
        except CameraError as error:
            raise CameraError(f"--camera: {error}") from None
    from monitor.app import RunOptions

    changes = _changes(arguments)
    return _open(
        RunOptions(
            config=load_config(arguments.config, changes),
            video=arguments.video,
            images=arguments.images,
            recordings={
                option: path
                for option in set(_recordings()) - {"video", "images"}
                if (path := getattr(arguments, option)) is not None
            },
            csv=arguments.csv,
            events=arguments.events,
            headless=arguments.headless,
            identify=arguments.identify,
            gallery=arguments.gallery,
            settings=arguments.config,
            into_store=arguments.into_store,
            recorded_at=arguments.recorded_at,
            named=frozenset(
                f"{section}.{name}" for section, values in changes.items() for name in values
            ),
        )
    )


def _has_display() -> bool:
    """Whether a window can be opened here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(
        os.environ.get("DISPLAY")
        or os.environ.get("WAYLAND_DISPLAY")
        or os.environ.get("QT_QPA_PLATFORM")
    )


def _open(options: RunOptions) -> int:
    """Run the monitor in a window, or headless. Returns the exit status."""
    if options.headless or not _has_display():
        from monitor.headless import run_headless

        if not options.headless:
            print("No display: running headless.", file=sys.stderr)
        return run_headless(options)
    if importlib.util.find_spec("PySide6") is None:
        raise ConfigError(
            "the window needs PySide6: run `pip install -r requirements-desk.txt`, or use "
            "--headless"
        )
    # opencv-python sets these to its own Qt, which breaks PySide6's.
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        os.environ.pop(name, None)
    from monitor.gui.application import run_window

    return run_window(options)


def _check(argv: Sequence[str]) -> int:
    parser = _Parser(
        prog="main.py check",
        description="Look over the installation, or at one camera: what is to be mended there.",
    )
    parser.add_argument("--store", metavar="URL", help="the installation's store")
    camera = parser.add_mutually_exclusive_group()
    camera.add_argument("--camera", metavar="INDEX|URL", help="look at this camera instead")
    camera.add_argument(
        "--video", metavar="FILE", type=path_to_read, help="the same of a clip, for a trial"
    )
    parser.add_argument("--seconds", metavar="S", type=float, help="how long it is looked at (10)")
    parser.add_argument(
        "--accept", metavar="MINUTES", nargs="?", const=10.0, type=float, help="judge it by key"
    )
    parser.add_argument("--save", metavar="FILE", type=path_to_write, help="its result: .csv, .md")
    parser.add_argument("--config", metavar="FILE", type=path_to_read, help="settings in TOML")
    arguments = parser.parse_args(argv)
    if arguments.camera is None and arguments.video is None:
        for name in ("seconds", "config", "accept", "save"):
            if getattr(arguments, name) is not None:
                raise ConfigError(f"--{name} has to go with a camera: name one, like --camera 0")
        from monitor.check import run_checks

        return run_checks(arguments.store or "")
    if arguments.store is not None:
        raise ConfigError("--store goes without a camera: a look at a camera stores nothing")
    if arguments.save is not None and arguments.accept is None:
        raise ConfigError("--save goes with --accept: give both, or neither")
    if arguments.accept is not None and arguments.seconds is not None:
        raise ConfigError("--seconds and --accept are two things: give one of them")
    _log_to_terminal(False)
    from monitor.doctor.command import SECONDS, accept_camera, check_camera

    if arguments.accept is not None:
        return accept_camera(
            load_config(arguments.config),
            camera=arguments.camera,
            video=arguments.video,
            minutes=arguments.accept,
            save_to=arguments.save,
        )
    return check_camera(
        load_config(arguments.config),
        camera=arguments.camera,
        video=arguments.video,
        seconds=SECONDS if arguments.seconds is None else arguments.seconds,
    )


def _command_of(room: str, name: str) -> Callable[[Sequence[str]], int]:
    """A command that a room has itself; the room is entered once it is asked for."""

    def run(argv: Sequence[str]) -> int:
        command: Callable[[Sequence[str]], int] = getattr(importlib.import_module(room), name)
        return command(argv)

    return run


def _learn(argv: Sequence[str]) -> int:
    _log_to_terminal(False)
    from monitor.learning.commands import learn_parser, run_learn

    arguments = learn_parser().parse_args(argv)
    if arguments.what != "review":
        return run_learn(argv)
    if importlib.util.find_spec("PySide6") is None or not _has_display():
        raise ConfigError(
            "judging faces needs a display and PySide6: use `learn collect --images DIR` with a "
            "folder for each answer"
        )
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        os.environ.pop(name, None)
    from monitor.gui.learning.review import run_review

    return run_review(load_config(arguments.config), arguments.images)


def _log_to_terminal(verbose: bool) -> None:
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, format="%(message)s", stream=sys.stderr
    )


def _let_all_be_said() -> None:
    """A letter that the terminal's code page lacks is written as its number: nothing ends in an
    error because of what is said of it.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _one_line(text: str) -> str:
    """An error may hold what the user typed: no control characters, no name of 5,000 letters."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return re.sub(r"(\S{200})\S{200,}(\S{60})", r"\1…\2", shown)


def _check_zone() -> None:
    """
    Raises:
        ConfigError: If the machine's time zone is none: local times could not be told.
    """
    try:
        datetime.now().astimezone()
    except (ValueError, OverflowError):
        raise ConfigError(
            f"the time zone TZ={os.environ.get('TZ')} is none: set TZ to one like Europe/Berlin"
        ) from None


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the user typed. Returns the exit status: 0 done, 1 a fault, 2 the user's mistake."""
    _let_all_be_said()
    argv = sys.argv[1:] if argv is None else list(argv)
    commands = {
        "cameras": _command_of("monitor.camera.commands", "run_cameras"),
        "check": _check,
        "store": _command_of("monitor.storage.commands", "run_store"),
        "export": _command_of("monitor.export_command", "run_export"),
        "people": _command_of("monitor.identity.commands", "run_people"),
        "enrol": _command_of("monitor.identity.commands", "run_enrol"),
        "forget": _command_of("monitor.identity.commands", "run_forget"),
        "serve": _command_of("monitor.web.commands", "run_serve"),
        "keys": _command_of("monitor.web.commands", "run_keys"),
        "mqtt": _command_of("monitor.mqtt.commands", "run_mqtt"),
        "scan": _command_of("monitor.scan.command", "run_scan"),
        "learn": _learn,
    }
    try:
        _check_zone()
        try:
            return commands[argv[0]](argv[1:]) if argv and argv[0] in commands else _run(argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # `... | head -1`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MonitorError as error:
        print(f"mask-monitor: {_one_line(str(error))}", file=sys.stderr)
        # the plain base class is a fault of the program
        return 1 if type(error) is MonitorError else 2
    except KeyboardInterrupt:
        return 0

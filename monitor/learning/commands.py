"""`main.py learn …`: what the receptionist's corrections have come to, and what is made of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from monitor.config import ClassifyConfig, Config, load_config
from monitor.errors import ConfigError, MonitorError
from monitor.given import CommandParser
from monitor.learning.aliases import mirror_aliases
from monitor.learning.kept import KeptFaces
from monitor.learning.manifest import (
    difference,
    manifest_of,
    read_manifest,
    versions,
    write_manifest,
)
from monitor.learning.places import Places, default_places
from monitor.learning.registry import (
    SHIPPED,
    back_to_shipped,
    promote,
    read_live,
    roll_back,
    user_name,
)
from monitor.learning.runs import records
from monitor.learning.withdrawn import purge, withdraw_faces

Say = Callable[[str], None]


def learn_parser() -> argparse.ArgumentParser:
    """What `main.py learn` takes."""
    parser = CommandParser(
        prog="main.py learn",
        description="From corrections at the desk to a better mask model.",
        allow_abbrev=False,
    )
    sub = parser.add_subparsers(dest="what", metavar="COMMAND", required=True)

    def command(name: str, line: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = sub.add_parser(
            name, help=line, description=line, allow_abbrev=False
        )
        made.add_argument("--config", metavar="FILE", type=Path, help="settings in TOML")
        return made

    status = command("status", "what is live, what was kept and learnt, whether the door changed")
    status.add_argument("--store", metavar="URL", default="")
    collect = command("collect", "make a data set of the faces that are kept")
    collect.add_argument(
        "--images",
        metavar="DIR",
        type=Path,
        help="keep the faces of judged pictures first: masked, unmasked, incorrect, no person in "
        "folders of these names",
    )
    review = command("review", "judge faces, the least sure ones first (opens a window)")
    review.add_argument("--images", metavar="DIR", type=Path, help="of a folder of pictures")
    train = command("train", "learn from the faces that are kept, and test what was learnt")
    train.add_argument("--promote", action="store_true", help="make it live if it is better")
    train.add_argument(
        "--data", metavar="DIR", type=Path, help="train in full with these pictures instead"
    )
    train.add_argument("--weights", metavar="FILE", default="imagenet", help="with --data: start")
    train.add_argument("--smoke", action="store_true", help="with --data: a tiny run")
    command("promote", "make the candidate live")
    rollback = command("rollback", "make the model before the live one live again")
    rollback.add_argument(
        "--to-shipped", action="store_true", help="make the shipped model live, come what may"
    )
    nightly = command("nightly", "for a scheduler: tidy up, look for drift, learn if it is time")
    nightly.add_argument("--store", metavar="URL", default="")
    command("versions", "list the data sets")
    diff = command("diff", "what makes one data set of another")
    diff.add_argument("before", metavar="VERSION")
    diff.add_argument("after", metavar="VERSION")
    forget = command("forget", "delete kept faces, out of all data sets too")
    which = forget.add_mutually_exclusive_group(required=True)
    which.add_argument("--visit", metavar="ID", help="of one visit")
    which.add_argument("--face", metavar="SHA256", help="one face")
    which.add_argument("--all", action="store_true", help="all of them")
    return parser


def run_learn(argv: Sequence[str], say: Say = print) -> int:
    """`main.py learn`, all but `review`, which is the window's.

    Raises:
        MonitorError: One line each; what is live stays live.
    """
    arguments = learn_parser().parse_args(argv)
    config, places = load_config(arguments.config), default_places()
    if arguments.what != "nightly":  # which says what it does
        purge(places, config.learning.retention_days)
    commands: dict[str, Callable[[argparse.Namespace, Config, Places, Say], int]] = {
        "status": _status,
        "collect": _collect,
        "train": _train,
        "promote": _promote,
        "rollback": _rollback,
        "nightly": _nightly,
        "versions": _versions,
        "diff": _diff,
        "forget": _forget,
    }
    status = commands[arguments.what](arguments, config, places, say)
    if arguments.what in ("train", "promote", "rollback", "nightly"):
        mirror_aliases(places, config.learning.mlflow)
    return status


def live_name(places: Places) -> str:
    """The model that is live.

    Raises:
        StoreError: If the registry is damaged.
    """
    champion = read_live(places).champion
    return champion.name if champion is not None else ClassifyConfig().model


def _status(arguments: argparse.Namespace, config: Config, places: Places, say: Say) -> int:
    from monitor.learning.drift import lines_of_drift

    live = read_live(places)
    say(f"live: {live_name(places)}")
    if live.has_previous:
        say(f"before: {live.previous.name if live.previous else SHIPPED}")
    if live.candidate is not None:
        say(f"candidate: {live.candidate.name} (python main.py learn promote)")
    faces = KeptFaces(places).all()
    if config.learning.collect:
        say(f"faces of corrected visits are kept for {config.learning.retention_days} days")
    else:
        say("collecting is off (learning.collect in the settings)")
    say(f"faces kept: {len(faces)}{_by_label(manifest_of(faces).labels)}")
    for record in records(places)[:3]:
        say(f"{record.started} {record.kind} {record.state}: {record.reason or record.model}")
    for line in lines_of_drift(arguments.store or config.store.url, places):
        say(line)
    return 0


def _collect(arguments: argparse.Namespace, config: Config, places: Places, say: Say) -> int:
    if arguments.images is not None:
        from monitor.learning.folders import keep_judged

        said = keep_judged(arguments.images, places, config, user_name())
        say(f"{said.kept} faces of {said.pictures} pictures kept; {said.without} show no face")
    manifest = write_manifest(places, manifest_of(KeptFaces(places).all()))
    say(f"data set {manifest.version}: {len(manifest.entries)} faces{_by_label(manifest.labels)}")
    return 0


def _train(arguments: argparse.Namespace, config: Config, places: Places, say: Say) -> int:
    if arguments.data is not None:
        from monitor.learning.full import train_full

        trained = train_full(places, config.learning, user_name(), arguments)
    else:
        from monitor.learning.train import train_site

        trained = train_site(places, config.learning, user_name())
    for name, figures in trained.verdict.figures().items():
        before, after = 100 * figures["before"], 100 * figures["after"]
        say(f"{name}: {before:.1f} % right before, {after:.1f} % after, of {figures['count']}")
    if not trained.verdict.promote:
        say(f"refused: {trained.verdict.reason}")
        return 0
    say(f"better: {trained.verdict.reason}")
    if arguments.promote:
        promote(places, trained.model, user_name(), trained.verdict.reason)
        say(f"{trained.model.name} is live now")
    else:
        say(f"{trained.model.name} waits as the candidate: python main.py learn promote")
    return 0


def _promote(arguments: argparse.Namespace, config: Config, places: Places, say: Say) -> int:
    candidate = read_live(places).candidate
    if candidate is None:
        refused = next((r for r in records(places) if r.state == "refused"), None)
        why = f"; {refused.model} was refused: {refused.reason}" if refused is not None else ""
        raise ConfigError(f"there is no candidate{why}: run `python main.py learn train`")
    why = next((r.reason for r in records(places) if r.model == candidate.name), "")
    promote(places, candidate, user_name(), why)
    say(f"{candidate.name} is live now; running programs take it up within seconds")
    return 0


def _rollback(arguments: argparse.Namespace, config: Config, places: Places, say: Say) -> int:
    if arguments.to_shipped:
        back_to_shipped(places, user_name())
        say(f"{SHIPPED} is live now")
    else:
        say(f"{roll_back(places, user_name())} is live again")
    return 0


def _nightly(arguments: argparse.Namespace, config: Config, places: Places, say: Say) -> int:
    from monitor.learning.nightly import run_nightly

    for line in run_nightly(places, config, arguments.store or config.store.url, user_name()):
        say(line)
    return 0


def _versions(arguments: argparse.Namespace, config: Config, places: Places, say: Say) -> int:
    for version in versions(places):
        try:
            manifest = read_manifest(places, version)
        except MonitorError as error:
            say(str(error))
            continue
        say(f"{version}: {len(manifest.entries)} faces{_by_label(manifest.labels)}")
    if not versions(places):
        say("There is no data set yet: python main.py learn collect")
    return 0


def _diff(arguments: argparse.Namespace, config: Config, places: Places, say: Say) -> int:
    before, after = (read_manifest(places, v) for v in (arguments.before, arguments.after))
    found = difference(before, after)
    for sign, entries in (("+", found.added), ("-", found.removed)):
        for entry in entries:
            say(f"{sign} {entry.sha256[:12]} {entry.label} by {entry.by} {entry.said}")
    for old, new in found.judged_anew:
        say(f"~ {new.sha256[:12]} {old.label} -> {new.label} by {new.by} {new.said}")
    say(
        f"{len(found.added)} added, {len(found.removed)} removed, "
        f"{len(found.judged_anew)} judged anew"
    )
    return 0


def _forget(arguments: argparse.Namespace, config: Config, places: Places, say: Say) -> int:
    if arguments.face is not None and len(arguments.face) < 8:
        raise ConfigError("--face: give at least 8 letters of its SHA-256")
    number = withdraw_faces(
        places,
        lambda kept: (
            arguments.all
            or (arguments.visit is not None and kept.about.visit_id == arguments.visit)
            or (arguments.face is not None and kept.sha256.startswith(arguments.face))
        ),
    )
    say(f"{number} kept faces deleted, out of all data sets too")
    return 0


def _by_label(labels: dict[str, int]) -> str:
    told = ", ".join(f"{number} {label}" for label, number in labels.items())
    return f" ({told})" if told else ""

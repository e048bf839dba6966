"""The commands on people: `enrol NAME`, `people`, `forget NAME`."""

from __future__ import annotations

import argparse
import contextlib
import getpass
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from monitor.config import DetectConfig, nearest
from monitor.detect import make_detector
from monitor.errors import ConfigError
from monitor.identity.embed import Embedder
from monitor.identity.enrol import (
    build_person,
    check_face,
    mask_teller,
    shots_from_camera,
    shots_from_folder,
    shots_from_video,
)
from monitor.identity.gallery import (
    Kind,
    Person,
    clean_name,
    default_gallery,
    load_gallery,
    merged,
    newest,
    open_gallery,
    save_gallery,
)
from monitor.identity.guide import SHOTS, Shot
from monitor.identity.kept_pictures import keep_pictures, remove_pictures
from monitor.records import FloatArray

Say = Callable[[str], None]
COUNT_MAX = 5000


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; see `python {self.prog} --help`")


def enrol_parser() -> argparse.ArgumentParser:
    """What `main.py enrol` takes."""
    parser = _Parser(
        prog="main.py enrol",
        description="Enrol a person who agreed to be recognised.",
        allow_abbrev=False,
    )
    parser.add_argument("name", metavar="NAME")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--camera", metavar="INDEX|URL", help="guided, before a camera")
    source.add_argument(
        "--images", metavar="DIR", type=Path, help="from a folder of pictures of this person"
    )
    source.add_argument(
        "--video",
        metavar="FILE",
        type=Path,
        help="from a recorded file that shows this person alone",
    )
    parser.add_argument(
        "--consent", metavar="TEXT", required=True, help="what the person agreed to, in words"
    )
    parser.add_argument(
        "--until",
        metavar="DATE",
        help="last day of the consent, as 2027-06-30; without it until withdrawn",
    )
    parser.add_argument(
        "--by", metavar="WHO", default="", help="who enrols (the user of this computer)"
    )
    parser.add_argument(
        "--gallery", metavar="FILE", type=Path, help="gallery file (in the user's data folder)"
    )
    parser.add_argument(
        "--count", metavar="N", type=int, default=SHOTS, help=f"shots to take ({SHOTS})"
    )
    parser.add_argument(
        "--keep-pictures",
        metavar="DIR",
        type=Path,
        help="also write the pictures here, as a training set",
    )
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--replace", action="store_true", help="enrol a known person anew")
    again.add_argument("--add", action="store_true", help="add shots to a known person")
    return parser


def run_enrol(argv: Sequence[str], say: Say = print) -> int:
    """`main.py enrol`.

    Raises:
        ConfigError, CameraError, ModelError: One line each; nothing is then written.
    """
    arguments = enrol_parser().parse_args(argv)
    name = clean_name(arguments.name)
    consent = " ".join(arguments.consent.split())
    if not consent:
        raise ConfigError("--consent is empty: write down what the person agreed to")
    if not 1 <= arguments.count <= COUNT_MAX:
        raise ConfigError(f"--count {arguments.count}: give a number from 1 to {COUNT_MAX}")
    now = datetime.now(UTC)
    until = _last_day(arguments.until, now)
    path = arguments.gallery or default_gallery()
    embedder = Embedder.load()
    gallery = open_gallery(path, embedder.name, embedder.dimension, now)
    known = gallery.find(name)
    if known is not None and not (arguments.replace or arguments.add):
        raise ConfigError(
            f"{known.name} is enrolled already: add --add for more shots or --replace to enrol anew"
        )
    if known is None and arguments.add:
        raise ConfigError(
            f"{name} is not enrolled: leave --add out "
            f"({nearest(name, [p.name for p in gallery.people])})"
            if gallery.people
            else f"{name} is not enrolled: leave --add out"
        )
    shots = _shots(arguments, say)
    given = datetime.now(UTC)
    person = build_person(
        Person(name, consent, given, until, arguments.by or _user(), *_nothing(embedder)),
        shots,
        embedder,
        say,
    )
    # Read anew: another desk may have enrolled somebody in the meantime.
    gallery = open_gallery(path, embedder.name, embedder.dimension, given)
    check_face(gallery, person, embedder, added=arguments.add)
    known = gallery.find(name)
    if arguments.keep_pictures is not None:
        folder = keep_pictures(shots, arguments.keep_pictures, person)
        person = replace(person, pictures=str(folder.absolute()))
        say(f"{len(shots)} pictures are kept in {folder}")
    if known is not None:
        person = (
            merged(known, person)
            if arguments.add
            else replace(person, pictures=person.pictures or known.pictures)
        )
    save_gallery(gallery.with_person(person), path)
    masked = int(np.sum(person.kinds == Kind.MASKED))
    kinds = (
        f"{person.shots} shots ({masked} with a mask) and "
        f"{int(np.sum(person.kinds == Kind.DRAWN))} with a mask drawn on"
    )
    say(
        f"{person.name} is enrolled: {kinds}; consent {_ends(person)}. No picture is in the "
        f"gallery."
    )
    return 0


def _nothing(embedder: Embedder) -> tuple[FloatArray, npt.NDArray[np.uint8]]:
    return np.empty((0, embedder.dimension), np.float32), np.empty(0, np.uint8)


def _user() -> str:
    with contextlib.suppress(Exception):  # no user name is known: containers, services
        return getpass.getuser()
    return "unknown"


def _last_day(text: str | None, now: datetime) -> datetime | None:
    """The moment after the last day, at midnight here."""
    if text is None:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d")
        until = (day + timedelta(days=1)).astimezone()
    except (ValueError, OverflowError, OSError):
        raise ConfigError(f"--until {text!r} is no date: write it as 2027-06-30") from None
    if until <= now:
        raise ConfigError(f"--until {text} is over: give a day to come")
    return until


def _shots(arguments: argparse.Namespace, say: Say) -> list[Shot]:
    detector, is_masked = make_detector(DetectConfig()), mask_teller(say)
    keep = arguments.keep_pictures is not None
    if arguments.images is not None:
        return shots_from_folder(arguments.images, detector, is_masked, arguments.count, keep, say)
    if arguments.video is not None:
        return shots_from_video(arguments.video, detector, is_masked, arguments.count, keep, say)
    return shots_from_camera(arguments.camera, detector, is_masked, arguments.count, keep, say)


def run_people(argv: Sequence[str], say: Say = print) -> int:
    """`main.py people`: who is enrolled, with their consents.

    Raises:
        ConfigError, ModelError: One line each.
    """
    parser = _Parser(
        prog="main.py people", description="List the people who are enrolled.", allow_abbrev=False
    )
    parser.add_argument("--gallery", metavar="FILE", type=Path)
    path = parser.parse_args(argv).gallery or default_gallery()
    card = _card()
    gallery = load_gallery(path, *card)
    now = datetime.now(UTC)
    for person in newest(gallery.people):
        ended = " (ENDED: not recognised, removed now)" if person.ended(now) else ""
        kept = f"; pictures in {person.pictures}" if person.pictures else ""
        given = f"consent given {_day(person.given)} to {person.by}, {_ends(person)}{ended}"
        say(f"{person.name}: {person.shots} shots; {given}: {person.consent}{kept}")
    valid = gallery.valid(now)
    if len(valid.people) < len(gallery.people):
        save_gallery(valid, path)
    if not gallery.people:
        say(f"Nobody is enrolled in {path}.")
    return 0


def _day(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d}"


def _ends(person: Person) -> str:
    if person.until is None:
        return "until it is withdrawn"
    return f"until {_day(person.until - timedelta(seconds=1))}"


def _card() -> tuple[str, int]:
    """Name and dimension of the embedding model, from its card; the network itself is not
    loaded.
    """
    from monitor.card import embedding_of
    from monitor.engine import model_stem
    from monitor.identity.embed import MODEL

    return embedding_of(model_stem(MODEL).with_suffix(".onnx"))


def run_forget(argv: Sequence[str], say: Say = print) -> int:
    """`main.py forget NAME`: out of the gallery, the name out of the store, kept pictures deleted;
    with a receipt.

    Raises:
        ConfigError: If the name is found nowhere.
        ConfigError, StoreError, ModelError: One line each.
    """
    parser = _Parser(
        prog="main.py forget", description="Remove a person and their name.", allow_abbrev=False
    )
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--gallery", metavar="FILE", type=Path)
    parser.add_argument("--store", metavar="URL", default="")
    arguments = parser.parse_args(argv)
    name = clean_name(arguments.name)
    path = arguments.gallery or default_gallery()
    gallery = load_gallery(path, *_card())
    person = gallery.find(name)
    from monitor.storage.store import Store

    store = Store(arguments.store)
    try:
        known_as = person.name if person is not None else name
        snapshots = _forget_snapshots(store.sightings_of(known_as))
        rows = store.forget_identity(known_as)
        if person is None and rows == 0:
            known = [p.name for p in gallery.people]
            raise ConfigError(
                f"nobody called {name} is in the gallery or the store: "
                + (nearest(name, known) if known else f"nobody is enrolled in {path}")
            )
        pictures = 0
        if person is not None:
            pictures = remove_pictures(person)
            save_gallery(gallery.without(name).valid(datetime.now(UTC)), path)
    finally:
        store.close()
    say(
        f"Receipt: {person.name if person else name} was forgotten on "
        f"{datetime.now().astimezone().isoformat(timespec='seconds')}."
    )
    if person is not None:
        consent = f"the consent given {_day(person.given)} to {person.by}"
        say(f"  gallery {path}: {len(person.embeddings)} embeddings and {consent} removed")
    else:
        say(f"  gallery {path}: the name was not in it")
    say(
        f"  store {store.label}: the name removed from {rows} visits and sightings; these stay, "
        f"without a name"
    )
    if snapshots:
        say(f"  snapshots: {snapshots} pictures of sightings deleted")
    if person is not None and person.pictures:
        say(f"  pictures: {pictures} deleted from {person.pictures}")
    say(
        "  CSV files, event logs and backups that were written before are not touched: delete the "
        "name there yourself"
    )
    return 0


def _forget_snapshots(sighting_ids: Sequence[str]) -> int:
    """Delete the pictures of some sightings, where there are any. Returns how many."""
    from monitor.data_folder import data_folder
    from monitor.storage.snapshots import Snapshots

    folder = data_folder() / "snapshots"
    if not folder.is_dir():
        return 0
    snapshots = Snapshots(folder)
    return sum(snapshots.forget(sighting_id) for sighting_id in sighting_ids)

"""The commands on people: `enrol NAME`, `people`, `forget NAME`."""

from __future__ import annotations

import argparse
import collections
import contextlib
import getpass
import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import cv2
import numpy as np
import numpy.typing as npt

from monitor.config import ClassifyConfig, Config, DetectConfig, nearest
from monitor.detect import FaceDetector, make_detector
from monitor.enrol import (
    FOLDER_GATE,
    SHOTS,
    EnrolSession,
    IsMasked,
    Shot,
    Step,
    take_from_picture,
    with_drawn_masks,
)
from monitor.errors import ConfigError, ModelError
from monitor.gallery import (
    Gallery,
    Kind,
    Person,
    clean_name,
    default_gallery,
    load_gallery,
    merged,
    newest,
    open_gallery,
    same_name,
    save_gallery,
)
from monitor.identify import Embedder, Matcher, normalised, threshold_for
from monitor.records import FloatArray, Image
from monitor.sources import ClipSource, FolderSource

Say = Callable[[str], None]
COUNT_MAX = 5000
KEPT_MAX = 60  # shots whose embeddings go into the gallery; more of them say nothing new
SAME_FACE_FAR = 1e-4  # how seldom two people may be taken for one when somebody is enrolled
STRANGER_FAR = 0.1  # a shot less like the others than a tenth of strangers are is not of the same person


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; see `python {self.prog} --help`")


def enrol_parser() -> argparse.ArgumentParser:
    """What `main.py enrol` takes."""
    parser = _Parser(
        prog="main.py enrol", description="Enrol a person who agreed to be recognised.", allow_abbrev=False
    )
    parser.add_argument("name", metavar="NAME")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--camera", metavar="INDEX|URL", help="guided, before a camera")
    source.add_argument("--images", metavar="DIR", type=Path, help="from a folder of pictures of this person")
    source.add_argument("--video", metavar="FILE", type=Path, help="from a recorded file that shows this person alone")
    parser.add_argument("--consent", metavar="TEXT", required=True, help="what the person agreed to, in words")
    parser.add_argument(
        "--until", metavar="DATE", help="last day of the consent, as 2027-06-30; without it until withdrawn"
    )
    parser.add_argument("--by", metavar="WHO", default="", help="who enrols (the user of this computer)")
    parser.add_argument("--gallery", metavar="FILE", type=Path, help="gallery file (in the user's data folder)")
    parser.add_argument("--count", metavar="N", type=int, default=SHOTS, help=f"shots to take ({SHOTS})")
    parser.add_argument(
        "--keep-pictures", metavar="DIR", type=Path, help="also write the pictures here, as a training set"
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
        raise ConfigError(f"{known.name} is enrolled already: add --add for more shots or --replace to enrol anew")
    if known is None and arguments.add:
        raise ConfigError(
            f"{name} is not enrolled: leave --add out ({nearest(name, [p.name for p in gallery.people])})"
            if gallery.people
            else f"{name} is not enrolled: leave --add out"
        )
    shots = _shots(arguments, say)
    given = datetime.now(UTC)
    person = build_person(
        Person(name, consent, given, until, arguments.by or _user(), *_nothing(embedder)), shots, embedder, say
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
        person = merged(known, person) if arguments.add else replace(person, pictures=person.pictures or known.pictures)
    save_gallery(gallery.with_person(person), path)
    masked = int(np.sum(person.kinds == Kind.MASKED))
    kinds = f"{person.shots} shots ({masked} with a mask) and {int(np.sum(person.kinds == Kind.DRAWN))} with a mask drawn on"
    say(f"{person.name} is enrolled: {kinds}; consent {_ends(person)}. No picture is in the gallery.")
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
    detector, is_masked = make_detector(DetectConfig()), _mask_teller(say)
    keep = arguments.keep_pictures is not None
    if arguments.images is not None:
        return shots_from_folder(arguments.images, detector, is_masked, arguments.count, keep, say)
    if arguments.video is not None:
        return _shots_from_video(arguments.video, detector, is_masked, arguments.count, keep, say)
    return _shots_from_camera(arguments.camera, detector, is_masked, arguments.count, keep, say)


def _mask_teller(say: Say) -> IsMasked | None:
    """Tells whether a mask is worn, by the mask model; None where there is none."""
    from monitor.classify import STATES, MaskClassifier
    from monitor.records import MaskState

    try:
        classifier = MaskClassifier.load(ClassifyConfig(backend="onnx"))
    except ModelError as error:
        say(f"Shots with a mask are not told apart: {error}")
        return None
    column = STATES.index(MaskState.MASKED)

    def is_masked(image: Image, box: FloatArray) -> bool:
        return bool(classifier.probabilities(classifier.rois(image, box))[0].argmax() == column)

    return is_masked


def shots_from_folder(
    folder: Path, detector: FaceDetector, is_masked: IsMasked | None, count: int, keep: bool, say: Say
) -> list[Shot]:
    """The usable pictures of a folder, at most `count`; the others are named with the reason.

    Raises:
        CameraError: If there is no such folder or it holds no pictures.
        ConfigError: If none can be used.
    """
    source = FolderSource(folder)
    source.open()
    shots: list[Shot] = []
    refused: dict[str, list[str]] = {}
    try:
        while len(shots) < count and (picture := source.read()) is not None:
            shot = take_from_picture(picture.image, detector, is_masked, keep)
            if isinstance(shot, str):
                refused.setdefault(shot.partition(":")[0].partition(" (")[0], []).append(picture.file or "")
            else:
                shots.append(shot)
    finally:
        source.close()
    reasons = [f"{reason} in {_some(files)}" for reason, files in refused.items()]
    if not shots:
        raise ConfigError(
            f"no picture in {folder} can be used ({'; '.join(reasons)}): give pictures of one person's face alone"
        )
    for reason in reasons:
        say(f"Left out: {reason}")
    return shots


def _some(files: list[str]) -> str:
    return ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")


def _shots_from_video(
    path: Path, detector: FaceDetector, is_masked: IsMasked | None, count: int, keep: bool, say: Say
) -> list[Shot]:
    source = ClipSource(path)
    session = EnrolSession(count, is_masked, FOLDER_GATE, [(Step.FREE, count)], keep, timeout_s=float("inf"))
    problems: collections.Counter[str] = collections.Counter()
    source.open()
    try:
        while not session.done and (picture := source.read()) is not None:
            session.step(picture.image, detector.detect(picture.image), picture.t)
            problems[session.problem.partition(":")[0].partition(" (")[0]] += 1
    finally:
        source.close()
    problems.pop("", None)
    often = problems.most_common(1)[0][0] if problems else "it has no pictures"
    if not session.shots:
        raise ConfigError(
            f"nothing in {path.name} can be used (mostly: {often}): give a clip that shows one person's face alone"
        )
    if not session.done:
        say(f"{path.name} gave {len(session.shots)} of {count} shots (mostly: {often})")
    return session.shots


def _shots_from_camera(
    camera: str, detector: FaceDetector, is_masked: IsMasked | None, count: int, keep: bool, say: Say
) -> list[Shot]:
    from monitor.app import camera_source

    source = camera_source(camera, Config())
    session = EnrolSession(count, is_masked, keep_pictures=keep)
    source.open()
    last = ""
    try:
        while not session.done and not session.failed:
            picture = source.read()
            progress = session.step(picture.image, detector.detect(picture.image), picture.t)
            if progress.message != last:
                say(f"[{progress.taken}/{progress.wanted}] {progress.message}")
                last = progress.message
    finally:
        source.close()
    if session.failed:
        raise ConfigError(
            f"enrolment ended with {len(session.shots)} of {count} shots, nothing was stored ({session.failed}): try again"
        )
    return session.shots


def build_person(person: Person, shots: Sequence[Shot], embedder: Embedder, say: Say = lambda line: None) -> Person:
    """`person` with the embeddings of some shots, and of each bare one with a mask drawn on.

    Raises:
        ConfigError: If the shots do not show one and the same face.
    """
    if len(shots) > KEPT_MAX:
        shots = [shots[i] for i in np.linspace(0, len(shots) - 1, KEPT_MAX).round().astype(int)]
    faces, kinds = with_drawn_masks(shots)
    embeddings = embedder.embed(faces)
    bare = np.flatnonzero(kinds == Kind.BARE)
    if len(bare) >= 3:
        least = threshold_for(embedder.card, STRANGER_FAR)
        total = embeddings[bare].sum(axis=0)
        others = normalised(total - embeddings[bare])
        odd = bare[np.sum(others * embeddings[bare], axis=1) < least]
        if len(odd) > len(bare) / 2:
            raise ConfigError(
                f"the pictures of {person.name} do not show one and the same face: give pictures of one person alone"
            )
        if len(odd):
            say(f"Left out: {len(odd)} of {len(bare)} bare shots, which are not like the others")
            kept = np.ones(len(kinds), bool)
            kept[odd] = kept[odd + 1] = False  # its drawn mask follows each bare shot
            embeddings, kinds = embeddings[kept], kinds[kept]
    return replace(person, embeddings=embeddings, kinds=kinds)


def check_face(gallery: Gallery, person: Person, embedder: Embedder, added: bool = False) -> None:
    """See that a face is not in the gallery under another name, and that shots that are added fit the person.

    Raises:
        ConfigError: Naming the other person.
    """
    template = person.templates()[0]
    others = Matcher(gallery.without(person.name).people, embedder.card, SAME_FACE_FAR)
    match = others.match(template)
    if match.name is not None:
        raise ConfigError(
            f"this face is enrolled already as {match.name}: run `python main.py forget` for that name first, or enrol under it with --add"
        )
    known = gallery.find(person.name)
    if added and known is not None:
        own = Matcher([replace(known, until=None)], embedder.card, 1e-2).match(template)
        if own.name is None:
            raise ConfigError(
                f"these shots are not like the face enrolled as {known.name}: check them, or enrol anew with --replace"
            )


def keep_pictures(shots: Sequence[Shot], root: Path, person: Person) -> Path:
    """Write the shots' pictures as JPEG into `root`/NAME/SESSION, with the consent beside them. Returns the person's folder.

    Raises:
        ConfigError: If they cannot be written.
    """
    readable = re.sub(r"[^\w-]+", "_", person.name)[:40].strip("_") or "person"
    folder = root / f"{readable}-{hashlib.sha256(person.name.encode()).hexdigest()[:8]}"
    session = folder / f"{person.given.astimezone():%Y-%m-%d_%H%M%S}"
    record = {
        "name": person.name,
        "consent": person.consent,
        "given": person.given.isoformat(),
        "until": person.until.isoformat() if person.until else None,
        "by": person.by,
    }
    try:
        session.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in (folder, session):
            path.chmod(0o700)
        _write_private(folder / "consent.json", json.dumps(record, ensure_ascii=False, indent=2).encode() + b"\n")
        for number, shot in enumerate(shots, start=1):
            picture = shot.picture if shot.picture is not None else shot.face
            good, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])
            if good:
                _write_private(
                    session / f"{number:04}_{shot.step.name.lower()}_{shot.kind.name.lower()}.jpg", data.tobytes()
                )
    except OSError as error:
        raise ConfigError(
            f"the pictures cannot be written into {root} ({error.strerror}): give another folder with --keep-pictures"
        ) from None
    return folder


def _write_private(path: Path, content: bytes) -> None:
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600), "wb"
    ) as file:
        file.write(content)


def remove_pictures(person: Person) -> int:
    """Delete what `keep_pictures` wrote for a person, and nothing else. Returns how many pictures."""
    folder = Path(person.pictures)
    try:
        if not person.pictures or not same_name(
            json.loads((folder / "consent.json").read_text(encoding="utf-8"))["name"], person.name
        ):
            return 0
        removed = 0
        for picture in folder.glob("*/[0-9][0-9][0-9][0-9]*_*_*.jpg"):
            picture.unlink()
            removed += 1
        (folder / "consent.json").unlink()
        for path in [*folder.iterdir(), folder]:
            with contextlib.suppress(OSError):  # somebody else's files are in it
                path.rmdir()
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    return removed


def run_people(argv: Sequence[str], say: Say = print) -> int:
    """`main.py people`: who is enrolled, with their consents.

    Raises:
        ConfigError, ModelError: One line each.
    """
    parser = _Parser(prog="main.py people", description="List the people who are enrolled.", allow_abbrev=False)
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
    """Name and dimension of the embedding model, from its card; the network itself is not loaded."""
    from monitor.card import load_card
    from monitor.engine import model_stem
    from monitor.identify import MODEL

    card = load_card(model_stem(MODEL).with_suffix(".onnx"))
    return str(card["name"]), int(card["output"]["dimension"])


def run_forget(argv: Sequence[str], say: Say = print) -> int:
    """`main.py forget NAME`: out of the gallery, the name out of the store, kept pictures deleted; with a receipt.

    Raises:
        ConfigError: If the name is found nowhere.
        ConfigError, StoreError, ModelError: One line each.
    """
    parser = _Parser(prog="main.py forget", description="Remove a person and their name.", allow_abbrev=False)
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--gallery", metavar="FILE", type=Path)
    parser.add_argument("--store", metavar="URL", default="")
    arguments = parser.parse_args(argv)
    name = clean_name(arguments.name)
    path = arguments.gallery or default_gallery()
    gallery = load_gallery(path, *_card())
    person = gallery.find(name)
    from monitor.store import Store

    store = Store(arguments.store)
    try:
        rows = store.forget_identity(person.name if person is not None else name)
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
        f"Receipt: {person.name if person else name} was forgotten on {datetime.now().astimezone().isoformat(timespec='seconds')}."
    )
    if person is not None:
        consent = f"the consent given {_day(person.given)} to {person.by}"
        say(f"  gallery {path}: {len(person.embeddings)} embeddings and {consent} removed")
    else:
        say(f"  gallery {path}: the name was not in it")
    say(f"  store {store.label}: the name removed from {rows} visits and sightings; these stay, without a name")
    if person is not None and person.pictures:
        say(f"  pictures: {pictures} deleted from {person.pictures}")
    say("  CSV files, event logs and backups that were written before are not touched: delete the name there yourself")
    return 0

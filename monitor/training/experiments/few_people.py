"""Pictures of a few people, as aligned faces, split by capture session: what `closed_set` and
`classical_identity` learn from.

A folder holds one folder for each person, in any of these forms:

    NAME/2026-11-21_101500/0001_straight_bare.jpg   what `main.py enrol NAME --count 500
                                                    --keep-pictures FOLDER` writes
    NAME/masked/*.jpg, NAME/unmasked/*.jpg          rmfrd_ids; its test people
    (`splits.is_test_person`) are left out
    NAME/*.jpg                                      any other
    train/NAME/*.jpg, val/NAME/*.jpg                celeb5: `val` is the test

What was taken in one go never lies on both sides of the split. A session is what lies in one
session folder, or what carries a time in its name (20261121_101500) less than ten minutes after the
picture before; of all other pictures those of one person that look alike
(`monitor.training.pictures.duplicates`) are taken for one session. Frames of one video must
therefore lie in a folder of their own, as little tells loose ones apart. Training pictures that are
near duplicates of a test picture are left out after that. People with a single session cannot be
tested and are left out, and so is everybody whose consent has ended.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.detect.yunet import YuNet
from monitor.errors import ConfigError
from monitor.faces.align import SIZE
from monitor.records import Image
from monitor.training.pictures.chips import PICTURES, Box, Chip, label_of, merge_groups
from monitor.training.pictures.duplicates import DISTANCE_MAX, Pair, find_pairs, path_pairs
from monitor.training.pictures.faces import Faces, largest_face, read_picture
from monitor.training.pictures.splits import is_test_person

TEST_PART = 0.2
CONSENT = "consent.json"
# Bits of 256 in which two loose pictures of one person may differ to count as one session. Looked
# at on rmfrd_ids: up to 80 nearly all pairs are of one occasion, up to 88 about two in three. A
# pair too many costs no honesty, only a few training pictures.
ALIKE_MAX = 80
SESSION_GAP = timedelta(minutes=10)
_TIME = re.compile(
    r"(20\d{2})[-_]?([01]\d)[-_]?([0-3]\d)[-_T ]?([0-2]\d)[-_.]?([0-5]\d)[-_.]?([0-5]\d)"
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of one person, before its face is looked for."""

    path: Path
    person: str
    masked: bool
    session: str  # what was taken in one go carries the same; empty where nothing tells
    test: bool | None  # the side that its folder tells; None: still to be split


@dataclass(frozen=True, slots=True, eq=False)
class FewPeople:
    """Aligned faces of a few people with their side of the split."""

    root: Path
    people: tuple[str, ...]  # names of their folders
    faces: Faces  # (N, 112, 112, 3) uint8 BGR
    person: npt.NDArray[np.intp]  # (N,) index into `people`
    masked: npt.NDArray[np.bool_]  # (N,) a real mask is worn
    group: npt.NDArray[np.intp]  # (N,) capture session
    test: npt.NDArray[np.bool_]  # (N,)
    notes: tuple[str, ...]  # what was left out or found on the way, without names

    @property
    def name(self) -> str:
        """Of the set, for the report."""
        return self.root.name

    def summary(self) -> str:
        """One line for the report."""
        train, test = ~self.test, self.test
        return (
            f"{self.name}: {len(self.people)} people, {len(self.faces)} pictures "
            f"({int(self.masked.sum())} really masked) in "
            f"{len(np.unique(self.group))} sessions; training {int(train.sum())} pictures of "
            f"{len(np.unique(self.group[train]))} sessions, test {int(test.sum())} of "
            f"{len(np.unique(self.group[test]))}" + "".join(f"; {note}" for note in self.notes)
        )


def load(root: Path, people_max: int, seed: int) -> FewPeople:
    """The faces of one folder, split.

    Args:
        root: See the module. If more people than `people_max` are there, those with most pictures
            are taken.
        people_max: At most so many people.
        seed: Of the split.

    Raises:
        ConfigError: If the folder is not there, a picture cannot be read, or fewer than two people
            can be tested.
    """
    if not root.is_dir():
        raise ConfigError(
            f"{root} is not there: give a folder that holds one folder of pictures for each person"
        )
    pictures, notes = _listed(root)
    counts: dict[str, int] = defaultdict(int)
    for picture in pictures:
        counts[picture.person] += 1
    most = sorted(counts, key=lambda name: (-counts[name], name))[:people_max]
    pictures = [p for p in pictures if p.person in most]
    faces, chips, missed = read_faces(pictures)
    if missed:
        notes.append(f"{missed} pictures in which no face was found are taken whole")
    loose = {p.path for p in pictures if not p.session}
    alike = [pair for pair in find_pairs(chips, ALIKE_MAX) if _alike(pair, loose)]
    within = [
        p for p in alike if p.a.identity == p.b.identity and p.a.path in loose and p.b.path in loose
    ]
    names = [chip.group for chip in merge_groups(chips, path_pairs(within))]
    groups = np.unique(names, return_inverse=True)[1].astype(np.intp)
    keep, test = _sides(pictures, groups, alike, seed, notes)
    people = tuple(sorted({p.person for p, k in zip(pictures, keep, strict=True) if k}))
    if len(people) < 2:
        raise ConfigError(
            f"{root} has {len(people)} people with pictures of two sessions or more, two are "
            f"needed: "
            "record each person at least twice, with a pause or on another day"
        )
    person = np.array(
        [people.index(p.person) for p, k in zip(pictures, keep, strict=True) if k], np.intp
    )
    masked = np.array([p.masked for p in pictures], bool)
    return FewPeople(
        root, people, faces[keep], person, masked[keep], groups[keep], test[keep], tuple(notes)
    )


def read_faces(pictures: Sequence[Picture]) -> tuple[Faces, list[Chip], int]:
    """`largest_face` of each picture.

    Returns:
        (N, 112, 112, 3) uint8 BGR; where each face lies, for the search for near duplicates; and
        how many were not found.

    Raises:
        ConfigError: If a picture cannot be read.
    """
    detector = YuNet(confidence_min=0.3, min_face_px=10)
    faces, chips, missed = np.empty((len(pictures), SIZE, SIZE, 3), np.uint8), [], 0
    for i, picture in enumerate(pictures):
        image = read_picture(picture.path)
        largest = largest_face(image, detector)
        faces[i] = largest.face
        missed += largest.box is None
        box = largest.box or _whole(image)
        label = "masked" if picture.masked else "unmasked"
        side = max(box[2] - box[0], box[3] - box[1])
        group = f"{picture.person}/{picture.session or picture.path}"
        chips.append(
            Chip(
                picture.path,
                "people",
                label,
                box,
                None,
                side,
                picture.path.name,
                picture.person,
                group,
            )
        )
    return faces, chips, missed


def _whole(image: Image) -> Box:
    """The picture but for a narrow rim: what the search for near duplicates takes for the face."""
    height, width = image.shape[:2]
    rim = 0.025 * max(height, width)
    return (rim, rim, width - rim, height - rim)


def _listed(root: Path) -> tuple[list[Picture], list[str]]:
    """All pictures by person and path, and what was left out."""
    notes: list[str] = []
    sides: list[tuple[Path, bool | None]] = [(root, None)]
    if (root / "train").is_dir() and (root / "val").is_dir():
        sides = [(root / "train", False), (root / "val", True)]
    result: list[Picture] = []
    ended, kept_aside = set(), set()
    for folder, test in sides:
        for person in sorted(p for p in folder.iterdir() if p.is_dir()):
            if root.name == "rmfrd_ids" and is_test_person(person.name, "rmfrd"):
                kept_aside.add(person.name)
            elif _consent_ended(person):
                ended.add(person.name)
            else:
                result += _pictures_of(person, test)
    if kept_aside:
        notes.append(
            f"{len(kept_aside)} people are kept for tests of the embedding models and left out"
        )
    if ended:
        notes.append(f"{len(ended)} people whose consent has ended are left out")
    return result, notes


def _consent_ended(person: Path) -> bool:
    """Whether the consent that `monitor.identity.kept_pictures` wrote beside the pictures is over
    or cannot be read.
    """
    if not (person / CONSENT).is_file():
        return False
    try:
        until = read_consent(person)["until"]
        return until is not None and datetime.fromisoformat(until).astimezone(UTC) <= datetime.now(
            UTC
        )
    except (OSError, ValueError, KeyError, TypeError):
        return True


def read_consent(person: Path) -> dict[str, Any]:
    """What `monitor.identity.kept_pictures` wrote beside somebody's pictures.

    Raises:
        OSError, ValueError: If it is not there or cannot be read.
    """
    found: dict[str, Any] = json.loads((person / CONSENT).read_text(encoding="utf-8"))
    return found


def _pictures_of(person: Path, test: bool | None) -> list[Picture]:
    paths = sorted(p for p in person.rglob("*") if p.suffix.lower() in PICTURES)
    by_time = _sessions_by_time(paths)
    result = []
    for path in paths:
        folders = path.relative_to(person).parts[:-1]
        masked = path.stem.endswith("_masked") or any(label_of(f) == "masked" for f in folders)
        session = "/".join(f for f in folders if label_of(f) is None)
        result.append(Picture(path, person.name, masked, session or by_time.get(path, ""), test))
    return result


def _sessions_by_time(paths: Sequence[Path]) -> dict[Path, str]:
    """Sessions of those pictures whose names tell a time."""
    times: list[tuple[datetime, Path]] = []
    for path in paths:
        if match := _TIME.search(path.stem):
            try:
                times.append((datetime(*(int(v) for v in match.groups()), tzinfo=UTC), path))  # type: ignore[misc, arg-type]
            except ValueError:
                continue  # a number that looks like a time
    result: dict[Path, str] = {}
    last, session = datetime.min.replace(tzinfo=UTC), ""
    for time, path in sorted(times):
        if time - last > SESSION_GAP:
            session = time.isoformat()
        result[path], last = session, time
    return result


def _alike(pair: Pair, loose: set[Path]) -> bool:
    """Whether two pictures are near duplicates: loose ones of one person by the wider measure."""
    one = pair.a.identity == pair.b.identity and pair.a.path in loose and pair.b.path in loose
    return one or pair.distance <= DISTANCE_MAX


def _sides(
    pictures: Sequence[Picture],
    groups: npt.NDArray[np.intp],
    alike: Sequence[Pair],
    seed: int,
    notes: list[str],
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which pictures are used, and which of them are tested. Adds to the notes what was left
    out.
    """
    names = np.array([p.person for p in pictures])
    if pictures and pictures[0].test is not None:
        test = np.array([bool(p.test) for p in pictures])
    else:
        test = split(names, np.array([p.masked for p in pictures], bool), groups, seed)
    tested = {p.path for p, t in zip(pictures, test, strict=True) if t}
    twins = {
        a.path
        for pair in alike
        for a, b in ((pair.a, pair.b), (pair.b, pair.a))
        if b.path in tested
    } - tested
    keep = np.array([p.path not in twins for p in pictures], bool)
    if twins:
        notes.append(
            f"{len(twins)} training pictures that are near duplicates of test pictures are left out"
        )
    good = [
        n
        for n in np.unique(names)
        if (keep & test & (names == n)).any() and (keep & ~test & (names == n)).any()
    ]
    single = len(np.unique(names)) - len(good)
    if single:
        notes.append(f"{single} people with pictures of one session alone are left out")
    return keep & np.isin(names, good), test


def split(
    names: npt.NDArray[np.str_],
    masked: npt.NDArray[np.bool_],
    groups: npt.NDArray[np.intp],
    seed: int,
) -> npt.NDArray[np.bool_]:
    """About a fifth of each person's bare and of each person's masked pictures, session by session.

    Args:
        names, masked, groups: (N,) whom each picture shows, whether masked, and its session, which
            is of one person.
        seed: Of the order in which sessions are tried.

    Returns:
        (N,) true where a picture is tested. A person with one session alone is not tested.
    """
    order = np.random.default_rng(seed).permutation(np.unique(groups))
    test = np.zeros(len(groups), bool)
    for name in np.unique(names):
        mine = names == name
        kinds = [
            {int(g): n for g in order if (n := int((mine & (masked == k) & (groups == g)).sum()))}
            for k in (0, 1)
        ]
        # A kind of which there is one session alone stays in training, as long as there is
        # something else to test.
        chosen = [k for k in kinds if len(k) > 1] or [
            {g: int((mine & (groups == g)).sum()) for k in kinds for g in k}
        ]
        tested: set[int] = set()
        seen: set[int] = set()
        for sizes in chosen:
            tested |= _a_fifth(sizes, tested, seen)
            seen |= set(sizes)
        if len(tested) < len(np.unique(groups[mine])):
            test |= mine & np.isin(groups, list(tested))
    return test


def _a_fifth(sizes: dict[int, int], tested: set[int], seen: set[int]) -> set[int]:
    """Sessions to test besides those of `tested`, about a fifth of the pictures, but not all; none
    of `seen`.
    """
    goal = max(1, round(TEST_PART * sum(sizes.values())))
    count = sum(size for group, size in sizes.items() if group in tested)
    added: set[int] = set()
    while count < goal:
        off = {g: abs(count + n - goal) for g, n in sizes.items() if g not in seen | added}
        best = min(off, key=lambda g: off[g], default=None)
        if (
            best is None
            or (count and off[best] >= goal - count)
            or not set(sizes) - tested - added - {best}
        ):
            break
        added.add(best)
        count += sizes[best]
    return added

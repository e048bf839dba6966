"""Whom the embedding network learns from: aligned faces of the train people, and how they are
doctored.

Every picture is (112, 112, 3) uint8 BGR on the template of `monitor.faces.align`. Whoever is tested
(`monitor.training.pictures.splits`) and the five of celeb5 are never read here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from monitor.detect.yunet import YuNet
from monitor.faces.align import SIZE, TEMPLATE, align
from monitor.identity.drawn_masks import template_to_face
from monitor.records import Image
from monitor.training.drawing import camera_faults, fabric, occlude, wear
from monitor.training.pictures import pool
from monitor.training.pictures.chips import Chip, load_chips
from monitor.training.pictures.faces import Faces, pictures_in, read_aligned, read_detected
from monitor.training.pictures.splits import (
    CELEBS_IN_LFW,
    is_test_figure,
    is_test_utkface,
    is_watched_person,
    people_of,
)

# whose masks are laid on faces: none of them is a set of named people
DONORS = ("andrewmvd", "ilc2021", "masktypes")
# Doctored pictures of each picture. There are few really masked ones, so that each is seen more
# often.
COPIES = {"masked": 10, "rmfrd": 3, "named": 2, "lfw": 1, "utkface": 1}
UTKFACE_MAX = 1500  # people of UTKFace, each of one picture
# The pictures of rmfrd_ids were cut out as oblongs and saved as squares: eyes lie 1.26 times as far
# apart as they should against eyes and mouth (median of the 370 bare pictures of the train people),
# in the masked ones 1.14 times.
STRETCH = 1.26
WORN = 0.62  # of the bare ones, how many get a mask drawn on


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Faces with the number of whom they show. People of UTKFace are one picture each."""

    images: Faces  # (N, 112, 112, 3)
    person: npt.NDArray[np.int64]  # (N,)
    source: npt.NDArray[np.str_]  # (N,) a key of `COPIES`
    count: int  # of persons


def validation_people(root: Path) -> list[str]:
    """LFW people of the train half that are kept to watch the training."""
    names = (p.name for p in root.iterdir() if len(pictures_in(p)) > 3)
    return [n for n in people_of(names, "train", "lfw") if is_watched_person(n)]


def read_people(data: Path, every: int = 1) -> People:
    """All train people; `every` n-th of each source for a short run."""
    sets: dict[str, list[tuple[Faces, str]]] = {name: [] for name in COPIES}
    lfw = data / "lfw_aligned"
    for name in people_of((p.name for p in lfw.iterdir()), "train", "lfw")[::every]:
        if name not in CELEBS_IN_LFW and not is_watched_person(name):
            sets["lfw"].append((read_aligned(pictures_in(lfw / name)), name))
    detector = YuNet(confidence_min=0.3, min_face_px=10)
    rmfrd = data / "rmfrd_ids"
    for name in people_of((p.name for p in rmfrd.iterdir() if p.is_dir()), "train", "rmfrd")[
        ::every
    ]:
        sets["masked"].append((read_detected(pictures_in(rmfrd / name / "masked"), detector), name))
        sets["rmfrd"].append(
            (read_detected(pictures_in(rmfrd / name / "unmasked"), detector), name)
        )
    chips = load_chips(data / "mask_chips")
    for name, faces in _named_chips(chips).items():
        sets["named"].append((faces, name))
    utkface = [p for p in pictures_in(data / "utkface_aligned") if not is_test_utkface(p.name)]
    sets["utkface"] += [(read_aligned([p]), p.name) for p in utkface[:UTKFACE_MAX:every]]
    numbers: dict[tuple[str, str], int] = {}
    images, person, source = [], [], []
    for kind, entries in sets.items():
        for faces, name in entries:
            family = "celebrity" if kind in ("masked", "rmfrd", "named") else kind
            number = numbers.setdefault((family, name), len(numbers))
            images.append(faces)
            person += [number] * len(faces)
            source += [kind] * len(faces)
    return People(
        np.concatenate(images), np.array(person, np.int64), np.array(source), len(numbers)
    )


def donors(data: Path) -> list[pool.Face]:
    """Really masked faces whose masks are laid on others."""
    chips = [
        c
        for c in load_chips(data / "mask_chips")
        if c.label == "masked" and c.source in DONORS and c.face_px >= 60
    ]
    return pool.read([c for c in chips if c.landmarks is not None], None)


def _named_chips(chips: Sequence[Chip]) -> dict[str, Faces]:
    """Bare, aligned chips of named people whom no test holds: neither the test half here nor the
    half that is kept aside.
    """
    by_name: dict[str, list[Image]] = {}
    for chip in chips:
        name = chip.identity
        if name is None or chip.landmarks is None or is_test_figure(name):
            continue
        image = cv2.imread(str(chip.path))
        if image is not None:
            box = np.array([chip.box], np.float32)
            by_name.setdefault(name, []).append(align(image, box, chip.landmarks[None])[0])  # type: ignore[arg-type]
    return {name: np.stack(faces) for name, faces in by_name.items()}


def variants(
    people: People, bank: fabric.Bank, seed: int, copies: Mapping[str, int] = COPIES
) -> tuple[Faces, npt.NDArray[np.int64]]:
    """Doctored pictures, `copies` of each picture by its source, and (N,) numbers of whom they
    show; the same for the same seed.
    """
    rng = np.random.default_rng(seed)
    rows = np.concatenate(
        [np.repeat(np.flatnonzero(people.source == n), many) for n, many in copies.items()]
    )
    made = np.empty((len(rows), SIZE, SIZE, 3), np.uint8)
    for i, row in enumerate(rows):
        made[i] = doctored(people.images[row], people.source[row] == "masked", bank, rng)
    return made, people.person[rows]


def doctored(face: Image, masked: bool, bank: fabric.Bank, rng: np.random.Generator) -> Image:
    """One aligned face as a camera might give it, a mask drawn on most of the bare ones."""
    to_face = template_to_face(TEMPLATE)
    if not masked and rng.random() < WORN:
        face, _ = wear.wear(face, TEMPLATE, "right", bank.style(rng), bank, rng)
    if rng.random() < 0.12:
        face = occlude.cap(face, to_face, fabric.colour(rng), rng)
    if rng.random() < 0.12:
        face = occlude.glasses(face, to_face, rng)
    elif rng.random() < 0.04:
        face = camera_faults.cover_eyes(face, TEMPLATE, rng)
    if rng.random() < 0.08:
        face = occlude.hair(face, to_face, rng)
    face = _moved(face, rng)
    return camera_faults.degrade(face, rng) if rng.random() < 0.7 else face


def stretched(face: Image, factor: float) -> Image:
    """The face `factor` times as wide against its height, on the template as a similarity would lay
    it then.
    """
    across, down = np.sqrt(factor), 1 / np.sqrt(factor)
    centre = TEMPLATE.mean(axis=0)
    matrix = np.array([[across, 0, centre[0] * (1 - across)], [0, down, centre[1] * (1 - down)]])
    return cv2.warpAffine(face, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR)  # type: ignore[return-value]


def _moved(face: Image, rng: np.random.Generator) -> Image:
    """Mirrored or not, and laid on the template as badly as landmarks of small and covered faces
    lay it.

    Stretched as well: pictures saved in another shape are common, and SFace takes them badly (bare
    faces of the train people of rmfrd_ids: rank-1 79.1 % as they come, 88.5 % with the stretch
    undone).
    """
    spread = 1.0 if rng.random() < 0.7 else 2.0
    scale = float(np.exp(rng.normal(0, 0.035 * spread)))
    turn = cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), float(rng.normal(0, 2.5 * spread)), scale)
    matrix = np.asarray(turn, np.float64)
    matrix[:, 2] += rng.normal(0, 1.6 * spread, 2)
    wide = float(np.exp(rng.uniform(-0.1, 0.27) / 2))
    middle = np.array(
        [[wide, 0, SIZE / 2 * (1 - wide)], [0, 1 / wide, SIZE / 2 * (1 - 1 / wide)], [0, 0, 1]]
    )
    matrix = matrix @ middle
    if rng.random() < 0.5:
        matrix = np.array([[-1, 0, SIZE - 1], [0, 1, 0]]) @ np.vstack([matrix, [0, 0, 1]])
    border = cv2.BORDER_CONSTANT if rng.random() < 0.5 else cv2.BORDER_REPLICATE
    return cv2.warpAffine(face, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=border)  # type: ignore[return-value]

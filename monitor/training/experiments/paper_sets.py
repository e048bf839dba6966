"""What the networks of the papers learn and are tested on: on the papers' terms and on honest ones,
out of one division of the pictures, so that one trained network answers for both.

    papers   what a random fifth of the learnt pictures and of their augmented copies is: copies of
             one picture lie on both sides, as the papers have it
    grouped  what shares no original, person's session or near duplicate with anything learnt
    apart    another source of masks: other pictures (masks), or photographed masks that no training
             saw laid on the grouped faces (the other tasks)

The grouped part is taken off first; only the rest is copied and divided at random.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from monitor.errors import ConfigError
from monitor.faces.gender import GENDERS
from monitor.training.drawing.laid_on import CUTOUTS, Cutouts, drawn, masked_all
from monitor.training.experiments import few_people, few_report
from monitor.training.experiments.closed_set import augment
from monitor.training.mask.conditions import person_of
from monitor.training.mask.sets import FACE_MIN_PX, rois
from monitor.training.pictures import duplicates, pool
from monitor.training.pictures.chips import Chip, load_data, merge_groups, split
from monitor.training.pictures.faces import pictures_in, read_aligned
from monitor.training.pictures.splits import is_test_utkface

SOURCE, APART = "chandrika", "ilc2021"  # of `masks`: what is learnt, and what was never seen
MASKS = ("masked", "unmasked")
SIDE, MARGIN = 160, 0.3  # px of a face crop, and what is added round it
TEST_PART = 0.2  # of the papers' random split, and of the groups taken off before
TESTS = ("papers", "grouped", "apart")
# pictures of each person after augmentation, as the first paper has them
EACH_PERSON = 500
CELEBRITIES = 6


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Faces and what they are."""

    faces: npt.NDArray[np.uint8]  # (N, S, S, 3) RGB
    truth: npt.NDArray[np.intp]  # (N,) index into the task's classes

    def some(self, limit: int, seed: int) -> Labelled:
        """At most so many of them, chosen at random."""
        chosen = np.random.default_rng(seed).permutation(len(self.truth))[:limit]
        return Labelled(self.faces[chosen], self.truth[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is to be told apart, with the pictures for it."""

    name: str
    classes: tuple[str, ...]
    train: Labelled
    tests: Mapping[str, Labelled]  # by `TESTS`
    about: str  # a sentence on the pictures, without names


def on_papers_terms(learnt: Labelled, copies: int, seed: int) -> tuple[Labelled, Labelled]:
    """Copies made first, divided at random then: what is learnt, and what the papers test on.

    Args:
        learnt: The pictures.
        copies: How many augmented ones join each (flip, shift and turn).
        seed: Of both.
    """
    rng = np.random.default_rng(seed)
    parts = [learnt.faces]
    for _ in range(copies):
        parts.append(np.stack([augment(face, rng) for face in learnt.faces]))
    faces, truth = np.concatenate(parts), np.tile(learnt.truth, copies + 1)
    order = rng.permutation(len(truth))
    test, train = np.split(order, [round(TEST_PART * len(order))])
    return Labelled(faces[train], truth[train]), Labelled(faces[test], truth[test])


def masks(data: Path, limit: int, seed: int) -> Task:
    """Masked or bare: one source, and another one that was left out."""
    chips = [c for c in load_data(data / "mask_chips") if c.label in MASKS]
    own = _some([c for c in chips if c.source == SOURCE], limit, seed)
    if not own:
        raise ConfigError(f"{data / 'mask_chips'} has no pictures of {SOURCE}: see --data")
    apart = [c for c in chips if c.source == APART and c.face_px >= FACE_MIN_PX]
    own = merge_groups(own, duplicates.path_pairs(duplicates.find_pairs(own)))
    grouped, rest = split(own, TEST_PART, seed)
    train, papers = on_papers_terms(_cut(rest), 1, seed)
    tests = {"papers": papers, "grouped": _cut(grouped), "apart": _cut(_some(apart, limit, seed))}
    about = (
        f"{len(own)} faces of {SOURCE} in {len({c.group for c in own})} groups of originals and "
        f"near duplicates, each with one copy; apart: {APART}, faces of {FACE_MIN_PX} px or more"
    )
    return Task("masks", MASKS, train, tests, about)


def gender(data: Path, limit: int, seed: int) -> Task:
    """Male or female, all with a drawn mask on; nobody is named, so a picture is a group."""
    paths = [p for p in pictures_in(data / "utkface_aligned") if person_of(p.name)]
    if not paths:
        raise ConfigError(f"{data / 'utkface_aligned'} has no faces named AGE_GENDER_RACE_date")
    chosen = [paths[i] for i in np.random.default_rng(seed).permutation(len(paths))[:limit]]
    bare = read_aligned(chosen)
    truth = np.array([GENDERS.index(p.gender) for q in chosen if (p := person_of(q.name))], np.intp)
    held = np.array([is_test_utkface(p.name) for p in chosen])
    worn = _rgb(masked_all(bare, drawn, seed))
    train, papers = on_papers_terms(Labelled(worn[~held], truth[~held]), 1, seed)
    tests = {
        "papers": papers,
        "grouped": Labelled(worn[held], truth[held]),
        "apart": Labelled(_rgb(masked_all(bare[held], _cutouts(data), seed)), truth[held]),
    }
    about = (
        f"{len(chosen)} faces of utkface_aligned with drawn masks, each with one copy; apart: "
        "photographed masks on the grouped faces"
    )
    return Task("gender", tuple(GENDERS), train, tests, about)


def two_people(data: Path, limit: int, seed: int) -> Task:
    """Two people, `EACH_PERSON` augmented pictures of each."""
    return _people(data, "two_people", few_people.load(data / "celeb5", 2, seed), limit, seed)


def celebrities(data: Path, limit: int, seed: int) -> Task:
    """Six public figures, really masked or bare."""
    few = few_people.load(data / "rmfrd_ids", CELEBRITIES, seed)
    return _people(data, "celebrities", few, limit, seed)


TASKS: Mapping[str, Callable[[Path, int, int], Task]] = {
    "masks": masks,
    "gender": gender,
    "two_people": two_people,
    "celebrities": celebrities,
}


def _people(data: Path, name: str, few: few_people.FewPeople, limit: int, seed: int) -> Task:
    """Sessions that were taken off are the grouped part, bare and with a drawn mask."""
    lesson = few_report.lesson(few, with_drawn=True)
    classes = tuple(f"person {i + 1}" for i in range(len(few.people)))
    wanted = min(EACH_PERSON, max(1, limit // len(classes)))
    learnt = Labelled(_rgb(lesson.faces), lesson.person)
    copies = max(1, round(wanted * len(classes) / len(learnt.truth)) - 1)
    train, papers = on_papers_terms(learnt, copies, seed)
    truth, own = few.person[few.test], few.faces[few.test]
    bare = ~few.masked[few.test]
    both = np.concatenate([own, masked_all(own[bare], drawn, seed)])
    tests = {
        "papers": papers,
        "grouped": Labelled(_rgb(both), np.concatenate([truth, truth[bare]])),
        "apart": Labelled(_rgb(masked_all(own[bare], _cutouts(data), seed)), truth[bare]),
    }
    about = (
        f"{few.summary()}; with drawn masks {len(learnt.truth)} pictures to learn, each with "
        f"{copies} copies; apart: photographed masks on the bare faces of the grouped part"
    )
    return Task(name, classes, train, tests, about)


def _cutouts(data: Path) -> Cutouts:
    return Cutouts(data / "mask_templates", CUTOUTS)


def _rgb(faces_bgr: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(faces_bgr[..., ::-1])


def _some(chips: list[Chip], limit: int, seed: int) -> list[Chip]:
    return [chips[i] for i in np.random.default_rng(seed).permutation(len(chips))[:limit]]


def _cut(chips: list[Chip]) -> Labelled:
    faces = rois(pool.read(chips, None), SIDE, MARGIN)
    return Labelled(faces, np.array([MASKS.index(c.label) for c in chips], np.intp))

"""The faces that the gender network learns from and is tested on: who is in which part, and the
masks drawn on them.

Only `utkface_aligned` has a label of gender (0 male, 1 female, as UTKFace was labelled). Its test
part are the pictures of `splits.is_test_utkface`; of the rest those of `is_watched_utkface` are
watched. A picture of the rest that is a near duplicate of a test picture (`duplicates`) is left
out. The same originals lie in `mask_chips/utkface`: nothing is read from there; the only chips that
are used are really masked faces of other sources, whose masks are laid on bare faces here. UTKFace
names nobody, so that one person may be on both sides with two pictures that do not look alike.

Faces without a label of gender are the training half of `lfw_aligned` (`splits.is_test_person`) and
bare chips, laid straight: none that is named after a public figure whom a test of identity can
hold, and none whose embedding is like that of a test face. The network learns SFace's embeddings
from them, and where its teachers are sure of the gender, their guess serves as a label: a logistic
regression on those embeddings, and dlib's network, which sees bare faces well and masked ones
badly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from monitor.errors import ConfigError
from monitor.faces.align import SIZE, TEMPLATE, similarity
from monitor.faces.gender import GENDERS, resized
from monitor.identity.drawn_masks import STYLES, draw_mask
from monitor.records import FloatArray, Image
from monitor.training.drawing import camera_faults, fabric, wear
from monitor.training.drawing.laid_on import drawn, masked_all
from monitor.training.learning.stream import Batch
from monitor.training.mask.conditions import Person, person_of
from monitor.training.pictures import duplicates, pool
from monitor.training.pictures.chips import Chip, load_data
from monitor.training.pictures.faces import read_aligned
from monitor.training.pictures.pool import Face
from monitor.training.pictures.splits import (
    is_test_figure,
    is_test_person,
    is_test_utkface,
    is_watched_utkface,
)

# Their masks are real photographs. No source with masks pasted on: those may be the cut-outs that
# the test draws.
DONOR_SOURCES = ("chandrika", "ilc2021", "andrewmvd")
DONOR_MIN_PX = 60.0
DONORS_MAX = 1200
SURE = 0.9  # probability from which on a guess is taken for a label
# whose bare chips are learnt from; none of them holds UTKFace
CHIP_SOURCES = ("chandrika", "ashish12k")
CHIP_MIN_PX = 48.0
ALIKE = 0.5  # cosine of two embeddings of SFace from which on they may show one person


@dataclass(frozen=True, eq=False)
class Parts:
    """Aligned bare faces; no original is in two parts."""

    train: list[Chip]
    watched: list[Chip]
    test: list[Chip]
    unlabelled: list[Chip]  # those of CHIP_SOURCES are not aligned, see `read`
    near_duplicates: int  # left out of training, as they look like a test picture


def person(chip: Chip) -> Person:
    """Age, gender and race of a face of `Parts`."""
    found = person_of(chip.original)
    if found is None:
        raise ConfigError(f"{chip.original} is not named AGE_GENDER_RACE_date: rename or remove it")
    return found


def genders(chips: Sequence[Chip]) -> npt.NDArray[np.int64]:
    """(N,) index into `GENDERS`."""
    return np.array([GENDERS.index(person(c).gender) for c in chips], np.int64)


def genders_known(chips: Sequence[Chip]) -> npt.NDArray[np.int64]:
    """The same with -1 where the name says nothing."""
    people = [person_of(c.original) for c in chips]
    return np.array([-1 if p is None else GENDERS.index(p.gender) for p in people], np.int64)


def taught(
    known: npt.NDArray[np.int64], lessons: FloatArray, guesses: FloatArray | None = None
) -> npt.NDArray[np.int64]:
    """Labels for faces that have none: the guess of a logistic regression on the embeddings of
    those that have one.

    Args:
        known: (N,) as `genders_known` gives them.
        lessons: (N, D) embeddings of the bare faces.
        guesses: (N, 2) what another network says of them, in the order of `GENDERS`: the mean of
            both decides then.

    Returns:
        (N,): known labels as they were, sure guesses in place of -1, and -1 where the probability
        is less than `SURE`.
    """
    from sklearn.linear_model import LogisticRegression

    labelled = known >= 0
    if labelled.all() or len(np.unique(known[labelled])) < len(GENDERS):
        return known
    regression = LogisticRegression(C=10, max_iter=1000).fit(lessons[labelled], known[labelled])
    probability = regression.predict_proba(lessons)
    if guesses is not None:
        probability = (probability + guesses) / 2
    guess = np.where(probability.max(axis=1) >= SURE, probability.argmax(axis=1), -1)
    return np.where(labelled, known, guess)


def read(chips: Sequence[Chip]) -> list[Face]:
    """Decode faces of `Parts`; all lie as `pool.read` gives aligned ones: the template with a rim
    round it.
    """
    return [
        _straight(face) if face.source in CHIP_SOURCES else face for face in pool.read(chips, None)
    ]


def template_part(face: Face) -> Image:
    """(112, 112, 3) BGR without the rim."""
    left, top, _, _ = pool.RIM
    return face.image[top : top + SIZE, left : left + SIZE]


def _straight(face: Face) -> Face:
    assert face.landmarks is not None
    left, top, right, bottom = pool.RIM
    matrix = similarity(face.landmarks[None])[0] + np.array([[0, 0, left], [0, 0, top]], np.float32)
    size_wh = (left + SIZE + right, top + SIZE + bottom)
    size = float(np.hypot(*matrix[:, 0]))
    image = face.image
    if size < 0.6:  # warpAffine does not average
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.35 / size), np.uint8)
    image = np.asarray(
        cv2.warpAffine(image, matrix, size_wh, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
    return replace(face, image=image, landmarks=TEMPLATE + np.array([left, top], np.float32))


def unlike(lessons: FloatArray, tested: FloatArray) -> npt.NDArray[np.bool_]:
    """(N,) whether a face is like none of those of the test, by SFace's embeddings (N, D) and (M,
    D).
    """
    return np.asarray((lessons @ tested.T).max(axis=1, initial=-1.0) < ALIKE)


def _labelled(data: Path, every: int) -> list[Chip]:
    folder = data / "utkface_aligned"
    return (
        [c for c in pool.aligned(folder) if person_of(c.original)][::every]
        if folder.is_dir()
        else []
    )


def held_out_faces(data: Path, every: int = 1) -> list[Chip]:
    """The faces of `data`/utkface_aligned that are never trained on."""
    return [c for c in _labelled(data, every) if is_test_utkface(c.original)]


def parts(data: Path, every: int = 1) -> Parts:
    """Share out `data`/utkface_aligned; with `every` n only each n-th picture, for a
    quick look.

    Raises:
        ConfigError: If the folder is not there or holds no face for one of the parts.
    """
    chips, test = _labelled(data, every), held_out_faces(data, every)
    tested = {c.path for c in test}
    rest = [c for c in chips if c.path not in tested]
    lfw = data / "lfw_aligned"
    people = pool.aligned(lfw)[::every] if lfw.is_dir() else []
    people = [c for c in people if not is_test_person(c.path.parent.name, "lfw")]
    like_test = {
        (pair.b if pair.a.path in tested else pair.a).path
        for pair in duplicates.find_pairs([*chips, *people])
        if (pair.a.path in tested) != (pair.b.path in tested)
    }
    kept = [c for c in rest if c.path not in like_test]
    watched = [c for c in kept if is_watched_utkface(c.original)]
    train = [c for c in kept if not is_watched_utkface(c.original)]
    if not (train and watched and test):
        raise ConfigError(
            f"{data / 'utkface_aligned'} has too few faces named AGE_GENDER_RACE_date "
            f"({len(chips)}): see --data"
        )
    unlabelled = [c for c in people if c.path not in like_test] + _bare_chips(data)[::every]
    return Parts(train, watched, test, unlabelled, len(like_test))


def _bare_chips(data: Path) -> list[Chip]:
    chips = load_data(data / "mask_chips") if (data / "mask_chips").is_dir() else []
    return [
        c
        for c in chips
        if c.label == "unmasked"
        and c.source in CHIP_SOURCES
        and c.face_px >= CHIP_MIN_PX
        and c.landmarks is not None
        and not (c.identity and is_test_figure(c.identity))
    ]


def bank(data: Path, every: int = 1) -> fabric.Bank:
    """Masks to train with: made-up cloth, textures, and masks of really masked faces; none of the
    cut-outs of the test.
    """
    donors: list[Chip] = []
    if (data / "mask_chips").is_dir():
        donors = [
            c
            for c in load_data(data / "mask_chips")
            if c.label == "masked"
            and c.source in DONOR_SOURCES
            and c.face_px >= DONOR_MIN_PX
            and c.landmarks is not None
        ]
    made = fabric.Bank(
        None, pool.read(donors[:: max(every, -(-len(donors) // DONORS_MAX), 1)], None)
    )
    made.textures += fabric.read_textures(data / "mask_templates" / "textures")
    return made


@dataclass(frozen=True)
class Recipe:
    """What a batch is made of."""

    size: int = SIZE  # px, side of the network's input
    batch: int = 64
    masked: float = 0.6  # part of the faces with a mask on
    worn_right: float = 0.86  # part of those masks that cover nose and mouth
    plain: float = 0.25  # part that is drawn as `monitor.identity.drawn_masks` does it
    as_taken: float = 0.3  # part that no camera has spoilt
    labelled: float = 0.55  # part of the faces whose gender is known, where there are others
    # a group (gender, decade) of n faces is drawn n ** power times as often
    group_power: float = 0.8


class Maker:
    """Makes batches: number `i` depends on the seed and on `i` alone.

    Args:
        faces: Bare faces, as `pool.read` gives aligned ones; some without a gender if wanted.
        masks: What is drawn on them.
        recipe: See there.
        seed: Any number.
    """

    def __init__(
        self, faces: Sequence[Face], masks: fabric.Bank, recipe: Recipe, seed: int
    ) -> None:
        self._faces, self._masks, self.recipe, self._seed = list(faces), masks, recipe, seed
        chips = [f.chip for f in faces]
        known = genders_known(chips)
        ages = [person(c).age // 10 if g >= 0 else 0 for g, c in zip(known, chips, strict=True)]
        groups = list(zip(known, ages, strict=True))
        counts = Counter(groups)
        share = np.array([counts[g] ** (recipe.group_power - 1) for g in groups])
        labelled = recipe.labelled if (known < 0).any() else 1.0
        for gender, part in ((0, labelled / 2), (1, labelled / 2), (-1, 1 - labelled)):
            of_gender = known == gender
            share[of_gender] *= part / max(share[of_gender].sum(), 1e-9)
        self._up_to = np.cumsum(share / share.sum())

    def batch(self, index: int) -> Batch:
        """(N, size, size, 3) uint8 RGB and (N,) int64: which of the faces each is."""
        rng = np.random.default_rng([self._seed, index])
        which = np.searchsorted(self._up_to, rng.random(self.recipe.batch)).clip(
            0, len(self._faces) - 1
        )
        looks = np.stack([self.look(self._faces[i], rng) for i in which])
        return np.ascontiguousarray(looks[..., ::-1]), which.astype(np.int64)

    def look(self, face: Face, rng: np.random.Generator) -> Image:
        """One face as a camera might see it, (size, size, 3) BGR: perhaps masked, a little moved,
        turned and spoilt.
        """
        assert face.landmarks is not None
        image = face.image
        if rng.random() < self.recipe.masked:
            image = self._wear(image, face, rng)
        if rng.random() < 0.04:
            image = camera_faults.cover_eyes(image, face.landmarks, rng)
        # The middle and half side of the template, about where the landmarks of `align` would have
        # put it.
        x, y = face.landmarks[0] - TEMPLATE[0] + SIZE / 2 + rng.normal(0, 2.0, 2)
        half = SIZE / 2 * float(np.exp(rng.normal(0, 0.05)))
        turn, narrow = float(rng.normal(0, 4)), float(np.exp(rng.normal(0, 0.04)))
        view = camera_faults.View(float(x), float(y), half, turn, bool(rng.random() < 0.5), narrow)
        cut = camera_faults.crop(image, view, self.recipe.size, rng)
        return cut if rng.random() < self.recipe.as_taken else camera_faults.degrade(cut, rng)

    def _wear(self, image: Image, face: Face, rng: np.random.Generator) -> Image:
        assert face.landmarks is not None
        if rng.random() < self.recipe.plain:
            style = STYLES[int(rng.integers(len(STYLES)))]
            b, g, r = (int(v) for v in fabric.colour(rng))
            top, cheek, width = (float(v) for v in rng.normal(0, (3, 2, 2)))
            style = replace(
                style,
                colour_bgr=(b, g, r),
                top=style.top + top,
                cheek=style.cheek + top + cheek,
                half_width=style.half_width + width,
                straps=bool(rng.random() < 0.6),
            )
            return draw_mask(image, face.landmarks, style)
        how = (
            "right"
            if rng.random() < self.recipe.worn_right
            else str(rng.choice(["nose_out", "chin"]))
        )
        return wear.wear(image, face.landmarks, how, self._masks.style(rng), self._masks, rng)[0]


def watched_pictures(
    chips: Sequence[Chip], size: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The watched faces, bare and then with the program's own drawn masks: (2 N, size, size, 3)
    uint8 RGB, (2 N,).
    """
    bare = read_aligned([c.path for c in chips])
    both = np.concatenate([bare, masked_all(bare, drawn, 0)])
    return np.ascontiguousarray(resized(both, size)[..., ::-1]), np.tile(genders(chips), 2)

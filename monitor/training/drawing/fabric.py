"""What a drawn mask looks like: cut-outs of photographed masks, real masks of other people, and
cloth made up here.

All pictures are (H, W, 3) uint8 BGR.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from monitor.errors import ConfigError
from monitor.records import FloatArray, Image
from monitor.training.pictures.pool import Face

# The outline, from the right ear over the nose to the left ear and back under the chin: (across
# -1..1, down 0..1).
UPPER = np.array([(-1, 0.24), (-0.72, 0.17), (-0.42, 0.08), (-0.2, 0.01), (0, 0)], np.float32)
LOWER = np.array([(-0.98, 0.48), (-0.88, 0.7), (-0.66, 0.88), (-0.36, 0.98), (0, 1)], np.float32)
PATCH = 96  # side of a mask's own picture


@dataclass(frozen=True, eq=False)
class Style:
    """One mask, the same whichever way it is worn."""

    patch: Image  # (PATCH, PATCH, 3), stretched over the mask
    alpha: npt.NDArray[np.uint8] | None  # (PATCH, PATCH) of a cut-out; None takes the outline
    donor: Face | None  # a really masked face whose mask is taken instead
    upper: FloatArray  # outline
    lower: FloatArray
    strap: tuple[int, int, int] | None
    relief: float  # how much of the face's light and shade shows on the mask


def fits(face: Face) -> bool:
    """Whether a mask can be drawn on the face: landmarks are known and the eyes are far enough
    apart.
    """
    return (
        face.landmarks is not None
        and float(np.hypot(*(face.landmarks[1] - face.landmarks[0]))) >= 10
    )


class Bank:
    """Where masks come from."""

    def __init__(self, templates: Path | None, donors: Sequence[Face]) -> None:
        """Read the cut-outs and textures.

        Args:
            templates: Folder of `*.png` with alpha and `textures/`; None draws procedural and real
                masks alone.
            donors: Really masked faces; those without landmarks are passed over.
        """
        self.donors = [f for f in donors if fits(f)]
        self._cutouts: list[tuple[Image, npt.NDArray[np.uint8]]] = []
        self.textures: list[Image] = []
        if templates is not None:
            for path in sorted(templates.glob("*.png")):
                # Those for profiles are passed over: the affine map cannot follow a profile.
                if not path.stem.endswith(("_left", "_right")):
                    self._cutouts.append(_shrunk(read_cutout(path)))
            self.textures = read_textures(templates / "textures")

    def style(self, rng: np.random.Generator, donors: bool = True) -> Style:
        """A mask at random; without `donors` none that was taken from a picture of a person."""
        upper = UPPER + rng.normal(0, 0.025, UPPER.shape)
        lower = LOWER + rng.normal(0, 0.025, LOWER.shape)
        if rng.random() < 0.3:  # a straight upper edge, as of cloth
            upper[:, 1] *= rng.uniform(0.2, 0.8)
        upper[-1, 0] = lower[-1, 0] = 0
        strap = (
            tuple(int(v) for v in rng.choice([235, 245, 30, 120]) + rng.integers(-15, 10, 3))
            if rng.random() < 0.75
            else None
        )
        relief = float(rng.uniform(0.25, 0.9))
        pick = rng.random()
        donor, alpha = None, None
        if pick < 0.4 and donors and self.donors:
            donor = self.donors[int(rng.integers(len(self.donors)))]
            patch = np.zeros((PATCH, PATCH, 3), np.uint8)
        elif pick < 0.55 and self._cutouts:
            patch, alpha = self._cutouts[int(rng.integers(len(self._cutouts)))]
            if rng.random() < 0.5:
                patch = _recolour(patch, rng)
        else:
            patch = self._fabric(rng)
        edges = upper.astype(np.float32), lower.astype(np.float32)
        return Style(patch, alpha, donor, *edges, strap, relief)  # type: ignore[arg-type]

    def _fabric(self, rng: np.random.Generator) -> Image:
        """Plain, pleated, patterned or printed cloth."""
        base = colour(rng)
        patch = np.full((PATCH, PATCH, 3), base, np.float32)
        pick = rng.random()
        if pick < 0.2 and self.textures:
            texture = self.textures[int(rng.integers(len(self.textures)))]
            side = int(rng.integers(60, 256))
            x, y = rng.integers(0, 257 - side, 2)
            patch = cv2.resize(texture[y : y + side, x : x + side], (PATCH, PATCH)).astype(
                np.float32
            )
            if rng.random() < 0.5:
                patch = _recolour(patch.astype(np.uint8), rng).astype(np.float32)
        elif pick < 0.4:
            patch = _pattern(patch, rng)
        if rng.random() < 0.4:  # pleats
            for y in np.linspace(0.25, 0.75, int(rng.integers(2, 5))) * PATCH:
                cv2.line(
                    patch,
                    (0, int(y)),
                    (PATCH, int(y)),
                    tuple(float(v) for v in patch.mean((0, 1)) * 0.75),
                    1,
                    cv2.LINE_AA,
                )
        elif rng.random() < 0.3:  # a seam down the middle
            cv2.line(
                patch,
                (PATCH // 2, 0),
                (PATCH // 2, PATCH),
                tuple(float(v) for v in patch.mean((0, 1)) * 0.7),
                1,
                cv2.LINE_AA,
            )
        if rng.random() < 0.5:  # a hem
            cv2.line(
                patch,
                (0, 3),
                (PATCH, 3),
                tuple(float(v) for v in patch.mean((0, 1)) * rng.uniform(0.6, 1.2)),
                2,
                cv2.LINE_AA,
            )
        folds = cv2.resize(
            rng.normal(0, 1, (5, 5)).astype(np.float32),
            (PATCH, PATCH),
            interpolation=cv2.INTER_CUBIC,
        )
        across = np.linspace(-1, 1, PATCH, dtype=np.float32)[None, :]
        shade = (
            1
            + folds[..., None] * rng.uniform(0.01, 0.06)
            - (across**2)[..., None] * rng.uniform(0, 0.3)
        )
        return np.clip(patch * shade, 0, 255).astype(np.uint8)


def colour(rng: np.random.Generator) -> FloatArray:
    """BGR of a mask: medical blue and green, white, black, grey, skin, or any."""
    pick = rng.random()
    if pick < 0.25:
        hsv = (rng.uniform(80, 115), rng.uniform(30, 130), rng.uniform(150, 250))
    elif pick < 0.42:
        hsv = (rng.uniform(0, 180), rng.uniform(0, 18), rng.uniform(190, 255))
    elif pick < 0.62:
        hsv = (rng.uniform(0, 180), rng.uniform(0, 60), rng.uniform(8, 75))
    elif pick < 0.7:
        hsv = (rng.uniform(5, 18), rng.uniform(40, 140), rng.uniform(80, 240))
    else:
        hsv = (rng.uniform(0, 180), rng.uniform(20, 230), rng.uniform(40, 240))
    return cv2.cvtColor(np.array([[hsv]], np.uint8), cv2.COLOR_HSV2BGR)[0, 0].astype(np.float32)  # type: ignore[no-any-return]


def _recolour(patch: Image, rng: np.random.Generator) -> Image:
    return np.clip(patch.mean(axis=2, keepdims=True) / 200 * colour(rng), 0, 255).astype(np.uint8)  # type: ignore[no-any-return]


def _pattern(patch: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Stripes, dots, a logo, letters or a grin."""
    ink = tuple(float(v) for v in colour(rng))
    kind = int(rng.integers(5))
    if kind == 0:
        step, slope = int(rng.integers(5, 20)), int(rng.integers(-60, 61))
        for x in range(-PATCH, 2 * PATCH, step):
            cv2.line(
                patch,
                (x, 0),
                (x + slope, PATCH),
                ink,
                max(1, step // int(rng.integers(2, 5))),
                cv2.LINE_AA,
            )
    elif kind == 1:
        for x, y in rng.integers(0, PATCH, (int(rng.integers(8, 50)), 2)):
            cv2.circle(patch, (int(x), int(y)), int(rng.integers(1, 7)), ink, -1, cv2.LINE_AA)
    elif kind == 2:
        centre = (int(rng.integers(20, 76)), int(rng.integers(20, 76)))
        cv2.ellipse(
            patch,
            centre,
            (int(rng.integers(5, 25)), int(rng.integers(4, 18))),
            int(rng.integers(180)),
            0,
            360,
            ink,
            -1,
            cv2.LINE_AA,
        )
    elif kind == 3:
        text = "".join(rng.choice(list("ABCEGKLMNORSTUVX"), int(rng.integers(2, 6))))
        cv2.putText(
            patch,
            text,
            (int(rng.integers(2, 30)), int(rng.integers(40, 70))),
            cv2.FONT_HERSHEY_DUPLEX,
            0.9,
            ink,
            2,
            cv2.LINE_AA,
        )
    else:
        cv2.ellipse(
            patch,
            (48, int(rng.integers(45, 60))),
            (int(rng.integers(12, 26)), int(rng.integers(4, 12))),
            0,
            0,
            180,
            ink,
            3,
            cv2.LINE_AA,
        )
    return patch


def read_textures(folder: Path) -> list[Image]:
    """The pictures of cloth in a folder, (256, 256, 3) each; none where there is no folder.

    Raises:
        ConfigError: If one cannot be read.
    """
    textures = []
    for path in sorted(folder.glob("*.jpg")):
        picture = cv2.imread(str(path))
        if picture is None:
            raise ConfigError(f"{path} cannot be read as a picture: fetch mask_templates again")
        textures.append(np.asarray(cv2.resize(picture, (256, 256)), np.uint8))
    return textures


def read_cutout(path: Path) -> npt.NDArray[np.uint8]:
    """A photographed mask without its empty rim, (H, W, 4) BGR and alpha.

    Raises:
        ConfigError: If it is missing or has no alpha.
    """
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4:
        raise ConfigError(f"{path} is missing or has no alpha: fetch mask_templates again")
    rows, columns = np.nonzero(picture[..., 3] > 40)
    return picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]  # type: ignore[return-value]


def _shrunk(cutout: npt.NDArray[np.uint8]) -> tuple[Image, npt.NDArray[np.uint8]]:
    picture = cv2.resize(cutout, (PATCH, PATCH), interpolation=cv2.INTER_AREA)
    return picture[..., :3].copy(), picture[..., 3].copy()  # type: ignore[return-value]

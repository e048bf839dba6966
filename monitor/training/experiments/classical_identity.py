r"""Identity the classical way: Gabor filters or eigenfaces, each followed by a support vector
machine.

    python -m monitor.training.experiments.classical_identity --data ../shared/data --minutes 4 \
        --out runs/classical --summary docs/training

learns from the same people and the same split by capture session as `closed_set`, and writes the
same table:

    eigenfaces   PCA of grey faces, whitened (Turk and Pentland: Eigenfaces for recognition. J.
                 Cogn. Neurosci. 3(1), 1991)
    Gabor        magnitudes of 5 scales x 8 directions, pooled (Liu and Wechsler: Gabor feature
                 based classification using the enhanced Fisher linear discriminant model. IEEE TIP
                 11(4), 2002), shortened by PCA

Both end in scikit-learn's SVC, whose C and gamma a search over the training sessions chooses.
"upper half" learns and answers from the part of the face above a mask alone. `--minutes` is for
everything: a method that could not begin in it is named and left out.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from monitor.records import FloatArray
from monitor.training.command import run_main, typed
from monitor.training.experiments import few_report
from monitor.training.pictures.faces import Faces

SIDE = 64  # px: grey faces are brought to this
UPPER_ROWS = 34  # of SIDE: from the forehead to just under the eyes, where most masks begin
GABOR_SCALES, GABOR_DIRECTIONS = 5, 8
POOL = 8  # px of a cell over which magnitudes are averaged
VARIANCE = {"eigenfaces": 0.95, "Gabor": 0.98}  # what PCA keeps of it
GRID = {"svc__C": [1, 10, 100], "svc__gamma": ["scale", 0.003, 0.0003]}
FOLDS = 3


def grey(faces: Faces, upper: bool) -> npt.NDArray[np.float32]:
    """Grey faces of even light.

    Args:
        faces: (N, 112, 112, 3) uint8 BGR.
        upper: Only what lies above a mask.

    Returns:
        (N, 64 or 34, 64) float32, each with zero mean and unit deviation.
    """
    result = np.empty((len(faces), UPPER_ROWS if upper else SIDE, SIDE), np.float32)
    for i, face in enumerate(faces):
        small = cv2.resize(
            cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA
        )
        part = small[: result.shape[1]].astype(np.float32)
        result[i] = (part - part.mean()) / max(float(part.std()), 1e-3)
    return result


@cache
def gabor_kernels() -> tuple[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]], ...]:
    """Even and odd kernel of each scale and direction: wavelengths from 4 px on by half octaves, as
    wide as one octave.
    """
    kernels = []
    for scale in range(GABOR_SCALES):
        wavelength = 4 * 2 ** (scale / 2)
        sigma = 0.56 * wavelength
        side = 2 * round(2.5 * sigma) + 1
        for direction in range(GABOR_DIRECTIONS):
            theta = np.pi * direction / GABOR_DIRECTIONS
            pair = [
                cv2.getGaborKernel((side, side), sigma, theta, wavelength, 1.0, psi, cv2.CV_32F)
                for psi in (0.0, -np.pi / 2)
            ]
            even, odd = (k - k.mean() for k in pair)  # an even face gives nothing
            weight = float(np.abs(even).sum())
            kernels.append((even / weight, odd / weight))
    return tuple(kernels)


def gabor(faces: Faces, upper: bool) -> FloatArray:
    """(N, 112, 112, 3) uint8 BGR to (N, D) float32: pooled magnitudes of the filters' answers, D =
    40 a cell.
    """
    pictures = grey(faces, upper)
    rows = []
    for picture in pictures:
        parts = []
        for even, odd in gabor_kernels():
            real = cv2.filter2D(picture, cv2.CV_32F, even, borderType=cv2.BORDER_REFLECT)
            imaginary = cv2.filter2D(picture, cv2.CV_32F, odd, borderType=cv2.BORDER_REFLECT)
            cells = (SIDE // POOL, -(-picture.shape[0] // POOL))
            parts.append(
                cv2.resize(
                    cv2.magnitude(real, imaginary), cells, interpolation=cv2.INTER_AREA
                ).ravel()
            )
        rows.append(np.concatenate(parts))
    cells_all = SIDE // POOL * -(-pictures.shape[1] // POOL)
    return np.stack(rows) if rows else np.empty((0, cells_all * len(gabor_kernels())), np.float32)


def eigen(faces: Faces, upper: bool) -> FloatArray:
    """(N, 112, 112, 3) uint8 BGR to (N, pixels) float32: the grey pixels, of which PCA makes
    eigenfaces.
    """
    pictures = grey(faces, upper)
    return pictures.reshape(len(pictures), -1)


FEATURES: dict[str, Callable[[Faces, bool], FloatArray]] = {"eigenfaces": eigen, "Gabor": gabor}


def pipeline(kind: str, seed: int) -> Pipeline:
    """Features to people: `kind` is a key of `FEATURES`."""
    # pixels are of one kind, filters are not
    scaler = [("scale", StandardScaler())] if kind == "Gabor" else []
    pca = PCA(VARIANCE[kind], whiten=True, random_state=seed)
    return Pipeline(
        [*scaler, ("pca", pca), ("svc", SVC(class_weight="balanced", random_state=seed))]
    )


def learn(
    kind: str, upper: bool, taught: few_report.Lesson, seed: int
) -> tuple[few_report.Answer, int, str]:
    """Fit one method.

    Args:
        kind: A key of `FEATURES`.
        upper: From the upper half of the face alone.
        taught: The training faces.
        seed: Of the folds of the search.

    Returns:
        The method as a function, how many numbers it holds, and a note on what the search chose.
    """
    features = FEATURES[kind](taught.faces, upper)
    fewest = min(len(np.unique(taught.group[taught.person == p])) for p in np.unique(taught.person))
    model: Any = pipeline(kind, seed)
    if fewest >= 2:
        folds = StratifiedGroupKFold(min(FOLDS, fewest), shuffle=True, random_state=seed)
        search = GridSearchCV(model, GRID, cv=folds).fit(
            features, taught.person, groups=taught.group
        )
        model = search.best_estimator_
        note = f"C {search.best_params_['svc__C']}, gamma {search.best_params_['svc__gamma']}"
    else:  # somebody has one training session: no search could leave it out
        model, note = model.fit(features, taught.person), "C and gamma as scikit-learn has them"
    pca, svc = model["pca"], model["svc"]
    held = (
        pca.components_.size
        + pca.mean_.size
        + svc.support_vectors_.size
        + svc.dual_coef_.size
        + svc.intercept_.size
    )

    def answer(faces: Faces) -> npt.NDArray[np.intp]:
        said: npt.NDArray[np.intp] = model.predict(FEATURES[kind](faces, upper)).astype(np.intp)
        return said

    return answer, int(held), f"{pca.n_components_} components; {note}"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="python -m monitor.training.experiments.classical_identity",
        description="Gabor filters, eigenfaces and an SVM.",
    )
    few_report.common_options(p, "classical_identity", 4)
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    deadline_from = time.monotonic()
    args = parser().parse_args(argv)
    deadline = deadline_from + 60 * args.minutes
    command = typed("experiments.classical_identity", argv)
    desk = few_report.Desk(args, command, TITLE, ABOUT)
    for place in desk.places:
        for kind in FEATURES:
            for upper in (False, True):
                method = f"{kind} + SVM" + (", upper half" if upper else "")
                left = deadline - time.monotonic()
                if left <= 0:
                    desk.leave_out(f"{method} on {place.few.name}")
                    continue
                print(f"{place.few.name}: {method}, {left / 60:.1f} min left", flush=True)
                began = time.monotonic()
                answer, parameters, note = learn(kind, upper, place.taught, args.seed)
                minutes = (time.monotonic() - began) / 60
                desk.add(place, answer, few_report.Method(method, parameters, minutes, note))
    desk.finish()
    return 0


TITLE = "Classical identity: eigenfaces and Gabor filters with an SVM"
ABOUT = (
    "The people, the split by capture session and the drawn copies are those of `closed_set.md`. "
    "`bare, mask laid on` are the bare test "
    "faces with photographed masks that no training saw; `upper half` learns and answers from what "
    "lies above a mask. A face takes the "
    "time of one call with one face, from the aligned face on."
)


if __name__ == "__main__":
    run_main(main)

r"""Make the features that ship with a mask model: to rehearse with, and to be tested on.

    python -m monitor.training.mask.rehearsal models/mask_v5.onnx --data ../shared/data

writes `models/mask_v5_features.npz` and its card; `monitor.learning.bundle` says what is in them.
The faces to rehearse with are training faces, a bounded number of each source and label; those to
be tested on are the validation part and UTKFace's test part, and some of them darkened, blurred and
shrunk. `--leave-out` as the model was trained with it.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from monitor.card import sha256
from monitor.faces.boxes import crop_square
from monitor.faces.preprocess import scale
from monitor.learning.bundle import ENDING, Faces, packed
from monitor.learning.features import FeatureNetwork
from monitor.records import FloatArray, Image
from monitor.training.command import run_main, typed
from monitor.training.drawing import camera_faults
from monitor.training.learning import cards
from monitor.training.mask import conditions, options, sets
from monitor.training.mask.scoring import Change
from monitor.training.pictures.chips import LABELS
from monitor.training.pictures.pool import Face

STRATUM_MAX = 120  # faces of one source and label to rehearse with
DIRECTIONS = 128
UTKFACE_MAX = 600
HARD_EVERY = 3  # one validation face in so many is shown in each hard case, too
HARD_MIN_PX = 40
DARK = 0.25  # of the light is left


def darkened(image: Image, box: FloatArray) -> tuple[Image, FloatArray]:
    """A quarter of the light, with the noise of a camera that lifts it."""
    rng = np.random.default_rng(int(box.sum()))
    noise = rng.normal(0, 4, image.shape)
    return (image * DARK + noise).clip(0, 255).astype(np.uint8), box


def _compare(given: argparse.Namespace, network: FeatureNetwork, gathered: sets.Sets) -> int:
    before = FeatureNetwork(given.before)
    said, said_before = _test(network, gathered), _test(before, gathered)
    with given.answers.open("wb") as file:
        np.savez(file, truth=said[2], group=said[3], after=said[1], before=said_before[1])
    return 0


def degraded(image: Image, box: FloatArray) -> tuple[Image, FloatArray]:
    """As the training of the model saw it."""
    rng = np.random.default_rng(int(box.sum()))
    return camera_faults.degrade(image, rng), box


HARD: dict[str, Change] = {
    "dark": darkened,
    "blurred": conditions.blurred(4),
    "small": conditions.shrunk_to(24),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Gather the faces, compute, write."""
    parser = argparse.ArgumentParser(prog="python -m monitor.training.mask.rehearsal")
    parser.add_argument("model", type=Path, help="the .onnx file")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--leave-out", metavar="SOURCE")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="a few faces, to see that all works")
    parser.add_argument("--before", type=Path, help="with --answers: the model to compare with")
    parser.add_argument(
        "--answers", type=Path, help="write what both models say of the test instead of a bundle"
    )
    given = parser.parse_args(arguments)
    network = FeatureNetwork(given.model)
    wanted = ["--data", str(given.data), "--weights", "none", "--out", "unused"]
    wanted += ["--leave-out", given.leave_out] if given.leave_out else []
    wanted += ["--smoke"] if given.smoke else []
    gathered = sets.gather(options.parse([*wanted, "--seed", str(given.seed)]))
    if given.answers is not None:
        return _compare(given, network, gathered)
    rehearsal = _rehearsed(network, _strata(gathered.train, given.seed))
    test = _test(network, gathered)
    mean, basis = _directions(rehearsal[0])
    parts = {
        name: Faces(((features - mean) @ basis).astype(np.float32), logits, truth, group)
        for name, (features, logits, truth, group) in {"rehearsal": rehearsal, "test": test}.items()
    }
    path = given.model.with_name(f"{given.model.stem}{ENDING}.npz")
    np.savez_compressed(path, **packed(mean, basis, parts))  # type: ignore[arg-type]
    cards.write_card(
        path.with_suffix(""),
        {
            "task": "features",
            "files": cards.files_of(path),
            "model": {"name": network.card["name"], "sha256": sha256(given.model)},
            "command": typed("mask.rehearsal", arguments),
            "content": "features of faces, projected; no picture can be made of them",
            "counts": {
                name: dict(sorted(Counter(map(str, faces.group)).items()))
                for name, faces in parts.items()
            },
            "licence": "MIT (the numbers); the pictures are not part of this project",
        },
    )
    counts = ", ".join(f"{len(faces)} {name}" for name, faces in parts.items())
    print(f"wrote {path} ({path.stat().st_size:,} bytes): {counts}")
    return 0


Described = tuple[FloatArray, FloatArray, npt.NDArray[np.intp], npt.NDArray[np.str_]]


def _described(
    network: FeatureNetwork,
    faces: Sequence[Face],
    group: Callable[[Face], str],
    change: Change | None = None,
) -> Described:
    """Features, logits, truth, group."""
    rois = np.empty((len(faces), network.size, network.size, 3), np.uint8)
    for i, face in enumerate(faces):
        image, box = face.image, np.array(face.chip.box, np.float32)
        if change is not None:
            image, box = change(image, box)
        rois[i] = cv2.cvtColor(
            crop_square(image, box, network.margin, network.size), cv2.COLOR_BGR2RGB
        )
    features = np.concatenate([network(scale(rois[i : i + 256])) for i in range(0, len(rois), 256)])
    truth = np.array([LABELS.index(face.label) for face in faces], np.intp)
    return features, network.head.logits(features), truth, np.array([group(f) for f in faces])


def _strata(faces: Sequence[Face], seed: int) -> list[Face]:
    by: defaultdict[tuple[str, str], list[Face]] = defaultdict(list)
    for face in faces:
        by[face.source, face.label].append(face)
    rng = np.random.default_rng(seed)
    return [
        stratum[i]
        for _, stratum in sorted(by.items())
        for i in rng.permutation(len(stratum))[:STRATUM_MAX]
    ]


def _rehearsed(network: FeatureNetwork, faces: Sequence[Face]) -> Described:
    """Each as it is, and once more as a bad camera or a bad moment would show it."""
    parts = [_described(network, faces, lambda face: face.source)]
    changes = [degraded, *HARD.values()]
    for i, change in enumerate(changes):
        some = faces[i :: len(changes)]
        parts.append(_described(network, some, lambda face: face.source, change))
    return _joined(parts)


def _test(network: FeatureNetwork, gathered: sets.Sets) -> Described:
    parts = [_described(network, gathered.validation, lambda face: face.source)]
    people = gathered.test.get("utkface_aligned", [])
    people = people[:: max(1, len(people) // UTKFACE_MAX)]
    if people:
        parts.append(_described(network, people, _race))
    hard = [f for f in gathered.validation if f.chip.face_px >= HARD_MIN_PX][::HARD_EVERY]
    parts += [
        _described(network, hard, lambda face, name=name: name, change)  # type: ignore[misc]
        for name, change in HARD.items()
    ]
    return _joined(parts)


def _joined(parts: Sequence[Described]) -> Described:
    features, logits, truth, group = zip(*parts, strict=True)
    return (
        np.concatenate(features),
        np.concatenate(logits),
        np.concatenate(truth),
        np.concatenate(group),
    )


def _race(face: Face) -> str:
    person = conditions.person_of(face.chip.original)
    return f"utkface: {person.race}" if person is not None else "utkface"


def _directions(features: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean, and the directions in which the features differ most, scaled to unit variance."""
    mean = features.mean(0)
    _, spread, rows = np.linalg.svd(features - mean, full_matrices=False)
    deviation = spread[:DIRECTIONS] / np.sqrt(len(features))
    return mean, (rows[:DIRECTIONS] / deviation[:, None]).T.astype(np.float32)


if __name__ == "__main__":
    run_main(main)

r"""How much a door gains by a desk's corrections, and what the rest of the world loses.

    python -m monitor.training.mask.train --data DATA --leave-out ilc2021 --out runs/without/mask …
    python -m monitor.training.mask.rehearsal runs/without/mask.onnx --data DATA --leave-out ilc2021
    python -m monitor.training.experiments.site_adaptation runs/without/mask.onnx \
        ../shared/data/mask_chips --door ilc2021

The door is a source that the model was trained without. A desk looks at its pictures in a random
order, corrects what is judged wrong and confirms as many sure answers, N in all, from at most
three fifths of the pictures; figures are of the other pictures. The bundled test is that of the
model's own bundle.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from monitor.faces.boxes import crop_square
from monitor.faces.preprocess import scale
from monitor.learning.adapt import Recipe, fit, softmax
from monitor.learning.bundle import Bundle, Faces, Labels, Shift, load_bundle
from monitor.learning.features import FeatureNetwork
from monitor.learning.train import VIEWS, View
from monitor.records import FloatArray
from monitor.training.command import run_main
from monitor.training.pictures import pool
from monitor.training.pictures.chips import LABELS, load_data
from monitor.training.pictures.pool import Face

NUMBERS = (20, 50, 100, 200)
LOOKED_AT = 0.6  # of the pictures at most
SURE = 0.9
FACE_MIN_PX = 40
MASKED, BARE, WRONG = (LABELS.index(name) for name in ("masked", "unmasked", "incorrect"))
RECIPES = {
    "as shipped": Recipe(),
    "offsets alone": replace(Recipe(), directions=(0,)),
    "8 directions": replace(Recipe(), directions=(8,)),
    "128 directions": replace(Recipe(), directions=(128,)),
    "less rehearsal": replace(Recipe(), rehearsal=(300.0,)),
    "more rehearsal": replace(Recipe(), rehearsal=(3000.0,)),
    "chosen by the site": replace(
        Recipe(), directions=(8, 32, 64), rehearsal=(300.0, 1000.0, 3000.0, 10000.0)
    ),
}


@dataclass(frozen=True, eq=False)
class Door:
    """The faces of one source, and what the model that never saw it says."""

    faces: list[Face]
    plain: Faces
    pictures: npt.NDArray[np.str_]  # (N,)


class Views:
    """Points of faces in all views, each computed once."""

    def __init__(self, network: FeatureNetwork, bundle: Bundle, door: Door) -> None:
        self._network, self._bundle, self._door = network, bundle, door
        self._known: dict[int, tuple[FloatArray, FloatArray]] = {}

    def of(self, chosen: Sequence[int]) -> Faces:
        for i in chosen:
            if i not in self._known:
                features = described(self._network, [self._door.faces[i]], VIEWS)
                self._known[i] = (
                    self._bundle.points(features),
                    self._network.head.logits(features),
                )
        truth = np.repeat(self._door.plain.truth[list(chosen)], len(VIEWS))
        points, logits = zip(*(self._known[i] for i in chosen), strict=True)
        group = np.repeat(self._door.pictures[list(chosen)], len(VIEWS))
        return Faces(np.concatenate(points), np.concatenate(logits), truth, group)


def described(network: FeatureNetwork, faces: Sequence[Face], views: Sequence[View]) -> FloatArray:
    """Features, view after view of one face after the other."""
    rois = []
    for face in faces:
        box = np.array(face.chip.box, np.float32)
        for mirrored, wider, light in views:
            roi = crop_square(face.image, box, network.margin + wider, network.size)
            roi = cv2.cvtColor(roi, cv2.COLOR_BGR2RGB)[:, :: -1 if mirrored else 1]  # type: ignore[assignment]
            rois.append(cv2.convertScaleAbs(roi, alpha=light))
    return network(scale(np.stack(rois)))


def door_of(network: FeatureNetwork, bundle: Bundle, data: Path, source: str) -> Door:
    chips = [c for c in load_data(data) if c.source == source and c.face_px >= FACE_MIN_PX]
    faces = pool.read(chips, None)
    features = np.concatenate(
        [described(network, faces[i : i + 64], VIEWS[:1]) for i in range(0, len(faces), 64)]
    )
    truth = np.array([LABELS.index(face.label) for face in faces], np.intp)
    group = np.array([face.source for face in faces])
    plain = Faces(bundle.points(features), network.head.logits(features), truth, group)
    return Door(faces, plain, np.array([face.chip.original for face in faces]))


def desk(door: Door, number: int, seed: int) -> tuple[list[int], npt.NDArray[np.bool_]]:
    """The faces that are corrected or confirmed, and which faces are left to test on."""
    names = np.unique(door.pictures)
    order = np.random.default_rng(seed).permutation(names)
    answer = softmax(door.plain.logits)
    right = answer.argmax(1) == door.plain.truth
    sure = right & (answer.max(1) >= SURE)
    corrected: list[int] = []
    confirmed: list[int] = []
    looked: list[str] = []
    for name in order[: round(LOOKED_AT * len(order))]:
        if len(corrected) >= number // 2 and len(corrected) + len(confirmed) >= number:
            break
        looked.append(str(name))
        for i in np.flatnonzero(door.pictures == name):
            if not right[i] and len(corrected) < number // 2:
                corrected.append(int(i))
            elif sure[i]:
                confirmed.append(int(i))
    chosen = corrected + confirmed[: number - len(corrected)]
    return chosen, ~np.isin(door.pictures, looked)


def rates(truth: Labels, logits: FloatArray) -> dict[str, tuple[int, int]]:
    """Hits and counts of what the door is about."""
    answer = logits.argmax(1)
    alarmed = answer != MASKED
    return {
        "bare alarmed": (int(alarmed[truth == BARE].sum()), int((truth == BARE).sum())),
        "false alarms": (int(alarmed[truth == MASKED].sum()), int((truth == MASKED).sum())),
        "worn wrong alarmed": (int(alarmed[truth == WRONG].sum()), int((truth == WRONG).sum())),
        "errors": (int((answer != truth).sum()), len(truth)),
    }


def solve(bundle: Bundle, site: Faces, name: str) -> Shift:
    return fit(bundle, site, np.full(len(site), 1 / len(VIEWS)), RECIPES[name]).shift


def measure(door: Door, views: Views, bundle: Bundle, given: argparse.Namespace) -> list[Any]:
    rows = []
    for number in given.numbers:
        for seed in range(given.seeds):
            chosen, left = desk(door, number, seed)
            site = views.of(chosen)
            truth = door.plain.truth[left]
            before = rates(truth, door.plain.logits[left])
            wrong = int((door.plain.logits[chosen].argmax(1) != door.plain.truth[chosen]).sum())
            for name in given.recipes:
                shift = solve(bundle, site, name)
                after = rates(truth, shift.logits(door.plain)[left])
                rows.append(
                    {
                        "n": number,
                        "seed": seed,
                        "recipe": name,
                        "corrected": wrong,
                        "before": before,
                        "after": after,
                        "bundled before": classes(bundle.test, bundle.test.logits),
                        "bundled after": classes(bundle.test, shift.logits(bundle.test)),
                    }
                )
                print(_line(rows[-1]), flush=True)
    return rows


def classes(test: Faces, logits: FloatArray) -> list[float]:
    """Share right of each class."""
    right = logits.argmax(1) == test.truth
    return [float(right[test.truth == c].mean()) for c in range(len(LABELS))]


def _line(row: dict[str, Any]) -> str:
    told = [
        f"{key} {row['before'][key][0]}->{row['after'][key][0]} of {row['before'][key][1]}"
        for key in row["before"]
    ]
    pairs = zip(row["bundled before"], row["bundled after"], strict=True)
    moved = [f"{100 * (after - before):+.1f}" for before, after in pairs]
    return (
        f"N={row['n']} ({row['corrected']} wrong) seed {row['seed']} {row['recipe']}: "
        f"{', '.join(told)}; bundled {' '.join(moved)}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; `--json` keeps all rows."""
    parser = argparse.ArgumentParser(prog="python -m monitor.training.experiments.site_adaptation")
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--door", required=True)
    parser.add_argument("--numbers", type=int, nargs="+", default=NUMBERS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--recipes", nargs="+", choices=list(RECIPES), default=list(RECIPES))
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    network, bundle = FeatureNetwork(given.model), load_bundle(given.model)
    door = door_of(network, bundle, given.data, given.door)
    print(f"{given.door}: {len(door.faces)} faces, {rates(door.plain.truth, door.plain.logits)}")
    rows = measure(door, Views(network, bundle, door), bundle, given)
    if given.json:
        given.json.write_text(json.dumps(rows) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    run_main(main)

r"""A correction that acts near the judged faces alone, beside what ships (`site_adaptation`).

    python -m monitor.training.experiments.near_faces runs/without-both/mask.onnx \
        ../shared/data/mask_chips --door ilc2021

What is added to a face's logits fades with the squared distance of its direction to those of the
judged faces (a Gaussian kernel), so that faces unlike them keep the shipped answer.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from monitor.learning.adapt import Problem, newton, softmax
from monitor.learning.bundle import Bundle, Faces, load_bundle
from monitor.learning.features import FeatureNetwork
from monitor.learning.head import Array
from monitor.learning.train import VIEWS
from monitor.records import FloatArray
from monitor.training.command import run_main
from monitor.training.experiments import site_adaptation as site

WIDTHS = (0.25, 0.4, 0.6)  # of the kernel; two directions at a right angle are 1.4 apart
DIRECTIONS = (32, 128)
STRENGTHS = ((1.0, 1000.0), (0.3, 3000.0), (0.3, 1000.0))  # pull, and weight of the rehearsed faces
KEPT = 0.5  # as `adapt.Recipe.kept`


@dataclass(frozen=True, eq=False)
class Near:
    """How near faces are to those the desk judged."""

    centres: FloatArray  # (M, K)
    directions: int
    width: float

    def __call__(self, faces: Faces) -> Array:
        """(N, M), 1 where a face lies on a centre."""
        cosine = (
            _unit(faces.points[:, : self.directions]) @ _unit(self.centres[:, : self.directions]).T
        )
        near: Array = np.exp((cosine - 1) / self.width**2).astype(float)
        return near


def _unit(points: FloatArray) -> FloatArray:
    made: FloatArray = points / np.linalg.norm(points, axis=1, keepdims=True)
    return made


def solve(bundle: Bundle, learnt: Faces, near: Near, strength: tuple[float, float]) -> Array:
    """(M, C) what each judged face adds to the logits of a face that is the same."""
    pull, much = strength
    known = bundle.rehearsal
    once = np.eye(known.logits.shape[1])
    said = KEPT * softmax(known.logits) + (1 - KEPT) * once[known.truth]
    weight = np.concatenate(
        [np.full(len(learnt), 1 / len(VIEWS)), np.full(len(known), much / len(known))]
    )
    problem = Problem(
        np.concatenate([near(learnt), near(known)]),
        np.concatenate([learnt.logits, known.logits]).astype(float),
        np.concatenate([once[learnt.truth], said]),
        weight,
    )
    return newton(problem, np.full(len(near.centres), pull))[0]


def _moved(faces: Faces, near: Near, added: Array) -> FloatArray:
    """(N, C) logits after the correction."""
    made: FloatArray = (faces.logits + near(faces) @ added).astype(np.float32)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m monitor.training.experiments.near_faces")
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--door", required=True)
    parser.add_argument("--numbers", type=int, nargs="+", default=[50, 100])
    parser.add_argument("--seeds", type=int, default=2)
    given = parser.parse_args(arguments)
    network, bundle = FeatureNetwork(given.model), load_bundle(given.model)
    door = site.door_of(network, bundle, given.data, given.door)
    views = site.Views(network, bundle, door)
    for number, seed in itertools.product(given.numbers, range(given.seeds)):
        chosen, left = site.desk(door, number, seed)
        learnt, truth = views.of(chosen), door.plain.truth[left]
        for directions, width, strength in itertools.product(DIRECTIONS, WIDTHS, STRENGTHS):
            near = Near(door.plain.points[chosen], directions, width)
            added = solve(bundle, learnt, near, strength)
            before = site.rates(truth, door.plain.logits[left])
            after = site.rates(truth, _moved(door.plain, near, added)[left])
            told = ", ".join(f"{k} {before[k][0]}->{after[k][0]} of {before[k][1]}" for k in before)
            test = bundle.test
            moved = np.subtract(
                site.classes(test, _moved(test, near, added)),
                site.classes(test, test.logits),
            )
            print(
                f"N={number} seed {seed} {directions} directions, width {width}, pull and "
                f"rehearsal {strength}: {told}; bundled {np.round(100 * moved, 1)}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    run_main(main)

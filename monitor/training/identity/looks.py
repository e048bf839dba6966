"""Whether a visit's looks should be chosen: masked test people of rmfrd_ids, who mostly look one
way and now and then another.

    python -m monitor.training.identity.looks sface_masked_v3

A made-up visit has six looks at one masked picture of a person, a little moved each time as frames
of a camera are, and one at each of two other pictures. It is matched, as verify matches, with the
templates of three bare pictures by: the first look; the mean of the six alike; the mean of all
eight, as the vote pools them; the mean of those four that differ most; and the three pictures once
each, which is the best that choosing can do.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from monitor.detect.yunet import YuNet
from monitor.faces.align import SIZE
from monitor.identity.embed import Embedder, normalised
from monitor.records import FloatArray, Image
from monitor.training.command import first_words, run_main
from monitor.training.identity.trials import ENROLLED, figures, trial
from monitor.training.pictures.faces import pictures_in, read_detected
from monitor.training.pictures.splits import people_of
from monitor.training.report.pages import markdown_table

FRAMES = 6  # of the picture that is looked at most
CHOSEN = 4  # looks of a visit, as the vote asks for
MOVED_PX, TURNED_DEGREES, SCALED = 1.5, 2.0, 0.02  # from frame to frame, standard deviations


def moved(face: Image, rng: np.random.Generator) -> Image:
    """An aligned face as the next frame of a camera has it."""
    middle = (SIZE / 2, SIZE / 2)
    turn = float(rng.normal(0, TURNED_DEGREES))
    matrix = cv2.getRotationMatrix2D(middle, turn, float(np.exp(rng.normal(0, SCALED))))
    matrix[:, 2] += rng.normal(0, MOVED_PX, 2)
    shifted = cv2.warpAffine(face, matrix, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)
    noise = rng.normal(0, 3, shifted.shape)
    return np.clip(shifted + noise, 0, 255).astype(np.uint8)


def spread(looks: FloatArray, count: int = CHOSEN) -> FloatArray:
    """(count, D) of (N, D) looks: the first, then each time the one that is least like those
    chosen.
    """
    chosen = [0]
    while len(chosen) < min(count, len(looks)):
        nearest = (looks @ looks[chosen].T).max(axis=1)
        nearest[chosen] = np.inf
        chosen.append(int(nearest.argmin()))
    return looks[chosen]


def visits(pictures: Sequence[FloatArray]) -> dict[str, FloatArray]:
    """One person's visits, each picture in turn the one that is looked at most.

    Args:
        pictures: (FRAMES, D) embeddings of the frames of each picture; three or more.

    Returns:
        By rule, (len(pictures), D) of length 1.
    """
    rows: dict[str, list[FloatArray]] = {}
    for number, most in enumerate(pictures):
        second, third = (pictures[(number + k) % len(pictures)][:1] for k in (1, 2))
        seen = np.concatenate([most[:2], second, most[2:4], third, most[4:]])
        for rule, looks in (
            ("one look", most[:1]),
            (f"{FRAMES} alike", most),
            ("all, as the vote pools them", seen),
            (f"the {CHOSEN} that differ most", spread(seen)),
            ("the three pictures once each", np.concatenate([most[:1], second, third])),
        ):
            rows.setdefault(rule, []).append(normalised(looks.mean(axis=0, keepdims=True))[0])
    return {rule: np.stack(vectors) for rule, vectors in rows.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Embed, pool, match."""
    parser = argparse.ArgumentParser(description=first_words(__doc__))
    parser.add_argument("model", help="a name in models/, or a path without its ending")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    given = parser.parse_args(arguments)
    embedder, detector = Embedder.load(given.model, 2), YuNet(confidence_min=0.3, min_face_px=10)
    root, rng = given.data / "rmfrd_ids", np.random.default_rng(0)
    enrolled: list[FloatArray] = []
    probes: dict[str, list[FloatArray]] = {}
    names = people_of((p.name for p in root.iterdir() if p.is_dir()), "test", "rmfrd")
    for name in names:
        bare = pictures_in(root / name / "unmasked")[:ENROLLED]
        masked = read_detected(pictures_in(root / name / "masked"), detector)
        if len(bare) < ENROLLED:
            continue
        enrolled.append(embedder.embed(read_detected(bare, detector)))
        seen: dict[str, FloatArray] = {}
        if len(masked) >= 3:
            frames = [embedder.embed(_frames(face, rng)) for face in masked]
            seen = visits(frames)
        for rule in visits([enrolled[-1]] * 3):
            nobody = np.empty((0, enrolled[-1].shape[1]), np.float32)
            probes.setdefault(rule, []).append(seen.get(rule, nobody))
    rows = []
    for rule, own in probes.items():
        told = figures(trial(enrolled, own, "mean"))
        rows.append([rule, *(f"{told[k]:.1f}" for k in ("rank1", "tar_far_0.1"))])
    count = sum(map(len, next(iter(probes.values()))))
    print(markdown_table([f"{count} visits", "rank-1", "TAR at FAR 0.1 %"], rows))
    return 0


def _frames(face: Image, rng: np.random.Generator) -> Image:
    return np.stack([moved(face, rng) for _ in range(FRAMES)])


if __name__ == "__main__":
    run_main(main)

"""Whether a visit's looks should be chosen: masked test people of rmfrd_ids, who mostly look one
way and now and then another.

    python -m monitor.training.identity.looks sface_masked_v3

A made-up visit has six looks at one masked picture of a person, a little moved each time as frames
of a camera are, and one at each of two other pictures. It is matched, as verify matches, with the
templates of three bare pictures by: the first look; the mean of the six alike; the mean of all
eight, as the vote pools them; the mean of those four that differ most; and the three pictures once
each, which is the best that choosing can do. Named is who the program would name at its threshold,
half of the people enrolled; the other half are strangers.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from monitor.detect.yunet import YuNet
from monitor.faces.align import SIZE
from monitor.identity.embed import Embedder, normalised
from monitor.identity.identify import LOOKS_MIN
from monitor.identity.match import Matcher
from monitor.identity.person import EnrolledPerson, Kind
from monitor.records import FloatArray, Image
from monitor.training.command import first_words, run_main
from monitor.training.drawing.laid_on import drawn, masked_all
from monitor.training.identity.trials import ENROLLED, figures, trial
from monitor.training.pictures.faces import pictures_in, read_detected
from monitor.training.pictures.splits import people_of
from monitor.training.report.pages import markdown_table

FRAMES = 6  # of the picture that is looked at most
MOVED_PX, TURNED_DEGREES, SCALED = 1.5, 2.0, 0.02  # from frame to frame, standard deviations


def moved(face: Image, rng: np.random.Generator) -> Image:
    """An aligned face as the next frame of a camera has it."""
    middle = (SIZE / 2, SIZE / 2)
    turn = float(rng.normal(0, TURNED_DEGREES))
    matrix = cv2.getRotationMatrix2D(middle, turn, float(np.exp(rng.normal(0, SCALED))))
    matrix[:, 2] = matrix[:, 2] + rng.normal(0, MOVED_PX, 2)
    shifted = cv2.warpAffine(face, matrix, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)
    noise = rng.normal(0, 3, shifted.shape)
    return np.asarray(np.clip(shifted + noise, 0, 255), np.uint8)


def spread(looks: FloatArray, count: int = LOOKS_MIN) -> FloatArray:
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
        By rule, the means of the looks, (len(pictures), D).
    """
    rows: dict[str, list[FloatArray]] = {}
    for number, most in enumerate(pictures):
        second, third = (pictures[(number + k) % len(pictures)][:1] for k in (1, 2))
        seen = np.concatenate([most[:2], second, most[2:4], third, most[4:]])
        for rule, looks in (
            ("one look", most[:1]),
            (f"{FRAMES} alike", most),
            ("all, as the vote pools them", seen),
            (f"the {LOOKS_MIN} that differ most", spread(seen)),
            ("the three pictures once each", np.concatenate([most[:1], second, third])),
        ):
            rows.setdefault(rule, []).append(looks.mean(axis=0))
    return {rule: np.stack(vectors) for rule, vectors in rows.items()}


def named(
    means: Sequence[FloatArray], people: Sequence[EnrolledPerson], card: Mapping[str, Any]
) -> tuple[int, int, int]:
    """Visits named rightly, named wrongly, and strangers named, as `IdentityVote` names them; half
    of the people are enrolled, then the other half.
    """
    right = wrong = strangers = 0
    for half in (0, 1):
        matcher = Matcher(people[half::2], card)
        for number, own in enumerate(means):
            for mean in own:
                said = matcher.match(mean / np.sqrt(max(float(np.linalg.norm(mean)), 1e-9))).name
                if number % 2 != half:
                    strangers += said is not None
                else:
                    right += said == people[number].name
                    wrong += said not in (None, people[number].name)
    return right, wrong, strangers


def main(arguments: Sequence[str] | None = None) -> int:
    """Embed, pool, match."""
    parser = argparse.ArgumentParser(description=first_words(__doc__))
    parser.add_argument("model", help="a name in models/, or a path without its ending")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    given = parser.parse_args(arguments)
    embedder, detector = Embedder.load(given.model, 2), YuNet(confidence_min=0.3, min_face_px=10)
    root, rng = given.data / "rmfrd_ids", np.random.default_rng(0)
    people: list[EnrolledPerson] = []
    probes: dict[str, list[FloatArray]] = {}
    names = people_of((p.name for p in root.iterdir() if p.is_dir()), "test", "rmfrd")
    for name in names:
        bare = pictures_in(root / name / "unmasked")[:ENROLLED]
        if len(bare) < ENROLLED:
            continue
        masked = read_detected(pictures_in(root / name / "masked"), detector)
        people.append(_enrolled(name, read_detected(bare, detector), embedder, len(people)))
        shots = people[-1].embeddings[:ENROLLED]
        seen = {rule: rows[:0] for rule, rows in visits([shots] * 3).items()}
        if len(masked) >= 3:
            seen = visits([embedder.embed(_frames(face, rng)) for face in masked])
        for rule, means in seen.items():
            probes.setdefault(rule, []).append(means)
    print(_table(probes, people, embedder.card))
    return 0


def _table(
    probes: Mapping[str, Sequence[FloatArray]],
    people: Sequence[EnrolledPerson],
    card: Mapping[str, Any],
) -> str:
    templates = [person.embeddings[:ENROLLED] for person in people]
    rows = []
    for rule, own in probes.items():
        told = figures(trial(templates, [normalised(means) for means in own], "mean"))
        shares = [f"{told[key]:.1f}" for key in ("rank1", "tar_far_0.1")]
        rows.append([rule, *shares, *named(own, people, card)])
    count = sum(map(len, next(iter(probes.values()))))
    head = [f"{count} visits", "rank-1", "TAR at FAR 0.1 %", "named rightly", "wrongly"]
    return markdown_table([*head, "strangers named"], rows)


def _enrolled(name: str, bare: Image, embedder: Embedder, number: int) -> EnrolledPerson:
    """With the bare pictures, and masks drawn on them, as the program enrols."""
    shots = embedder.embed(bare)
    with_mask = embedder.embed(masked_all(bare, drawn, number))
    kinds = [Kind.BARE] * len(shots) + [Kind.DRAWN] * len(with_mask)
    return EnrolledPerson(
        *(name, "", datetime.now(UTC), None, ""),
        np.concatenate([shots, with_mask]),
        np.array(kinds, np.uint8),
    )


def _frames(face: Image, rng: np.random.Generator) -> Image:
    return np.stack([moved(face, rng) for _ in range(FRAMES)])


if __name__ == "__main__":
    run_main(main)

"""Pictures that stand alone: no track, no vote, one answer a face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from monitor.analysis.wanted import Answers, Indices, Wanted
from monitor.config import ClassifyConfig
from monitor.faces.boxes import longer_side
from monitor.faces.classify import STATES
from monitor.faces.covered import mouth_in_sight
from monitor.faces.quality import can_be_judged
from monitor.records import Face, FloatArray, MaskState


def still_faces(wanted: Wanted, answers: Answers, config: ClassifyConfig) -> tuple[Face, ...]:
    """The faces of a picture that stands alone, all of which were classified."""
    found = wanted.found
    sizes = longer_side(found.boxes)
    faces = []
    for i, answer in enumerate(answers.probabilities):
        best = int(answer.argmax())
        landmarks = None if found.landmarks is None else found.landmarks[i]
        # Unmasked or incorrect is a matter of degree; masked or not is what must be clear.
        masked = float(answer[STATES.index(MaskState.MASKED)])
        side = masked if STATES[best] is MaskState.MASKED else 1 - masked
        clear = side >= config.unsure_below
        judged = can_be_judged(float(sizes[i]), answers.rois[i], landmarks, config)
        in_sight = landmarks is None or mouth_in_sight(
            wanted.frame.image, found.boxes[i], landmarks, answer
        )
        sure = clear and judged and in_sight
        state = STATES[best] if sure else MaskState.UNSURE
        probability = float(answer[best])
        faces.append(
            Face(
                found.boxes[i],
                float(found.confidence[i]),
                STATES[best],
                probability,
                state,
                probability,
                None,
            )
        )
    return tuple(faces)


def pooled(first: FloatArray, second: FloatArray) -> FloatArray:
    """Two looks at the same faces as one: the geometric mean.

    Args:
        first: (N, 3) probabilities.
        second: The same.

    Returns:
        (N, 3) float32, rows sum to 1.
    """
    product = np.sqrt(first.astype(np.float64) * second) + np.finfo(np.float32).tiny
    probabilities: FloatArray = (product / product.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities


def named_faces(
    faces: Sequence[Face], which: Indices, names: Sequence[tuple[str | None, float]]
) -> tuple[Face, ...]:
    """The faces, some of them with a name.

    Args:
        faces: Of the picture.
        which: Positions in `faces` of those that were looked at.
        names: Name and confidence of each of them.
    """
    known = list(faces)
    for i, (name, confidence) in zip(which, names, strict=True):
        known[i] = replace(known[i], identity=name, identity_confidence=confidence)
    return tuple(known)


def with_genders(faces: Sequence[Face], which: Indices, guesses: FloatArray) -> tuple[Face, ...]:
    """The faces, some of them with a guess at the gender, where one look is sure enough.

    Args:
        faces: Of the picture.
        which: Positions in `faces` of those that were looked at.
        guesses: (len(which), 2) probabilities, in the order of `gender.GENDERS`.
    """
    from monitor.faces.gender import GENDERS, SURE_MIN

    known = list(faces)
    for i, guess in zip(which, guesses, strict=True):
        best = int(guess.argmax())
        if guess[best] >= SURE_MIN:  # of single pictures that are so sure, 97.7 % are right
            known[i] = replace(known[i], gender=GENDERS[best])
    return tuple(known)

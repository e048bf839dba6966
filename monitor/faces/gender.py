"""A guess at a person's gender from the aligned face, for those who ask for it (`[gender] show =
true`). Off by default.

It is a guess from looks by a network that was trained on a two-valued label. It is shown in the
window and never stored, and must not decide anything about a person. With the setting off nothing
of this file is imported.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from monitor.engine import Network, load_network
from monitor.errors import ModelError
from monitor.faces.align import SIZE, align
from monitor.faces.boxes import longer_side
from monitor.faces.preprocess import scale
from monitor.faces.quality import weight
from monitor.records import Detections, FloatArray, Frame, Image

GENDERS = ("male", "female")
SURE_MIN = 0.9  # mean probability over a track's looks below which nothing is shown
LOOKS_MIN = 4  # no guess before so many looks
LOOKS_MAX = 16  # after so many the answer stands and costs nothing more
EVIDENCE_MIN = 1.5  # sum of the looks' weights
EVERY_S = 0.3  # between two looks at one track
FRAME_MAX = 2  # looks in one frame
MAX_BATCH = 32


class GenderGuesser:
    """Aligned faces to probabilities. Not thread-safe: the inference thread alone calls it."""

    def __init__(self, network: Network) -> None:
        """
        Raises:
            ModelError: If the card is not that of a gender model for this program.
        """
        self._network = network
        card = network.card
        try:
            self.name = str(card["name"])
            self.size = int(card["input"]["size"])
            self._columns = [list(card["classes"]).index(name) for name in GENDERS]
            fits = (
                card["task"] == "gender"
                and card["input"]["colour"] == "RGB"
                and card["input"]["range"] == [-1, 1]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"the gender model's card is incomplete ({error!r}): make it anew with "
                f"monitor.training.gender train"
            ) from None
        if not fits:
            raise ModelError(
                f"{self.name} is no gender model for RGB faces in -1..1: name another one under "
                f"[gender]"
            )

    @classmethod
    def load(cls, model: str, threads: int = 2) -> GenderGuesser:
        """ONNX Runtime in every case: no Keras file of this network is shipped.

        Raises:
            ModelError: If the model is missing, changed, without a card or not for this program.
        """
        return cls(load_network(model, "onnx", threads))

    def look_at(self, frame: Frame, found: Detections, votes: Sequence[GenderVote | None]) -> None:
        """Look at a few faces of a frame and tell their votes.

        Args:
            frame: Of any source.
            found: Its faces.
            votes: One a face; None where it is not to be looked at. Those that wait longest come
                first.
        """
        waiting = sorted(
            (v.looked_t, i) for i, v in enumerate(votes) if v is not None and v.waits(frame.t)
        )
        chosen = [i for _, i in waiting[:FRAME_MAX]]
        landmarks = None if found.landmarks is None else found.landmarks[chosen]
        answers = self.probabilities(align(frame.image, found.boxes[chosen], landmarks))
        sizes = longer_side(found.boxes)
        for i, answer in zip(chosen, answers, strict=True):
            vote = votes[i]
            assert vote is not None
            vote.add(frame.t, answer, weight(float(sizes[i]), float(found.confidence[i])))

    def probabilities(self, faces_bgr: Image) -> FloatArray:
        """The mean over each face and its mirror image.

        Args:
            faces_bgr: (N, 112, 112, 3) uint8 BGR from `align`. N may be 0.

        Returns:
            (N, 2) float32, rows sum to 1, columns in the order of `GENDERS`.
        """
        if len(faces_bgr) == 0:
            return np.empty((0, len(GENDERS)), np.float32)
        parts = [
            self._network(self._batch(faces_bgr[i : i + MAX_BATCH]))
            for i in range(0, len(faces_bgr), MAX_BATCH)
        ]
        both = [part.reshape(2, -1, part.shape[1]).mean(axis=0) for part in parts]
        return np.concatenate(both)[:, self._columns]

    @staticmethod
    def new_vote() -> GenderVote:
        return GenderVote()

    def _batch(self, faces_bgr: Image) -> FloatArray:
        """(N, 112, 112, 3) uint8 BGR to (2 N, size, size, 3) float32 RGB -1..1: the faces, then
        their mirror images.
        """
        faces = scale(resized(faces_bgr, self.size)[..., ::-1])
        return np.concatenate([faces, faces[:, :, ::-1]])


def resized(faces: Image, size: int) -> Image:
    """(N, 112, 112, 3) uint8 from `align` to (N, size, size, 3), for a network with a larger
    input.
    """
    if size == SIZE or len(faces) == 0:
        return faces
    return np.stack(
        [cv2.resize(face, (size, size), interpolation=cv2.INTER_LINEAR) for face in faces]
    )


class GenderVote:
    """Collects the looks at one track. The inference thread alone calls it."""

    def __init__(self) -> None:
        self._sum = np.zeros(len(GENDERS))
        self._weight = 0.0
        self.looks = 0
        self.looked_t = -1e9  # s, time of the last look

    def add(self, t: float, probabilities: FloatArray, share: float) -> None:
        """Take in one look.

        Args:
            t: Seconds, of the source.
            probabilities: (2,) in the order of `GENDERS`.
            share: In [0, 1], as `monitor.faces.quality.weight` gives it.
        """
        self._sum += share * probabilities
        self._weight += share
        self.looks += 1
        self.looked_t = t

    def waits(self, t: float) -> bool:
        """Whether another look is wanted at time `t` (s)."""
        return self.looks < LOOKS_MAX and t - self.looked_t >= EVERY_S

    @property
    def guess(self) -> str | None:
        """One of `GENDERS`, or None while it is not clear."""
        if self.looks < LOOKS_MIN or self._weight < EVIDENCE_MIN:
            return None
        best = int(self._sum.argmax())
        return GENDERS[best] if self._sum[best] >= SURE_MIN * self._weight else None

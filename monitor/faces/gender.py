"""A guess at a person's gender from the aligned face, for those who ask for it (`[gender] show =
true`). Off by default.

A network that was trained on a two-valued label guesses from appearance. The guess is shown in the
window and never stored, and must not decide anything about a person. With the setting off nothing
of this file is imported.
"""

from __future__ import annotations

import cv2
import numpy as np

from monitor.engine import Network, load_network
from monitor.errors import ModelError
from monitor.faces.align import SIZE, align
from monitor.faces.preprocess import scale
from monitor.records import FloatArray, Image

GENDERS = ("male", "female")
SURE_MIN = 0.9  # mean probability over a track's answers below which nothing is shown
ANSWERS_MIN = 4  # no guess before this many of the network's answers
ANSWERS_MAX = 16  # after this many the guess stands and costs nothing more
EVIDENCE_MIN = 1.5  # sum of the answers' weights
EVERY_S = 0.3  # between two answers on one track
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

    def guess(
        self, image_bgr: Image, boxes: FloatArray, landmarks: FloatArray | None
    ) -> FloatArray:
        """Probabilities of some faces of one picture, in one batch.

        Args:
            image_bgr: (H, W, 3) uint8 BGR.
            boxes: (N, 4) xyxy in pixels of the image; N may be 0.
            landmarks: (N, 5, 2) in pixels of the image, or None.

        Returns:
            (N, 2) float32, as `probabilities` gives them.
        """
        return self.probabilities(align(image_bgr, boxes, landmarks))

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
    """Collects the answers on one track. The inference thread alone calls it."""

    def __init__(self) -> None:
        self._sum = np.zeros(len(GENDERS))
        self._weight = 0.0
        self.answers = 0
        self.guessed_t = -1e9  # s, time of the last answer

    def add(self, t: float, probabilities: FloatArray, share: float) -> None:
        """Take in one answer.

        Args:
            t: Seconds, of the source.
            probabilities: (2,) in the order of `GENDERS`.
            share: In [0, 1], as `monitor.faces.quality.weight` gives it.
        """
        self._sum += share * probabilities
        self._weight += share
        self.answers += 1
        self.guessed_t = t

    def waits(self, t: float) -> bool:
        """Whether another answer is wanted at time `t` (s)."""
        return self.answers < ANSWERS_MAX and t - self.guessed_t >= EVERY_S

    @property
    def guess(self) -> str | None:
        """One of `GENDERS`, or None while it is not clear."""
        if self.answers < ANSWERS_MIN or self._weight < EVIDENCE_MIN:
            return None
        best = int(self._sum.argmax())
        return GENDERS[best] if self._sum[best] >= SURE_MIN * self._weight else None

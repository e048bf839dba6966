"""The mask classifier: all ROIs of a frame in one 4D batch through MobileNetV2
(arXiv:1801.04381).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from monitor.config import ClassifyConfig
from monitor.engine import Network, load_network
from monitor.errors import ModelError
from monitor.faces.preprocess import face_batch
from monitor.records import FloatArray, Image, MaskState

STATES = (
    MaskState.MASKED,
    MaskState.UNMASKED,
    MaskState.INCORRECT,
)  # the column order of what `MaskClassifier` returns
MAX_BATCH = 64  # a larger crowd goes in pieces, so that memory stays flat


class MaskClassifier:
    """Probabilities of the three states for faces. Not thread-safe: the inference thread alone
    calls it.
    """

    def __init__(self, network: Network) -> None:
        """
        Raises:
            ModelError: If the card lacks the classes or the input that this program needs.
        """
        self._network = network
        card = network.card
        try:
            self.name = str(card["name"])
            classes = [MaskState(name) for name in card["classes"]]
            self._columns = [classes.index(state) for state in STATES]
            self.size = int(card["input"]["size"])
            self.margin = float(card["input"]["margin"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"the mask model's card is incomplete ({error!r}): make it anew with "
                f"monitor.training.learning.export"
            ) from None

    @classmethod
    def load(cls, config: ClassifyConfig) -> MaskClassifier:
        """
        Raises:
            ModelError: If the model is missing, changed, without a card or not for this program.
        """
        return cls(load_network(config.model, config.backend, config.threads))

    @property
    def backend(self) -> str:
        return self._network.backend

    @property
    def card(self) -> dict[str, Any]:
        return self._network.card

    def rois(self, image_bgr: Image, boxes: FloatArray) -> FloatArray:
        """(N, size, size, 3) float32 RGB in -1..1: the faces as the network wants them."""
        return face_batch(image_bgr, boxes, self.size, self.margin)

    def probabilities(self, rois: FloatArray) -> FloatArray:
        """
        Args:
            rois: (N, size, size, 3) float32, from `rois`; from several frames if wanted. N may be
                0.

        Returns:
            (N, 3) float32, rows sum to 1, columns in the order of `STATES`.
        """
        if len(rois) == 0:
            return np.empty((0, len(STATES)), np.float32)
        parts = [self._network(rois[i : i + MAX_BATCH]) for i in range(0, len(rois), MAX_BATCH)]
        return np.concatenate(parts)[:, self._columns]

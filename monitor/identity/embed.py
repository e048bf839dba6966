"""Aligned faces to embeddings.

Off by default: in mask-only mode nothing of this file is imported and no embedding is computed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from monitor.engine import Network, load_network
from monitor.errors import ModelError
from monitor.faces.align import SIZE
from monitor.identity.straighten import MAX_BATCH, Aligner
from monitor.records import FloatArray, Image

MODEL = "sface_masked_v3"  # the embedding model in models/


class Embedder:
    """Faces to embeddings. Not thread-safe: one thread calls it."""

    def __init__(self, network: Network, aligner: Aligner | None = None) -> None:
        """
        Args:
            network: Of aligned faces.
            aligner: Lays them straight first.

        Raises:
            ModelError: If the card is not that of an embedding model for this program.
        """
        self._network, self._aligner = network, aligner
        card = network.card
        try:
            self.name = str(card["name"])
            self.dimension = int(card["output"]["dimension"])
            fits = (
                card["task"] == "embedding"
                and card["input"]["size"] == SIZE
                and card["input"]["colour"] == "RGB"
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"the embedding model's card is incomplete ({error!r}): make it anew with "
                f"monitor.training.identity.export"
            ) from None
        if not fits:
            raise ModelError(
                f"{self.name} is no embedding model for {SIZE} px RGB faces: name another one"
            )

    @classmethod
    def load(cls, model: str = MODEL, threads: int = 2) -> Embedder:
        """ONNX Runtime in every case: no Keras file of this network is shipped.

        The aligner that its card names is looked for in `models`, or where the name is a path,
        there.

        Raises:
            ModelError: If the model or its aligner is missing, changed, without a card or not for
                this program.
        """
        network = load_network(model, "onnx", threads)
        aligner = network.card.get("aligner")
        return cls(network, Aligner.load(str(aligner), threads) if aligner else None)

    @property
    def card(self) -> dict[str, Any]:
        return self._network.card

    def embed(self, faces_bgr: Image) -> FloatArray:
        """
        Args:
            faces_bgr: (N, 112, 112, 3) uint8 BGR from `align`, of several pictures if wanted. N may
                be 0.

        Returns:
            (N, D) float32, each of length 1.
        """
        if len(faces_bgr) == 0:
            return np.empty((0, self.dimension), np.float32)
        if self._aligner is not None:
            faces_bgr = self._aligner(faces_bgr)
        parts = [
            self._network(np.ascontiguousarray(faces_bgr[i : i + MAX_BATCH, ..., ::-1], np.float32))
            for i in range(0, len(faces_bgr), MAX_BATCH)
        ]
        return normalised(np.concatenate(parts))


def normalised(vectors: FloatArray) -> FloatArray:
    """Rows brought to length 1; a row of zeros stays."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.maximum(length, 1e-9)).astype(np.float32)  # type: ignore[no-any-return]

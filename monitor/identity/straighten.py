"""Faces laid straight where landmarks have missed, as they do behind a mask: before the embedding
network, in training too.

A detector guesses nose and mouth behind a mask, and `monitor.faces.align` lays the face by them,
several px of 112 away from where it would lie bare. A small network says by which affine map the
template lies in the face; the face is sampled along that map and looked at again, each look
righting what the one before it has left: a spatial transformer (Jaderberg et al., arXiv:1506.02025)
that was taught its map (`monitor.training.identity.aligner`). The sampling is OpenCV's, ten times
as fast as ONNX Runtime's.
"""

from __future__ import annotations

import cv2
import numpy as np

from monitor.engine import Network, load_network
from monitor.errors import ModelError
from monitor.faces.align import SIZE
from monitor.records import FloatArray, Image

LOOKS = 3
MAX_BATCH = 32  # faces, of this network and of the embedding's


class Aligner:
    """Lays aligned faces straight. Not thread-safe: one thread calls it."""

    def __init__(self, network: Network) -> None:
        """
        Raises:
            ModelError: If the card is not that of an aligner.
        """
        if network.card.get("task") != "aligner":
            raise ModelError(f"{network.card.get('name')} is no aligner: name another one")
        self._network = network

    @classmethod
    def load(cls, model: str, threads: int = 2) -> Aligner:
        """
        Raises:
            ModelError: If the model is missing, changed, without a card or no aligner.
        """
        return cls(load_network(model, "onnx", threads))

    def __call__(self, faces_bgr: Image) -> Image:
        """
        Args:
            faces_bgr: (N, 112, 112, 3) uint8 BGR from `monitor.faces.align`; N may be 0.

        Returns:
            The same faces laid straight, sampled once from what came; black where that ends.
        """
        return _sampled(faces_bgr, self.maps(faces_bgr))

    def maps(self, faces_bgr: Image, looks: int = LOOKS) -> FloatArray:
        """(N, 2, 3) float32 affine maps in px: where the template lies in each face, after that
        number of looks.
        """
        lies = np.tile(np.eye(2, 3, dtype=np.float32), (len(faces_bgr), 1, 1))
        faces_rgb: Image = np.ascontiguousarray(faces_bgr[..., ::-1])
        for start in range(0, len(faces_bgr), MAX_BATCH):
            part = slice(start, start + MAX_BATCH)
            for look in range(looks):
                seen = _sampled(faces_rgb[part], lies[part]) if look else faces_rgb[part]
                further = self._network(seen.astype(np.float32))
                # First where the template lies in what was seen, then where that lies in the face
                # as it came.
                linear = lies[part, :, :2]
                lies[part, :, 2:] += linear @ further[:, :, 2:]
                lies[part, :, :2] = linear @ further[:, :, :2]
        return lies


def _sampled(faces: Image, lies: FloatArray) -> Image:
    made = np.empty_like(faces)
    for face, matrix, straight in zip(faces, lies, made, strict=True):
        cv2.warpAffine(
            face, matrix, (SIZE, SIZE), dst=straight, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
    return made

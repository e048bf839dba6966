"""What the frozen part of a mask model sees in a face: the numbers that its last layer gets."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from monitor.card import read_model
from monitor.engine import session_of
from monitor.learning.head import Head, giving_features, read_head
from monitor.records import FloatArray

BATCH = 32


class FeatureNetwork:
    """A mask model without its last layer. One thread at a time.

    Args:
        path: The `.onnx` file, its card beside it.
        threads: On the CPU.

    Raises:
        ModelError: If file or card are not right, or the model has no last layer of its own.
        ConfigError: If `onnx` is not installed.
    """

    def __init__(self, path: Path, threads: int = 2) -> None:
        self.card, self.content = read_model(path)
        self.head: Head = read_head(self.content)
        opened, self._output = giving_features(self.content)
        self._session = session_of(opened, path.name, threads)
        self._input = self._session.get_inputs()[0].name

    @property
    def size(self) -> int:
        """Side of a ROI in pixels."""
        return int(self.card["input"]["size"])

    @property
    def margin(self) -> float:
        """See `boxes.crop_square`."""
        return float(self.card["input"]["margin"])

    def __call__(self, rois: FloatArray) -> FloatArray:
        """(N, D) float32 of (N, size, size, 3) float32 RGB in -1..1; N may be 0."""
        parts = [
            self._session.run([self._output], {self._input: rois[i : i + BATCH]})[0]
            for i in range(0, len(rois), BATCH)
        ]
        width = self.head.kernel.shape[0]
        return np.concatenate(parts) if parts else np.empty((0, width), np.float32)

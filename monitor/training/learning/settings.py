"""What a network is built with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one network."""

    classes: int = 3  # how many outputs
    dropout: float = 0.2  # part of the features dropped before the last layer, 0 to 0.9
    l2: float = 0.0  # weight decay of the dense layers, and of the custom CNNs' convolutions
    # width of mobilenetv2; ImageNet weights are there for 1.0 alone unless a path is given
    alpha: float = 1.0

    @property
    def decay(self) -> Any:
        """The weight decay as Keras wants it, None without any."""
        from keras import regularizers  # where settings are made, TensorFlow need not be there yet

        return regularizers.L2(self.l2) if self.l2 else None

"""Which networks there are, told without importing TensorFlow or any of them."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.declared import declared

SHIPPED = "mobilenetv2"


@dataclass(frozen=True, slots=True)
class NetworkInfo:
    """What a file in `architectures/` says of its network, whose name is the file's.

    The file also has `logits(inputs, settings)`: a Keras tensor (N, size, size, 3) of RGB -1..1 and
    `networks.Settings` to a tensor (N, classes).
    """

    title: str  # for tables
    paper: str  # where it was published
    size: int = 224  # the side of the input that it was published with, px
    size_min: int = 32  # px
    # of pretrained weights batch normalisation and the first blocks stay (`trainer.freeze`)
    freezes: bool = False
    # names of its ImageNet weights without top, in `weights/` or in Keras' cache; none: it has none
    files: tuple[str, ...] = ()


def infos() -> dict[str, NetworkInfo]:
    """All networks by name: the one that ships, then the others.

    Raises:
        ConfigError: If a file's declaration is not complete.
    """
    found = declared("monitor.training.learning.architectures", NetworkInfo, needs=("logits",))
    return dict(sorted(found.items(), key=lambda item: (item[0] != SHIPPED, item[0])))


def names() -> tuple[str, ...]:
    """The names alone, in the same order."""
    return tuple(infos())

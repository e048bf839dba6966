"""Near duplicates by perceptual hash: the same picture resized, recompressed, mirrored or cut a
little differently.

The hash is ImageHash's `phash` (the signs of the low frequencies of a cosine transform) of the
square round the face, 256 bits; two pictures are near duplicates when at most `distance_max` bits
differ. Unrelated faces differ in about half the bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image as PilImage

from monitor.errors import ConfigError
from monitor.faces.boxes import crop_square
from monitor.training.pictures.chips import Chip

HASH_SIDE = 16  # 16 x 16 = 256 bits
# looked at on 16,022 chips: pairs at 48-56 were all the same picture, the first unrelated ones
# came at 62
DISTANCE_MAX = 56
Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two chips that show nearly the same."""

    a: Chip
    b: Chip
    distance: int  # bits that differ, of 256
    mirrored: bool

    @property
    def straddles(self) -> bool:
        """Whether the two carry different labels: one of them is wrong."""
        return self.a.label != self.b.label


def hash_image(grey: npt.NDArray[np.uint8]) -> Hashes:
    """(H, W) uint8 to its hash, (4,) uint64."""
    bits = np.asarray(imagehash.phash(PilImage.fromarray(grey), hash_size=HASH_SIDE).hash, bool)
    return np.packbits(bits.reshape(-1)).view(np.uint64)


def hash_chips(chips: Sequence[Chip], threads: int = 2) -> tuple[Hashes, Hashes]:
    """Hashes of the square round each face, and of its mirror image.

    Returns:
        Twice (N, 4) uint64.

    Raises:
        ConfigError: If a picture cannot be read.
    """

    def one(chip: Chip) -> tuple[Hashes, Hashes]:
        image = cv2.imread(str(chip.path), cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise ConfigError(f"{chip.path.name} cannot be read as a picture: repair or remove it")
        colour: Any = image[..., None]  # one channel is enough, and cv2 drops it again
        grey = crop_square(colour, np.array(chip.box, np.float32), 0.25, 64).reshape(64, 64)
        return hash_image(grey), hash_image(np.ascontiguousarray(grey[:, ::-1]))

    with ThreadPoolExecutor(threads) as pool:
        both = list(pool.map(one, chips))
    empty = np.empty((0, HASH_SIDE * HASH_SIDE // 64), np.uint64)
    return (
        (np.stack([h for h, _ in both]), np.stack([m for _, m in both])) if both else (empty, empty)
    )


def close_pairs(a: Hashes, b: Hashes, distance_max: int) -> list[tuple[int, int, int]]:
    """(i, j, distance) for every i < j with `a[i]` and `b[j]` at most `distance_max` bits apart."""
    found = []
    for i in range(len(a) - 1):
        distance = np.zeros(len(b) - i - 1, np.uint16)
        for word in range(a.shape[1]):
            distance += np.bitwise_count(b[i + 1 :, word] ^ a[i, word])
        found += [
            (i, i + 1 + int(j), int(distance[j])) for j in np.flatnonzero(distance <= distance_max)
        ]
    return found


def find_pairs(chips: Sequence[Chip], distance_max: int = DISTANCE_MAX) -> list[Pair]:
    """Near duplicates among the chips, closest first. Two faces of one picture count only if they
    look alike as well.
    """
    plain, mirror = hash_chips(chips)
    best: dict[tuple[int, int], tuple[int, bool]] = {}
    for mirrored, other in ((False, plain), (True, mirror)):
        for i, j, distance in close_pairs(plain, other, distance_max):
            if (i, j) not in best or distance < best[i, j][0]:
                best[i, j] = (distance, mirrored)
    pairs = [
        Pair(chips[i], chips[j], distance, mirrored)
        for (i, j), (distance, mirrored) in best.items()
    ]
    return sorted(pairs, key=lambda pair: (pair.distance, str(pair.a.path), str(pair.b.path)))


def path_pairs(pairs: Sequence[Pair]) -> list[tuple[Path, Path]]:
    """The files of each pair, as `chips.merge_groups` takes them."""
    return [(pair.a.path, pair.b.path) for pair in pairs]

"""Near duplicates: the same picture again is found, another is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.records import Image
from monitor.training.pictures.chips import load_chips, merge_groups
from monitor.training.pictures.duplicates import (
    DISTANCE_MAX,
    close_pairs,
    find_pairs,
    hash_image,
    path_pairs,
)


def rewrite(path: Path, image: Image) -> None:
    assert cv2.imwrite(str(path), image)


@pytest.mark.parametrize("change", ["same", "jpeg", "small", "mirror", "brighter"])
def test_finds_the_same_picture_again(
    tmp_path: Path, change: str, write_chips: Callable[..., Path]
) -> None:
    root = write_chips(tmp_path, {"unmasked": 6})
    chips = load_chips(root)
    image = cv2.imread(str(chips[0].path))
    copies = {
        "same": lambda: image,
        "jpeg": lambda: cv2.imdecode(
            cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR
        ),
        "small": lambda: cv2.resize(
            cv2.resize(image, (64, 64), interpolation=cv2.INTER_AREA), (192, 192)
        ),
        "mirror": lambda: image[:, ::-1],
        "brighter": lambda: cv2.convertScaleAbs(image, alpha=0.8, beta=25),
    }
    rewrite(chips[3].path, np.ascontiguousarray(copies[change]()))
    pairs = find_pairs(chips)
    assert [(p.a, p.b, p.mirrored) for p in pairs] == [(chips[0], chips[3], change == "mirror")]


def test_other_faces_are_no_duplicates(tmp_path: Path, write_chips: Callable[..., Path]) -> None:
    chips = load_chips(write_chips(tmp_path, {"unmasked": 5, "masked": 5}))
    assert find_pairs(chips) == []


def test_a_pair_with_two_labels_is_label_noise(
    tmp_path: Path, write_chips: Callable[..., Path]
) -> None:
    chips = load_chips(write_chips(tmp_path, {"unmasked": 2, "masked": 2}))
    rewrite(chips[2].path, cv2.imread(str(chips[0].path)))  # type: ignore[arg-type]
    (pair,) = find_pairs(chips)
    assert pair.straddles


def test_pairs_make_one_group_of_two(tmp_path: Path, write_chips: Callable[..., Path]) -> None:
    chips = load_chips(write_chips(tmp_path, {"unmasked": 4}))
    rewrite(chips[1].path, cv2.imread(str(chips[0].path)))  # type: ignore[arg-type]
    merged = merge_groups(chips, path_pairs(find_pairs(chips)))
    assert merged[0].group == merged[1].group
    assert len({c.group for c in merged}) == 3


def test_close_pairs_agree_with_counting_bit_by_bit() -> None:
    rng = np.random.default_rng(1)
    a = rng.integers(0, 2**63, (12, 4), dtype=np.uint64)
    b = a.copy()
    b[:, 0] ^= np.uint64(0b111)
    b[7] = a[2]
    found = set(close_pairs(a, b, 130))
    expected = {
        (i, j, d)
        for i in range(12)
        for j in range(i + 1, 12)
        if (d := sum(int(x ^ y).bit_count() for x, y in zip(a[i], b[j], strict=True))) <= 130
    }
    assert found == expected
    assert (2, 7, 0) in found


def test_a_hash_has_256_bits(face: Callable[..., Image]) -> None:
    code = hash_image(cv2.cvtColor(face("masked", 3), cv2.COLOR_BGR2GRAY))  # type: ignore[arg-type]
    assert (code.shape, code.dtype) == ((4,), np.uint64)
    assert DISTANCE_MAX < 100  # unrelated pictures differ in about 128 bits


def test_no_chips_no_pairs() -> None:
    assert find_pairs([]) == []


def test_an_unreadable_picture_is_named(tmp_path: Path, write_chips: Callable[..., Path]) -> None:
    chips = load_chips(write_chips(tmp_path, {"unmasked": 2}))
    chips[1].path.write_bytes(b"nothing")
    with pytest.raises(ConfigError, match=chips[1].path.name):
        find_pairs(chips)

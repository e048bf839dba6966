"""Triplets for `siamese`: which faces they are made of, the stream of files, and the loss with its
choice of negatives.

People of the test half (`splits.is_test_person`) never come in. Of the people whom the dense
recogniser is to know, a fifth of each one's pictures is held out as well, and near duplicates of a
picture go with it.

A batch is P people with K faces each, half of them bare and half covered: really masked pictures
where a person has any, else bare ones with a drawn mask. Anchor and positive are a bare and a
covered face of one person, either way round. The negative is the semi-hard one of FaceNet (Schroff
et al., arXiv:1503.03832, section 3.2), found within the batch: of other people's faces the nearest
that is farther from the anchor than the positive; where there is none, the farthest. Files are read
as they are wanted (tf.data), so that no set has to fit into memory. Imports TensorFlow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from monitor.training.experiments.upper_faces import SIDE, Cache, Picture, Upper
from monitor.training.pictures.chips import Chip, merge_groups
from monitor.training.pictures.duplicates import find_pairs, path_pairs

HELD_OUT = 0.2  # of a known person's pictures of each kind
_FACE = (16.0, 8.0, 144.0, 152.0)  # where the face lies in a crop of rmfrd_ids, as in `pool`


@dataclass(frozen=True, slots=True)
class Person:
    """One person's cut faces."""

    bare: tuple[Path, ...]
    covered: tuple[Path, ...]  # really masked ones where there are any, else drawn ones


@dataclass(frozen=True, slots=True)
class Plan:
    """How a batch is made."""

    people: int = 8  # P
    each: int = 4  # K, even


def held_out(pictures: Sequence[Picture], known: Collection[str], seed: int) -> set[Picture]:
    """Which of the pictures (of `rmfrd_ids`) no training sees: a fifth of each known person's bare
    and of the masked ones.

    Near duplicates go with them, whosever name they carry; of each kind at least one is kept for
    training.
    """
    by_path = {p.path: p for p in pictures}
    chips = [
        Chip(p.path, p.dataset, p.kind, _FACE, None, 144.0, p.path.name, p.person, str(p.path))
        for p in sorted(pictures, key=lambda p: p.path)
    ]
    merged = merge_groups(chips, path_pairs(find_pairs(chips)))
    rng = np.random.default_rng(seed)
    kinds: dict[tuple[str | None, str], dict[str, int]] = {}
    for chip in (c for c in merged if c.identity in known):
        groups = kinds.setdefault((chip.identity, chip.label), {})
        groups[chip.group] = groups.get(chip.group, 0) + 1
    out: set[str] = set()
    for groups in kinds.values():
        names = list(groups)
        wanted = max(1, round(HELD_OUT * sum(groups.values())))
        for i in rng.permutation(len(names))[:-1]:
            if sum(groups[n] for n in names if n in out) >= wanted:
                break
            out.add(names[i])
    return {by_path[chip.path] for chip in merged if chip.group in out}


def people_of(uppers: Sequence[Upper], cache: Cache, out: Collection[Picture]) -> list[Person]:
    """Everybody with two pictures or more, one of them bare at least, when those of `out` are left
    aside.
    """
    by_name: dict[tuple[str, str], list[Picture]] = {}
    for upper in uppers:
        if upper.picture not in out:
            by_name.setdefault((upper.picture.dataset, upper.picture.person), []).append(
                upper.picture
            )
    people = []
    for pictures in by_name.values():
        bare = [p for p in pictures if p.kind == "bare"]
        masked = tuple(cache.file(p) for p in pictures if p.kind == "masked")
        if bare and len(pictures) > 1:
            drawn = tuple(cache.file(p, drawn=True) for p in bare)
            people.append(Person(tuple(cache.file(p) for p in bare), masked or drawn))
    return people


def stream(people: Sequence[Person], plan: Plan, seed: int) -> tf.data.Dataset:
    """Batches without end.

    Returns:
        Of ((P * K, 160, 160, 3) float32 RGB -1..1, (P * K,) int32 person, (P * K,) bool covered).
        Mirrored and lit at random.
    """

    def faces() -> Iterator[tuple[str, int, bool, int]]:
        rng, number = np.random.default_rng(seed), 0
        while True:
            for person in rng.permutation(len(people))[: plan.people]:
                for path, covered in _pick(people[person], plan.each, rng):
                    yield str(path), int(person), covered, number
                    number += 1

    kinds: Any = (tf.string, tf.int32, tf.bool, tf.int64)
    signature = tuple(tf.TensorSpec((), kind) for kind in kinds)

    def load(
        path: tf.Tensor, person: tf.Tensor, covered: tf.Tensor, number: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        face, pair = _decode(path), tf.stack([tf.constant(seed, tf.int64), number])
        face = tf.image.stateless_random_flip_left_right(face, pair)
        face = tf.image.stateless_random_brightness(face, 0.2, pair)
        return tf.image.stateless_random_contrast(face, 0.8, 1.25, pair), person, covered

    made = tf.data.Dataset.from_generator(faces, output_signature=signature)
    made = made.map(load, num_parallel_calls=2, deterministic=True)
    return made.batch(min(plan.people, len(people)) * plan.each, drop_remainder=True).prefetch(2)


def _pick(person: Person, each: int, rng: np.random.Generator) -> list[tuple[Path, bool]]:
    """Half bare and half covered faces, no file twice while there are enough."""
    result = []
    for paths, covered in ((person.bare, False), (person.covered, True)):
        order = [i for _ in range(-(-each // 2 // len(paths))) for i in rng.permutation(len(paths))]
        result += [(paths[i], covered) for i in order[: each // 2]]
    return result


def _decode(path: tf.Tensor) -> tf.Tensor:
    face = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
    return tf.ensure_shape(tf.cast(face, tf.float32) / 127.5 - 1, (SIDE, SIDE, 3))


def semi_hard(
    embeddings: tf.Tensor, person: tf.Tensor, covered: tf.Tensor, margin: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """The triplet loss over all pairs of a bare and a covered face of one person, with semi-hard
    negatives.

    Args:
        embeddings: (N, D) float32 of unit length.
        person: (N,) int32; at least two differ.
        covered: (N,) bool.
        margin: By how much the negative is to be farther off, in squared distance.

    Returns:
        The mean loss, and the part of the triplets that are not yet apart by the margin (float32
        scalars).
    """
    distance = tf.maximum(2 - 2 * tf.matmul(embeddings, embeddings, transpose_b=True), 0.0)
    same = person[:, None] == person[None, :]
    pairs = tf.where(same & (covered[:, None] != covered[None, :]))
    to_positive = tf.gather_nd(distance, pairs)[:, None]
    to_all, other = tf.gather(distance, pairs[:, 0]), tf.gather(~same, pairs[:, 0])
    farther = other & (to_all > to_positive)
    nearest = tf.reduce_min(tf.where(farther, to_all, np.inf), axis=1)
    farthest = tf.reduce_max(tf.where(other, to_all, -np.inf), axis=1)
    to_negative = tf.where(tf.reduce_any(farther, axis=1), nearest, farthest)
    loss = tf.nn.relu(to_positive[:, 0] - to_negative + margin)
    return tf.reduce_mean(loss), tf.reduce_mean(tf.cast(loss > 0, tf.float32))


class Encoder:
    """Turns files into embeddings with a network; compiles it once."""

    def __init__(self, network: Any, batch: int = 32) -> None:
        self._network, self._batch = network, batch
        self._run = tf.function(
            lambda faces: network(faces, training=False),
            input_signature=[tf.TensorSpec((None, SIDE, SIDE, 3))],
        )

    def __call__(self, paths: Sequence[Path]) -> npt.NDArray[np.float32]:
        """(N, D) float32 of unit length, in the order of the files; (0, D) for none."""
        files = tf.data.Dataset.from_tensor_slices(tf.constant([str(p) for p in paths], tf.string))
        faces = files.map(_decode, num_parallel_calls=2).batch(self._batch).prefetch(2)
        parts = [self._run(part).numpy() for part in faces]
        width = self._network.output_shape[-1]
        return np.concatenate(parts) if parts else np.empty((0, width), np.float32)

"""Looks of a visit that differ."""

from __future__ import annotations

import numpy as np

from monitor.training.identity.looks import FRAMES, moved, spread, visits


def unit(*rows: list[float]) -> np.ndarray:
    looks = np.array(rows, np.float32)
    return looks / np.linalg.norm(looks, axis=1, keepdims=True)


def test_the_looks_that_differ_most_are_chosen_once_each() -> None:
    looks = unit([1, 0, 0], [1, 0.01, 0], [0, 1, 0], [1, 0.02, 0], [0, 0, 1])
    assert spread(looks, 3).tolist() == looks[[0, 2, 4]].tolist()
    assert len(spread(looks, 9)) == len(looks)


def test_a_visit_is_pooled_by_every_rule_for_each_picture() -> None:
    pictures = [np.repeat(unit(row), FRAMES, axis=0) for row in ([1, 0, 0], [0, 1, 0], [0, 0, 1])]
    pooled = visits(pictures)
    assert all(vectors.shape == (3, 3) for vectors in pooled.values())
    assert np.allclose(pooled["one look"], np.eye(3))
    equal = pooled["the three pictures once each"]
    assert np.allclose(equal, 1 / 3)
    mostly = pooled["all, as the vote pools them"]
    assert (mostly.argmax(axis=1) == [0, 1, 2]).all()


def test_a_moved_face_is_nearly_the_same() -> None:
    face = np.full((112, 112, 3), 120, np.uint8)
    face[40:70, 40:70] = 200
    other = moved(face, np.random.default_rng(0))
    assert other.shape == face.shape
    assert 0 < np.abs(other.astype(int) - face).mean() < 12

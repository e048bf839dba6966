"""How often two people are taken for one when somebody is enrolled, and how often one for two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.identity.embed import Embedder
from monitor.identity.enrol import odd_shots
from monitor.training.pictures.faces import pictures_in, read_aligned
from monitor.training.pictures.splits import people_of

PEOPLE = 200


@pytest.mark.shared
def test_two_pictures_of_two_people_are_refused_and_of_one_are_not(shared: Path) -> None:
    root, embedder = shared / "data" / "lfw_aligned", Embedder.load()
    names = people_of((p.name for p in root.iterdir() if len(pictures_in(p)) > 1), "test", "lfw")
    faces = [read_aligned(pictures_in(root / name)[:2]) for name in sorted(names)[:PEOPLE]]
    pairs = embedder.embed(np.concatenate(faces)).reshape(len(faces), 2, -1)

    def refused(one: np.ndarray, other: np.ndarray) -> bool:
        try:
            odd_shots("x", np.stack([one, other]), np.zeros(2, np.uint8), embedder.card)
        except ConfigError:
            return True
        return False

    own = [refused(*pair) for pair in pairs]
    strangers = [
        refused(a[0], b[1]) for i, a in enumerate(pairs) for j, b in enumerate(pairs) if i != j
    ]
    print(f"one person refused: {np.mean(own):.4f}, two people caught: {np.mean(strangers):.5f}")
    assert np.mean(own) < 0.06
    assert np.mean(strangers) > 0.999

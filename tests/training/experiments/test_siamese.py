"""The Siamese network: its triplets, what it never trains on, and a small run from pictures to the
summary.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

from monitor.errors import ConfigError
from monitor.faces.align import TEMPLATE
from monitor.records import Image
from monitor.training.experiments import siamese, triplets
from monitor.training.experiments.siamese_scores import verified
from monitor.training.experiments.triplets import Person, Plan
from monitor.training.experiments.upper_faces import SIDE, Cache, Found, Picture
from monitor.training.pictures.splits import is_test_person

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves


def names(test: bool, dataset: str, count: int) -> list[str]:
    return [n for n in (f"p{i}" for i in range(200)) if is_test_person(n, dataset) == test][:count]


def unit(rows: int, seed: int) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=(rows, 5)).astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def by_hand(e: np.ndarray, person: np.ndarray, covered: np.ndarray, margin: float) -> list[float]:
    """Every triplet's loss, one after another."""
    d = ((e[:, None] - e[None]) ** 2).sum(axis=2)
    losses = []
    for a in range(len(e)):
        for p in range(len(e)):
            if person[a] == person[p] and covered[a] != covered[p]:
                others = d[a][person != person[a]]
                beyond = others[others > d[a, p]]
                losses.append(
                    max(0.0, d[a, p] - (beyond.min() if len(beyond) else others.max()) + margin)
                )
    return losses


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_loss_is_that_of_the_semi_hard_triplets(seed: int) -> None:
    e = unit(12, seed)
    person = np.repeat([0, 1, 2], 4).astype(np.int32)
    covered = np.tile([False, False, True, True], 3)
    losses = by_hand(e, person, covered, 0.2)
    loss, active = triplets.semi_hard(
        tf.constant(e), tf.constant(person), tf.constant(covered), 0.2
    )
    assert float(loss) == pytest.approx(np.mean(losses), abs=1e-5)
    assert float(active) == pytest.approx(np.mean(np.array(losses) > 0), abs=1e-6)
    assert len(losses) == 3 * 8


def write(path: Path, value: Sequence[int], noise: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full((SIDE, SIDE, 3), value, np.int16) + np.random.default_rng(noise).integers(
        -20, 20, (SIDE, SIDE, 1)
    )
    cv2.imwrite(str(path), image.clip(0, 255).astype(np.uint8))
    return path


COLOURS = ((40, 40, 200), (200, 40, 40), (40, 200, 40), (200, 200, 40))


@pytest.fixture
def coloured(tmp_path: Path) -> list[Person]:
    """Four people, each of one colour, with three bare faces and one covered face."""
    return [
        Person(
            tuple(write(tmp_path / f"{i}" / f"{k}.jpg", colour, k) for k in range(3)),
            (write(tmp_path / f"{i}" / "c.jpg", colour, 9),),
        )
        for i, colour in enumerate(COLOURS)
    ]


def test_a_batch_has_bare_and_covered_faces_of_different_people(coloured: list[Person]) -> None:
    plan = Plan(people=3, each=4)
    made = [
        [part.numpy() for part in batch] for batch in islice(triplets.stream(coloured, plan, 5), 4)
    ]
    again = next(iter(triplets.stream(coloured, plan, 5)))
    assert np.array_equal(made[0][0], again[0].numpy())  # the same seed, the same faces
    for faces, person, covered in made:
        assert faces.shape == (12, SIDE, SIDE, 3)
        assert len(set(person)) == 3
        assert [int(covered[person == p].sum()) for p in set(person)] == [2, 2, 2]
        for p in set(person):  # RGB, and the faces of the person that is named
            mean = faces[person == p].mean(axis=(0, 1, 2))
            assert mean.argmax() in np.flatnonzero(np.array(COLOURS[p])[::-1] > 100)


def test_training_brings_people_apart_and_stops_at_its_steps(coloured: list[Person]) -> None:
    keras.utils.set_random_seed(1)
    pooled = [keras.layers.AveragePooling2D(40), keras.layers.Flatten()]
    ends = [keras.layers.Dense(8), keras.layers.UnitNormalization()]
    model = keras.Sequential([keras.Input((SIDE, SIDE, 3)), *pooled, *ends])
    options = argparse.Namespace(batch_people=4, each=4, rate=1e-2, seed=0, steps=40)
    made = siamese.train(model, coloured, options, time.monotonic() + 600)
    assert (made["steps"], made["faces"]) == (40, 40 * 16)
    loss = [point[1] for point in made["curve"]]
    assert np.mean(loss[-5:]) < 0.3 * siamese.MARGIN
    over = siamese.train(model, coloured, options, time.monotonic() - 1)
    assert over["steps"] == 0


def test_near_duplicates_of_a_held_out_picture_go_with_it(
    tmp_path: Path, face: Callable[..., Image]
) -> None:
    pictures = []
    for person in ("ann", "bob", "cid"):
        for k in range(6):
            path = tmp_path / person / f"{k}.png"
            path.parent.mkdir(exist_ok=True)
            # bob's are ann's pictures in another size: they look the same to the hash.
            look = face("unmasked", {"ann": 0, "bob": 0, "cid": 100}[person] + k, 160)
            cv2.imwrite(str(path), cv2.GaussianBlur(look, (3, 3), 0) if person == "bob" else look)
            pictures.append(Picture(path, "rmfrd", person, "bare"))
    out = triplets.held_out(pictures, {"ann"}, 0)
    ann, bob, cid = ({p.path.name for p in out if p.person == n} for n in ("ann", "bob", "cid"))
    assert 1 <= len(ann) < 6
    assert bob >= ann
    assert not cid


def made_up(root: Path, face: Callable[..., Image]) -> Path:
    """A data folder: for each half of RMFRD three people, and four people of LFW, half of them test
    people.
    """
    number = 0
    for half in (True, False):
        for name in names(half, "rmfrd", 3):
            for kind, label, count in (("unmasked", "unmasked", 5), ("masked", "masked", 3)):
                for k in range(count):
                    path = root / "rmfrd_ids" / name / kind / f"{k}.jpg"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    number += 1
                    cv2.imwrite(str(path), face(label, number, 160))
        for name in names(half, "lfw", 2):
            for k in range(3):
                path = root / "lfw_aligned" / name / f"{k}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                number += 1
                cv2.imwrite(str(path), face("unmasked", number, 112))
    return root


def in_the_middle(images_bgr: Sequence[Image], look: int) -> list[Found | None]:
    """A finder that takes every picture for an aligned face."""
    sides = [image.shape[0] for image in images_bgr]
    return [(np.array([0.1, 0.1, 0.9, 0.9], np.float32) * s, TEMPLATE * (s / 112)) for s in sides]


def test_test_people_are_never_trained_on(tmp_path: Path, face: Callable[..., Image]) -> None:
    test, train = siamese.wanted(made_up(tmp_path, face), people=150, each=2)
    assert {p.person for p in test} == set(names(True, "rmfrd", 3))
    assert {p.person for p in train if p.dataset == "rmfrd"} == set(names(False, "rmfrd", 3))
    assert {p.person for p in train if p.dataset == "lfw"} == set(names(False, "lfw", 2))
    assert sum(p.dataset == "lfw" for p in train) == 4
    assert sum(p.kind == "masked" for p in test) == 9


def test_verification_follows_the_embeddings(tmp_path: Path, face: Callable[..., Image]) -> None:
    test, _ = siamese.wanted(made_up(tmp_path / "data", face), people=0, each=1)
    cache = Cache(tmp_path / "faces")
    cache.add(test, lambda: in_the_middle, time.monotonic() + 600)
    people = sorted({p.person for p in test})

    def knows_all(paths: Sequence[Path]) -> np.ndarray:
        return np.eye(3, dtype=np.float32)[[people.index(p.parts[-3]) for p in paths]]

    found = verified(knows_all, cache.ready(test), test, cache)
    assert (found["rmfrd masked"]["rank1"], found["rmfrd masked"]["probes"]) == (100.0, 9)
    assert (found["rmfrd bare"]["tar_far_0.1"], found["rmfrd bare"]["probes"]) == (100.0, 6)
    unfinished = [u for u in cache.ready(test) if u.picture != test[0]]
    # whose pictures are not all cut is left out
    assert verified(knows_all, unfinished, test, cache)["people"] == 2


@pytest.mark.long
def test_a_small_run_writes_its_figures(
    tmp_path: Path, face: Callable[..., Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    def small(network: str, weights: str) -> keras.Model:
        inputs = keras.Input((SIDE, SIDE, 3))
        x = keras.layers.Flatten()(keras.layers.AveragePooling2D(20)(inputs))
        return keras.Model(inputs, keras.layers.UnitNormalization()(keras.layers.Dense(16)(x)))

    monkeypatch.setattr(siamese, "build", small)
    monkeypatch.setattr(siamese, "Mtcnn", lambda: in_the_middle)
    data, summary = made_up(tmp_path / "data", face), tmp_path / "docs"
    command = [
        "--data",
        str(data),
        "--faces",
        str(tmp_path / "faces"),
        "--out",
        str(tmp_path / "run"),
        "--smoke",
    ]
    assert siamese.main([*command, "--summary", str(summary), "--name", "twins"]) == 0
    found = json.loads((summary / "twins.json").read_text())
    assert found["faces"]["missing"] == 0
    assert found["training"]["steps"] == len(found["training"]["curve"]) == 3
    assert found["after"]["verification"]["rmfrd masked"]["probes"] == 9
    # A fifth of five bare and of three masked pictures is one of each, for three people.
    assert [found["after"]["recogniser"][k]["count"] for k in ("all", "bare", "masked")] == [
        6,
        3,
        3,
    ]
    text = (summary / "twins.md").read_text()
    assert "random weights" in text
    assert str(tmp_path / "faces") in text.splitlines()[2]  # the command
    assert (summary / "twins_loss.svg").stat().st_size > 1000
    assert keras.saving.load_model(tmp_path / "run" / "twin.keras", compile=False).output_shape == (
        None,
        16,
    )


def test_the_network_gives_unit_vectors() -> None:
    model = siamese.build("mobilenetv2", "none")
    faces = np.random.default_rng(0).uniform(-1, 1, (2, SIDE, SIDE, 3)).astype(np.float32)
    assert np.linalg.norm(model(faces).numpy(), axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert model.output_shape == (None, siamese.EMBEDDING)


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--each must be even"):
        siamese.main(["--each", "3"])
    with pytest.raises(ConfigError, match="above 0"):
        siamese.main(["--minutes", "0"])
    with pytest.raises(ConfigError, match="rmfrd_ids is not there"):
        siamese.main(["--data", str(tmp_path), "--out", str(tmp_path)])
    for name in ("rmfrd_ids", "lfw_aligned"):
        (tmp_path / name).mkdir()
    with pytest.raises(ConfigError, match=r"none\.h5 is not there"):
        siamese.main(
            ["--data", str(tmp_path), "--faces", str(tmp_path / "f"), "--weights", "none.h5"]
        )

"""The discriminant over the bands of a face, and the network that holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.identity.embed import normalised
from monitor.training.identity import project as pi

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and tf2onnx warn about themselves
BANDS, D = pi.BANDS, pi.DIMENSION


def made_up(people: int, each: int, seed: int) -> pi.Samples:
    """People who differ in the upper four bands, in 30 ways; the lower three say something else in
    every picture, loudly.
    """
    rng = np.random.default_rng(seed)
    ways = np.random.default_rng(99).normal(0, 0.18, (30, 4 * D))  # the same whoever the people are
    who = (rng.normal(0, 1, (people, 30)) @ ways).reshape(people, 4, D)
    bands = rng.normal(0, 0.3, (people, each, BANDS, D))
    bands[:, :, :4] += who[:, None]
    bands[:, :, 4:] += rng.normal(0, 4, (people, each, 3, D))
    return pi.Samples(
        bands.reshape(-1, BANDS * D).astype(np.float32), np.repeat(np.arange(people), each)
    )


def rank1(embeddings: np.ndarray, person: np.ndarray) -> float:
    """The nearest other picture shows the same person."""
    likeness = embeddings @ embeddings.T
    np.fill_diagonal(likeness, -1)
    return float(np.mean(person[likeness.argmax(axis=1)] == person))


def test_bands_that_change_within_a_person_count_for_little_with_new_people() -> None:
    projection = pi.fit(made_up(150, 8, seed=1), 0.5, 1.0)
    new = made_up(40, 4, seed=2)
    assert projection.matrix.shape == (BANDS * D, D)
    assert rank1(pi.own_embedding(new.bands), new.person) < 0.7
    assert rank1(projection(new.bands), new.person) > 0.95
    # the strongest directions
    weight = np.abs(projection.matrix[:, :30].reshape(BANDS, D, 30)).mean(axis=(1, 2))
    assert weight[:4].min() > 3 * weight[4:].max()


def test_people_of_a_fold_are_judged_by_what_the_others_taught() -> None:
    samples = made_up(60, 6, seed=3)
    known = []
    for number in range(24):
        own = samples.bands[samples.person == number]
        known.append(pi.Known(number, own[:4], own[4:]))
    own_way = pi.cross_check(samples, known, 3, None)
    learnt = pi.cross_check(samples, known, 3, 0.5, 1.0)
    assert learnt["masked"]["rank1"] > own_way["masked"]["rank1"] + 10
    assert learnt["bare"]["probes"] == 24
    assert learnt["masked"]["probes"] == 48
    assert learnt["masked+1"]["probes"] == 24


def small_network() -> Any:
    """As SFace ends: a map of 7 x 7, flattened with the channels first, dense, batch
    normalisation.
    """
    import keras

    layers = keras.layers
    inputs = keras.Input((112, 112, 3))
    x = layers.Conv2D(6, 16, strides=16, activation="tanh")(layers.Rescaling(1 / 255)(inputs))
    x = layers.BatchNormalization(name=pi.FEATURES)(x)
    x = layers.Flatten()(layers.Permute((3, 1, 2))(x))
    x = layers.Dense(D, name=pi.DENSE)(x)
    network = keras.Model(inputs, layers.BatchNormalization(name=pi.NORM)(x))
    rng = np.random.default_rng(0)
    for name in (pi.FEATURES, pi.NORM):
        layer = network.get_layer(name)
        shape = layer.get_weights()[0].shape
        layer.set_weights(
            [
                rng.uniform(0.5, 1.5, shape),
                rng.normal(0, 0.1, shape),
                rng.normal(0, 0.1, shape),
                rng.uniform(0.5, 1.5, shape),
            ]
        )
    return network


def test_the_network_does_what_bands_and_projection_do(tmp_path: Path) -> None:
    network = small_network()
    faces = np.random.default_rng(5).integers(0, 255, (5, 112, 112, 3), np.uint8)
    bands = pi.Bands(network, tmp_path)(faces)
    rng = np.random.default_rng(6)
    projection = pi.Projection(
        rng.normal(0, 0.02, BANDS * D).astype(np.float32),
        rng.normal(0, 1, (BANDS * D, D)).astype(np.float32),
        0.4,
    )
    rgb = faces[..., ::-1].astype(np.float32)
    by_network = normalised(np.asarray(pi.network_of(network, projection)(rgb, training=False)))
    # the bands' maps are kept as float16
    assert np.abs(by_network - projection(bands)).max() < 2e-3


def test_a_sum_of_the_bands_is_the_network_as_it_was(tmp_path: Path) -> None:
    network = small_network()
    rgb = np.random.default_rng(7).integers(0, 255, (4, 112, 112, 3)).astype(np.float32)
    kernel, offset = pi.by_rows(network)
    import keras

    maps = np.asarray(
        keras.Model(network.input, network.get_layer(pi.FEATURES).output)(rgb, training=False)
    )
    summed = sum(maps[:, row].reshape(len(maps), -1) @ kernel[row] for row in range(BANDS)) + offset
    assert np.abs(summed - np.asarray(network(rgb, training=False))).max() < 1e-3


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--weights", "nowhere.keras"], "is not there"),
        (["--shrink", "0"], "--shrink must be above 0"),
        (["--share", "2"], "--share must be between 0 and 1"),
        (["--folds", "1"], "--folds must be 2"),
    ],
)
def test_bad_options_are_one_line(more: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "w.keras").touch()
    base = [
        "--data",
        str(tmp_path),
        "--weights",
        str(tmp_path / "w.keras"),
        "--out",
        str(tmp_path / "o"),
    ]
    with pytest.raises(ConfigError, match=message):
        pi.parse([*base, *more])

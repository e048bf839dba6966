"""Who the embedding network may learn from, what a batch shows, and a short training of a small
network.
"""

from __future__ import annotations

import csv
import json
import zlib
from collections.abc import Callable
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.faces.align import TEMPLATE
from monitor.records import Image
from monitor.training.drawing import fabric
from monitor.training.experiments import margin_identity
from monitor.training.identity import faces
from monitor.training.pictures.splits import (
    CELEBS_IN_LFW,
    is_test_person,
    is_test_utkface,
    is_watched_person,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and tf2onnx warn about themselves


def name_with(**bits: int) -> str:
    """A person's name whose CRC32 has the wanted bits, as `low=0, next=1`."""
    places = {"low": 0, "next": 1}
    for number in count():
        name = f"person{number}"
        if all(zlib.crc32(name.encode()) >> places[k] & 1 == v for k, v in bits.items()):
            return name
    raise AssertionError


@pytest.fixture
def data(tmp_path: Path, face: Callable[..., Image]) -> Path:
    """Each set with train and test people; every person's pictures have one grey level, so that
    each can be told again.
    """

    def picture(path: Path, level: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((112, 112, 3), level, np.uint8))

    for number, name in enumerate([name_with(low=0, next=1), name_with(low=1), CELEBS_IN_LFW[0]]):
        for i in range(2):
            picture(tmp_path / "lfw_aligned" / name / f"{i}.png", 10 + number)
    for number, name in enumerate([name_with(low=0, next=0), name_with(low=0, next=1)]):
        for kind in ("masked", "unmasked"):
            picture(tmp_path / "rmfrd_ids" / name / kind / "0.png", 20 + number)
    for i in range(30):
        picture(tmp_path / "utkface_aligned" / f"30_0_0_{i}.jpg", 40)
    chips = tmp_path / "mask_chips"
    chips.mkdir()
    head = [
        "file",
        "source",
        "label",
        "identity",
        "x_min",
        "y_min",
        "x_max",
        "y_max",
        "face_px",
        "landmarks",
        "original",
    ]
    marks = " ".join(f"{v:.1f}" for v in TEMPLATE.ravel())
    with (chips / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for number, name in enumerate(
            [name_with(low=0, next=0), name_with(low=0, next=1), name_with(low=1, next=0)]
        ):
            picture(chips / f"{number}.png", 30 + number)
            writer.writerow(
                [
                    f"{number}.png",
                    "chandrika",
                    "unmasked",
                    name,
                    15,
                    14,
                    98,
                    112,
                    100,
                    marks,
                    f"{number}",
                ]
            )
    return tmp_path


def test_test_people_are_never_read(data: Path) -> None:
    people = faces.read_people(data)
    levels = {int(v) for v in np.median(people.images.reshape(len(people.images), -1), axis=1)}
    assert {10, 30} <= levels, "train people of LFW and named chips"
    assert levels.isdisjoint({11, 12, 21, 31, 32}), (
        "test people, celeb5's people and those kept aside elsewhere"
    )
    assert (people.source == "masked").sum() == 1
    assert people.count == len(set(people.person.tolist()))


def test_a_persons_masked_bare_and_named_pictures_are_one_person(data: Path) -> None:
    people = faces.read_people(data)
    of_rmfrd = people.person[np.isin(people.source, ["masked", "rmfrd", "named"])]
    assert len(of_rmfrd) == 3
    assert len(set(of_rmfrd.tolist())) == 1


def test_held_out_pictures_of_utkface_stay_out(data: Path) -> None:
    kept = [p for p in (data / "utkface_aligned").iterdir() if not is_test_utkface(p.name)]
    assert 0 < len(kept) < 30
    assert (faces.read_people(data).source == "utkface").sum() == len(kept)


def test_watched_people_are_train_people_and_not_trained_on(data: Path) -> None:
    root = data / "lfw_aligned"
    watched = next(
        n
        for n in (f"w{i}" for i in count())
        if not is_test_person(n, "lfw") and is_watched_person(n)
    )
    for i in range(4):
        (root / watched).mkdir(exist_ok=True)
        cv2.imwrite(str(root / watched / f"{i}.png"), np.full((112, 112, 3), 90, np.uint8))
    assert faces.validation_people(root) == [watched]
    assert not (faces.read_people(data).images == 90).all(axis=(1, 2, 3)).any()


def test_variants_repeat_and_most_bare_faces_wear_a_mask(data: Path) -> None:
    people = faces.read_people(data)
    bank = fabric.Bank(None, [])
    images, person = faces.variants(people, bank, seed=3)
    again, same = faces.variants(people, bank, seed=3)
    assert images.shape[1:] == (112, 112, 3)
    assert images.dtype == np.uint8
    assert np.array_equal(images, again)
    assert np.array_equal(person, same)
    assert len(images) == sum(
        (people.source == n).sum() * copies for n, copies in faces.COPIES.items()
    )
    assert set(person.tolist()) == set(people.person.tolist())
    middle = np.median(images, axis=(1, 2))[:, None, None]
    below = np.abs(images[:, 70:100, 40:72].astype(int) - middle).mean(axis=(1, 2, 3))
    assert (below > 12).mean() > 0.25, (
        "a drawn mask changes the lower half of a picture of one grey"
    )


def test_places_are_the_mean_of_bare_pictures(data: Path) -> None:
    people = faces.read_people(data)

    def embed(images: np.ndarray) -> np.ndarray:
        level = np.radians(np.median(images.reshape(len(images), -1), axis=1))
        return np.stack([np.cos(level), np.sin(level)], axis=1).astype(np.float32)

    places = margin_identity.places(people, embed)  # type: ignore[arg-type]
    assert places.shape == (people.count, 2)
    assert np.allclose(np.linalg.norm(places, axis=1), 1, atol=1e-5)
    number = int(people.person[people.source == "utkface"][0])
    assert np.degrees(np.arctan2(*places[number][::-1])) == pytest.approx(40, abs=0.5)


@pytest.mark.long
def test_a_short_training_moves_only_what_is_not_frozen(data: Path, tmp_path: Path) -> None:
    import keras

    layers = keras.layers
    inputs = keras.Input((112, 112, 3))
    x = layers.Conv2D(8, 3, strides=8, name="stem")(layers.Rescaling(1 / 128)(inputs))
    x = layers.ZeroPadding2D(name=margin_identity.TAIL_FROM)(x)
    x = layers.BatchNormalization(name="norm")(layers.Conv2D(4, 3, strides=2, name="tail_conv")(x))
    network = keras.Model(inputs, layers.Dense(128)(layers.Flatten()(x)))
    network.save(tmp_path / "small.keras")
    root = data / "lfw_aligned"
    made = 0
    for name in (f"w{i}" for i in count()):
        if not is_test_person(name, "lfw") and is_watched_person(name):
            (root / name).mkdir()
            for i in range(6):
                noise = np.random.default_rng(made * 10 + i).integers(
                    0, 255, (112, 112, 3), np.uint8
                )
                cv2.imwrite(str(root / name / f"{i}.png"), noise)
            made += 1
            if made == 10:
                break
    out = tmp_path / "out" / "masked"
    status = margin_identity.main(
        [
            "--data",
            str(data),
            "--weights",
            str(tmp_path / "small.keras"),
            "--out",
            str(out),
            "--smoke",
        ]
    )
    assert status == 0
    trained = keras.saving.load_model(f"{out}.keras", compile=False)
    same = {
        layer.name: [
            np.array_equal(a, b)
            for a, b in zip(
                layer.get_weights(), network.get_layer(layer.name).get_weights(), strict=True
            )
        ]
        for layer in trained.layers
    }
    assert all(same["stem"])
    assert all(same["norm"])
    assert not same["tail_conv"][0]
    about = json.loads(Path(f"{out}.json").read_text())
    assert [entry["epoch"] for entry in about["curve"]] == [1, 2]
    assert set(about["blends"]) == {"0.5", "0.8", "1.0"}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--weights", "nowhere.keras"], "is not there"),
        (["--blend", "2"], "--blend must be 0 to 1"),
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
        margin_identity.parse([*base, *more])

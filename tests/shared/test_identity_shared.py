"""The embedding model on the pictures in ../shared, and against the Keras model that it was made
from.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from monitor.card import MODELS_DIR, load_card
from monitor.detect.yunet import YuNet
from monitor.identity.embed import MODEL, Embedder, normalised
from monitor.identity.enrol import build_person
from monitor.identity.guide import Shot, take_from_picture
from monitor.identity.match import Matcher
from monitor.identity.person import EnrolledPerson
from monitor.records import FloatArray
from monitor.training.drawing.laid_on import CUTOUTS, Cutouts, masked_all
from monitor.training.pictures.faces import (
    pictures_in,
    read_aligned,
    read_detected,
    read_picture,
)
from monitor.training.pictures.splits import CELEBS_IN_LFW, is_test_person, people_of

pytestmark = pytest.mark.shared

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
KERAS = ROOT / "weights" / "sface.keras"
FAR = 1e-3


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder.load()


@pytest.fixture(scope="module")
def cutouts() -> Cutouts:
    return Cutouts(DATA / "mask_templates", CUTOUTS)


@pytest.mark.filterwarnings("ignore")  # TensorFlow's own
def test_onnx_equals_keras(tmp_path: Path) -> None:
    """To 1e-4 with float32 weights; the shipped file, with float16 ones, points the same way to
    four digits.
    """
    if not KERAS.is_file():
        pytest.skip("weights/ lacks sface.keras: run ../shared/weights/get_weights.py weights")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from monitor.training.identity.export import disagreement, random_faces, to_onnx

    model = keras.saving.load_model(KERAS, compile=False)
    paths = [
        p
        for person in sorted((DATA / "lfw_aligned").iterdir())[:40]
        for p in pictures_in(person)[:1]
    ]
    real = read_aligned(paths)[..., ::-1].astype(np.float32)
    to_onnx(model, tmp_path / "float32.onnx", half=False)
    for faces in (random_faces(8), real):
        assert disagreement(model, tmp_path / "float32.onnx", faces) < 1e-4
    half = Embedder.load("sface").embed(np.ascontiguousarray(real[..., ::-1]).astype(np.uint8))
    whole = normalised(np.asarray(model(real, training=False)))
    assert (half * whole).sum(axis=1).min() > 0.9999
    shipped, full = (
        (p.stat().st_size) for p in (MODELS_DIR / "sface.onnx", tmp_path / "float32.onnx")
    )
    assert shipped < 0.51 * full


def enrolled(folder: Path, name: str, detector: YuNet, embedder: Embedder) -> EnrolledPerson:
    """As `main.py enrol` does it."""
    taken = [take_from_picture(read_picture(path), detector) for path in pictures_in(folder)]
    nothing: tuple[FloatArray, np.ndarray] = np.empty((0, 128), np.float32), np.empty(0, np.uint8)
    return build_person(
        EnrolledPerson(name, "test", datetime.now(UTC), None, "test", *nothing),
        [s for s in taken if isinstance(s, Shot)],
        embedder,
    )


@pytest.mark.timeout(300)
def test_celeb5(embedder: Embedder, cutouts: Cutouts) -> None:
    """`train` enrolled, `val` probed: nobody is taken for another of the five, bare or masked, and
    few strangers for one.
    """
    detector = YuNet()
    names = sorted(p.name for p in (DATA / "celeb5" / "train").iterdir())
    people = [enrolled(DATA / "celeb5" / "train" / n, n, detector, embedder) for n in names]
    matcher = Matcher(people, embedder.card, FAR)
    right = {"bare": 0, "drawn": 0}
    count = 0
    for name in names:
        faces = read_detected(pictures_in(DATA / "celeb5" / "val" / name), detector)
        for kind, probes in (("bare", faces), ("drawn", masked_all(faces, cutouts, 0))):
            for embedding in embedder.embed(probes):
                match = matcher.match(embedding)
                assert match.name in (None, name)  # no wrong name
                right[kind] += match.nearest == name
        count += len(faces)
    assert count == 25
    assert right["bare"] == count
    root = DATA / "lfw_aligned"
    strangers = people_of(
        (p.name for p in root.iterdir() if p.name not in CELEBS_IN_LFW), "test", "lfw"
    )[:300]
    faces = np.concatenate([read_aligned(pictures_in(root / n)[:1]) for n in strangers])
    # wanted: 0.1 %
    assert sum(matcher.match(e).name is not None for e in embedder.embed(faces)) <= 3


def test_the_split_is_the_same_for_ever() -> None:
    assert [
        is_test_person(n, "lfw") for n in ("Aaron_Peirsol", "Aaron_Sorkin", "Abdel_Nasser_Assidi")
    ] == [True, True, True]
    rmfrd = [p.name for p in (DATA / "rmfrd_ids").iterdir() if p.is_dir()]
    halves = [people_of(rmfrd, part, "rmfrd") for part in ("train", "test")]
    assert not set(halves[0]) & set(halves[1])
    assert [len(half) for half in halves] == [74, 66]


def test_card_is_that_of_the_file() -> None:
    card = load_card(MODELS_DIR / f"{MODEL}.onnx")
    assert card["licence"].startswith("Apache-2.0")
    assert card["output"]["dimension"] == 256
    assert list(card["threshold"]["far"]) == sorted(card["threshold"]["far"], reverse=True)

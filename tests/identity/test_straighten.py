"""Faces laid straight: the sampling with a fake network, and the shipped network on a portrait that
was laid wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from monitor.engine import load_network
from monitor.errors import ModelError
from monitor.faces.align import SIZE, align
from monitor.identity.embed import MODEL, Embedder
from monitor.identity.straighten import LOOKS, Aligner
from monitor.records import FloatArray, Image

# turned by ten degrees, shrunk, shifted
WRONG = np.array([[0.95, -0.17, 12.0], [0.17, 0.95, -9.0], [0, 0, 1]])
NOTHING = np.eye(3)
BLUR = 7  # grey levels by which a picture that was sampled twice differs from what it was


class Saying:
    """A network that says what it is told, look by look."""

    backend = "onnx"

    def __init__(self, *maps: Any) -> None:
        self.card: dict[str, Any] = {"name": "fake", "task": "aligner"}
        self._maps = list(maps)
        self.seen: list[FloatArray] = []

    def __call__(self, batch: FloatArray) -> FloatArray:
        self.seen.append(batch)
        return np.repeat(self._maps.pop(0)[None, :2], len(batch), axis=0).astype(np.float32)


@pytest.fixture
def portrait(data: Path) -> Image:
    """(1, 112, 112, 3), laid straight by a detector that sees all of the face."""
    from monitor.detect.yunet import YuNet

    image = cv2.imread(str(data.parent.parent / "assets" / "portraits" / "hopper.jpg"))
    assert image is not None
    found = YuNet(threads=1).detect(image)  # type: ignore[arg-type]
    assert found.landmarks is not None
    return align(image, found.boxes[:1], found.landmarks[:1])  # type: ignore[arg-type]


def wrongly(faces: Image, matrix: Any) -> Image:
    """Faces in which the template lies along `matrix`."""
    return np.stack([cv2.warpAffine(f, matrix[:2], (SIZE, SIZE)) for f in faces])  # type: ignore[return-value]


def off(faces: Any, others: Image) -> float:
    """By how many grey levels the middles of faces differ."""
    middle = (slice(None), slice(30, 85), slice(30, 85))
    return float(np.abs(faces[middle].astype(int) - others[middle].astype(int)).mean())


def test_what_the_network_says_is_undone(portrait: Image) -> None:
    laid_wrong = wrongly(portrait, WRONG)
    straight = Aligner(Saying(WRONG, *[NOTHING] * (LOOKS - 1)))(laid_wrong)
    assert off(laid_wrong, portrait) > 3 * BLUR
    assert off(straight, portrait) < BLUR


def test_each_look_goes_on_from_the_one_before(portrait: Image) -> None:
    shift, turn = np.array([[1, 0, 9], [0, 1, -6], [0, 0, 1.0]]), WRONG
    network = Saying(shift, turn, *[NOTHING] * (LOOKS - 2))
    laid_wrong = wrongly(portrait, shift @ turn)
    assert off(Aligner(network)(laid_wrong), portrait) < BLUR
    assert off(network.seen[1][..., ::-1], wrongly(portrait, turn)) < BLUR  # RGB


def test_faces_of_many_batches_and_none(portrait: Image) -> None:
    network = Saying(*[NOTHING] * LOOKS * 3)
    faces = np.repeat(portrait, 70, axis=0)
    assert np.array_equal(Aligner(network)(faces), faces)
    assert [len(b) for b in network.seen[::LOOKS]] == [32, 32, 6]
    assert Aligner(Saying())(faces[:0]).shape == (0, SIZE, SIZE, 3)


def test_another_model_is_refused() -> None:
    with pytest.raises(ModelError, match="no aligner"):
        Aligner.load("yunet", threads=1)


def test_the_shipped_embedding_knows_a_face_that_was_laid_wrong(portrait: Image) -> None:
    whole, alone = Embedder.load(threads=1), Embedder(load_network(MODEL, "onnx", 1))
    laid_wrong = wrongly(portrait, WRONG)
    straightened = 1 - float(whole.embed(portrait)[0] @ whole.embed(laid_wrong)[0])
    assert straightened < 0.1
    assert straightened < (1 - float(alone.embed(portrait)[0] @ alone.embed(laid_wrong)[0])) / 2

"""The aligner: what it is taught, the sampling in the written file, and the file before an embedding network."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest

from monitor.align import SIZE, TEMPLATE
from monitor.errors import ConfigError
from monitor.training import aligner_onnx, export_embedding
from monitor.training import train_aligner as ta

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and tf2onnx warn about themselves


def smooth_faces(count: int) -> np.ndarray:
    return export_embedding.random_faces(count).round().astype(np.uint8)


def wrongly(faces: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Faces as they look when the template lies in them along `matrix`."""
    return np.stack([cv2.warpAffine(f, matrix[:2], (SIZE, SIZE), flags=cv2.INTER_LINEAR) for f in faces])


def saying(matrix: np.ndarray) -> Any:
    """A network that says of every face that it lies as `matrix` says."""
    model = ta.build()
    kernel, _ = model.get_layer("placed").get_weights()
    model.get_layer("placed").set_weights([np.zeros_like(kernel), ta.to_parts(matrix).ravel()])
    return model


def test_parts_say_how_far_each_point_is_moved() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        matrix = ta.misplacement(ta.MASKED, rng)
        there = ta.POINTS @ matrix[:2, :2].T + matrix[:2, 2]
        assert ta.moved(ta.to_parts(matrix)[None])[0] == pytest.approx(there - ta.POINTS, abs=1e-3)


def test_a_face_laid_wrong_is_laid_straight(tmp_path: Path) -> None:
    matrix = ta.misplacement(ta.BARE, np.random.default_rng(3))
    faces = smooth_faces(3)
    aligner_onnx.to_onnx(saying(matrix), tmp_path / "a.onnx")
    laid_wrong = wrongly(faces, matrix @ matrix)  # as the network says the same of both looks
    straight = aligner_onnx.Aligner(tmp_path / "a.onnx")(laid_wrong)
    middle = (slice(None), slice(30, 85), slice(30, 85))
    off = np.abs(straight[middle].astype(int) - faces[middle])
    assert off.mean() < 2
    assert np.abs(laid_wrong[middle].astype(int) - faces[middle]).mean() > 10  # it was worth while


def test_it_lies_before_the_embedding_in_one_file(tmp_path: Path) -> None:
    import keras

    layers = keras.layers
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.Flatten()(layers.Conv2D(4, 8, 8, activation="relu")(inputs))
    path = tmp_path / "e.onnx"
    export_embedding.to_onnx(keras.Model(inputs, layers.Dense(8)(x)), path)
    faces = smooth_faces(4)
    (alone,) = _run(path, faces)
    matrix = ta.misplacement(ta.BARE, np.random.default_rng(4))
    aligner_onnx.to_onnx(saying(matrix), tmp_path / "a.onnx")
    (expected,) = _run(path, aligner_onnx.Aligner(tmp_path / "a.onnx")(faces))
    export_embedding.put_before(path, tmp_path / "a.onnx")
    (together,) = _run(path, faces)
    scale = np.abs(expected).max()
    assert np.abs(together - expected).max() < 0.02 * scale
    assert np.abs(together - alone).max() > 0.05 * scale


def _run(path: Path, faces_bgr: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    rgb = np.ascontiguousarray(faces_bgr[..., ::-1], np.float32)
    return session.run(["embeddings"], {"faces": rgb})  # type: ignore[no-any-return]


def test_training_begins_at_what_it_was_given_and_writes_a_network(
    write_chips: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = write_chips(tmp_path / "data" / "mask_chips", {"masked": 4, "unmasked": 12})
    _give_landmarks(root / "index.csv")
    out = tmp_path / "runs" / "aligner"
    assert ta.main(["--data", str(tmp_path / "data"), "--out", str(out), "--steps", "4", "--batch", "8"]) == 0
    faces = smooth_faces(2)
    assert aligner_onnx.Aligner(Path(f"{out}.onnx"))(faces).shape == faces.shape
    assert Path(f"{out}.json").is_file()


def _give_landmarks(index: Path) -> None:
    rows = list(csv.DictReader(index.open(encoding="utf-8")))
    marks = (TEMPLATE - [56, 66]) + [96, 96]
    for row in rows:
        row["landmarks"] = " ".join(f"{v:.1f}" for v in marks.ravel())
    with index.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def test_mistakes_are_one_line(write_chips: Callable[..., Path], tmp_path: Path) -> None:
    write_chips(tmp_path / "mask_chips", {"unmasked": 2})
    with pytest.raises(ConfigError, match="holds no bare faces with landmarks"):
        ta.main(["--data", str(tmp_path), "--out", str(tmp_path / "a")])
    with pytest.raises(ConfigError, match="make it with monitor"):
        aligner_onnx.Aligner(tmp_path / "none.onnx")
    with pytest.raises(ConfigError, match="make it with monitor"):
        export_embedding.put_before(tmp_path / "e.onnx", tmp_path / "none.onnx")

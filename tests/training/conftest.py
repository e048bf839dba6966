"""Made-up faces for the tests: ovals before a wild background, each class with its own look."""

from __future__ import annotations

import csv
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from monitor.card import sha256
from monitor.faces.preprocess import face_batch
from monitor.records import Image

CLASSES = ("masked", "unmasked", "incorrect")

HEAD = [
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


def make_face(label: str, seed: int, side: int = 192) -> Image:
    """(side, side, 3) uint8 BGR: an oval with eyes; masked ones are blue below, incorrect ones
    below the nose alone.
    """
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (8, 8, 3), np.uint8)
    image = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    image = cv2.add(image, rng.integers(0, 20, image.shape, np.uint8))
    centre, axes = (side // 2, side // 2), (side // 4, side * 5 // 16)
    cv2.ellipse(image, centre, axes, 0, 0, 360, [int(v) for v in rng.integers(90, 220, 3)], -1)
    for dx in (-1, 1):
        cv2.circle(
            image, (side // 2 + dx * side // 10, side * 2 // 5), side // 40 + 1, (20, 20, 20), -1
        )
    top = {"masked": 0.5, "incorrect": 0.66, "unmasked": None}[label]
    if top is not None:
        cv2.rectangle(
            image,
            (side * 3 // 10, int(side * top)),
            (side * 7 // 10, side * 4 // 5),
            (200, 120, 40),
            -1,
        )
    return image  # type: ignore[return-value]


def make_chips(
    root: Path, counts: dict[str, int], source: str = "made", face_px: float = 120
) -> Path:
    """A folder with index.csv and made-up faces, added to what is there; returns it."""
    root.mkdir(parents=True, exist_ok=True)
    new = not (root / "index.csv").exists()
    with (root / "index.csv").open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(HEAD)
        for label, count in counts.items():
            for i in range(count):
                name = f"{source}_{label}_{i}.png"
                cv2.imwrite(str(root / name), make_face(label, zlib.crc32(name.encode())))
                writer.writerow([name, source, label, "", 48, 36, 144, 156, face_px, "", name])
    return root


@pytest.fixture
def face() -> Callable[..., Image]:
    """`make_face`."""
    return make_face


@pytest.fixture
def write_chips() -> Callable[..., Path]:
    """`make_chips`."""
    return make_chips


def crop_rows(size: int, labels: dict[str, int], first_seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Flattened network inputs of made-up faces, (N, size * size * 3), and their class numbers."""
    rows, classes = [], []
    for number, (label, count) in enumerate(labels.items()):
        for i in range(count):
            box = np.array([[48, 36, 144, 156]], np.float32)
            rows.append(
                face_batch(
                    make_face(label, first_seed + 1000 * number + i), box, size, 0.25
                ).ravel()
            )
            classes.append(number)
    return np.array(rows), np.array(classes)


@pytest.fixture(scope="session")
def linear_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small but real classifier of made-up faces: ridge regression and softmax as ONNX, with its
    card.
    """
    size, folder = 16, tmp_path_factory.mktemp("model")
    x, y = crop_rows(size, dict.fromkeys(CLASSES, 60), 0)
    x1 = np.hstack([x, np.ones((len(x), 1))])
    weights = np.linalg.solve(x1.T @ x1 + 3.0 * np.eye(x1.shape[1]), x1.T @ np.eye(3)[y]).astype(
        np.float32
    )
    graph = helper.make_graph(
        [
            helper.make_node("Reshape", ["faces", "flat"], ["row"]),
            helper.make_node("Gemm", ["row", "kernel", "offset"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        ],
        "linear",
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["n", size, size, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 3])],
        [
            numpy_helper.from_array(np.array([-1, size * size * 3], np.int64), "flat"),
            numpy_helper.from_array(4 * weights[:-1], "kernel"),
            numpy_helper.from_array(4 * weights[-1], "offset"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = folder / "linear.onnx"
    onnx.save(model, str(path))
    card = {
        "name": "linear",
        "task": "mask",
        "files": {path.name: {"sha256": sha256(path), "bytes": path.stat().st_size}},
        "classes": list(CLASSES),
        "input": {"size": size, "margin": 0.25},
    }
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    return path

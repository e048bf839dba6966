"""What the network is to say of a scene, cell by cell, and the features of the scene that the
learning part of the network starts from.

The network keeps YuNet's own way of sharing faces out to cells: a face belongs to the cells near
its middle whose box, as YuNet gives it, fits best.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx

from monitor.detect.yunet import STRIDES
from monitor.faces.boxes import iou_matrix
from monitor.records import FloatArray
from monitor.training.detectors.scenes import SIDE, Scene

# The tensor behind YuNet's first three stages (stride 8). They stay as they are: edges and corners
# do not change by a mask, and they take two thirds of the time of a step.
TRUNK = "206"
CELLS = sum((SIDE // stride) ** 2 for stride in STRIDES)
POSITIVES = 96  # cells of a scene that belong to a face, at most
_RADIUS = 2.5  # cells round the middle of a face that may tell it, in strides
_FEWEST, _MOST = 3, 8  # cells a face


@dataclass(frozen=True, eq=False)
class Targets:
    """One scene as the training takes it."""

    features: npt.NDArray[np.float16]  # (SIDE / 8, SIDE / 8, C)
    objectness: npt.NDArray[np.float16]  # (CELLS,) in [0, 1]
    cells: npt.NDArray[np.int16]  # (POSITIVES,) that belong to a face; -1: none
    boxes: FloatArray  # (POSITIVES, 4) xyxy px of the scene
    landmarks: FloatArray  # (POSITIVES, 10) px; NaN where nobody knows them


def grid() -> tuple[FloatArray, FloatArray]:
    """The corner (CELLS, 2) in px and the stride (CELLS,) of each cell."""
    corners, strides = [], []
    for stride in STRIDES:
        row, column = np.mgrid[: SIDE // stride, : SIDE // stride]
        corners.append(np.stack([column, row], axis=-1).reshape(-1, 2) * stride)
        strides.append(np.full((SIDE // stride) ** 2, stride))
    return np.concatenate(corners).astype(np.float32), np.concatenate(strides).astype(np.float32)


class Teacher:
    """Today's YuNet. Not thread safe."""

    def __init__(self, model: Path) -> None:
        import onnxruntime

        file = onnx.load(model)
        file.graph.output.append(onnx.ValueInfoProto(name=TRUNK))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            file.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._names = [f"{head}_{s}" for s in STRIDES for head in ("cls", "obj", "bbox")]
        self._corners, self._strides = grid()

    def targets(self, scene: Scene) -> Targets:
        """What the network is to say of a scene."""
        blob = np.ascontiguousarray(scene.image.transpose(2, 0, 1)[None], np.float32)
        *heads, features = self._session.run([*self._names, TRUNK], {"input": blob})
        cls, obj, bbox = (np.concatenate(heads[i::3], axis=1)[0] for i in range(3))
        centre = self._corners + bbox[:, :2] * self._strides[:, None]
        half = np.exp(bbox[:, 2:]) * self._strides[:, None] / 2
        found = np.hstack([centre - half, centre + half]).astype(np.float32)
        owner = self._owners(scene, found, np.sqrt(cls * obj)[:, 0])
        objectness = self._objectness(scene, owner, obj[:, 0])
        cells = np.flatnonzero(owner >= 0)[:POSITIVES]
        known, empty = scene.known, POSITIVES - len(cells)
        return Targets(
            features[0].transpose(1, 2, 0).astype(np.float16),
            objectness.astype(np.float16),
            np.pad(cells, (0, empty), constant_values=-1).astype(np.int16),
            np.pad(known.boxes[owner[cells]], ((0, empty), (0, 0))).astype(np.float32),
            np.pad(
                known.landmarks[owner[cells]].reshape(-1, 10),
                ((0, empty), (0, 0)),
                constant_values=np.nan,
            ).astype(np.float32),
        )

    def _owners(self, scene: Scene, found: FloatArray, score: FloatArray) -> npt.NDArray[np.intp]:
        """The row of the face that each cell tells of, -1 for none."""
        known = scene.known
        owner = np.full(CELLS, -1, np.intp)
        best = np.full(CELLS, np.inf)
        overlap = iou_matrix(known.boxes, found)
        for face in np.flatnonzero(known.sure):
            box = known.boxes[face]
            size = float(max(box[2:] - box[:2]))
            middle = (box[:2] + box[2:]) / 2
            away = np.abs(self._corners - middle).max(axis=1)
            inside = (self._corners >= box[:2]).all(axis=1) & (self._corners <= box[2:]).all(axis=1)
            near = np.flatnonzero((away < _RADIUS * self._strides) & inside)
            if not len(near):
                near = np.array([int(np.argmin(away + self._strides))])
            cost = (
                -np.log(score[near] + 1e-3)
                - 3 * np.log(overlap[face, near] + 1e-3)
                + np.abs(np.log2(size / (5 * self._strides[near])))
            )
            count = int(np.sort(overlap[face, near])[::-1][:10].sum())
            chosen = np.argsort(cost)[: int(np.clip(count, _FEWEST, _MOST))]
            for cell, price in zip(near[chosen], cost[chosen], strict=True):
                if price < best[cell]:
                    owner[cell], best[cell] = face, price
        return owner

    def _objectness(
        self, scene: Scene, owner: npt.NDArray[np.intp], teacher: FloatArray
    ) -> FloatArray:
        """1 where a cell tells of a face; what YuNet says in the rest of a face, and where it is
        doubtful whether there is one; 0 elsewhere.
        """
        objectness = np.zeros(CELLS, np.float32)
        points = self._corners
        for box, sure in zip(scene.known.boxes, scene.known.sure, strict=True):
            rim = (0.0 if sure else 0.15) * (box[2:] - box[:2])
            inside = (points >= box[:2] - rim).all(axis=1) & (points <= box[2:] + rim).all(axis=1)
            objectness[inside] = teacher[inside]
        objectness[owner >= 0] = 1
        return objectness

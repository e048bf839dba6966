r"""Measures a second look at what the detector found: is it a face at all?

    python -m monitor.training.detectors.second_look [--data ../shared/data] [--weights weights] \
        [--model models/mask_v3.keras] [--out runs/second_look]

A small head learns from what the mask network's first layers see of the boxes of `looked_at`; the
table says how many of those that are no face it turns away where it turns away so few real ones.
Pictures of the test parts alone are counted. OUT keeps the looks, which take some minutes.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.faces.preprocess import scale
from monitor.records import FloatArray
from monitor.training.detectors.looked_at import SIZE, read
from monitor.training.report.pages import markdown_table

# The backbone's layer that the head sees. Of blocks 5, 8 and 12 this one told most.
LAYER = "block_12_add"
LOST = (0.001, 0.002, 0.005, 0.01, 0.02)  # of the real faces
KINDS = ("found", "hair", "ear", "neck", "within", "beside", "place", "drawn")
SET_CONFIDENCE = 0.4  # the detector's own threshold
BATCH = 256


@dataclass(frozen=True, eq=False)
class Looks:
    """All looks, one a row."""

    roi: npt.NDArray[np.uint8]  # (N, SIZE, SIZE, 3) BGR
    face: npt.NDArray[np.bool_]
    kind: npt.NDArray[np.str_]
    confidence: FloatArray
    test: npt.NDArray[np.bool_]


def gather(data: Path, weights: Path, kept: Path) -> Looks:
    """The looks that are kept, or new ones."""
    if not kept.is_file():
        looks = list(read(data, weights))
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(".partial.npz")
        np.savez(
            partial,
            roi=np.stack([look.roi for look in looks]),
            face=np.array([look.face for look in looks]),
            kind=np.array([look.kind for look in looks]),
            confidence=np.array([look.confidence for look in looks], np.float32),
            test=np.array([look.test for look in looks]),
        )
        partial.replace(kept)
    with np.load(kept) as parts:
        return Looks(**{name: parts[name] for name in parts.files})


def features(model: Path, rois: npt.NDArray[np.uint8]) -> FloatArray:
    """(N, D) mean and maximum of `LAYER`. Imports TensorFlow."""
    import keras

    trained = keras.saving.load_model(model, compile=False)
    backbone = next(layer for layer in trained.layers if isinstance(layer, keras.Model))
    sized = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(SIZE, SIZE, 3)
    )
    sized.set_weights(backbone.get_weights())
    seen = sized.get_layer(LAYER).output
    pools = [keras.layers.GlobalAveragePooling2D()(seen), keras.layers.GlobalMaxPooling2D()(seen)]
    cut = keras.Model(sized.input, keras.layers.Concatenate()(pools))
    parts = [
        cut.predict_on_batch(scale(rois[i : i + BATCH, ..., ::-1]))
        for i in range(0, len(rois), BATCH)
    ]
    return np.concatenate(parts).astype(np.float32)


def answers(seen: FloatArray, looks: Looks) -> FloatArray:
    """(N,) how probable each look is a face, by a head that learnt from those of no test part."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    head: Any = MLPClassifier((64,), alpha=1e-2, early_stopping=True, max_iter=40, random_state=1)
    head = make_pipeline(StandardScaler(), head).fit(seen[~looks.test], looks.face[~looks.test])
    return head.predict_proba(seen)[:, 1].astype(np.float32)  # type: ignore[no-any-return]


def table(said: FloatArray, looks: Looks) -> str:
    """Of what is no face, the part that is turned away, by how many real faces are lost."""
    real = np.sort(said[looks.test & looks.face])
    groups = {kind: looks.test & ~looks.face & (looks.kind == kind) for kind in KINDS}
    certain = groups["found"] & (looks.confidence >= SET_CONFIDENCE)
    groups = {**groups, f"found, confidence {SET_CONFIDENCE} and more": certain}
    head = [f"real faces lost (of {len(real)})"]
    head += [f"{kind} ({int(rows.sum())})" for kind, rows in groups.items()]
    lines = []
    for lost in LOST:
        least = real[int(lost * len(real))]
        shares = [f"{np.mean(said[rows] < least):.0%}" for rows in groups.values() if rows.any()]
        lines.append([f"{lost:.1%}", *shares])
    return markdown_table(head, lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="of CenterFace")
    parser.add_argument("--model", type=Path, default=Path("models/mask_v3.keras"))
    parser.add_argument("--out", type=Path, default=Path("runs/second_look"))
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    looks = gather(args.data, args.weights, args.out / "looks.npz")
    print(table(answers(features(args.model, looks.roi), looks), looks))


if __name__ == "__main__":
    main()

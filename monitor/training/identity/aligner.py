r"""Train the aligner: a small network that lays a face straight on the template where landmarks
under a mask have missed.

    python -m monitor.training.identity.aligner --data ../shared/data --out models/aligner_v1

`monitor.identity.straighten` says what for and how it is run: its looks share this network.

It learns from bare chips, whose landmarks can be trusted, with masks, caps, glasses and hair drawn
on, laid wrong on purpose and degraded. Who is on them does not matter; named chips of people whom
an identity test may hold, and the test part of UTKFace, are left out all the same.

Writes OUT.onnx with its card: "faces" (N, 112, 112, 3) float32 RGB 0..255 -> "maps" (N, 2, 3)
float32, where the template lies in the face, an affine map in px; checkpoints go into runs/.
`monitor.training.identity.export --aligner` names it in the card of an embedding network. About
fifteen minutes on two cores.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from monitor.errors import ConfigError
from monitor.faces.align import SIZE, TEMPLATE, similarity
from monitor.identity.drawn_masks import template_to_face
from monitor.identity.straighten import LOOKS, Aligner
from monitor.records import FloatArray, Image
from monitor.training.command import first_words, quiet_tensorflow, run_main, typed
from monitor.training.drawing import camera_faults, fabric, occlude, wear
from monitor.training.identity.export import OPSET, halve
from monitor.training.identity.faces import donors
from monitor.training.learning import cards
from monitor.training.learning.stream import Stream, step_of
from monitor.training.pictures import pool
from monitor.training.pictures.chips import Chip, load_chips
from monitor.training.pictures.splits import (
    WATCHED_ORIGINALS,
    is_test_figure,
    is_test_utkface,
    is_watched_original,
)

FACE_MIN_PX = 60
# The network's answer, (2, 3): linear and shift of x + linear * (x - CENTRE) + shift, in units of
# PARTS: share of (x - CENTRE), px.
CENTRE = np.array([56.0, 72.0])
PARTS = np.array([[0.25, 0.25, 10.0]] * 2, np.float32)
# How far faces are laid wrong, standard deviations as measured on drawn masks (and on bare faces):
# shift in px, log of the scale, turn in degrees.
MASKED, BARE = (6.5, 0.18, 6.5), (2.8, 0.08, 4.5)
WIDER = (-0.15, 0.3)  # log of the stretch
WORN = 0.65  # of the faces wear a drawn mask
# Points whose displacement is the loss: the five, forehead and chin.
POINTS = np.concatenate([TEMPLATE, np.array([[56, 18], [56, 114]], np.float32)])


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A bare face and how it lies straight."""

    image: Image  # BGR
    landmarks: FloatArray  # (5, 2) px of the image


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=first_words(__doc__))
    parser.add_argument("--data", type=Path, required=True, help="folder of mask_chips")
    parser.add_argument(
        "--out", type=Path, required=True, help="where the files go, without ending"
    )
    parser.add_argument("--steps", type=int, default=1600, help="batches (default: 1600)")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument(
        "--rate", type=float, default=1e-3, help="highest learning rate (default: 0.001)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="a tiny run, to see that all works")
    options = parser.parse_args(arguments)
    if options.smoke:
        options.steps, options.batch = 4, 8
    if options.steps < 1 or options.batch < 2:
        raise ConfigError("--steps must be 1 or more and --batch 2 or more")
    return options


def read_samples(data: Path, every: int = 1) -> tuple[list[Sample], list[Sample]]:
    """Train and watched faces.

    Raises:
        ConfigError: If there are none.
    """
    chips = [c for c in load_chips(data / "mask_chips") if _is_wanted(c)][::every]
    if not chips:
        raise ConfigError(
            f"{data / 'mask_chips'} holds no bare faces with landmarks of {FACE_MIN_PX} px or more"
        )
    train: list[Sample] = []
    watched: list[Sample] = []
    for face in pool.read(chips, None):
        assert face.landmarks is not None
        side = watched if is_watched_original(face.chip.original) else train
        side.append(Sample(face.image, face.landmarks))
    return train, watched


def _is_wanted(chip: Chip) -> bool:
    """Whether it is a bare face, large and sure enough, that no test holds."""
    return (
        chip.label == "unmasked"
        and chip.landmarks is not None
        and chip.face_px >= FACE_MIN_PX
        and not (chip.identity and is_test_figure(chip.identity))
        and not (chip.source == "utkface" and is_test_utkface(chip.original))
    )


class Maker:
    """Faces laid wrong, and how."""

    def __init__(self, samples: Sequence[Sample], bank: fabric.Bank, batch: int, seed: int) -> None:
        self._samples, self._bank, self._batch, self._seed = samples, bank, batch, seed

    def batch(self, index: int) -> tuple[npt.NDArray[np.uint8], FloatArray]:
        """Batch number `index`: (N, 112, 112, 3) uint8 RGB and (N, 2, 3) float32 in units of
        `PARTS`.
        """
        rng = np.random.default_rng([self._seed, index])
        faces = np.empty((self._batch, SIZE, SIZE, 3), np.uint8)
        placed = np.empty((self._batch, 2, 3), np.float32)
        for i in range(self._batch):
            sample = self._samples[int(rng.integers(len(self._samples)))]
            faces[i], placed[i] = self._one(sample, rng)
        return np.ascontiguousarray(faces[..., ::-1]), placed

    def _one(self, sample: Sample, rng: np.random.Generator) -> tuple[Image, FloatArray]:
        image, marks = sample.image, sample.landmarks
        if rng.random() < 0.5:
            image = np.ascontiguousarray(image[:, ::-1])
            marks = (marks * [-1, 1] + [image.shape[1] - 1, 0])[[1, 0, 2, 4, 3]].astype(np.float32)
        worn = rng.random() < WORN
        if worn:
            image, _ = wear.wear(image, marks, "right", self._bank.style(rng), self._bank, rng)
        to_face = template_to_face(marks)
        if rng.random() < 0.15:
            image = occlude.cap(image, to_face, fabric.colour(rng), rng)
        if rng.random() < 0.15:
            image = occlude.glasses(image, to_face, rng)
        if rng.random() < 0.1:
            image = occlude.hair(image, to_face, rng)
        wrong = misplacement(MASKED if worn else BARE, rng)
        straight = np.vstack([similarity(marks[None])[0], [0, 0, 1]])
        border = (cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT, cv2.BORDER_REFLECT)[
            int(rng.integers(3))
        ]
        face = cv2.warpAffine(
            image, (wrong @ straight)[:2], (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=border
        )
        if rng.random() < 0.75:
            face = camera_faults.degrade(face, rng)  # type: ignore[arg-type]
        return face, to_parts(wrong)  # type: ignore[return-value]


def misplacement(
    spread: tuple[float, float, float], rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """(3, 3) affine map, the template to where it lies in a face that was laid wrong."""
    shift, scale, turn = (s * (1.8 if rng.random() < 0.15 else 1.0) for s in spread)
    angle = np.radians(rng.normal(0, turn))
    factor = np.exp(np.clip(rng.normal(0, scale), -0.6, 0.6))
    wider = np.exp(rng.uniform(*WIDER) / 2) if rng.random() < 0.7 else 1.0
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.eye(3)
    matrix[:2, :2] = np.diag([wider, 1 / wider]) @ rotation * factor
    matrix[:2, 2] = CENTRE + rng.normal(0, shift, 2).clip(-24, 24) - matrix[:2, :2] @ CENTRE
    return matrix


def to_parts(matrix: npt.NDArray[np.float64]) -> FloatArray:
    """(3, 3) or (2, 3) affine map to (2, 3) in units of `PARTS`: what is added to x is linear * (x
    - centre) + shift.
    """
    linear = matrix[:2, :2] - np.eye(2)
    return (np.column_stack([linear, matrix[:2, 2] + linear @ CENTRE]) / PARTS).astype(np.float32)


def build() -> Any:
    """(N, 112, 112, 3) float32 RGB -1..1 -> (N, 2, 3), in units of `PARTS`; begins as the
    identity.
    """
    import keras
    from keras import layers

    inputs = keras.Input((SIZE, SIZE, 3), name="faces")
    x = inputs
    for filters, stride in ((16, 2), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1)):
        x = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.98)(x))
    x = layers.Flatten()(x)
    x = layers.Dense(96, activation="relu")(x)
    x = layers.Dense(6, kernel_initializer="zeros", name="placed")(x)
    return keras.Model(inputs, layers.Reshape((2, 3))(x), name="aligner")


def moved(parts: FloatArray) -> FloatArray:
    """(N, 2, 3) in units of `PARTS` to (N, 7, 2): by how many px each of `POINTS` is moved."""
    base = np.column_stack([POINTS - CENTRE, np.ones(len(POINTS))])
    made: FloatArray = np.einsum("nij,kj->nki", parts * PARTS, base)
    return made


def missed(parts: FloatArray) -> FloatArray:
    """(N, 2, 3) in units of `PARTS` to (N,): by how many px the five points are moved in the
    mean.
    """
    return np.hypot(*np.moveaxis(moved(parts)[:, :5], 2, 0)).mean(axis=1)  # type: ignore[no-any-return]


def measured(path: Path, faces_bgr: Image, parts: FloatArray) -> dict[str, list[float]]:
    """By how many px the five points of watched faces are missed (50, 75, 90 %) as laid and after
    some looks.
    """
    aligner = Aligner.load(str(path))
    off = {"as_laid": parts}
    for looks in (1, LOOKS):
        off[f"after_{looks}"] = parts - np.stack(
            [to_parts(m) for m in aligner.maps(faces_bgr, looks)]
        )
    return {name: _quantiles(missed(p)) for name, p in off.items()}


def _quantiles(values: FloatArray) -> list[float]:
    return [round(float(q), 2) for q in np.percentile(values, (50, 75, 90))]


def to_onnx(model: Any, path: Path) -> None:
    """Write the network with what makes maps of its answers; the weights as float16, see
    `export.halve`.
    """
    import onnx
    import tensorflow as tf
    import tf2onnx

    def maps(faces: tf.Tensor) -> tf.Tensor:
        said = model(faces / 127.5 - 1.0, training=False) * PARTS
        linear, shift = said[:, :, :2], said[:, :, 2:]
        turned = tf.reduce_sum(linear * CENTRE.astype(np.float32), axis=2, keepdims=True)
        return tf.identity(
            tf.concat([linear + np.eye(2, dtype=np.float32), shift - turned], axis=2), name="maps"
        )

    signature = [tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32, name="faces")]
    proto, _ = tf2onnx.convert.from_function(
        tf.function(maps, signature), input_signature=signature, opset=OPSET
    )
    halve(proto.graph)
    onnx.checker.check_model(proto)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(proto, str(path))


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, write."""
    options = parse(arguments)
    samples, watched = read_samples(options.data, 100 if options.smoke else 1)
    # none of the photographed masks that the identity test draws
    bank = fabric.Bank(None, donors(options.data))
    print(
        f"{len(samples)} bare faces to learn from, {len(watched or samples)} watched; "
        f"{options.steps} batches",
        flush=True,
    )
    held = _held_out(
        Maker(watched or samples, bank, 64, options.seed + 1), 2 if options.smoke else 12
    )
    model, minutes = train(options, Maker(samples, bank, options.batch, options.seed), held)
    path = Path(f"{options.out}.onnx")
    to_onnx(model, path)
    command = typed("identity.aligner", arguments)
    about = {
        "seed": options.seed,
        "command": command,
        "minutes": minutes,
        "faces": len(samples),
        "steps": options.steps,
    }
    cards.write_card(options.out, _card(path, about))  # `Aligner.load` wants a card
    held_faces, held_parts = held
    found = measured(path, np.ascontiguousarray(held_faces[..., ::-1]), held_parts)
    cards.amend_card(options.out, figures={"px_missed_50_75_90": found})
    print(f"wrote {path}; px missed (50, 75, 90 %): {found}")
    return 0


def train(
    options: argparse.Namespace, maker: Maker, held: tuple[npt.NDArray[np.uint8], FloatArray]
) -> tuple[Any, float]:
    """Train a network as `build` makes it.

    Args:
        options: As `parse` gives them.
        maker: Of the batches.
        held: Watched faces and their answers, as `Maker.batch` gives them.

    Returns:
        The network, and the minutes that it took.
    """
    folder = Path("runs") / options.out.name
    # Before TensorFlow starts its threads.
    stream = Stream(maker.batch, step_of(folder), options.steps)  # type: ignore[arg-type]
    quiet_tensorflow()
    import tensorflow as tf

    from monitor.training.learning import trainer

    trainer.seed(options.seed)
    model = build()
    base = tf.constant(np.column_stack([POINTS - CENTRE, np.ones(len(POINTS))]), tf.float32)

    def objective(output: Any, wanted: tf.Tensor) -> tf.Tensor:
        off = tf.einsum("nij,kj->nki", (output - wanted) * PARTS, base)
        # px; square near 0, straight from there on
        distance = tf.sqrt(tf.reduce_sum(tf.square(off), axis=2) + 1.0)
        return tf.reduce_mean(distance) / 10

    schedule = trainer.Schedule(options.steps, options.rate, average=0.995, patience=1000)
    training = trainer.Trainer(model, schedule, folder, objective)
    held_faces, held_parts = held

    def validate() -> float:
        found = trainer.logits(model, held_faces).reshape(-1, 2, 3)
        off = missed(found - held_parts)
        print(
            f"  {_quantiles(off)} px missed by the five points after one look (50, 75, 90 %)",
            flush=True,
        )
        return float(off.mean())

    try:
        training.fit(stream, max(1, options.steps // 8), validate)
    finally:
        stream.close()
    return model, round(sum(h["minutes"] for h in training.history), 1)


def _card(path: Path, about: dict[str, Any]) -> dict[str, Any]:
    """The card of the network at `path`; `about` says how it was trained."""
    return {
        "task": "aligner",
        "files": cards.files_of(path),
        "input": {
            "name": "faces",
            "size": SIZE,
            "colour": "RGB",
            "range": [0, 255],
            "layout": "NHWC",
        },
        "output": {"name": "maps", "shape": [2, 3], "unit": "px"},
        "source": "monitor.training.identity.aligner",
        "paper": "Jaderberg et al., Spatial Transformer Networks, arXiv:1506.02025; here the map "
        "is taught",
        "licence": "MIT. Trained on pictures of mixed licences, most of them from the web; the "
        "pictures are not part of this project.",
        "data": "bare chips of mask_chips; masks of other people's pictures (andrewmvd, ilc2021, "
        "masktypes) and made-up ones drawn on",
        "split": f"one original in {WATCHED_ORIGINALS} watched, by CRC32 of its name; named chips "
        "of people whom an identity test may hold, and the test part of UTKFace, left out",
        **about,
        "libraries": cards.libraries("tensorflow", "keras", "onnx", "tf2onnx"),
    }


def _held_out(maker: Maker, many: int) -> tuple[npt.NDArray[np.uint8], FloatArray]:
    made = [maker.batch(i) for i in range(many)]
    return np.concatenate([f for f, _ in made]), np.concatenate([p for _, p in made])


if __name__ == "__main__":
    run_main(main)

"""One network of the comparison: trained on the batches, tested, timed."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice, takewhile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from monitor.engine import OnnxNetwork
from monitor.records import FloatArray
from monitor.training.learning.stream import Batch
from monitor.training.pictures.chips import LABELS
from monitor.training.report import metrics

RATE = {"vgg19": 1e-4}  # without batch normalisation the common rate makes it say one class for all


SLOW_STEP_S = 1.0  # a step that takes longer is timed but once


def resized(rois: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    """(N, S, S, 3) uint8 to (N, size, size, 3)."""
    if rois.shape[1] == size:
        return rois
    return np.stack([cv2.resize(roi, (size, size), interpolation=cv2.INTER_AREA) for roi in rois])


def endless(made: Sequence[Batch], size: int) -> Iterator[Batch]:
    """The batches over and over, at another size."""
    for i in count():
        rois, labels = made[i % len(made)]
        yield resized(rois, size), labels


def milliseconds(
    network: Callable[[FloatArray], object], size: int, batch: int, runs: int = 40
) -> float:
    """Median time a face of a call with (batch, size, size, 3) float32."""
    faces = np.random.default_rng(0).uniform(-1, 1, (batch, size, size, 3)).astype(np.float32)
    for _ in range(4):
        network(faces)
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        network(faces)
        taken.append(time.perf_counter() - began)
    return 1000 * float(np.median(taken)) / batch


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be trained."""

    name: str
    weights: str  # "imagenet" or "none"
    size: int  # side of the input, px
    minutes: float

    @property
    def pretrained(self) -> bool:
        return self.weights != "none"


def train(
    job: Job, made: Sequence[Batch], test: dict[str, Any], options: argparse.Namespace
) -> dict[str, Any]:
    """Train one network on the batches, test it, time it.

    Returns:
        The row of the table.
    """
    import keras

    from monitor.training.learning import networks, trainer

    keras.utils.set_random_seed(options.seed)
    keras.backend.clear_session()

    def fresh() -> Any:
        model = networks.build(job.name, job.size, job.weights)
        if job.pretrained and networks.info_of(job.name).freezes:
            trainer.freeze(model, options.freeze)
        return model

    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        speed = _seconds_a_step(fresh(), made, job.size, folder / "speed")
        steps = max(1, round(job.minutes * 60 / speed))
        model = fresh()
        schedule = trainer.Schedule(steps, RATE.get(job.name, options.rate))
        training = trainer.Trainer(model, schedule, folder / "run")
        seconds = _fit(training, islice(endless(made, job.size), steps), job.minutes)
        if not options.bn_as_seen and _has_norm(model):
            _refresh_norms(model, made, job.size)
        row = {
            **_tested(model, test, job.size),
            "network": job.name,
            "weights": "ImageNet" if job.pretrained else "random",
            "size": job.size,
            "parameters": networks.parameters(model),
            **_exported(model, job, options.margin, folder),
            "training_s": round(seconds, 1),
            "steps": training.step,
            "faces_seen": training.step * len(made[0][1]),
        }
    passes = row["faces_seen"] / (len(made) * len(made[0][1]))
    cut = [f"{job.minutes:g} min of training, {row['faces_seen']} faces ({passes:.2f} passes)"]
    if not job.pretrained and networks.info_of(job.name).files and job.name != "mobilenetv2":
        cut.append("its ImageNet weights are not on this machine")
    if training.step < steps:
        cut.append(f"stopped at step {training.step} of {steps}")
    return {**row, "cut_short": "; ".join(cut)}


def _fit(training: Any, stream: Iterator[Batch], minutes: float) -> float:
    """All steps of the stream. Returns the seconds that they took without the graph's building."""
    steps = training.schedule.steps
    training.fit(islice(stream, 1), steps + 1, lambda: 0.0)  # builds the graph
    began = time.monotonic()
    # The steps follow from the measured speed; this guards against a slow spell.
    deadline = began + minutes * 60 * 1.25
    training.fit(takewhile(lambda _: time.monotonic() < deadline, stream), steps + 1, lambda: 0.0)
    return time.monotonic() - began


def _exported(model: Any, job: Job, margin: float, folder: Path) -> dict[str, float]:
    """Size and times of the network as the program would run it."""
    from monitor.training.learning import export

    out = folder / job.name
    ready = export.inference_model(model, 1.0, np.zeros(len(LABELS), np.float32))
    export.write_card(out, export.write_models(ready, out), job.size, margin, {})
    network = OnnxNetwork(out, 2)  # two threads, as the program runs it
    return {
        "onnx_mb": out.with_suffix(".onnx").stat().st_size / 1e6,
        "ms_batch_1": milliseconds(network, job.size, 1),
        "ms_batch_8": milliseconds(network, job.size, 8),
    }


def _seconds_a_step(model: Any, made: Sequence[Batch], size: int, folder: Path) -> float:
    """The time of a training step once the graph is built: of one step, or of a few where they are
    quick.
    """
    from monitor.training.learning import trainer

    training = trainer.Trainer(model, trainer.Schedule(100), folder)

    def steps(number: int) -> float:
        began = time.monotonic()
        training.fit(islice(endless(made, size), number), 10**9, lambda: 0.0)
        return (time.monotonic() - began) / number

    steps(1)
    once = steps(1)
    return once if once > SLOW_STEP_S else steps(5)


def _has_norm(model: Any) -> bool:
    import keras

    return any(
        isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
        for layer in model._flatten_layers()
    )


def _refresh_norms(model: Any, made: Sequence[Batch], size: int, rounds: int = 8) -> None:
    """Bring batch normalisation's running mean and variance up to the trained weights.

    They lag behind: with momentum 0.99 and a few hundred steps a network that was born random would
    be judged by statistics of weights that it no longer has. Nothing else changes.
    """
    import keras

    norms = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    kept = [layer.momentum for layer in norms]
    for i, (rois, _) in enumerate(made[:rounds]):
        for layer in norms:
            layer.momentum = i / (i + 1)  # a plain mean over the rounds
        model(resized(rois, size).astype(np.float32) / 127.5 - 1, training=True)
    for layer, momentum in zip(norms, kept, strict=True):
        layer.momentum = momentum


def _tested(model: Any, test: dict[str, Any], size: int) -> dict[str, Any]:
    from monitor.training.learning import trainer

    row: dict[str, Any] = {}
    for part, (rois, truth) in test.items():
        confidence = metrics.softmax(trainer.logits(model, resized(rois, size)))
        report = metrics.per_class(truth, confidence, LABELS)
        row |= {
            f"{part}_accuracy": report["accuracy"],
            f"{part}_macro_f1": report["macro_f1"],
            f"{part}_count": len(truth),
        }
        row[f"{part}_door"] = metrics.door_rates(truth, confidence, LABELS)
    return row

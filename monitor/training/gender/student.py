"""What the gender network learns from: labels where there are any, and SFace's embeddings as a
second lesson.

3,700 labelled faces are few for a network that has seen only ImageNet. So it learns at the same
time to say of a face, masked and spoilt as it is, what SFace (arXiv:2205.12010) says of the same
face bare: a second output of as many numbers, whose cosine with SFace's embedding is to grow
(distillation, arXiv:1503.02531). Faces without a label of gender take part in that alone. The
second output is not exported. Imports TensorFlow.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from monitor.faces.preprocess import scale
from monitor.records import FloatArray
from monitor.training.learning import networks, trainer
from monitor.training.learning.settings import Settings
from monitor.training.learning.stream import Batch

LESSON = 2.0  # weight of the second output's loss against the first's
DROPOUT = 0.4
NEVER = 10**9


class Student:
    """A MobileNetV2 with its two outputs; owned by the main thread.

    Args:
        size: px, side of the input.
        weights: As `networks.build` takes them.
        freeze: First blocks that stay as they are, see `trainer.freeze`.
        genders: (N,) class of each face, -1 where none is known.
        lessons: (N, D) float32 of length 1, or None to learn from the labels alone.
    """

    def __init__(
        self,
        size: int,
        weights: str | Path,
        freeze: int,
        genders: npt.NDArray[np.int64],
        lessons: FloatArray | None,
    ) -> None:
        self._genders, self._lessons = genders, lessons
        self.model: keras.Model = networks.build(
            "mobilenetv2", size, weights, Settings(2, dropout=DROPOUT)
        )
        if str(weights) != "none":
            trainer.freeze(self.model, freeze)
        self._both = model = self.model
        if lessons is not None:
            said = keras.layers.Dense(lessons.shape[1], name="lesson")(
                model.get_layer("pool").output
            )
            self._both = keras.Model(model.input, [model.output, said])
        # Compiled once: `trainer.logits` would do it anew each time.
        self._answer = tf.function(
            lambda faces: model(faces, training=False), reduce_retracing=True
        )
        self.history: list[dict[str, float]] = []
        self.steps = 0

    def logits(self, rois_rgb: npt.NDArray[np.uint8]) -> FloatArray:
        """(N, 2) float32 of (N, S, S, 3) uint8 RGB."""
        parts = np.array_split(rois_rgb, -(-len(rois_rgb) // 128))
        return np.concatenate([self._answer(tf.constant(scale(part))).numpy() for part in parts])

    def fit(
        self,
        stream: Iterator[Batch],
        schedule: trainer.Schedule,
        seconds: float,
        validate: Callable[[], float],
    ) -> None:
        """Train; the averaged weights are the result, also where the time has run out before the
        steps.

        Args:
            stream: Batches whose second array are numbers of faces.
            schedule: Steps, rates and so on.
            seconds: No step begins later.
            validate: Called eight times on the way, with the averaged weights in place; returns a
                loss to print.
        """
        deadline = time.monotonic() + seconds
        with tempfile.TemporaryDirectory() as folder:
            training = trainer.Trainer(
                self._both, schedule, Path(folder), self._objective(schedule.smoothing)
            )
            in_time = takewhile(
                lambda _: time.monotonic() < deadline, islice(stream, schedule.steps)
            )
            training.fit(in_time, max(1, schedule.steps // 8), validate)
        self.history, self.steps = training.history, training.step
        if self.steps < schedule.steps:
            print(f"\nthe time was over at step {self.steps} of {schedule.steps}", flush=True)

    def seconds_a_step(self, stream: Iterator[Batch], steps: int) -> float:
        """How long a step takes on this machine, measured with some. Changes the weights: a new
        student is wanted then.
        """
        with tempfile.TemporaryDirectory() as folder:
            schedule = trainer.Schedule(100)
            training = trainer.Trainer(
                self._both, schedule, Path(folder), self._objective(schedule.smoothing)
            )
            training.fit(islice(stream, 1), NEVER, lambda: 0.0)  # builds the graph
            began = time.monotonic()
            training.fit(islice(stream, steps - 1), NEVER, lambda: 0.0)
            return (time.monotonic() - began) / (steps - 1)

    def _objective(self, smoothing: float) -> trainer.Objective:
        """The loss of both outputs against the numbers of the faces."""
        genders = tf.constant(self._genders)
        lessons = None if self._lessons is None else tf.constant(self._lessons)
        entropy = keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=smoothing, reduction="none"
        )

        def loss(output: Any, faces: tf.Tensor) -> tf.Tensor:
            logits, said = output if lessons is not None else (output, None)
            gender = tf.gather(genders, faces)
            known = tf.cast(gender >= 0, tf.float32)
            each = entropy(tf.one_hot(tf.maximum(gender, 0), 2), logits)
            value = tf.reduce_sum(each * known) / tf.maximum(tf.reduce_sum(known), 1.0)
            if lessons is None:
                return value
            likeness = tf.reduce_sum(
                tf.math.l2_normalize(said, axis=1) * tf.gather(lessons, faces), axis=1
            )
            return value + LESSON * (1.0 - tf.reduce_mean(likeness))

        return loss

"""The training loop: AdamW with warm-up and cosine rate, averaged weights, checkpoints to go on
from. Imports TensorFlow.

Batch normalisation of a pretrained network stays as it was on ImageNet, and so do its first blocks:
half as much again in speed, and small batches of doctored pictures do not shift its statistics.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from monitor.errors import ConfigError
from monitor.faces.preprocess import scale
from monitor.records import FloatArray
from monitor.training.learning.stream import Batch
from monitor.training.learning.workers import Workers, alone

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Schedule:
    """How long and how fast."""

    steps: int
    rate: float = 5e-4
    warm_up: int = 200  # steps
    weight_decay: float = 1e-4
    smoothing: float = 0.05  # of the labels
    average: float = 0.998  # momentum of the averaged weights
    patience: int = 4  # epochs without a better validation loss until it stops


def seed(number: int) -> None:
    """Make what follows repeat itself to the bit on the same machine; call before a network is
    built.

    Costs six per cent on two cores. With a GPU only the random numbers are fixed, as not all of its
    operations can be.
    """
    keras.utils.set_random_seed(number)
    if not tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()


def freeze(model: keras.Model, blocks: int) -> None:
    """Fix a pretrained backbone's batch normalisation, and of MobileNetV2 and EfficientNet-Lite0
    the first `blocks` blocks.
    """
    backbone = model.get_layer("backbone")
    first = ("Conv1", "bn_Conv1", "expanded_conv", "stem", *(f"block_{i}_" for i in range(blocks)))
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization) or (
            blocks and layer.name.startswith(first)
        ):
            layer.trainable = False


Objective = Callable[[Any, tf.Tensor], tf.Tensor]


def _cross_entropy(classes: int, smoothing: float) -> Objective:
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    return lambda output, labels: loss(tf.one_hot(labels, classes), output)


class Trainer:
    """Trains one network; owned by the main thread."""

    def __init__(
        self,
        model: keras.Model,
        schedule: Schedule,
        folder: Path,
        objective: Objective | None = None,
        workers: Workers | None = None,
    ) -> None:
        """Prepare, and go on from `folder`/checkpoint.npz where there is one.

        Args:
            model: Takes (N, S, S, 3) float32 RGB -1..1.
            schedule: How long and how fast.
            folder: Where the checkpoint lies; made if need be.
            objective: The loss, of the model's output and the (N,) labels; None: cross-entropy of
                logits. Among several copies each gives its part of the mean, as Keras's do.
            workers: Who learns; `model` was built in their scope. None: this process alone.

        Raises:
            ConfigError: If the checkpoint does not fit the model, or not all workers have it.
        """
        self.model, self.schedule, self.folder = model, schedule, folder
        self._workers = workers or alone()
        warm_up = min(schedule.warm_up, schedule.steps // 5)
        rate = keras.optimizers.schedules.CosineDecay(
            schedule.rate * 0.02,
            max(1, schedule.steps - warm_up),
            alpha=0.01,
            warmup_target=schedule.rate,
            warmup_steps=warm_up,
        )
        with self._workers.strategy.scope():
            self.optimizer = keras.optimizers.AdamW(
                rate,
                weight_decay=schedule.weight_decay,
                use_ema=True,
                ema_momentum=schedule.average,
                global_clipnorm=5.0,
            )
            self.optimizer.build(model.trainable_variables)
        self.step = 0
        self.history: list[dict[str, float]] = []
        self._best = (float("inf"), 0)
        folder.mkdir(parents=True, exist_ok=True)
        self._restore()
        if self._workers.mean(float(self.step)) != self.step:
            raise ConfigError(
                f"the processes of the cluster go on from different steps, this one from "
                f"{self.step}: give all of them the same folder {folder}"
            )
        self._train_step = self._step_of(
            objective or _cross_entropy(model.output_shape[-1], schedule.smoothing)
        )

    def _step_of(self, objective: Objective) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
        """One step on a batch; returns the loss."""
        model, workers = self.model, self._workers

        def learn(rois: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
            with tf.GradientTape() as tape:
                # monitor.faces.preprocess.scale
                faces = tf.cast(rois, tf.float32) * (1 / 127.5) - 1.0
                value = objective(model(faces, training=True), labels)
            gradients = tape.gradient(value, model.trainable_variables)
            *gradients, value = workers.total([*gradients, value])
            return value, gradients

        @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
        def train_step(rois: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
            value, gradients = workers.strategy.run(learn, args=(rois, labels))
            # outside the copies: the whole gradient is clipped, not each copy's part of it
            self.optimizer.apply([workers.local(g) for g in gradients], model.trainable_variables)
            return workers.local(value)

        return train_step  # type: ignore[no-any-return]

    def fit(
        self, batches: Iterable[Batch], epoch_steps: int, validate: Callable[[], float]
    ) -> None:
        """Train on batches (from number `self.step` on), validating the averaged weights each
        epoch.

        Args:
            batches: As `stream.Stream` gives them.
            epoch_steps: Steps between two validations, each followed by a checkpoint.
            validate: Returns the validation loss; called with the averaged weights in place.
        """
        began, first, losses = time.monotonic(), self.step, []
        began_epoch = began
        for batch in batches:
            losses.append(self._workers.step(self._train_step, batch))
            self.step += 1
            if self.step % 25 == 0:
                speed = (self.step - first) / (time.monotonic() - began)
                left = (self.schedule.steps - self.step) / speed
                print(
                    f"\rstep {self.step}/{self.schedule.steps}  loss {np.mean(losses[-25:]):.3f}  "
                    f"{speed * len(batch[1]):.0f} pictures/s  {left / 60:.1f} min left   ",
                    end="",
                    flush=True,
                )
            if self.step % epoch_steps == 0 or self.step == self.schedule.steps:
                print()
                own = self._swap_in_average()
                loss = self._workers.mean(validate())
                self._restore_values(own)
                minutes, began_epoch = (time.monotonic() - began_epoch) / 60, time.monotonic()
                mean = float(np.mean(losses))
                self.history.append(
                    {
                        "step": self.step,
                        "train_loss": mean,
                        "validation_loss": loss,
                        "minutes": minutes,
                    }
                )
                losses = []
                if self._workers.writes:
                    self._save()
                if self._stalled(loss):
                    print(
                        f"no better validation loss for {self.schedule.patience} epochs: stopped "
                        f"early"
                    )
                    break
        self._swap_in_average()

    def _stalled(self, loss: float) -> bool:
        if loss < self._best[0] - 1e-4:
            self._best = (loss, len(self.history))
        return len(self.history) - self._best[1] >= self.schedule.patience

    def _swap_in_average(self) -> list[FloatArray]:
        own = [v.numpy() for v in self.model.trainable_variables]
        # Until the average has seen enough steps it is mostly the start.
        part = self.schedule.average ** max(1, self.step)
        if part < 0.2:
            self.optimizer.finalize_variable_values(self.model.trainable_variables)
        return own

    def _restore_values(self, values: list[FloatArray]) -> None:
        for variable, value in zip(self.model.trainable_variables, values, strict=True):
            variable.assign(value)

    def _save(self) -> None:
        # Not the weights alone: without what dropout draws from, a run that was stopped does not
        # repeat one that was not.
        state: dict[str, Any] = {f"m{i}": v.numpy() for i, v in enumerate(self.model.variables)}
        state |= {f"o{i}": v.numpy() for i, v in enumerate(self.optimizer.variables)}
        partial = self.folder / "checkpoint.partial.npz"
        np.savez(
            partial,
            step=self.step,
            history=json.dumps(self.history),
            best=np.array(self._best),
            **state,
        )
        partial.replace(self.folder / "checkpoint.npz")

    def _restore(self) -> None:
        path = self.folder / "checkpoint.npz"
        if not path.is_file():
            return
        with np.load(path) as state:
            variables = {f"m{i}": v for i, v in enumerate(self.model.variables)}
            variables |= {f"o{i}": v for i, v in enumerate(self.optimizer.variables)}
            if any(key not in state or state[key].shape != v.shape for key, v in variables.items()):
                raise ConfigError(
                    f"{path} is of another network or an older version: remove its folder to begin "
                    f"anew"
                )
            for key, variable in variables.items():
                variable.assign(state[key])
            self.step, self.history = int(state["step"]), json.loads(str(state["history"]))
            self._best = (float(state["best"][0]), int(state["best"][1]))
        print(f"going on from step {self.step} of {path}")


def logits(model: keras.Model, rois_rgb: npt.NDArray[np.uint8], batch: int = 128) -> FloatArray:
    """(N, classes) float32 logits of (N, S, S, 3) uint8 RGB."""
    call = tf.function(lambda faces: model(faces, training=False), reduce_retracing=True)
    parts = [
        call(tf.constant(scale(rois_rgb[i : i + batch]))).numpy()
        for i in range(0, len(rois_rgb), batch)
    ]
    return np.concatenate(parts) if parts else np.empty((0, model.output_shape[-1]), np.float32)

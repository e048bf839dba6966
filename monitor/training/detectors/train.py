r"""Trains our detector: YuNet's network, from YuNet's weights, on the scenes that `prepare` made.

    python -m monitor.training.detectors.train [--out runs/detector/all]
    python -m monitor.training.detectors.train --leave-out ilc2021_whole --out runs/detector/no_ilc

Writes OUT/detector.onnx, with YuNet's interface. A run that was stopped goes on from OUT's
checkpoint. The first three stages stay as YuNet's are; so do the numbers of the box and of the
landmarks where nothing that was learnt moves them.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.detect.yunet import MODEL
from monitor.training.detectors.prepare import SOURCES, scenes_of
from monitor.training.detectors.targets import TRUNK
from monitor.training.learning import cards

BATCH = 16
WARM_UP = 100  # steps
REPORTED_EVERY, SAVED_EVERY = 50, 250  # steps


def gather_scenes(folder: Path, leave_out: str | None) -> dict[str, npt.NDArray[Any]]:
    """All scenes that have no pixel of the set `leave_out`, as arrays of `Targets`."""
    parts = sorted(int(path.stem) for path in folder.glob("[0-9]*.npz") if path.stem.isdigit())
    if not parts:
        raise SystemExit(f"{folder} has no scenes: run monitor.training.detectors.prepare first")
    bit = 1 << SOURCES.index(leave_out) if leave_out else 0
    chosen = []
    for number in parts:
        part = scenes_of(folder, number)
        kept = (part.pop("sources") & bit) == 0
        chosen.append({name: values[kept] for name, values in part.items()})
    return {name: np.concatenate([part[name] for part in chosen]) for name in chosen[0]}


class Training:
    """One training; owned by the main thread. Imports TensorFlow."""

    def __init__(self, out: Path, steps: int, rate: float, left_out: str | None) -> None:
        import keras
        import tensorflow as tf

        from monitor.training.detectors.loss import detector_loss
        from monitor.training.detectors.network import from_onnx

        keras.utils.set_random_seed(1)
        self.out, self.steps, self.step, self._left_out = out, steps, 0, left_out
        self.model = from_onnx(MODEL, TRUNK)
        schedule = keras.optimizers.schedules.CosineDecay(
            rate * 0.02, max(1, steps - WARM_UP), 0.02, warmup_target=rate, warmup_steps=WARM_UP
        )
        self._optimizer = keras.optimizers.AdamW(
            schedule, weight_decay=1e-4, global_clipnorm=5.0, use_ema=True, ema_momentum=0.995
        )
        self._optimizer.build(self.model.trainable_variables)
        out.mkdir(parents=True, exist_ok=True)
        self._restore()

        @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
        def learn(features: Any, *targets: Any) -> dict[str, Any]:
            with tf.GradientTape() as tape:
                parts = detector_loss(self.model(tf.cast(features, tf.float32)), *targets)
                total = tf.add_n(list(parts.values()))
            variables = self.model.trainable_variables
            self._optimizer.apply(tape.gradient(total, variables), variables)
            return parts

        self._learn = learn

    def fit(self, scenes: dict[str, npt.NDArray[Any]]) -> None:
        """Take the steps that are left; batch number `i` depends on `i` alone."""
        count, began, sums = len(scenes["cells"]), time.monotonic(), np.zeros(4)
        an_epoch = count // BATCH
        first = self.step
        while self.step < self.steps:
            epoch, place = divmod(self.step, an_epoch)
            order = np.random.default_rng([2, epoch]).permutation(count)
            rows = order[place * BATCH : (place + 1) * BATCH]
            parts = self._learn(
                scenes["features"][rows],
                scenes["objectness"][rows].astype(np.float32),
                scenes["cells"][rows].astype(np.int32),
                scenes["boxes"][rows],
                scenes["landmarks"][rows],
            )
            sums += [float(value) for value in parts.values()]
            self.step += 1
            if self.step % REPORTED_EVERY == 0:
                speed = (time.monotonic() - began) / (self.step - first)
                means = ", ".join(
                    f"{n} {v:.3f}" for n, v in zip(parts, sums / REPORTED_EVERY, strict=True)
                )
                print(f"step {self.step}/{self.steps}  {means}  {speed:.2f} s a step", flush=True)
                sums[:] = 0
            if self.step % SAVED_EVERY == 0 or self.step == self.steps:
                self._save()

    def write(self) -> Path:
        """Write the averaged weights as ONNX; the run's own stay in the checkpoint."""
        from monitor.training.detectors.network import to_onnx

        own = [v.numpy() for v in self.model.trainable_variables]
        self._optimizer.finalize_variable_values(self.model.trainable_variables)
        path = self.out / "detector.onnx"
        to_onnx(self.model, MODEL, path)
        card = {"task": "detector", "files": cards.files_of(path), "steps": self.step}
        cards.write_card(path.with_suffix(""), {**card, "left_out": self._left_out})
        for variable, value in zip(self.model.trainable_variables, own, strict=True):
            variable.assign(value)
        return path

    def _variables(self) -> dict[str, Any]:
        named = {f"m{i}": v for i, v in enumerate(self.model.variables)}
        return named | {f"o{i}": v for i, v in enumerate(self._optimizer.variables)}

    def _save(self) -> None:
        partial = self.out / "checkpoint.partial.npz"
        values = {name: variable.numpy() for name, variable in self._variables().items()}
        np.savez(partial, step=self.step, **values)
        partial.replace(self.out / "checkpoint.npz")
        self.write()

    def _restore(self) -> None:
        path = self.out / "checkpoint.npz"
        if not path.is_file():
            return
        with np.load(path) as state:
            for name, variable in self._variables().items():
                variable.assign(state[name])
            self.step = int(state["step"])
        print(f"going on from step {self.step} of {path}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=Path, default=Path("runs/detector/scenes"))
    parser.add_argument("--out", type=Path, default=Path("runs/detector/all"))
    parser.add_argument(
        "--leave-out", choices=SOURCES, help="learn from no scene that has pixels of this set"
    )
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    args = parser.parse_args()
    scenes = gather_scenes(args.scenes, args.leave_out)
    print(f"{len(scenes['cells'])} scenes", flush=True)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

    training = Training(args.out, args.steps, args.rate, args.leave_out)
    training.fit(scenes)
    print(f"wrote {training.write()}")


if __name__ == "__main__":
    main()

r"""Search for good settings with KerasTuner: dropout, L2, learning rate, batch and epochs, early
stopping on.

    python -m monitor.training.experiments.tune --data ../shared/data --network mobilenetv2 \
        --trials 20 --budget-minutes 60
    python -m monitor.training.experiments.tune --data ../shared/data --network cnn_pool --weights \
        none --trials 3 --budget-minutes 2 --faces 1500 --out runs/tune

Each trial trains on faces drawn evenly over sources and classes (`--faces`), cropped as the program
crops, mirrored and recoloured at random, and is judged on the held-out tenth of the split by
picture and person. A trial that has not improved for `PATIENCE` epochs stops; no trial is begun
after the budget, and one that is running then stops at the end of its epoch. Writes `best.json` and
`trials.md` into --out.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.errors import ConfigError
from monitor.training.command import quiet_tensorflow, run_main, typed
from monitor.training.learning.listed import names
from monitor.training.learning.settings import Settings
from monitor.training.mask.scoring import crops, truth_of
from monitor.training.pictures.chips import LABELS, Chip, load_data, split
from monitor.training.report.pages import markdown_table, output_dir, write_json, write_text

PATIENCE = 2  # epochs without a better validation loss
MARGIN = 0.3
FROZEN_BLOCKS = 3  # of a pretrained MobileNetV2, as in train_mask
SETTINGS = ("dropout", "l2", "rate", "batch", "epochs")


def balanced(chips: Sequence[Chip], count: int, seed: int) -> list[Chip]:
    """At most `count` chips, drawn in turn from every source and class so that none drowns the
    others.
    """
    rng = np.random.default_rng(seed)
    by_kind: dict[tuple[str, str], list[Chip]] = {}
    for chip in chips:
        by_kind.setdefault((chip.label, chip.source), []).append(chip)
    queues = [[kind[i] for i in rng.permutation(len(kind))] for _, kind in sorted(by_kind.items())]
    chosen: list[Chip] = []
    while queues and len(chosen) < count:
        chosen += [queue.pop() for queue in queues][: count - len(chosen)]
        queues = [queue for queue in queues if queue]
    return chosen


def inputs_of(
    chips: Sequence[Chip], size: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.intp]]:
    """The network's input for the chips, (N, size, size, 3) float32, and their class numbers
    (N,).
    """
    return np.concatenate(list(crops(chips, size, MARGIN))), truth_of(chips, LABELS)


Faces = tuple[npt.NDArray[np.float32], npt.NDArray[np.intp]]  # as `inputs_of` gives them


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched, and for how long."""

    network: str
    size: int  # side of the input, px
    weights: str
    trials: int  # at most
    budget_s: float  # no trial is begun after it
    epochs_max: int
    seed: int


def search(wanted: Search, train: Faces, validation: Faces, out: Path) -> list[dict[str, Any]]:
    """Run the trials.

    Returns:
        One row a trial, best first: the settings, `val_accuracy`, `val_loss`, `epochs_run` and
            `seconds`.
    """
    import keras
    import keras_tuner

    keras.utils.set_random_seed(wanted.seed)
    deadline = time.monotonic() + wanted.budget_s
    rows: list[dict[str, Any]] = []

    class StopAtDeadline(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            if time.monotonic() > deadline:
                self.model.stop_training = True

    class Tuner(keras_tuner.BayesianOptimization):  # type: ignore[misc]
        def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> Any:
            # The inherited one wants TensorBoard and writes each epoch's weights to disk: neither
            # is of use here.
            began, hp = time.monotonic(), trial.hyperparameters
            result = self.hypermodel.fit(hp, self.hypermodel.build(hp), *args, **kwargs)
            rows.append(_row(hp, result.history, time.monotonic() - began))
            return result

        def on_trial_end(self, trial: Any) -> None:
            super().on_trial_end(trial)
            if time.monotonic() > deadline:
                self.oracle.max_trials = len(self.oracle.trials)

    tuner = Tuner(
        _hypermodel(wanted),
        "val_loss",
        max_trials=wanted.trials,
        seed=wanted.seed,
        directory=str(out),
        project_name="keras_tuner",
        overwrite=True,
    )
    early = keras.callbacks.EarlyStopping("val_loss", patience=PATIENCE, restore_best_weights=True)
    tuner.search(*train, validation_data=validation, callbacks=[early, StopAtDeadline()], verbose=0)
    return sorted(rows, key=lambda row: float(row["val_loss"]))


def _row(hp: Any, history: dict[str, list[float]], seconds: float) -> dict[str, Any]:
    """What a trial has come to, at its best epoch."""
    best = int(np.argmin(history["val_loss"]))
    return {
        **{name: hp.get(name) for name in SETTINGS},
        "val_accuracy": float(history["val_accuracy"][best]),
        "val_loss": float(history["val_loss"][best]),
        "epochs_run": len(history["val_loss"]),
        "seconds": round(seconds, 1),
    }


def _hypermodel(wanted: Search) -> Any:
    """The network with all that is searched over."""
    import keras
    import keras_tuner

    from monitor.training.learning import networks, trainer

    class MaskNetwork(keras_tuner.HyperModel):  # type: ignore[misc]
        def build(self, hp: Any) -> Any:
            dropout = hp.Float("dropout", 0.0, 0.5, step=0.1)
            l2 = hp.Float("l2", 1e-6, 1e-2, sampling="log")
            settings = Settings(len(LABELS), dropout=dropout, l2=l2)
            logits = networks.build(wanted.network, wanted.size, wanted.weights, settings)
            if wanted.network == "mobilenetv2" and wanted.weights != "none":
                trainer.freeze(logits, FROZEN_BLOCKS)
            faces = keras.Input((wanted.size, wanted.size, 3))
            varied = keras.layers.RandomFlip("horizontal")(faces)
            varied = keras.layers.RandomBrightness(0.3, value_range=(-1, 1))(varied)
            varied = keras.layers.RandomContrast(0.3, value_range=(-1, 1))(varied)
            model = keras.Model(faces, logits(varied))
            rate = hp.Float("rate", 3e-5, 3e-3, sampling="log")
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            # XLA compiles for longer than a trial lasts.
            optimizer = keras.optimizers.AdamW(rate)
            model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=False)
            return model

        def fit(self, hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
            batch, epochs = hp.Choice("batch", [16, 32, 64]), hp.Int("epochs", 2, wanted.epochs_max)
            kwargs |= {"batch_size": batch, "epochs": epochs}
            return model.fit(*args, **kwargs)

    return MaskNetwork()


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The trials as Markdown, best first."""
    head = [*SETTINGS, "epochs run", "validation accuracy", "validation loss", "seconds"]
    return markdown_table(
        head,
        [
            [
                *(f"{row[n]:.3g}" for n in SETTINGS),
                row["epochs_run"],
                f"{100 * row['val_accuracy']:.1f} %",
                row["val_loss"],
                row["seconds"],
            ]
            for row in rows
        ],
    )


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="python -m monitor.training.experiments.tune",
        description="Search for training settings with KerasTuner.",
    )
    p.add_argument(
        "--data",
        type=Path,
        required=True,
        help="folder that holds mask_chips, or any set that data.py reads",
    )
    p.add_argument(
        "--network", default="mobilenetv2", help=f"{', '.join(names())} (default: %(default)s)"
    )
    p.add_argument(
        "--weights", default="imagenet", help="imagenet, none or a path (default imagenet)"
    )
    p.add_argument("--size", type=int, help="input side in px (default: the network's own)")
    p.add_argument("--trials", type=int, default=10, help="most trials (default 10)")
    p.add_argument(
        "--budget-minutes", type=float, default=30, help="no trial is begun after this (default 30)"
    )
    p.add_argument(
        "--epochs-max", type=int, default=10, help="upper end of the range of epochs (default 10)"
    )
    p.add_argument(
        "--faces", type=int, default=6000, help="faces to train on, drawn evenly (default 6000)"
    )
    p.add_argument(
        "--out",
        type=Path,
        default=Path("runs/tune"),
        help="folder for best.json and trials.md (default runs/tune)",
    )
    p.add_argument("--seed", type=int, default=0)
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    args = parser().parse_args(argv)
    command = typed("experiments.tune", argv)
    for name, low in (("trials", 1), ("epochs_max", 2), ("faces", 30)):
        if getattr(args, name) < low:
            raise ConfigError(
                f"--{name.replace('_', '-')} must be {low} or more, not {getattr(args, name)}"
            )
    quiet_tensorflow()
    from monitor.training.learning import networks

    size = networks.default_size(args.network) if args.size is None else args.size
    # a mistake is told before the pictures are read
    networks.build(args.network, size, args.weights)
    watched, kept = split(load_data(args.data), 0.1, args.seed)
    chosen = balanced(kept, args.faces, args.seed)
    watched = balanced(watched, max(30, args.faces // 4), args.seed)
    if not chosen or not watched:
        raise ConfigError(
            f"{args.data} holds too few faces to search on: a tenth is held out, by picture and "
            f"person"
        )
    print(
        f"{args.network} at {size} px: {len(chosen)} faces to train on, {len(watched)} held out, "
        f"up to {args.budget_minutes:g} minutes"
    )
    budget_s = args.budget_minutes * 60
    wanted = Search(
        args.network, size, args.weights, args.trials, budget_s, args.epochs_max, args.seed
    )
    rows = search(wanted, inputs_of(chosen, size), inputs_of(watched, size), output_dir(args.out))
    if not rows:
        raise ConfigError(
            "every trial failed, as said above: take a smaller --size or another --network"
        )
    cut = (
        f"; the budget ended the search after {len(rows)} of {args.trials} trials"
        if len(rows) < args.trials
        else ""
    )
    text = (
        f"# Search: {args.network} at {size} px\n\n    {command}\n\n{len(chosen)} faces to train "
        f"on, {len(watched)} held out by picture "
        f"and person, weights {args.weights}, early stopping after {PATIENCE} epochs without a "
        f"better loss{cut}.\n\n{table(rows)}"
    )
    write_text(args.out / "trials.md", text)
    best = {name: rows[0][name] for name in SETTINGS}
    write_json(
        args.out / "best.json",
        {"network": args.network, "size": size, **best, "trials": rows, "command": command},
    )
    print(f"{table(rows)}best: {best}")
    return 0


if __name__ == "__main__":
    run_main(main)

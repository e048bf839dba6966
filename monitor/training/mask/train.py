r"""Train the mask classifier.

    python -m monitor.training.mask.train --data ../shared/data --weights \
        weights/mobilenet_v2_imagenet_notop.weights.h5 --out models/mask_v3

repeats the shipped model; `--leave-out ilc2021,andrewmvd` trains without these sources, tests on
them and writes `runs/<name>/figures.json`, and a model where `--out` is given. `--network` takes
another network of `listed.names`, `--smoke` runs a minute's worth; `--devices` and `--cluster`
divide the work. `--data` is the folder that holds `mask_chips` (and, where they are there,
`utkface_aligned`, `lfw_aligned`, `rmfrd_ids` and `mask_templates`), or any set that
`data.load_data` reads. A run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import functools
import json
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.training.command import quiet_tensorflow, run_main, typed
from monitor.training.drawing import fabric
from monitor.training.learning.stream import Stream, step_of
from monitor.training.mask import batches
from monitor.training.mask.options import parse
from monitor.training.mask.sets import (
    FACE_MIN_PX,
    Sets,
    donors,
    figures,
    file_of,
    gather,
    left_out_of,
    rois,
    templates_beside,
)
from monitor.training.pictures.chips import (
    LABELS,
)
from monitor.training.pictures.pool import Face
from monitor.training.report import metrics

RUNS = Path("runs")


@dataclass(frozen=True)
class Stage:
    """One training out of a row, each going on from the weights of the one before."""

    recipe: batches.Recipe
    steps: int
    rate: float  # the highest
    folder: Path  # of its checkpoint
    seed: int
    first: int  # number of its first batch, so that no two stages see the same

    @property
    def size(self) -> int:
        return self.recipe.size

    def stream(self, faces: Sequence[Face], bank: fabric.Bank) -> Stream:
        """The batches that are still to come."""
        maker = batches.Maker(faces, bank, self.recipe, self.seed)
        return Stream(maker.batch, self.first + step_of(self.folder), self.first + self.steps)


@dataclass(frozen=True, eq=False)
class Learnt:
    """What the stages have come to."""

    model: Any
    history: list[dict[str, float]]  # an entry an epoch
    steps: int  # fewer than were asked for where a stage stopped early
    watched: npt.NDArray[np.uint8]  # (N, S, S, 3) RGB: the validation faces at the last size
    tested: dict[str, npt.NDArray[np.uint8]]  # the same of each test set


def _stages(options: argparse.Namespace, folder: Path) -> list[Stage]:
    """The epochs at a small size, where they cost half, then the others, if any, at full size with
    half the rate.
    """
    first, last = options.first_epochs * options.epoch_steps, options.epochs * options.epoch_steps
    full = batches.Recipe(
        options.size, options.margin, options.batch, **batches.RECIPES[options.recipe]
    )
    # Not all networks can change their size: those take all steps at full size.
    if not first or options.network != "mobilenetv2" or options.first_size >= options.size:
        return [Stage(full, first + last, options.rate, folder, options.seed, 0)]
    small = replace(full, size=options.first_size)
    stages = [
        Stage(small, first, options.rate, folder / "first", options.seed, 0),
        Stage(full, last, options.rate / 2, folder, options.seed, first),
    ]
    return stages if last else stages[:1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, test, export."""
    options = parse(arguments)
    folder = RUNS / (options.name or _name(options))
    if options.smoke and not options.index:
        shutil.rmtree(folder, ignore_errors=True)
    stages = _stages(options, folder)
    _announce(options, stages, folder)
    sets = gather(options)
    for part, faces in (("train", sets.train), ("validation", sets.validation), *sets.test.items()):
        labels = sorted(Counter(f.label for f in faces).items())
        print(f"  {part}: {len(faces)} faces, " + ", ".join(f"{k} {v}" for k, v in labels))
    learnt = _learn(options, stages, sets)
    if options.index:
        return 0  # the first process of the cluster writes what all have learnt
    results = _test(options, learnt, sets, folder / "predictions.npz")
    about = {
        "command": typed("mask.train", arguments),
        "temperature": options.temperature,
        "minutes": sum(h["minutes"] for h in learnt.history),
        "steps": learnt.steps,
        "options": {k: str(v) if isinstance(v, Path) else v for k, v in vars(options).items()},
        "recipe": asdict(stages[-1].recipe),
        "counts": {
            f"{s} {n}": c
            for (s, n), c in sorted(Counter((f.source, f.label) for f in sets.train).items())
        },
        "history": learnt.history,
        "figures": results,
    }
    (folder / "figures.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    learnt.model.save_weights(folder / "trained.weights.h5")
    print(f"figures: {folder / 'figures.json'}")
    if options.out:
        _export(options, learnt.model, about)
    return 0


def _name(options: argparse.Namespace) -> str:
    """The run's folder, made of its options."""
    return "-".join(
        [
            "smoke" * options.smoke or "mask",
            options.network,
            str(options.size),
            f"without-{options.leave_out}" if options.leave_out else "all",
            f"seed{options.seed}",
        ]
    )


def _announce(options: argparse.Namespace, stages: Sequence[Stage], folder: Path) -> None:
    """Say what comes, and about how long it takes."""
    for stage in stages:
        print(
            f"{options.network}, {stage.size} px, margin {options.margin}: "
            f"{stage.steps} batches of {options.batch}, highest rate {stage.rate}"
        )
    seconds = sum(s.steps * options.batch / 95 * (s.size / 128) ** 2 for s in stages)
    print(
        f"expected on two idle cores: about {seconds / 60 + 1.5:.0f} minutes "
        f"and 5 GB of memory (mobilenetv2); checkpoints in {folder}"
    )


def _learn(options: argparse.Namespace, stages: Sequence[Stage], sets: Sets) -> Learnt:
    """Train one stage after the other."""
    bank = fabric.Bank(templates_beside(options.data), donors(sets.train))
    # The streams fork: before TensorFlow starts its threads.
    streams = [stage.stream(sets.train, bank) for stage in stages]
    quiet_tensorflow()

    from monitor.training.learning import networks, trainer, workers

    team = workers.begin(options.devices, options.cluster, options.index)
    trainer.seed(options.seed)
    history: list[dict[str, float]] = []
    steps = 0
    learnt: list[npt.NDArray[np.float32]] | None = None
    for stage, stream in zip(stages, streams, strict=True):
        with team.strategy.scope():
            model = _network(options, stage.size, learnt)
        schedule = trainer.Schedule(stage.steps, stage.rate, average=options.average)
        training = trainer.Trainer(model, schedule, stage.folder, workers=team)
        kept = {"": sets.validation}
        kept |= {source: sets.test[source] for source in left_out_of(options)}
        seen = {key: rois(faces, stage.size, options.margin) for key, faces in kept.items()}
        validate = functools.partial(_validate, model, sets, seen)
        try:
            training.fit(stream, options.epoch_steps, validate)
        finally:
            stream.close()
        history += [{"size": stage.size, **epoch} for epoch in training.history]
        steps += training.step
        learnt = model.get_weights()
    # the weights do not depend on the side, nor on who has learnt them
    if stages[-1].size != options.size or team.copies > 1:
        model = networks.build(options.network, options.size, "none")
        model.set_weights(learnt)
    watched = rois(sets.validation, options.size, options.margin)
    tested = {key: rois(faces, options.size, options.margin) for key, faces in sets.test.items()}
    return Learnt(model, history, steps, watched, tested)


def _network(
    options: argparse.Namespace, size: int, learnt: Sequence[npt.NDArray[np.float32]] | None
) -> Any:
    """The network at the start of a stage: with what the one before has learnt."""
    from monitor.training.learning import networks, trainer

    model = networks.build(options.network, size, options.weights if learnt is None else "none")
    if learnt is not None:
        model.set_weights(learnt)
    if networks.info_of(options.network).freezes and str(options.weights) != "none":
        trainer.freeze(model, options.freeze)
    return model


def _test(options: argparse.Namespace, learnt: Learnt, sets: Sets, path: Path) -> dict[str, Any]:
    """The figures on all that was held out; the predictions themselves go to `path`."""
    from monitor.training.learning import trainer

    results: dict[str, Any] = {}
    saved: dict[str, Any] = {}
    bias = np.array(options.bias, np.float32)
    for key, faces in (("validation", sets.validation), *sets.test.items()):
        seen = learnt.watched if key == "validation" else learnt.tested[key]
        raw = trainer.logits(learnt.model, seen)
        results[key] = figures(faces, metrics.softmax((raw + bias) / options.temperature))
        saved |= {
            f"{key}_logits": raw,
            f"{key}_truth": [LABELS.index(f.label) for f in faces],
            f"{key}_px": [f.chip.face_px for f in faces],
            f"{key}_file": [file_of(f.chip) for f in faces],
        }
        _print_rates(key, results[key])
    np.savez(path, **saved)
    return results


def _export(options: argparse.Namespace, model: Any, about: dict[str, Any]) -> None:
    """The files that the program loads, and their card."""
    from monitor.training.learning import export
    from monitor.training.mask import card_text

    bias = np.array(options.bias, np.float32)
    ready = export.inference_model(model, options.temperature, bias)
    files = export.write_models(ready, options.out)
    text = card_text.card_text(about, options)
    export.write_card(options.out, files, options.size, options.margin, text)
    print(f"wrote {options.out}.keras, .onnx and .json")


def _validate(
    model: Any,
    sets: Sets,
    seen: dict[str, npt.NDArray[np.uint8]],
) -> float:
    """The loss on the validation faces, `seen[""]`; prints it, and the rates of the sources that
    were left out, which are the others in `seen`.
    """
    from monitor.training.learning import trainer

    truth = np.array([LABELS.index(f.label) for f in sets.validation], int)
    confidence = metrics.softmax(trainer.logits(model, seen[""]))
    loss = float(-np.log(confidence[np.arange(len(truth)), truth].clip(1e-7)).mean())
    print(
        f"  validation loss {loss:.4f}, right {100 * (confidence.argmax(1) == truth).mean():.2f} %",
        flush=True,
    )
    for source in filter(None, seen):
        confidence = metrics.softmax(trainer.logits(model, seen[source]))
        _print_rates(source, figures(sets.test[source], confidence))
        labels = np.array([LABELS.index(f.label) for f in sets.test[source]], int)
        print(
            f"  area under the ROC curve of masked: "
            f"{metrics.roc(labels, confidence, LABELS)['masked']['auc']:.4f}"
        )
    return loss


def _print_rates(name: str, rates: dict[str, Any]) -> None:
    parts = [f"{k} {100 * r['value']:.1f} % of {r['count']}" for k, r in rates.items()]
    print(f"  {name}, {FACE_MIN_PX} px or more: " + ", ".join(parts), flush=True)


if __name__ == "__main__":
    run_main(main)

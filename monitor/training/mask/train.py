r"""Train the mask classifier.

    python -m monitor.training.mask.train --data ../shared/data --weights \
        weights/mobilenet_v2_imagenet_notop.weights.h5 --out models/mask_v3

repeats the shipped model; `--leave-out ilc2021` trains without a source, tests on it and writes no
model but `runs/<name>/figures.json`. `--network` takes another network of `listed.names`,
`--smoke` runs a minute's worth. `--data` is the folder that holds `mask_chips` (and, where they are
there, `utkface_aligned`, `lfw_aligned`, `rmfrd_ids` and `mask_templates`), or any set that
`data.load_data` reads. A run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import csv
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

from monitor.errors import ConfigError
from monitor.faces.boxes import crop_square
from monitor.training.command import first_words, quiet_tensorflow, run_main, typed
from monitor.training.drawing import fabric
from monitor.training.learning import listed
from monitor.training.learning.stream import Stream, step_of
from monitor.training.mask import batches
from monitor.training.pictures import duplicates, pool, splits
from monitor.training.pictures.chips import (
    LABELS,
    Chip,
    leave_source_out,
    load_data,
    merge_groups,
    split,
)
from monitor.training.pictures.pool import Face
from monitor.training.report import metrics

RUNS = Path("runs")
NOISE_FILE = Path(__file__).with_name("label_noise.csv")
DETECTOR = "face_detection_yunet_2023mar_int8bq.onnx"
SMOKE_FACES = 150
# Chosen by `choose_bias` from the runs that left out andrewmvd and ilc2021.
BIAS = (0.0, 0.25, -0.75)
TEMPERATURE = 0.918
FACE_MIN_PX = 40  # figures are for faces of this size or more
DOOR = ("bare_right", "bare_alarmed", "masked_right", "incorrect_right", "incorrect_alarmed")


@dataclass(frozen=True)
class Sets:
    """What a run trains on, watches and is tested on."""

    train: list[Face]
    validation: list[Face]
    test: dict[str, list[Face]]


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


def _stages(options: argparse.Namespace, folder: Path) -> list[Stage]:
    """The epochs at a small size, where they cost half, then the others at full size with half the
    rate.
    """
    first, last = options.first_epochs * options.epoch_steps, options.epochs * options.epoch_steps
    full = batches.Recipe(options.size, options.margin, options.batch)
    # Not all networks can change their size: those take all steps at full size.
    if not first or options.network != "mobilenetv2" or options.first_size >= options.size:
        return [Stage(full, first + last, options.rate, folder, options.seed, 0)]
    small = replace(full, size=options.first_size)
    return [
        Stage(small, first, options.rate, folder / "first", options.seed, 0),
        Stage(full, last, options.rate / 2, folder, options.seed, first),
    ]


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=first_words(__doc__), prog="python -m monitor.training.mask.train"
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the pictures")
    parser.add_argument(
        "--weights",
        default="imagenet",
        help="imagenet, none, or the path of a weight file (default: imagenet)",
    )
    parser.add_argument(
        "--out", type=Path, help="where the model goes, without suffix, e.g. models/mask_v3"
    )
    parser.add_argument(
        "--leave-out", metavar="SOURCE", help="train without this source and test on it"
    )
    parser.add_argument(
        "--network",
        default="mobilenetv2",
        help=f"{', '.join(listed.names())} (default: %(default)s)",
    )
    parser.add_argument(
        "--first-epochs",
        type=int,
        default=8,
        help="epochs before the others, mobilenetv2 at --first-size (default: 8)",
    )
    parser.add_argument(
        "--first-size", type=int, default=96, help="input side of these, in pixels (default: 96)"
    )
    parser.add_argument(
        "--epochs", type=int, default=3, help="epochs of --epoch-steps batches (default: 3)"
    )
    parser.add_argument(
        "--epoch-steps", type=int, default=250, help="batches an epoch (default: 250)"
    )
    parser.add_argument("--size", type=int, default=128, help="input side in pixels (default: 128)")
    parser.add_argument(
        "--margin", type=float, default=0.2, help="added to the box's longer side (default: 0.2)"
    )
    parser.add_argument("--batch", type=int, default=64, help="faces a batch (default: 64)")
    parser.add_argument(
        "--rate", type=float, default=5e-4, help="highest learning rate (default: 0.0005)"
    )
    parser.add_argument(
        "--freeze",
        type=int,
        default=3,
        help="first blocks of a pretrained MobileNetV2 that stay as they are (default: 3)",
    )
    parser.add_argument("--seed", type=int, default=0, help="(default: 0)")
    parser.add_argument(
        "--bias",
        type=float,
        nargs=3,
        default=BIAS,
        help=f"added to the logits of {', '.join(LABELS)} (default: {BIAS})",
    )
    parser.add_argument(
        "--temperature",
        type=float,
        default=TEMPERATURE,
        help=f"of the exported model (default: {TEMPERATURE})",
    )
    parser.add_argument("--name", help="folder under runs/ (default: made of the options)")
    parser.add_argument("--smoke", action="store_true", help="a tiny run, to see that all works")
    options = parser.parse_args(arguments)
    if options.out is None and options.leave_out is None:
        parser.error("give --out PATH, or --leave-out SOURCE")
    for name, low in (
        ("epochs", 1),
        ("first_epochs", 0),
        ("epoch_steps", 1),
        ("size", 32),
        ("first_size", 32),
        ("batch", 4),
    ):
        if getattr(options, name) < low:
            raise ConfigError(
                f"--{name.replace('_', '-')} must be {low} or more, not {getattr(options, name)}"
            )
    if options.smoke:
        options.first_epochs = min(1, options.first_epochs)
        options.epochs, options.epoch_steps, options.batch = 1, 3, 16
    return options


def gather(options: argparse.Namespace) -> Sets:
    """Read the pictures and share them out."""
    chips = load_data(options.data)
    beside = options.data if (options.data / "mask_chips").is_dir() else options.data.parent
    detector = next(
        (
            p
            for p in (Path(options.weights).parent / DETECTOR, Path("weights") / DETECTOR)
            if p.is_file()
        ),
        None,
    )
    if options.smoke:
        chips = chips[:: max(1, len(chips) // SMOKE_FACES)]
    else:
        chips = merge_groups(chips, duplicates.path_pairs(duplicates.find_pairs(chips)))
    test: dict[str, list[Face]] = {}
    if options.leave_out:
        chips, left_out = leave_source_out(chips, options.leave_out)
        test[options.leave_out] = pool.read(left_out, None)
    chips = _clean(chips)  # never what is tested on
    # Pictures of UTKFace that are kept for testing must not come in by way of the chips.
    chips = [c for c in chips if c.source != "utkface" or not splits.is_test_utkface(c.original)]
    kept, watched = split(chips, 0.95, options.seed)
    more: list[Chip] = []
    people = beside / "utkface_aligned"
    if people.is_dir():
        aligned = [replace(c, group=splits.utkface_key(c.original)) for c in pool.aligned(people)]
        held = [c for c in aligned if splits.is_test_utkface(c.original)]
        more += [c for c in aligned if not splits.is_test_utkface(c.original)]
        test["utkface_aligned"] = pool.read(
            held[:: max(1, len(held) // SMOKE_FACES) if options.smoke else 1], None
        )
    if (beside / "lfw_aligned").is_dir():
        more += pool.aligned(beside / "lfw_aligned")
    if (beside / "rmfrd_ids").is_dir():
        more += pool.rmfrd(beside / "rmfrd_ids")
    if options.smoke:
        more = more[:: max(1, len(more) // SMOKE_FACES)]
    train = pool.read([*kept, *more], detector)
    validation = pool.read(watched, None)
    return Sets(train, validation, test)


def rois(faces: Sequence[Face], size: int, margin: float) -> npt.NDArray[np.uint8]:
    """(N, size, size, 3) uint8 RGB, cropped as the program crops."""
    made = np.empty((len(faces), size, size, 3), np.uint8)
    for i, face in enumerate(faces):
        made[i] = crop_square(face.image, np.array(face.chip.box, np.float32), margin, size)[
            ..., ::-1
        ]
    return made


def figures(faces: Sequence[Face], confidence: npt.NDArray[np.float32]) -> dict[str, Any]:
    """Rates over the faces of `FACE_MIN_PX` or more, as `metrics.door_rates` gives them."""
    big = np.array([f.chip.face_px >= FACE_MIN_PX for f in faces], bool)
    truth = np.array([LABELS.index(f.label) for f in faces], int)
    rates = metrics.door_rates(truth[big], confidence[big], LABELS)
    return {name: rates[name].as_json() for name in (*DOOR, "masked_alarmed") if rates[name].count}


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, test, export."""
    options = parse(arguments)
    name = options.name or "-".join(
        [
            "smoke" * options.smoke or "mask",
            options.network,
            str(options.size),
            f"without-{options.leave_out}" if options.leave_out else "all",
            f"seed{options.seed}",
        ]
    )
    folder = RUNS / name
    if options.smoke:
        shutil.rmtree(folder, ignore_errors=True)
    stages = _stages(options, folder)
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
    sets = gather(options)
    for part, faces in (("train", sets.train), ("validation", sets.validation), *sets.test.items()):
        print(
            f"  {part}: {len(faces)} faces, "
            + ", ".join(f"{k} {v}" for k, v in sorted(Counter(f.label for f in faces).items()))
        )
    templates = next(
        (
            p / "mask_templates"
            for p in (options.data, options.data.parent)
            if (p / "mask_templates").is_dir()
        ),
        None,
    )
    bank = fabric.Bank(templates, pool.of_label(sets.train, "masked"))
    # The streams fork: before TensorFlow starts its threads.
    streams = [stage.stream(sets.train, bank) for stage in stages]
    quiet_tensorflow()

    from monitor.training.learning import networks, trainer

    trainer.seed(options.seed)
    history: list[dict[str, float]] = []
    steps = 0  # fewer than were asked for where a stage stopped early
    learnt: list[npt.NDArray[np.float32]] | None = None
    for stage, stream in zip(stages, streams, strict=True):
        model = networks.build(
            options.network, stage.size, options.weights if learnt is None else "none"
        )
        if learnt is not None:
            model.set_weights(learnt)
        if options.network == "mobilenetv2" and str(options.weights) != "none":
            trainer.freeze(model, options.freeze)
        training = trainer.Trainer(model, trainer.Schedule(stage.steps, stage.rate), stage.folder)
        watched = rois(sets.validation, stage.size, options.margin)
        tested = {key: rois(faces, stage.size, options.margin) for key, faces in sets.test.items()}
        validate = functools.partial(_validate, model, sets, watched, options.leave_out, tested)
        try:
            training.fit(stream, options.epoch_steps, validate)
        finally:
            stream.close()
        history += [{"size": stage.size, **epoch} for epoch in training.history]
        steps += training.step
        learnt = model.get_weights()
    logits = trainer.logits(model, watched)
    temperature = options.temperature
    results: dict[str, Any] = {}
    saved: dict[str, Any] = {}
    bias = np.array(options.bias, np.float32)
    for key, faces in (("validation", sets.validation), *sets.test.items()):
        raw = logits if key == "validation" else trainer.logits(model, tested[key])
        results[key] = figures(faces, metrics.softmax((raw + bias) / temperature))
        saved |= {
            f"{key}_logits": raw,
            f"{key}_truth": [LABELS.index(f.label) for f in faces],
            f"{key}_px": [f.chip.face_px for f in faces],
            f"{key}_file": [file_of(f.chip) for f in faces],
        }
        _print_rates(key, results[key])
    np.savez(folder / "predictions.npz", **saved)
    about = {
        "command": typed("mask.train", arguments),
        "temperature": temperature,
        "minutes": sum(h["minutes"] for h in history),
        "steps": steps,
        "options": {k: str(v) if isinstance(v, Path) else v for k, v in vars(options).items()},
        "recipe": asdict(stage.recipe),
        "counts": {
            f"{s} {n}": c
            for (s, n), c in sorted(Counter((f.source, f.label) for f in sets.train).items())
        },
        "history": history,
        "figures": results,
    }
    (folder / "figures.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    model.save_weights(folder / "trained.weights.h5")
    print(f"figures: {folder / 'figures.json'}")
    if options.out:
        from monitor.training.learning import export
        from monitor.training.mask import card_text

        ready = export.inference_model(model, temperature, bias)
        files = export.write_models(ready, options.out)
        export.write_card(
            options.out, files, options.size, options.margin, card_text.card_text(about, options)
        )
        print(f"wrote {options.out}.keras, .onnx and .json")
    return 0


def _validate(
    model: Any,
    sets: Sets,
    watched: npt.NDArray[np.uint8],
    left_out: str | None,
    tested: dict[str, npt.NDArray[np.uint8]],
) -> float:
    """The loss on the watched faces; prints it, and the rates of the source that was left out."""
    from monitor.training.learning import trainer

    truth = np.array([LABELS.index(f.label) for f in sets.validation], int)
    confidence = metrics.softmax(trainer.logits(model, watched))
    loss = float(-np.log(confidence[np.arange(len(truth)), truth].clip(1e-7)).mean())
    print(
        f"  validation loss {loss:.4f}, right {100 * (confidence.argmax(1) == truth).mean():.2f} %",
        flush=True,
    )
    if left_out:
        confidence = metrics.softmax(trainer.logits(model, tested[left_out]))
        _print_rates(left_out, figures(sets.test[left_out], confidence))
        labels = np.array([LABELS.index(f.label) for f in sets.test[left_out]], int)
        print(
            f"  area under the ROC curve of masked: "
            f"{metrics.roc(labels, confidence, LABELS)['masked']['auc']:.4f}"
        )
    return loss


def file_of(chip: Chip) -> str:
    """The chip's name in `label_noise.csv` and in `predictions.npz`: source folder, class folder,
    file.
    """
    return "/".join(chip.path.parts[-3:])


def _clean(chips: Sequence[Chip]) -> list[Chip]:
    """Without the chips that `label_noise.csv` names."""
    if not NOISE_FILE.is_file():
        return list(chips)
    with NOISE_FILE.open(encoding="utf-8", newline="") as file:
        dropped = {row["file"] for row in csv.DictReader(file)}
    return [c for c in chips if file_of(c) not in dropped]


def _print_rates(name: str, rates: dict[str, Any]) -> None:
    parts = [f"{k} {100 * r['value']:.1f} % of {r['count']}" for k, r in rates.items()]
    print(f"  {name}, {FACE_MIN_PX} px or more: " + ", ".join(parts), flush=True)


if __name__ == "__main__":
    run_main(main)

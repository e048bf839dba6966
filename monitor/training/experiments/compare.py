r"""Compare the networks of the papers on one split: the same faces, the same loop, the same time.

    python -m monitor.training.experiments.compare --data ../shared/data --minutes 1.5 --out \
        runs/compare --summary docs/training

trains each network of `listed.names` for `--minutes` with the parts of `train_mask` (its
pictures, drawn masks, loss and schedule), tests it on a source that none has seen (`--leave-out`),
and measures parameters, file size and ONNX Runtime's time a face. The batches are made once, before
the first network, so that each sees the same and no network waits for pictures; one that is through
with them begins again. Pretrained weights are taken where this machine has them, and each row says
what was cut short. With the defaults it takes about 20 minutes on two cores and 6 GB.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import count, islice, takewhile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from monitor.engine import OnnxNetwork
from monitor.errors import ConfigError
from monitor.training.command import quiet_tensorflow, run_main, typed
from monitor.training.drawing import fabric
from monitor.training.experiments import compare_report
from monitor.training.learning import listed
from monitor.training.learning.stream import Batch, Stream
from monitor.training.mask import batches
from monitor.training.mask import train as mask_train
from monitor.training.pictures import pool
from monitor.training.pictures.chips import LABELS
from monitor.training.report import metrics
from monitor.training.report.pages import output_dir

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


def milliseconds(path: Path, size: int, batch: int, runs: int = 40) -> float:
    """Median ONNX Runtime time a face at a batch, two threads, as the program runs it."""
    network = OnnxNetwork(path.with_suffix(""), 2)
    faces = np.random.default_rng(0).uniform(-1, 1, (batch, size, size, 3)).astype(np.float32)
    for _ in range(4):
        network(faces)
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        network(faces)
        taken.append(time.perf_counter() - began)
    return 1000 * float(np.median(taken)) / batch


def train(
    name: str,
    weights: str,
    size: int,
    made: Sequence[Batch],
    test: dict[str, Any],
    minutes: float,
    options: argparse.Namespace,
) -> dict[str, Any]:
    """Train one network on the batches, test it, time it.

    Returns:
        The row of the table.
    """
    import keras

    from monitor.training.learning import export, networks, trainer

    keras.utils.set_random_seed(options.seed)
    keras.backend.clear_session()

    def fresh() -> Any:
        model = networks.build(name, size, weights)
        if name == "mobilenetv2" and weights != "none":
            trainer.freeze(model, options.freeze)
        return model

    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        speed = _seconds_a_step(fresh(), made, size, folder / "speed")
        steps = max(1, round(minutes * 60 / speed))
        model = fresh()
        training = trainer.Trainer(
            model, trainer.Schedule(steps, RATE.get(name, options.rate)), folder / "run"
        )
        stream = islice(endless(made, size), steps)
        training.fit(islice(stream, 1), steps + 1, lambda: 0.0)  # builds the graph
        began = time.monotonic()
        deadline = (
            began + minutes * 60 * 1.25
        )  # the steps follow from the measured speed; this guards against a slow spell
        training.fit(
            takewhile(lambda _: time.monotonic() < deadline, stream), steps + 1, lambda: 0.0
        )
        seconds = time.monotonic() - began
        if not options.bn_as_seen and _has_norm(model):
            _refresh_norms(model, made, size)
        row = _tested(model, test, size)
        files = export.write_models(
            export.inference_model(model, 1.0, np.zeros(len(LABELS), np.float32)), folder / name
        )
        export.write_card(folder / name, files, size, options.margin, {})
        onnx = folder / f"{name}.onnx"
        row |= {
            "network": name,
            "weights": "ImageNet" if weights != "none" else "random",
            "size": size,
            "parameters": networks.parameters(model),
            "onnx_mb": onnx.stat().st_size / 1e6,
            "ms_batch_1": milliseconds(onnx, size, 1),
            "ms_batch_8": milliseconds(onnx, size, 8),
            "training_s": round(seconds, 1),
            "steps": training.step,
            "faces_seen": training.step * len(made[0][1]),
        }
    passes = row["faces_seen"] / (len(made) * len(made[0][1]))
    cut = [f"{minutes:g} min of training, {row['faces_seen']} faces ({passes:.2f} passes)"]
    if weights == "none" and networks.info_of(name).files and name != "mobilenetv2":
        cut.append("its ImageNet weights are not on this machine")
    if training.step < steps:
        cut.append(f"stopped at step {training.step} of {steps}")
    return {**row, "cut_short": "; ".join(cut)}


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


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="python -m monitor.training.experiments.compare",
        description="Compare the networks on one split.",
    )
    p.add_argument(
        "--data", type=Path, required=True, help="folder of the pictures, as for train_mask"
    )
    p.add_argument(
        "--networks", default=",".join(listed.names()), help="which, with commas (default: all)"
    )
    p.add_argument("--minutes", type=float, default=2, help="training time of each (default 2)")
    p.add_argument(
        "--until",
        metavar="HH:MM",
        help="UTC; networks that could not begin before are left out and named",
    )
    p.add_argument(
        "--leave-out",
        default="ilc2021",
        help="source that is tested on and never trained on (default ilc2021)",
    )
    p.add_argument(
        "--size",
        type=int,
        default=128,
        help="input side in px of the published networks (default 128)",
    )
    p.add_argument("--margin", type=float, default=0.3, help="as in train_mask (default 0.3)")
    p.add_argument("--batch", type=int, default=32, help="faces a batch (default 32)")
    p.add_argument(
        "--faces", type=int, default=12000, help="faces that are made to train on (default 12000)"
    )
    p.add_argument(
        "--rate", type=float, default=5e-4, help="highest learning rate (default 0.0005)"
    )
    p.add_argument("--freeze", type=int, default=3, help="as in train_mask (default 3)")
    p.add_argument(
        "--bn-as-seen",
        action="store_true",
        help="leave batch normalisation's running statistics as training left them",
    )
    p.add_argument("--seed", type=int, default=0)
    p.add_argument(
        "--out",
        type=Path,
        default=Path("runs/compare"),
        help="folder for comparison.json (default runs/compare)",
    )
    p.add_argument("--summary", type=Path, help="folder for comparison.md and .json to keep")
    p.add_argument(
        "--prepared",
        type=Path,
        help="file (.npz) that keeps the batches and the test faces; read if it is there",
    )
    p.add_argument("--prepare-only", action="store_true", help="write --prepared and stop")
    p.add_argument(
        "--add",
        action="store_true",
        help="add to the comparison in --out; networks named again take the new figures",
    )
    p.add_argument("--smoke", action="store_true", help="a tiny run, to see that all works")
    p.set_defaults(weights="imagenet")
    return p


def _deadline(text: str | None) -> float:
    """UTC time of day as seconds since the epoch; infinity without one. A time that has passed is
    tomorrow's.
    """
    if text is None:
        return float("inf")
    try:
        hour, minute = (int(v) for v in text.split(":"))
    except ValueError:
        raise ConfigError(f"--until {text} is no time of day: give it as 01:05") from None
    now = time.time()
    return now + (hour * 3600 + minute * 60 - now % 86400) % 86400


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    args = parser().parse_args(argv)
    command = typed("experiments.compare", argv)
    names = [n for n in args.networks.split(",") if n]
    if args.smoke:
        args.minutes, args.faces = 0.05, 4 * args.batch
    unknown = sorted(set(names) - set(listed.names()))
    if unknown:
        raise ConfigError(f"unknown network {', '.join(unknown)}: use {', '.join(listed.names())}")
    deadline = _deadline(args.until)
    before: dict[str, Any] = (
        compare_report.earlier(args.out / "comparison.json", names)
        if args.add
        else {"rows": [], "not_run": [], "command": ""}
    )
    if args.prepare_only and not args.prepared:
        raise ConfigError("--prepare-only wants --prepared FILE, the place to keep what it makes")
    made, test = prepared(args)
    if args.prepare_only:
        return 0

    quiet_tensorflow()
    from monitor.training.learning import networks

    rows: list[dict[str, Any]] = list(before["rows"])
    skipped: list[str] = list(before["not_run"])
    command = f"{before['command']}\n    {command}" if args.add else command
    jobs = [(n, "imagenet" if networks.imagenet_file(n) else "none") for n in names]
    # What the start is worth: MobileNetV2 once more as the others have to begin.
    jobs += [("mobilenetv2", "none")] if ("mobilenetv2", "imagenet") in jobs else []
    for name, weights in jobs:
        if time.time() + args.minutes * 60 > deadline:
            skipped.append(
                name
                if (name, weights) == jobs[names.index(name)]
                else f"{name} from random weights"
            )
            continue
        # the papers' own networks at their own size, in which pretraining has no say
        info = listed.infos()[name]
        size = args.size if info.files else info.size
        rows.append(train(name, weights, size, made, test, args.minutes, args))
        print(
            f"{name} ({rows[-1]['weights']}): "
            f"{json.dumps({k: v for k, v in rows[-1].items() if not k.endswith('door')})}",
            flush=True,
        )
        compare_report.write(args, rows, skipped, command, len(made) * args.batch)
    compare_report.write(args, rows, skipped, command, len(made) * args.batch)
    print(compare_report.table(rows, args.leave_out))
    return 0


def prepared(args: argparse.Namespace) -> tuple[list[Batch], dict[str, Any]]:
    """What `prepare` makes, from the file of --prepared when that was made with the same options.

    Raises:
        ConfigError: If the file is no such file, or was made with other options.
    """
    options = json.dumps(
        {
            k: str(getattr(args, k))
            for k in ("data", "leave_out", "size", "margin", "batch", "faces", "seed", "smoke")
        }
    )
    if args.prepared is None or not args.prepared.is_file():
        made, test = prepare(args)
        if args.prepared is not None:
            output_dir(args.prepared.parent)
            parts = {
                f"{part}_{kind}": array
                for part, pair in test.items()
                for kind, array in zip(("rois", "truth"), pair, strict=True)
            }
            rois, labels = (np.stack([batch[i] for batch in made]) for i in (0, 1))
            np.savez(args.prepared, options=options, rois=rois, labels=labels, **parts)
        return made, test
    try:
        with np.load(args.prepared) as file:
            same = str(file["options"]) == options
            stored = {k: file[k] for k in file.files if k != "options"}
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise ConfigError(
            f"{args.prepared} is not what --prepared wrote ({error}): delete it and run again"
        ) from None
    if not same:
        raise ConfigError(
            f"{args.prepared} was made with other options: delete it, or give the same"
        )
    test = {
        part: (stored[f"{part}_rois"], stored[f"{part}_truth"]) for part in ("test", "validation")
    }
    return list(zip(stored["rois"], stored["labels"], strict=True)), test


def prepare(args: argparse.Namespace) -> tuple[list[Batch], dict[str, Any]]:
    """The batches that every network trains on, and the faces of 40 px or more that it is tested
    on.
    """
    sets = mask_train.gather(args)
    templates = next(
        (
            p / "mask_templates"
            for p in (args.data, args.data.parent)
            if (p / "mask_templates").is_dir()
        ),
        None,
    )
    bank = fabric.Bank(templates, pool.of_label(sets.train, "masked"))
    maker = batches.Maker(
        sets.train, bank, batches.Recipe(args.size, args.margin, args.batch), args.seed
    )
    stream = Stream(maker.batch, 0, max(1, args.faces // args.batch))
    try:
        made = list(stream)
    finally:
        stream.close()
    test: dict[str, Any] = {}
    for part, faces in (("test", sets.test[args.leave_out]), ("validation", sets.validation)):
        large = [f for f in faces if f.chip.face_px >= mask_train.FACE_MIN_PX]
        truth = np.array([LABELS.index(f.label) for f in large], int)
        test[part] = (mask_train.rois(large, args.size, args.margin), truth)
    return made, test


if __name__ == "__main__":
    run_main(main)

r"""Train the network that guesses the gender of bare and masked faces, and measure it.

    python -m monitor.training.gender.train train --data ../shared/data \
        --weights weights/mobilenet_v2_imagenet_notop.weights.h5 --teacher models/sface \
        --guesses weights/gender-v1.onnx --out models/gender_v4 --steps 1800 --size 160
    python -m monitor.training.gender.train evaluate models/gender_v4.onnx --data ../shared/data \
        --baseline weights/gender-v1.onnx --write-figures \
        --summary docs/training --name gender --json docs/training/gender.json

`--data` holds `utkface_aligned` (see `gender_faces` for the split) and, where they are there,
`lfw_aligned`, `mask_chips` and `mask_templates`. A MobileNetV2 (arXiv:1801.04381) sees faces
aligned by `monitor.faces.align`, more than half of them with a drawn mask; `gender_training` says
what it learns from. `--minutes` are those of the training itself: reading, SFace's embeddings and
export add about two on two idle cores. The number of steps follows from the speed that is measured;
`--steps` repeats a run. The answer is a guess from looks, trained on a two-valued label; it must
not decide anything about a person.
"""

from __future__ import annotations

import argparse
import math
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path

import numpy as np
import numpy.typing as npt

from monitor.engine import model_stem
from monitor.errors import ConfigError
from monitor.faces.align import SIZE
from monitor.faces.gender import GENDERS
from monitor.identity.embed import Embedder
from monitor.records import FloatArray
from monitor.training import command as cli
from monitor.training.gender import evaluate as evaluate_gender
from monitor.training.gender import faces as gender_faces
from monitor.training.identity import verify
from monitor.training.mask import batches
from monitor.training.pictures import pool
from monitor.training.report import metrics, pages

SMOKE_EVERY = 25  # a smoke run takes one picture of so many
NEVER = 10**9
PROBE_STEPS = 7  # batches that the speed is measured with; training goes on behind them
NOTICE = (
    "A guess from looks, trained on a two-valued label that others gave by looks. It is wrong for "
    "some people, more often for "
    "some groups than for others, and says nothing about who somebody is. It must not decide "
    "anything about a person."
)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m monitor.training.gender.train", description=(__doc__ or "").splitlines()[0]
    )
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train and export")
    train.add_argument("--data", type=Path, required=True, help="folder that holds utkface_aligned")
    train.add_argument(
        "--weights", default="imagenet", help="imagenet, none, or a weight file (default: imagenet)"
    )
    train.add_argument(
        "--out", type=Path, required=True, help="without suffix, e.g. models/gender_v4"
    )
    train.add_argument(
        "--teacher",
        default="sface",
        help="embedding model to learn from as well, or none (default: sface)",
    )
    train.add_argument(
        "--guesses",
        type=Path,
        help="dlib's gender-v1.onnx, to guess at faces without a label as well",
    )
    train.add_argument("--minutes", type=float, default=8, help="of training (default: 8)")
    train.add_argument(
        "--steps", type=int, help="batches instead of what the minutes allow, to repeat a run"
    )
    train.add_argument(
        "--size", type=int, default=SIZE, help=f"input side, px; faces are {SIZE} (default: {SIZE})"
    )
    train.add_argument("--batch", type=int, default=64, help="faces a batch (default: 64)")
    train.add_argument(
        "--rate", type=float, default=5e-4, help="highest learning rate (default: 0.0005)"
    )
    train.add_argument("--decay", type=float, default=0.02, help="weight decay (default: 0.02)")
    train.add_argument(
        "--freeze", type=int, default=3, help="first blocks that stay as on ImageNet (default: 3)"
    )
    train.add_argument("--seed", type=int, default=0, help="(default: 0)")
    train.add_argument(
        "--sheet",
        type=Path,
        help="write a sheet of training faces as a picture, to look at; it shows faces",
    )
    train.add_argument("--smoke", action="store_true", help="a tiny run, to see that all works")
    evaluate = commands.add_parser("evaluate", help="measure a model on the test part")
    evaluate_gender.add_arguments(evaluate)
    options = parser.parse_args(arguments)
    if options.command == "train":
        for name, low in (("minutes", 0.01), ("size", 32), ("batch", 4)):
            if getattr(options, name) < low:
                raise ConfigError(f"--{name} must be {low} or more, not {getattr(options, name)}")
        if options.guesses and options.teacher == "none":
            raise ConfigError("--guesses needs a --teacher: give one, or leave it out")
        if options.smoke:
            options.steps, options.batch = options.steps or 6, min(options.batch, 8)
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Train or evaluate."""
    options = parse(arguments)
    command = (
        f"python -m monitor.training.gender.train "
        f"{shlex.join(sys.argv[1:] if arguments is None else arguments)}"
    )
    if options.command == "evaluate":
        return evaluate_gender.run(options, command)
    return train(options, command)


def train(options: argparse.Namespace, command: str) -> int:
    """Train, export, and write a card."""
    began = time.monotonic()
    every = SMOKE_EVERY if options.smoke else 1
    parts = gender_faces.parts(options.data, every)
    chips = [*parts.train, *([] if options.teacher == "none" else parts.unlabelled)]
    print(
        f"{len(parts.train)} faces to train on, {len(chips) - len(parts.train)} without a label, "
        f"{len(parts.watched)} watched, "
        f"{len(parts.test)} kept for the test; {parts.near_duplicates} near duplicates of test "
        f"faces left out",
        flush=True,
    )
    faces = gender_faces.read(chips)
    known, lessons = gender_faces.genders_known(chips), None
    if options.teacher != "none":
        faces, known, lessons = _lesson(options, parts, faces, known)
    recipe = gender_faces.Recipe(options.size, options.batch)
    maker = gender_faces.Maker(faces, gender_faces.bank(options.data, every), recipe, options.seed)
    if options.sheet:
        _sheet(maker, options.sheet)
    watched, truth = gender_faces.watched_pictures(parts.watched, options.size)
    # Before TensorFlow starts its threads.
    stream = batches.Stream(maker.batch, PROBE_STEPS if options.steps else 0, NEVER)
    try:
        cli.quiet_tensorflow()

        from monitor.training.gender import student as gender_training
        from monitor.training.learning import export, trainer

        def fresh() -> gender_training.Student:
            trainer.seed(options.seed)
            return gender_training.Student(
                options.size, options.weights, options.freeze, known, lessons
            )

        batch_stream = iter(stream)
        steps = options.steps
        if not steps:
            pace = fresh().seconds_a_step(batch_stream, PROBE_STEPS)
            steps = max(20, round(0.95 * options.minutes * 60 / pace))
            print(f"{1000 * pace:.0f} ms a step: {steps} steps", flush=True)
        student = fresh()
        # Never stopped early: the rate falls to the end.
        schedule = trainer.Schedule(
            steps, options.rate, 100, options.decay, 0.08, average=0.996, patience=NEVER
        )

        def validate() -> float:
            confidence = metrics.softmax(student.logits(watched))
            right, bare = confidence.argmax(1) == truth, len(truth) // 2
            print(
                f"  watched right: bare {100 * right[:bare].mean():.1f} %, masked "
                f"{100 * right[bare:].mean():.1f} %"
            )
            return float(-np.log(confidence[np.arange(len(truth)), truth].clip(1e-7)).mean())

        started = time.monotonic()
        student.fit(
            batch_stream, schedule, math.inf if options.steps else options.minutes * 60, validate
        )
        minutes = (time.monotonic() - started) / 60
    finally:
        stream.close()
    confidence = metrics.softmax(student.logits(watched))
    temperature = float(np.clip(metrics.fit_temperature(truth, confidence), 0.2, 5.0))
    print(
        f"{student.steps} steps in {minutes:.1f} minutes; temperature {temperature:.3f}", flush=True
    )
    ready = export.inference_model(student.model, temperature, np.zeros(len(GENDERS), np.float32))
    files = export.write_models(ready, options.out)
    keras_file = Path(f"{options.out}.keras")
    keras_file.unlink()  # the program runs the ONNX file alone
    del files[keras_file.name]
    about = {
        "task": "gender",
        "classes": list(GENDERS),
        "input": {
            "name": "faces",
            "size": options.size,
            "colour": "RGB",
            "range": [-1, 1],
            "layout": "NHWC",
            "alignment": "five points, monitor.faces.align",
        },
        "notice": NOTICE,
        "network": f"mobilenetv2 1.0, arXiv:1801.04381, batch normalisation and the first "
        f"{options.freeze} blocks as on ImageNet",
        "licence": "for research and demonstration: learnt from UTKFace, which is for "
        "non-commercial research",
        "sources": {
            "start": "ImageNet weights of keras.applications (Apache-2.0)"
            if str(options.weights) != "none"
            else "random",
            "utkface_aligned": "UTKFace (non-commercial research), the only faces with a label of "
            "gender",
            "lfw_aligned": "LFW deepfunneled, training half, without a label",
            "mask_chips": f"bare chips of {', '.join(gender_faces.CHIP_SOURCES)} (MIT, licence "
            f"unknown), without a label",
            "teacher": "none"
            if options.teacher == "none"
            else f"{model_stem(options.teacher).name}: embeddings of bare faces",
            "guesses": "none"
            if options.guesses is None
            else "dlib's gender-v1 (CC0): its sure guesses at faces without a "
            "label; what it was trained on is not known",
            "masks": "drawn (synth, fabric, mask_drawing), textures of MaskTheFace (MIT), masks of "
            "really masked faces",
        },
        "split": "test: 4 tenths of utkface_aligned by CRC32 of the number in the file name, never "
        "trained on; a twentieth of "
        "the rest watched; near duplicates of test faces, and faces whose embedding is like a test "
        "face's, left out of training",
        "seed": options.seed,
        "command": command,
        "temperature": temperature,
        "minutes": round(minutes, 2),
        "steps": student.steps,
        "recipe": asdict(recipe),
        "counts": {
            "train": len(parts.train),
            "guessed_by_teacher": int((known >= 0).sum()) - len(parts.train),
            "unlabelled": int((known < 0).sum()),
            "like_a_test_face_left_out": len(chips) - len(faces),
            "watched": len(parts.watched),
            "near_duplicates_left_out": parts.near_duplicates,
        },
        "history": student.history,
    }
    export.write_card(options.out, files, options.size, 0.0, pages.plain(about))
    print(
        f"wrote {options.out}.onnx and .json; {(time.monotonic() - began) / 60:.1f} minutes in all"
    )
    return 0


def _lesson(
    options: argparse.Namespace,
    parts: gender_faces.Parts,
    faces: list[pool.Face],
    known: npt.NDArray[np.int64],
) -> tuple[list[pool.Face], npt.NDArray[np.int64], FloatArray]:
    """Embeddings of the faces, and what the teachers guess; without the faces that may show
    somebody of the test.
    """
    print(f"embeddings of {len(faces) + len(parts.test)} faces by {options.teacher}", flush=True)
    embedder = Embedder.load(options.teacher)
    pictures = np.stack([gender_faces.template_part(f) for f in faces])
    lessons = embedder.embed(pictures)
    tested = embedder.embed(verify.read_aligned([c.path for c in parts.test]))
    keep = (known >= 0) | gender_faces.unlike(lessons, tested)
    guesses = (
        evaluate_gender.DlibGender(options.guesses)(pictures[keep]) if options.guesses else None
    )
    lessons, faces = lessons[keep], [f for f, kept in zip(faces, keep, strict=True) if kept]
    known = gender_faces.taught(known[keep], lessons, guesses)
    print(
        f"{int((known >= 0).sum())} of {len(faces)} faces with a label or a sure guess of the "
        f"teachers'",
        flush=True,
    )
    return faces, known, lessons


def _sheet(maker: gender_faces.Maker, path: Path) -> None:
    import cv2

    faces = [
        face
        for i, _ in zip(count(), range(3), strict=False)
        for face in maker.batch(i)[0][..., ::-1]
    ]
    pages.output_dir(path.parent)
    cv2.imwrite(str(path), pages.grid(faces, 16))


if __name__ == "__main__":
    cli.run(main)

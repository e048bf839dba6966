"""The training of the network that guesses the gender of bare and masked faces.

`python -m monitor.training.gender train` is the command. `--data` holds `utkface_aligned` and,
where they are there, `lfw_aligned`, `mask_chips` and `mask_templates`; `gender.faces` says who is
in which part. A MobileNetV2 (arXiv:1801.04381) sees faces aligned by `monitor.faces.align`, more
than half of them with a drawn mask; `gender.student` says what it learns from. `--minutes` are
those of the training itself: reading, SFace's embeddings and export add about two on two idle
cores. The number of steps follows from the speed that is measured; `--steps` repeats a run. The
answer is a guess from looks, trained on a two-valued label; it must not decide anything about a
person.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from monitor.engine import model_stem
from monitor.errors import ConfigError
from monitor.faces.align import SIZE
from monitor.faces.gender import GENDERS
from monitor.identity.embed import Embedder
from monitor.records import FloatArray
from monitor.training.command import quiet_tensorflow
from monitor.training.gender import faces as labelled
from monitor.training.gender.evaluate import DlibGender
from monitor.training.learning.stream import Stream
from monitor.training.pictures.faces import read_aligned
from monitor.training.pictures.pool import Face
from monitor.training.report import metrics, pages

if TYPE_CHECKING:  # it imports TensorFlow
    from monitor.training.gender.student import Student

SMOKE_EVERY = 25  # a smoke run takes every 25th picture
NEVER = 10**9
PROBE_STEPS = 7  # batches that the speed is measured with; training goes on behind them
NOTICE = (
    "A guess from looks, trained on a two-valued label that others gave by looks. It is wrong for "
    "some people, more often for "
    "some groups than for others, and says nothing about who somebody is. It must not decide "
    "anything about a person."
)


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What is learnt from: N faces with what is known of them."""

    faces: list[Face]
    known: npt.NDArray[np.int64]  # (N,) index into `GENDERS`, -1 where nothing is known
    embeddings: FloatArray | None  # (N, D), the teacher's of the bare faces; None without one
    alike: int  # faces that were left out, as they are like a face of the test


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """Faces to watch the training by, first all bare, then all masked."""

    rois_rgb: npt.NDArray[np.uint8]  # (2 N, S, S, 3)
    truth: npt.NDArray[np.int64]  # (2 N,) index into `GENDERS`


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "--data", type=Path, required=True, help="folder that holds utkface_aligned"
    )
    parser.add_argument(
        "--weights", default="imagenet", help="imagenet, none, or a weight file (default: imagenet)"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="without suffix, e.g. models/gender_v4"
    )
    parser.add_argument(
        "--teacher",
        default="sface",
        help="embedding model to learn from as well, or none (default: sface)",
    )
    parser.add_argument(
        "--guesses",
        type=Path,
        help="dlib's gender-v1.onnx, to guess at faces without a label as well",
    )
    parser.add_argument("--minutes", type=float, default=8, help="of training (default: 8)")
    parser.add_argument(
        "--steps", type=int, help="batches instead of what the minutes allow, to repeat a run"
    )
    parser.add_argument(
        "--size", type=int, default=SIZE, help=f"input side, px; faces are {SIZE} (default: {SIZE})"
    )
    parser.add_argument("--batch", type=int, default=64, help="faces a batch (default: 64)")
    parser.add_argument(
        "--rate", type=float, default=5e-4, help="highest learning rate (default: 0.0005)"
    )
    parser.add_argument("--decay", type=float, default=0.02, help="weight decay (default: 0.02)")
    parser.add_argument(
        "--freeze", type=int, default=3, help="first blocks that stay as on ImageNet (default: 3)"
    )
    parser.add_argument("--seed", type=int, default=0, help="(default: 0)")
    parser.add_argument(
        "--sheet",
        type=Path,
        help="write a sheet of training faces as a picture, to look at; it shows faces",
    )
    parser.add_argument("--smoke", action="store_true", help="a tiny run, to see that all works")


def check(options: argparse.Namespace) -> None:
    """Refuse options that cannot work, and make a smoke run a short one.

    Raises:
        ConfigError: If one is out of its range.
    """
    for name, low in (("minutes", 0.01), ("size", 32), ("batch", 4)):
        if getattr(options, name) < low:
            raise ConfigError(f"--{name} must be {low} or more, not {getattr(options, name)}")
    if options.guesses and options.teacher == "none":
        raise ConfigError("--guesses needs a --teacher: give one, or leave it out")
    if options.smoke:
        options.steps, options.batch = options.steps or 6, min(options.batch, 8)


def run(options: argparse.Namespace, command: str) -> int:
    """Train, export, and write a card; `command` is what was typed, for the card."""
    check(options)
    began = time.monotonic()
    every = SMOKE_EVERY if options.smoke else 1
    parts = labelled.parts(options.data, every)
    lesson = read_lesson(options, parts)
    recipe = labelled.Recipe(options.size, options.batch)
    bank = labelled.bank(options.data, every)
    maker = labelled.Maker(lesson.faces, bank, recipe, options.seed)
    if options.sheet:
        _sheet(maker, options.sheet)
    watched = Watched(*labelled.watched_pictures(parts.watched, options.size))
    student, minutes = fit(options, lesson, maker, watched)
    confidence = metrics.softmax(student.logits(watched.rois_rgb))
    temperature = float(np.clip(metrics.fit_temperature(watched.truth, confidence), 0.2, 5.0))
    print(
        f"{student.steps} steps in {minutes:.1f} minutes; temperature {temperature:.3f}", flush=True
    )
    about = {
        **_about(options),
        "seed": options.seed,
        "command": command,
        "temperature": temperature,
        "minutes": round(minutes, 2),
        "steps": student.steps,
        "recipe": asdict(recipe),
        "counts": _counts(parts, lesson),
        "history": student.history,
    }
    _write(options, student, temperature, about)
    print(
        f"wrote {options.out}.onnx and .json; {(time.monotonic() - began) / 60:.1f} minutes in all"
    )
    return 0


def read_lesson(options: argparse.Namespace, parts: labelled.Parts) -> Lesson:
    """The faces to learn from, with the teacher's embeddings if there is one."""
    chips = [*parts.train, *([] if options.teacher == "none" else parts.unlabelled)]
    print(
        f"{len(parts.train)} faces to train on, {len(chips) - len(parts.train)} without a label, "
        f"{len(parts.watched)} watched, "
        f"{len(parts.test)} kept for the test; {parts.near_duplicates} near duplicates of test "
        f"faces left out",
        flush=True,
    )
    faces, known = labelled.read(chips), labelled.genders_known(chips)
    if options.teacher == "none":
        return Lesson(faces, known, None, 0)
    return _taught(options, parts, faces, known)


def _taught(
    options: argparse.Namespace,
    parts: labelled.Parts,
    faces: list[Face],
    known: npt.NDArray[np.int64],
) -> Lesson:
    """With embeddings and what the teachers guess; without the faces that may show somebody of the
    test.
    """
    print(f"embeddings of {len(faces) + len(parts.test)} faces by {options.teacher}", flush=True)
    embedder = Embedder.load(options.teacher)
    pictures = np.stack([labelled.template_part(f) for f in faces])
    embeddings = embedder.embed(pictures)
    tested = embedder.embed(read_aligned([c.path for c in parts.test]))
    keep = (known >= 0) | labelled.unlike(embeddings, tested)
    guesses = DlibGender(options.guesses)(pictures[keep]) if options.guesses else None
    kept = [f for f, wanted in zip(faces, keep, strict=True) if wanted]
    known = labelled.taught(known[keep], embeddings[keep], guesses)
    print(
        f"{int((known >= 0).sum())} of {len(kept)} faces with a label or a sure guess of the "
        f"teachers'",
        flush=True,
    )
    return Lesson(kept, known, embeddings[keep], len(faces) - len(kept))


def fit(
    options: argparse.Namespace, lesson: Lesson, maker: labelled.Maker, watched: Watched
) -> tuple[Student, float]:
    """Train a student.

    Returns:
        The student with its averaged weights, and the minutes of the training itself.
    """
    # Before TensorFlow starts its threads.
    stream = Stream(maker.batch, PROBE_STEPS if options.steps else 0, NEVER)
    try:
        quiet_tensorflow()

        from monitor.training.gender.student import Student
        from monitor.training.learning import trainer

        def fresh() -> Student:
            trainer.seed(options.seed)
            return Student(
                options.size, options.weights, options.freeze, lesson.known, lesson.embeddings
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
        seconds = math.inf if options.steps else options.minutes * 60
        started = time.monotonic()
        student.fit(batch_stream, schedule, seconds, lambda: _validate(student, watched))
        return student, (time.monotonic() - started) / 60
    finally:
        stream.close()


def _validate(student: Student, watched: Watched) -> float:
    """The mean cross-entropy of the watched faces; prints how many are right."""
    confidence, truth = metrics.softmax(student.logits(watched.rois_rgb)), watched.truth
    right, bare = confidence.argmax(1) == truth, len(truth) // 2
    print(
        f"  watched right: bare {100 * right[:bare].mean():.1f} %, masked "
        f"{100 * right[bare:].mean():.1f} %"
    )
    return float(-np.log(confidence[np.arange(len(truth)), truth].clip(1e-7)).mean())


def _write(
    options: argparse.Namespace, student: Student, temperature: float, about: dict[str, Any]
) -> None:
    """OUT.onnx and its card."""
    from monitor.training.learning import export

    ready = export.inference_model(student.model, temperature, np.zeros(len(GENDERS), np.float32))
    files = export.write_models(ready, options.out, keep_keras=False)
    export.write_card(options.out, files, options.size, 0.0, pages.plain(about))


def _about(options: argparse.Namespace) -> dict[str, Any]:
    """What the card says of the network and of its data, whatever came out."""
    return {
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
            "mask_chips": f"bare chips of {', '.join(labelled.CHIP_SOURCES)} (MIT, licence "
            f"unknown), without a label",
            "teacher": "none"
            if options.teacher == "none"
            else f"{model_stem(options.teacher).name}: embeddings of bare faces",
            "guesses": "none"
            if options.guesses is None
            else "dlib's gender-v1 (CC0): its sure guesses at faces without a "
            "label; what it was trained on is not known",
            "masks": "drawn (drawing.wear, drawing.fabric, identity.drawn_masks), textures of "
            "MaskTheFace (MIT), masks of really masked faces",
        },
        "split": "test: 4 tenths of utkface_aligned by CRC32 of the number in the file name, never "
        "trained on; a twentieth of "
        "the rest watched; near duplicates of test faces, and faces whose embedding is like a test "
        "face's, left out of training",
    }


def _counts(parts: labelled.Parts, lesson: Lesson) -> dict[str, int]:
    return {
        "train": len(parts.train),
        "guessed_by_teacher": int((lesson.known >= 0).sum()) - len(parts.train),
        "unlabelled": int((lesson.known < 0).sum()),
        "like_a_test_face_left_out": lesson.alike,
        "watched": len(parts.watched),
        "near_duplicates_left_out": parts.near_duplicates,
    }


def _sheet(maker: labelled.Maker, path: Path) -> None:
    import cv2

    faces = [
        face
        for i, _ in zip(count(), range(3), strict=False)
        for face in maker.batch(i)[0][..., ::-1]
    ]
    pages.output_dir(path.parent)
    cv2.imwrite(str(path), pages.grid(faces, 16))

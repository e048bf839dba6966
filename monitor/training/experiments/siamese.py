r"""Masked identity as one paper has it: a Siamese network on the upper half of the face, triplet
loss, ResNet50.

    python -m monitor.training.experiments.siamese --align-only --minutes 6
    python -m monitor.training.experiments.siamese --minutes 10 --summary docs/training --name \
        siamese
    python -m monitor.training.experiments.siamese --minutes 10 --summary docs/training --name \
        siamese_mobilenetv2 --network mobilenetv2 --weights \
        weights/mobilenet_v2_imagenet_notop.weights.h5
    python -m monitor.training.experiments.siamese --minutes 15 --summary docs/training --name \
        siamese_sface --network sface --weights weights/sface.keras

The first cuts the upper halves (`upper_faces`, MTCNN) and keeps them as files; the others cut what
is missing, for four tenths of their minutes at most. One network (the twins share its weights)
makes an embedding of 128 numbers of unit length out of 160 x 160 pixels, and is trained on triplets
(`triplets`) until the minutes, less what the tests need, are over. Weights: ResNet50's of ImageNet
cannot be had here, so that it begins at random; batch normalisation of a pretrained backbone stays
as it was. `sface` was trained on faces (`upper_sface`): it is frozen, and a projection learns.

Tested before training and after it, on people and pictures that no triplet held:

    verification   rmfrd_ids, test people (`identity.verify`): three bare pictures enrol, the masked
                   and the other bare ones probe
    recogniser     a dense network on the frozen embeddings of the train people with most pictures
                   in rmfrd_ids, four fifths of their pictures to train on and a fifth, near
                   duplicates with it, to test on; the paper's figure is 75 %

The steps that the minutes allow depend on the machine; --steps fixes them, and with --seed the run
can be repeated.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from monitor.errors import ConfigError
from monitor.training.command import first_words, quiet_tensorflow, run_main, typed
from monitor.training.experiments.siamese_report import curve_figure, markdown, training_summary
from monitor.training.experiments.siamese_scores import best_known, recognised, verified
from monitor.training.experiments.upper_faces import SIDE, Cache, Mtcnn, Picture, counts
from monitor.training.pictures.faces import pictures_in
from monitor.training.pictures.splits import is_test_person
from monitor.training.report.pages import output_dir, save_figure, write_json, write_text

EMBEDDING = 128  # numbers, as in FaceNet
MARGIN = 0.2  # of the triplet loss, in squared distance, as in FaceNet
ALIGN_SHARE = 0.4  # of the minutes, at most
REPORT_S = 8  # kept for the charts and files
SMOKE_PEOPLE = 6  # of each part
KINDS = {"unmasked": "bare", "masked": "masked"}


class Clock:
    """The hard budget of a run."""

    def __init__(self, minutes: float) -> None:
        self._began = time.monotonic()
        self.end = self._began + 60 * minutes

    @property
    def left(self) -> float:
        """Seconds."""
        return self.end - time.monotonic()

    @property
    def minutes(self) -> float:
        """Since the beginning."""
        return (time.monotonic() - self._began) / 60


def wanted(
    data: Path, people: int, each: int, limit: int | None = None
) -> tuple[list[Picture], list[Picture]]:
    """The pictures to test on and those to train on, most needed first.

    Args:
        data: Folder with `rmfrd_ids` and `lfw_aligned`.
        people: How many people of LFW, those with most pictures.
        each: How many pictures of each of them at most.
        limit: How many people of each half of RMFRD, or None for all.

    Raises:
        ConfigError: If a folder is not there.
    """
    rmfrd, lfw = data / "rmfrd_ids", data / "lfw_aligned"
    for folder in (rmfrd, lfw):
        if not folder.is_dir():
            raise ConfigError(f"{folder} is not there: give the folder that holds it with --data")
    halves: dict[bool, list[Picture]] = {True: [], False: []}
    for test in halves:
        names = sorted(
            p.name
            for p in rmfrd.iterdir()
            if p.is_dir() and is_test_person(p.name, "rmfrd") == test
        )
        for name in names[:limit]:
            halves[test] += [
                Picture(path, "rmfrd", name, kind)
                for folder, kind in KINDS.items()
                for path in pictures_in(rmfrd / name / folder)
            ]
    found = {
        p.name: pictures_in(p)
        for p in lfw.iterdir()
        if p.is_dir() and not is_test_person(p.name, "lfw")
    }
    most = sorted(found, key=lambda n: (-len(found[n]), n))[:people]
    halves[False] += [
        Picture(path, "lfw", n, "bare", aligned=True) for n in most for path in found[n][:each]
    ]
    return halves[True], halves[False]


def interleaved(test: Sequence[Picture], train: Sequence[Picture]) -> list[Picture]:
    """One of each in turn, so that a run that is cut short has both."""
    return [p for pair in zip_longest(test, train) for p in pair if p is not None]


def build(network: str, weights: str) -> Any:
    """The network that both twins are.

    Returns:
        (N, 160, 160, 3) float32 RGB -1..1 -> (N, 128) float32 of unit length.

    Raises:
        ConfigError: As `paper.build`.
    """
    from monitor.training.experiments import paper, upper_sface

    path = None if weights == "none" else Path(weights)
    if network == upper_sface.NETWORK:
        if path is None:
            raise ConfigError("sface is a pretrained backbone: give it with --weights")
        return upper_sface.build(path, EMBEDDING)
    return paper.build(f"siamese_{network}", EMBEDDING, SIDE, path)


def train(
    model: Any, people: Sequence[Any], args: argparse.Namespace, until: float
) -> dict[str, Any]:
    """Train until the time (`time.monotonic`) or the steps are over.

    Returns:
        steps, faces, seconds, and the curve of [minute, loss, part of the triplets still too close]
        for each step.
    """
    import keras
    import tensorflow as tf

    from monitor.training.experiments.triplets import Plan, semi_hard, stream

    plan = Plan(args.batch_people, args.each)
    optimizer = keras.optimizers.Adam(args.rate, global_clipnorm=5.0)
    variables = model.trainable_variables
    optimizer.build(variables)

    @tf.function  # type: ignore[untyped-decorator]
    def step(
        faces: tf.Tensor, person: tf.Tensor, covered: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            loss, active = semi_hard(model(faces, training=True), person, covered, MARGIN)
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss, active

    began, told, longest = time.monotonic(), 0.0, 0.0
    curve: list[tuple[float, float, float]] = []
    seen = 0
    for faces, person, covered in stream(people, plan, args.seed):
        start = time.monotonic()
        if start + longest >= until or len(curve) == args.steps:
            break
        # A half cosine over the time, as how many steps there will be is not known.
        part = max(
            len(curve) / args.steps if args.steps else 0.0,
            (start - began) / max(until - began, 1e-3),
        )
        optimizer.learning_rate = args.rate * (
            0.05 + 0.95 * (1 + float(np.cos(np.pi * min(1.0, part)))) / 2
        )
        loss, active = (float(v) for v in step(faces, person, covered))
        now = time.monotonic()
        seen += len(person)
        curve.append(((now - began) / 60, loss, active))
        # the first one builds the graph
        longest = max(longest, now - start) if len(curve) > 1 else 0.0
        if now - told > 10:
            told = now
            print(
                f"step {len(curve)}: loss {loss:.3f}, {100 * active:.0f} % too close, "
                f"{until - now:.0f} s left",
                flush=True,
            )
    return {"steps": len(curve), "faces": seen, "seconds": time.monotonic() - began, "curve": curve}


def run(args: argparse.Namespace, command: str) -> dict[str, Any]:
    """All of it within the minutes; returns the figures."""
    clock = Clock(args.minutes)
    most = SMOKE_PEOPLE if args.smoke else None
    test, learn = wanted(args.data, args.people, args.per_person, most)
    cache = Cache(args.faces)
    quiet_tensorflow()
    import keras

    keras.utils.set_random_seed(args.seed)
    # first: a mistake then costs no time
    model = None if args.align_only else build(args.network, args.weights)
    share = 1.0 if args.align_only else ALIGN_SHARE
    faces = _cut(cache, interleaved(test, learn), time.monotonic() + share * clock.left)
    if model is None:
        return {"command": command, "faces": faces, "minutes": clock.minutes}

    from monitor.training.experiments.triplets import Encoder, held_out, people_of
    from monitor.training.learning import networks

    ready = cache.ready(learn)
    known = best_known(ready, args.known)
    rmfrd = [u.picture for u in ready if u.picture.dataset == "rmfrd"]
    out = held_out(rmfrd, {p.person for p in known}, args.seed)
    people = people_of(ready, cache, out)
    if len(people) < 2:
        raise ConfigError(
            f"only {len(people)} people to train on are cut: run with --align-only first, or raise "
            f"--minutes"
        )
    encode = Encoder(model)  # reads the weights anew at each call

    def tested() -> dict[str, Any]:
        return {
            "verification": verified(encode, cache.ready(test), test, cache),
            "recogniser": recognised(encode, known, out, cache, args.seed, 2 if args.smoke else 60),
        }

    began = time.monotonic()
    before = tested()
    took = time.monotonic() - began
    print(f"tested before training in {took:.0f} s, {clock.left:.0f} s left", flush=True)
    made = train(model, people, args, clock.end - 1.3 * took - REPORT_S)
    after = tested() if made["steps"] else before
    output_dir(args.out)
    model.save(args.out / "twin.keras")
    options = {k: v for k, v in vars(args).items() if k not in ("summary", "out")}
    return {
        "command": command,
        "options": options | {"margin": MARGIN},
        "parameters": networks.parameters(model),
        "embedding": EMBEDDING,
        "faces": faces,
        "held_out": len(out),
        "training": made | training_summary(made, people),
        "before": before,
        "after": after,
        "minutes": clock.minutes,
    }


def _cut(cache: Cache, pictures: Sequence[Picture], until: float) -> dict[str, Any]:
    """Cut the upper halves of the faces, as many as there is time for; says how many."""
    missing = cache.add(pictures, Mtcnn, until)
    uppers = cache.ready(pictures)
    ms = float(np.mean([u.ms for u in uppers])) if uppers else 0.0
    faces = {"found": counts(uppers), "missing": missing, "ms": ms}
    print(
        f"{len(uppers)} pictures are cut, {missing} are missing, {ms:.0f} ms each: "
        f"{faces['found']}",
        flush=True,
    )
    return faces


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="python -m monitor.training.experiments.siamese",
        description=first_words(__doc__),
    )
    p.add_argument("--data", type=Path, default=Path("../shared/data"))
    p.add_argument("--network", choices=("resnet50", "mobilenetv2", "sface"), default="resnet50")
    p.add_argument(
        "--weights",
        default="none",
        help="none, or the path of the backbone's weights (default none)",
    )
    p.add_argument("--minutes", type=float, default=10, help="for everything (default 10)")
    p.add_argument(
        "--steps",
        type=int,
        help="stop training after so many steps (default: when the minutes are over)",
    )
    p.add_argument(
        "--people", type=int, default=150, help="people of LFW to train on (default 150)"
    )
    p.add_argument(
        "--per-person", type=int, default=8, help="pictures of each of them at most (default 8)"
    )
    p.add_argument(
        "--known", type=int, default=30, help="people of the dense recogniser (default 30)"
    )
    p.add_argument("--batch-people", type=int, default=8, help="people in a batch (default 8)")
    p.add_argument(
        "--each",
        type=int,
        default=4,
        help="faces of each of them, half of them covered (default 4)",
    )
    p.add_argument(
        "--rate", type=float, help="highest learning rate (default 0.001, with weights 0.0003)"
    )
    p.add_argument("--seed", type=int, default=0)
    p.add_argument(
        "--faces", type=Path, default=Path("runs/upper_faces"), help="where the cut faces are kept"
    )
    p.add_argument("--align-only", action="store_true", help="cut the faces and stop")
    p.add_argument(
        "--name", default="siamese", help="of the files that are written (default siamese)"
    )
    p.add_argument("--out", type=Path, help="folder for figures and network (default runs/NAME)")
    p.add_argument(
        "--summary", type=Path, help="folder for NAME.md, NAME.json and the chart to keep"
    )
    p.add_argument(
        "--smoke", action="store_true", help="a tiny run of about a minute, to see that all works"
    )
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    args = parser().parse_args(argv)
    command = typed("experiments.siamese", argv)
    if args.smoke:
        args.minutes, args.steps, args.people, args.batch_people = min(args.minutes, 2.0), 3, 4, 3
    if (
        args.minutes <= 0
        or args.batch_people < 2
        or args.people < 0
        or (args.steps or 1) < 1
        or args.per_person < 1
    ):
        raise ConfigError(
            "--minutes, --steps and --per-person must be above 0, --people 0 or more, "
            "--batch-people 2 or more"
        )
    if args.each < 2 or args.each % 2:
        raise ConfigError(
            f"--each must be even and 2 or more, not {args.each}: half of the faces are covered "
            f"ones"
        )
    args.rate = args.rate or (1e-3 if args.weights == "none" else 3e-4)
    args.out = args.out or Path("runs") / args.name
    result = run(args, command)
    folders = [args.out, args.summary] if args.summary and not args.align_only else [args.out]
    for folder in folders:
        write_json(output_dir(folder) / f"{args.name}.json", result)
        if not args.align_only:
            chart = f"{args.name}_loss.svg"
            if result["training"]["curve"]:
                save_figure(curve_figure(result["training"]["curve"], MARGIN), folder / chart)
            text = markdown(result, chart)
            write_text(folder / f"{args.name}.md", text)
    if not args.align_only:
        print(text)
    return 0


if __name__ == "__main__":
    run_main(main)

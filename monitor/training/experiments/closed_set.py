r"""Closed-set identity, the papers' first way: a classifier with one output for each of a few
people.

    python -m monitor.training.experiments.closed_set --data ../shared/data --minutes 6 --out \
        runs/closed_set --summary docs/training
    python -m monitor.training.experiments.closed_set --data ../shared/data --sets people \
        --strangers ../shared/data/lfw_aligned --keep runs/recognisers

trains a custom CNN, InceptionV3 and MobileNetV2 on the aligned faces (112 px) of each set, with
drawn masks, flips, shifts and turns, and tests them on capture sessions that they never saw
(`few_people`); the program's own embedding model answers the same faces by its nearest template.
The papers report 98.5, 95.6 and 88 % in that order on random splits of their pictures.

`--sets` names folders under --data, or any folder with one folder of pictures for each person, such
as the one that `main.py enrol NAME --count 500 --keep-pictures FOLDER` writes. MobileNetV2 starts
from ImageNet weights; those of InceptionV3 are taken where this machine has them, and where not it
starts from random ones, as its row says.

`--minutes` is for everything and is shared: each network gets the same part of what is left when
its turn comes, graph building and test included. Two runs with one `--seed` see the same pictures
in the same order; how far they come depends on the machine, unless `--epochs` ends them.

`--strangers` adds an "unknown": a threshold that is set on some strangers and tested on others
(`own_recogniser`), and the `dense` softmax on the program's own embeddings, which learns a third
part of them as nobody (`dense_head`). `--keep` writes each network as a recogniser for `main.py
--identify --recogniser FILE`; the people of such a set must have their consents beside their
pictures. docs/how-to/recogniser.md has the whole way.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from monitor.errors import ConfigError
from monitor.faces.align import SIZE
from monitor.identity.embed import Embedder
from monitor.records import FloatArray, Image
from monitor.training.command import quiet_tensorflow, run_main, typed
from monitor.training.experiments import dense_head, few_report, own_recogniser, strangers
from monitor.training.experiments.own_recogniser import Trained
from monitor.training.learning import listed
from monitor.training.learning.settings import Settings
from monitor.training.pictures.faces import Faces
from monitor.training.report.pages import plain

NAMES = ("cnn_pool", "inceptionv3", "mobilenetv2")
DENSE = "dense"  # `dense_head`, with --strangers alone
SHIFT, TURN = 0.08, 15.0  # augmentation: at most so much of the side, and so many degrees
TRAIN_PART = 0.85  # of a network's time; the rest is for its test
WARM_UP = 0.05  # of the training, until the full rate
# Of the rate where a network begins with ImageNet weights: at the full one MobileNetV2 forgot them
# and never left the loss of chance.
PRETRAINED_RATE = 0.2
SAY_S = 10.0  # between two lines of progress


def augment(face: Image, rng: np.random.Generator) -> Image:
    """A face mirrored or not, shifted and turned; what comes in from outside repeats the edge.

    Args:
        face: (S, S, 3) uint8, any colour order; only read.
    """
    side = face.shape[0]
    matrix = cv2.getRotationMatrix2D(
        ((side - 1) / 2, (side - 1) / 2), float(rng.uniform(-TURN, TURN)), 1
    )
    matrix[:, 2] += rng.uniform(-SHIFT, SHIFT, 2) * side
    source = face[:, ::-1] if rng.random() < 0.5 else face
    return cv2.warpAffine(
        np.ascontiguousarray(source), matrix, (side, side), borderMode=cv2.BORDER_REPLICATE
    )  # type: ignore[return-value]


def batches(
    faces: Faces, person: npt.NDArray[np.intp], size: int, seed: int
) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.intp]]]:
    """Epoch after epoch in a new order: (size, 112, 112, 3) float32 RGB -1..1 and whom they
    show.
    """
    rng = np.random.default_rng(seed)
    order = np.empty(0, np.intp)
    while True:
        while len(order) < size:
            order = np.concatenate([order, rng.permutation(len(faces))])
        now, order = order[:size], order[size:]
        rois = np.stack([augment(faces[i], rng) for i in now])[..., ::-1]
        yield rois.astype(np.float32) / 127.5 - 1, person[now]


def rate_at(share: float, highest: float) -> float:
    """The learning rate after this share (0..1) of the training: a short rise, then half a cosine
    down to a hundredth.
    """
    if share < WARM_UP:
        return highest * max(0.02, share / WARM_UP)
    return highest * max(
        0.01, 0.5 + 0.5 * math.cos(math.pi * min(1.0, (share - WARM_UP) / (1 - WARM_UP)))
    )


def train(
    name: str, taught: few_report.Lesson, people: int, until: float, options: argparse.Namespace
) -> Trained:
    """Train one network until the clock (`time.monotonic`) says `until`, or for
    `options.epochs`; its note says how it began and how far it came.
    """
    import keras

    from monitor.training.learning import networks, trainer

    keras.backend.clear_session()
    keras.utils.set_random_seed(options.seed)
    weights = "imagenet" if networks.imagenet_file(name) else "none"
    model = networks.build(name, SIZE, weights, Settings(people))
    if weights == "imagenet":
        trainer.freeze(model, options.freeze if name == "mobilenetv2" else 0)
    for layer in model._flatten_layers():
        # With the usual 0.99 the running mean would lag behind a few hundred steps from random
        # weights.
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.9
    optimizer = keras.optimizers.AdamW(options.rate, weight_decay=1e-4, global_clipnorm=5.0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # XLA takes longer to compile than most of these trainings
    model.compile(optimizer, loss, jit_compile=False)
    highest = options.rate * (PRETRAINED_RATE if weights == "imagenet" else 1)
    steps = max(1, math.ceil(options.epochs * len(taught.faces) / options.batch))
    stream = batches(taught.faces, taught.person, options.batch, options.seed)
    done, value = 0, float("nan")
    began = said = time.monotonic()
    while done < steps and (done == 0 or time.monotonic() < until):
        now = time.monotonic()
        share = max(done / steps, (now - began) / max(until - began, 1e-3))
        optimizer.learning_rate.assign(rate_at(share, highest))
        value = float(model.train_on_batch(*next(stream)))
        done += 1
        if done == 1:
            began = time.monotonic()  # the first step also builds the graph
        elif time.monotonic() - said > SAY_S:
            said = time.monotonic()
            left = min(until - said, (steps - done) * (said - began) / (done - 1))
            print(
                f"{name}: step {done}/{steps}, loss {value:.3f}, "
                f"{max(0.0, left) / 60:.1f} min left",
                flush=True,
            )
    start = "from ImageNet weights" if weights == "imagenet" else "from random weights"
    if weights == "none" and networks.info_of(name).files:
        start += " (its ImageNet weights are not on this machine)"
    note = f"{start}; {done * options.batch / len(taught.faces):.1f} epochs, last loss {value:.2f}"
    return Trained(
        name,
        _title(name),
        _chances(model),
        networks.parameters(model),
        note + ("" if done >= steps else "; cut by --minutes"),
        {"size": SIZE, "colour": "RGB", "range": [-1, 1]},
        _writer(model, people),
    )


def train_dense(
    taught: few_report.Lesson, nobody: strangers.Crowd, people: int, seed: int
) -> Trained:
    """The dense softmax on frozen embeddings, with an output for nobody."""
    embedder = Embedder.load()
    rng = np.random.default_rng(seed)
    copies = np.concatenate(
        [np.stack([augment(f, rng) for f in taught.faces]) for _ in range(dense_head.COPIES)]
    )
    dense = dense_head.learn(embedder, taught, copies, nobody.faces, people)

    def write(path: Path) -> None:
        from monitor.training.learning import export

        export.write_onnx(dense_head.as_network(dense), path)

    return Trained(
        DENSE,
        _title(DENSE),
        lambda faces: dense_head.probabilities(dense, embedder.embed(faces)),
        dense.coef_.size + dense.intercept_.size,
        f"on {embedder.name}; nobody learnt from {len(nobody.faces)} faces of {nobody.people} "
        f"people of LFW",
        {"embedding": embedder.name},
        write,
    )


def _title(name: str) -> str:
    return "dense softmax, with nobody" if name == DENSE else listed.infos()[name].title


def _writer(model: Any, people: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        from monitor.training.learning import export

        export.write_onnx(export.inference_model(model, 1.0, np.zeros(people, np.float32)), path)

    return write


def _answer(trained: Trained, people: int) -> few_report.Answer:
    """The likeliest of the people, whoever is asked about."""
    return lambda faces: trained.chances(faces)[:, :people].argmax(axis=1)


def _chances(model: Any) -> own_recogniser.Chances:
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((None, SIZE, SIZE, 3), tf.uint8)])  # type: ignore[untyped-decorator]
    def call(faces_bgr: tf.Tensor) -> tf.Tensor:
        return tf.nn.softmax(
            model(tf.cast(faces_bgr[..., ::-1], tf.float32) / 127.5 - 1, training=False)
        )

    def chances(faces: Faces) -> FloatArray:
        parts = [call(tf.constant(faces[i : i + 64])).numpy() for i in range(0, len(faces), 64)]
        return np.concatenate(parts)

    return chances


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="python -m monitor.training.experiments.closed_set",
        description="Closed-set identity classifiers of a few people.",
    )
    p.add_argument(
        "--networks",
        default="",
        help="which, with commas (default: all three, and dense with --strangers)",
    )
    p.add_argument(
        "--strangers", type=Path, help="folder of people that nobody of the sets is, as LFW"
    )
    p.add_argument(
        "--unknown",
        type=float,
        default=0.99,
        help="part of strangers that the threshold keeps nameless (default 0.99)",
    )
    p.add_argument(
        "--strangers-max", type=int, help="strangers of each of their parts at most (default: all)"
    )
    p.add_argument("--keep", type=Path, help="folder for a recogniser of each network")
    p.add_argument("--epochs", type=int, default=60, help="at most so many (default 60)")
    p.add_argument("--batch", type=int, default=32, help="faces a batch (default 32)")
    p.add_argument(
        "--rate",
        type=float,
        default=5e-4,
        help="highest learning rate (default 0.0005); a fifth with ImageNet weights",
    )
    p.add_argument(
        "--freeze",
        type=int,
        default=3,
        help="first blocks of MobileNetV2 that stay as they were (default 3)",
    )
    few_report.common_options(p, "closed_set", 6)
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    args = parser().parse_args(argv)
    began = time.monotonic()
    deadline = began + 60 * args.minutes
    chosen = _chosen(args)
    quiet_tensorflow()
    desk = few_report.Desk(args, typed("experiments.closed_set", argv), TITLE, ABOUT)
    for place in desk.places if args.keep else ():
        own_recogniser.people_of(place.few)  # nobody waits for a training to be told
    crowd = None
    if args.strangers:
        known = [person for place in desk.places for person in place.few.people]
        crowd = strangers.load(
            args.strangers, args.data / "mask_templates", known, args.strangers_max
        )
    jobs = [(place, name) for place in desk.places for name in chosen]
    rows: list[dict[str, Any]] = []
    for number, (place, name) in enumerate(jobs):
        start = time.monotonic()
        if start >= deadline:
            desk.leave_out(f"{_title(name)} on {place.few.name}")
            continue
        until = start + TRAIN_PART * (deadline - start) / (len(jobs) - number)
        people = len(place.few.people)
        if name == DENSE and crowd is not None:
            trained = train_dense(place.taught, crowd.learnt, people, args.seed)
        else:
            trained = train(name, place.taught, people, until, args)
        minutes = (time.monotonic() - start) / 60
        method = few_report.Method(trained.title, trained.parameters, minutes, trained.note)
        desk.add(place, _answer(trained, people), method)
        if crowd is not None:
            bar, row = own_recogniser.measured(place, trained, crowd, args.unknown)
            rows.append(row)
            text = own_recogniser.table(rows, args.unknown, crowd.summary())
            desk.beside(text, {"unknown": rows, "strangers": crowd.summary()})
            if args.keep:
                about = {"trained_on": place.few.summary(), "figures": plain(row)}
                path = own_recogniser.keep(args.keep, place, trained, bar, about)
                print(f"kept: {path}", flush=True)
    desk.finish()
    return 0


def _chosen(args: argparse.Namespace) -> list[str]:
    """The networks to train.

    Raises:
        ConfigError: If the options do not go together.
    """
    known = [*NAMES, DENSE]
    chosen = [n for n in args.networks.split(",") if n]
    if unknown := sorted(set(chosen) - set(known)):
        raise ConfigError(f"unknown network {', '.join(unknown)}: use {', '.join(known)}")
    if min(args.epochs, args.batch) < 1:
        raise ConfigError("--epochs and --batch must be 1 or more: give whole numbers")
    if not 0.5 <= args.unknown < 1:
        raise ConfigError(f"--unknown {args.unknown:g}: give a part from 0.5 to below 1")
    if args.strangers is None and (args.keep or DENSE in chosen):
        raise ConfigError(
            "--keep and dense need --strangers: give a folder of people whom nobody is to be named "
            "as, such as LFW"
        )
    return chosen or [*([DENSE] if args.strangers else []), *NAMES]


TITLE = "Closed-set classifiers of a few people"
ABOUT = (
    "One output for each person, trained on aligned faces of 112 px with flips, shifts, turns and "
    "(unless --no-drawn) a drawn mask on "
    "a copy of every bare face. The split is by capture session; `bare, mask laid on` are the bare "
    "test faces with photographed masks "
    "that no training saw. A face takes the time of one call with one face, in Keras (ONNX Runtime "
    "for the embedding), from the aligned "
    "face on."
)


if __name__ == "__main__":
    run_main(main)

r"""Fine-tune SFace so that it knows people behind masks.

    python -m monitor.training.experiments.margin_identity --data ../shared/data --weights \
        weights/sface.keras --out runs/identity/sface_margin
    python -m monitor.training.identity.export runs/identity/sface_margin.keras \
        runs/identity/sface_margin --about runs/identity/sface_margin.about.json

Every train person has a place on the sphere: the mean of the teacher's (SFace's own) embeddings of
the person's bare pictures. A doctored picture of that person (mask drawn on or really worn, cap,
glasses, low resolution) is drawn to the place by two losses: distillation (1 - cosine to the
teacher's place, which never moves) and a margin softmax over all people at once, whose places may
move (CosFace, Wang et al., arXiv:1801.09414). A picture of UTKFace counts as a person: against
thousands of others a covered face must still be nearest to its own bare one.

Only the tail is trained (from 14 x 14 px on: three convolutions and the dense layer, 8 of 9.6
million numbers): what comes before it is computed once for each doctored picture and kept, which
makes an epoch ten times cheaper on a machine without a GPU. The result is a mean of SFace's weights
and the trained ones (`--blend`; WiSE-FT, Wortsman et al., arXiv:2109.01903), which keeps what SFace
knows of bare faces. Who is trained on: see `identity.faces`. Not what the program uses: on people
that it never saw it was worse than `identity.project` (docs/training/identity.md).
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.errors import ConfigError
from monitor.identity.embed import normalised
from monitor.records import FloatArray
from monitor.training.command import first_words, quiet_tensorflow, run_main, sface_options, typed
from monitor.training.drawing import fabric
from monitor.training.drawing.laid_on import drawn, masked_all
from monitor.training.identity.export import Embed, card_text, onnx_of
from monitor.training.identity.faces import (
    STRETCH,
    People,
    donors,
    read_people,
    stretched,
    validation_people,
    variants,
)
from monitor.training.identity.trials import ENROLLED, figures, trial
from monitor.training.pictures.faces import pictures_in, read_aligned

TAIL_FROM = "zero_padding2d_12"  # the first layer of SFace's tail: it takes (14, 14, 512)
SCALE, MARGIN = 40.0, 0.25  # of the margin softmax
DISTIL = 8.0  # weight of 1 - cosine against the margin loss, which starts at about 10
FURTHER = (
    "its tail (14 x 14 px on), by distillation and margin softmax, "
    "monitor.training.experiments.margin_identity"
)
PLACE_PICTURES = 4  # bare pictures that make a person's place


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=first_words(__doc__), parents=[sface_options()])
    parser.add_argument(
        "--epochs", type=int, default=6, help="rounds over all doctored pictures (default: 6)"
    )
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument(
        "--rate", type=float, default=3e-4, help="highest learning rate (default: 0.0003)"
    )
    parser.add_argument(
        "--blend",
        type=float,
        default=0.8,
        help="part of the trained weights in the result (default: 0.8)",
    )
    parser.add_argument(
        "--minutes", type=float, default=0, help="of training at most; 0: all epochs"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="a tiny run, to see that all works")
    options = parser.parse_args(arguments)
    if not options.weights.is_file():
        raise ConfigError(
            f"{options.weights} is not there: make it with shared/weights/get_weights.py"
        )
    if not 0 <= options.blend <= 1:
        raise ConfigError(f"--blend must be 0 to 1, not {options.blend}")
    if options.smoke:
        options.epochs, options.batch = 2, 8
    return options


def places(people: People, embed: Embed) -> FloatArray:
    """(persons, D) of length 1: the mean embedding of each person's first bare pictures, or masked
    ones where there are none.
    """
    rows: list[int] = []
    for number in range(people.count):
        own = np.flatnonzero(people.person == number)
        bare = own[people.source[own] != "masked"]
        rows += (bare if len(bare) else own)[:PLACE_PICTURES].tolist()
    faces = people.images[rows]
    for i, row in enumerate(rows):
        if people.source[row] == "rmfrd":
            faces[i] = stretched(faces[i], 1 / STRETCH)
    embeddings = embed(faces)
    sums = np.zeros((people.count, embeddings.shape[1]), np.float32)
    np.add.at(sums, people.person[rows], embeddings)
    return normalised(sums)


class Watch:
    """People of the train half who are not trained on: three bare pictures enrolled, the others
    probed bare and with a mask.
    """

    def __init__(self, data: Path, every: int, stem: Embed) -> None:
        root = data / "lfw_aligned"
        faces = [read_aligned(pictures_in(root / n)) for n in validation_people(root)[::every]]
        self._enrolled = [stem(f[:ENROLLED]) for f in faces]
        self._probes = {
            "bare": [stem(f[ENROLLED:]) for f in faces],
            "masked": [stem(masked_all(f[ENROLLED:], drawn, i)) for i, f in enumerate(faces)],
        }

    def figures(self, tail: Embed) -> dict[str, dict[str, float]]:
        enrolled = [normalised(tail(f)) for f in self._enrolled]
        return {
            name: figures(trial(enrolled, [normalised(tail(f)) for f in probes], "mean"))
            for name, probes in self._probes.items()
        }


def cut(network: Any) -> tuple[Any, Any]:
    """The network's stem, and its tail as a model of the stem's output; both share the network's
    layers.

    Raises:
        ConfigError: If it is not SFace as `get_weights.py` makes it.
    """
    import keras

    names = [layer.name for layer in network.layers]
    if TAIL_FROM not in names:
        raise ConfigError(
            f"{network.name} has no layer {TAIL_FROM}: give SFace as get_weights.py makes it"
        )
    first = names.index(TAIL_FROM)
    stem = keras.Model(network.input, network.layers[first - 1].output)
    x = inputs = keras.Input(stem.output_shape[1:], name="features")
    for layer in network.layers[first:]:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
        x = layer(x)
    return stem, keras.Model(inputs, x, name="tail")


def with_places(tail: Any, targets: FloatArray) -> Any:
    """Model of the stem's features -> embedding (N, 128) of length 1, cosines (N, persons) to
    places that may move.
    """
    import keras

    features = keras.Input(tail.input_shape[1:], name="features")
    embedding = keras.layers.UnitNormalization(name="embedding")(tail(features))
    layer = keras.layers.Dense(
        len(targets),
        use_bias=False,
        kernel_constraint=keras.constraints.UnitNorm(axis=0),
        name="places",
    )
    cosines = layer(embedding)
    layer.set_weights([targets.T])
    return keras.Model(features, [embedding, cosines], name="identity")


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What the tail learns from."""

    features: npt.NDArray[np.float16]  # (N, ...) of the doctored pictures, from the stem
    person: npt.NDArray[np.int64]  # (N,) whom each shows
    targets: FloatArray  # (P, D) of length 1: where each person's embeddings are to go


def train(
    model: Any, tail: Any, lesson: Lesson, options: argparse.Namespace, watch: Watch
) -> list[dict[str, Any]]:
    """Train the tail and leave the averaged weights in it; the curve of the watched people, one
    entry an epoch.
    """
    import keras

    batches = _batches(lesson, options)
    steps = len(batches) * options.epochs
    rate = keras.optimizers.schedules.CosineDecay(
        options.rate * 0.05,
        max(1, steps - steps // 20),
        alpha=0.02,
        warmup_target=options.rate,
        warmup_steps=steps // 20,
    )
    optimizer = keras.optimizers.AdamW(
        rate, weight_decay=1e-4, use_ema=True, ema_momentum=0.99, global_clipnorm=5.0
    )
    model.compile(optimizer, loss=_losses(lesson.targets), loss_weights=[DISTIL, 1.0])
    curve: list[dict[str, Any]] = []
    # The averaged weights are in place whenever the watched people are looked at, and at the end.
    average = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    watching = _watching(curve, tail_of(tail), options, watch)
    model.fit(batches, epochs=options.epochs, verbose=0, callbacks=[average, watching])
    return curve


def _batches(lesson: Lesson, options: argparse.Namespace) -> Any:
    """All doctored pictures in a new order each epoch."""
    import keras

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self._rng = np.random.default_rng(options.seed)
            self.on_epoch_end()

        def __len__(self) -> int:
            return len(lesson.features) // int(options.batch)

        def __getitem__(self, index: int) -> Any:
            rows = np.sort(self._order[index * options.batch : (index + 1) * options.batch])
            person = lesson.person[rows]
            return lesson.features[rows].astype(np.float32), (person, person)

        def on_epoch_end(self) -> None:
            self._order = self._rng.permutation(len(lesson.features))

    return Batches()


def _losses(targets: FloatArray) -> list[Any]:
    """Distance to the person's place, and the margin loss over all persons."""
    import tensorflow as tf

    fixed = tf.constant(targets)

    def margin(labels: Any, cosines: Any) -> Any:
        wanted = tf.one_hot(tf.cast(tf.reshape(labels, [-1]), tf.int32), len(targets))
        return tf.nn.softmax_cross_entropy_with_logits(wanted, SCALE * (cosines - MARGIN * wanted))

    def distil(labels: Any, embedding: Any) -> Any:
        place = tf.gather(fixed, tf.cast(tf.reshape(labels, [-1]), tf.int32))
        return 1 - tf.reduce_sum(embedding * place, axis=1)

    return [distil, margin]


def _watching(
    curve: list[dict[str, Any]], embed: Embed, options: argparse.Namespace, watch: Watch
) -> Any:
    """Measures the watched people after each epoch into `curve`, and ends the training when its
    time is up.
    """
    import keras

    class Watching(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self._began = time.monotonic()

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            seen, minutes = watch.figures(embed), (time.monotonic() - self._began) / 60
            loss = (logs or {}).get("loss")
            entry = {"epoch": epoch + 1, "minutes": round(minutes, 1), "loss": loss, **seen}
            curve.append(entry)
            print(
                f"epoch {epoch + 1}, {minutes:.1f} min, loss {loss:.3f}: {shown(seen)}", flush=True
            )
            if options.minutes and minutes * (epoch + 2) / (epoch + 1) > options.minutes:
                print("the time is up", flush=True)
                self.model.stop_training = True

    return Watching()


def tail_of(tail: Any) -> Embed:
    """The tail as a function of features, with the weights that it has when called."""
    import tensorflow as tf

    call = tf.function(lambda x: tail(x, training=False), reduce_retracing=True)

    def embed(features: Any) -> FloatArray:
        parts = [
            call(tf.constant(features[i : i + 128], tf.float32)).numpy()
            for i in range(0, len(features), 128)
        ]
        return np.concatenate(parts) if parts else np.empty((0, tail.output_shape[-1]), np.float32)

    return embed


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and write the network."""
    options = parse(arguments)
    began = time.monotonic()
    people = read_people(options.data, 40 if options.smoke else 1)
    counts = dict(Counter(people.source.tolist()))
    print(f"{len(people.images)} pictures of {people.count} people: {counts}", flush=True)
    # none of the photographed masks that the test draws
    bank = fabric.Bank(None, donors(options.data))
    images, person = variants(people, bank, options.seed)
    print(f"{len(images)} doctored pictures, {_minutes(began)} minutes so far", flush=True)

    quiet_tensorflow()
    import keras

    from monitor.training.learning import trainer

    trainer.seed(options.seed)
    network = keras.saving.load_model(options.weights, compile=False)
    targets = places(people, onnx_of(network, options.out.parent / "teacher.onnx"))
    stem_model, tail = cut(network)
    stem = onnx_of(stem_model, options.out.parent / "stem.onnx")
    watch = Watch(options.data, 5 if options.smoke else 1, stem)
    features: npt.NDArray[np.float16] = stem(images)  # type: ignore[assignment]
    print(f"features ready, {_minutes(began)} minutes so far", flush=True)
    start = tail.get_weights()
    before = watch.figures(tail_of(tail))
    print(f"SFace itself: {shown(before)}", flush=True)
    lesson = Lesson(features, person, targets)
    curve = train(with_places(tail, targets), tail, lesson, options, watch)
    trained = tail.get_weights()
    blends = {}
    # the wanted one last: it stays
    for part in sorted({0.5, 1.0, options.blend}, key=lambda p: p == options.blend):
        tail.set_weights([(1 - part) * a + part * b for a, b in zip(start, trained, strict=True)])
        blends[str(part)] = watch.figures(tail_of(tail))
        print(f"blend {part}: {shown(blends[str(part)])}", flush=True)
    network.save(f"{options.out}.keras")
    command = typed("experiments.margin_identity", arguments)
    about = {
        "command": command,
        "minutes": _minutes(began),
        "pictures": counts,
        "people": people.count,
        "doctored": len(images),
        "options": {k: str(v) if isinstance(v, Path) else v for k, v in vars(options).items()},
        "before": before,
        "curve": curve,
        "blends": blends,
    }
    Path(f"{options.out}.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    Path(f"{options.out}.about.json").write_text(
        json.dumps(card_text(about, FURTHER), indent=2) + "\n", encoding="utf-8"
    )
    print(f"wrote {options.out}.keras and .json, {_minutes(began)} minutes in all")
    return 0


def _minutes(began: float) -> float:
    return round((time.monotonic() - began) / 60, 1)


def shown(seen: dict[str, dict[str, float]]) -> str:
    """One line of figures."""
    return ", ".join(
        f"{k} rank-1 {v['rank1']:.1f} TAR@0.1% {v['tar_far_0.1']:.1f}" for k, v in seen.items()
    )


if __name__ == "__main__":
    run_main(main)

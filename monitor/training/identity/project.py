r"""Teach SFace which of its features a mask leaves alone: a linear discriminant over the face's
seven bands.

    python -m monitor.training.identity.aligner --data ../shared/data --out models/aligner_v1
    python -m monitor.training.identity.project --data ../shared/data --weights \
        weights/sface.keras --aligner aligner_v1 --out runs/identity/sface_masked_v3
    python -m monitor.training.identity.export runs/identity/sface_masked_v3.keras \
        models/sface_masked_v3 --aligner aligner_v1 --about \
        runs/identity/sface_masked_v3.about.json

SFace's last layer adds up what each of the 7 x 7 places of its last feature map says. Here it is
added up by rows first: seven bands from brow to chin, 128 numbers each. How each number varies
between people and within one (bare, masked, degraded, stretched) is measured on the train people,
and Fisher's linear discriminant (Belhumeur et al., IEEE PAMI 19(7), 1997) weighs the bands: the
mouth's counts for little, the eyes' for much. 115,000 numbers are fitted, in a closed form, so that
there is little to overfit: `experiments.margin_identity`, which trains eight million by a margin
loss, knew its own people better and new ones worse. What comes out stands beside SFace's own
embedding, and the cosine of two faces is a mean of both: the discriminant names more people, SFace
keeps more strangers out. Faces are laid straight first (`identity.aligner`), which gains more than
all the rest.

`--folds` people of rmfrd_ids at a time are left out and named by what the others taught: the curve
by which `SHRINK` and `SHARE` were chosen. Who is learnt from: see `identity.faces`; test people
take part in nothing. About eight minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

from monitor.errors import ConfigError
from monitor.identity.embed import normalised
from monitor.identity.person import templates
from monitor.identity.straighten import Aligner
from monitor.records import FloatArray
from monitor.training.command import first_words, quiet_tensorflow, run_main, sface_options, typed
from monitor.training.drawing import fabric
from monitor.training.identity.export import card_text, onnx_of
from monitor.training.identity.faces import People, donors, read_people, variants
from monitor.training.identity.trials import ENROLLED, Trial, threshold_at, trial
from monitor.training.pictures.faces import Faces

# layers of SFace
FEATURES, DENSE, NORM = "batch_normalization_27", "dense", "batch_normalization_28"
BANDS, DIMENSION = 7, 128
SHRINK = 0.35  # of the scatter within people towards a sphere
SHARE = 0.6  # of the discriminant in the cosine; the rest is SFace's own
CURVE = ((0.35, 1.0), (0.35, 0.3), (0.2, 0.6), (0.35, 0.6), (0.5, 0.6), (0.7, 0.6))  # shrink, share
# doctored pictures of each picture
COPIES = {"masked": 4, "rmfrd": 3, "named": 2, "lfw": 1, "utkface": 2}


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What the discriminant is fitted to."""

    bands: FloatArray  # (N, 7 * 128), divided by the length of SFace's own embedding
    person: npt.NDArray[np.int64]  # (N,)


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """embedding = (bands - mean) @ matrix, beside SFace's own."""

    mean: FloatArray  # (896,)
    matrix: FloatArray  # (896, 128)
    share: float  # of the discriminant's cosine in the cosine of two embeddings, 0 to 1

    def __call__(self, bands: FloatArray) -> FloatArray:
        """(N, 256) of length 1."""
        learnt = normalised(np.asarray((bands - self.mean) @ self.matrix, np.float32))
        both = [np.sqrt(1 - self.share) * own_embedding(bands), np.sqrt(self.share) * learnt]
        return np.concatenate(both, axis=1).astype(np.float32)


def fit(samples: Samples, shrink: float, share: float = SHARE) -> Projection:
    """Fisher's discriminant; a person with many pictures counts less than by their number."""
    people, inverse, count = np.unique(samples.person, return_inverse=True, return_counts=True)
    centre = np.zeros((len(people), samples.bands.shape[1]))
    np.add.at(centre, inverse, samples.bands)
    centre /= count[:, None]
    weight = 1 / np.sqrt(count[inverse])
    away = (samples.bands - centre[inverse]) * np.sqrt(weight)[:, None]
    within = away.T @ away / weight.sum()
    sphere = np.eye(len(within)) * np.trace(within) / len(within)
    mean = centre.mean(axis=0)
    between = (centre - mean).T @ (centre - mean) / len(people)
    _, vectors = eigh(between, (1 - shrink) * within + shrink * sphere)
    return Projection(
        mean.astype(np.float32), vectors[:, ::-1][:, :DIMENSION].astype(np.float32), share
    )


class Bands:
    """SFace's feature map by rows, through ONNX Runtime."""

    def __init__(self, network: Any, work: Path) -> None:
        """
        Raises:
            ConfigError: If it is not SFace as `get_weights.py` makes it.
        """
        import keras

        names = {layer.name for layer in network.layers}
        if not {FEATURES, DENSE, NORM} <= names:
            raise ConfigError(
                f"{network.name} lacks {FEATURES} or {DENSE}: give SFace as get_weights.py makes it"
            )
        self._call = onnx_of(
            keras.Model(network.input, network.get_layer(FEATURES).output), work / "features.onnx"
        )
        self.kernel, self.offset = by_rows(network)

    def __call__(self, faces_bgr: Faces) -> FloatArray:
        """(N, 112, 112, 3) uint8 BGR -> (N, 896), as `Samples.bands`."""
        made = np.empty((len(faces_bgr), BANDS, DIMENSION), np.float32)
        for i in range(0, len(faces_bgr), 64):
            maps = self._call(faces_bgr[i : i + 64]).astype(np.float32)
            for row in range(BANDS):
                made[i : i + 64, row] = maps[:, row].reshape(len(maps), -1) @ self.kernel[row]
        length = np.linalg.norm(made.sum(axis=1) + self.offset, axis=1)
        return made.reshape(len(made), -1) / length[:, None]  # type: ignore[no-any-return]


def by_rows(network: Any) -> tuple[FloatArray, FloatArray]:
    """SFace's last dense layer with its batch normalisation, as (7, 7 * 1024, 128) by rows and
    (128,) beside it.
    """
    kernel, bias = network.get_layer(DENSE).get_weights()
    norm = network.get_layer(NORM)
    gamma, beta, mean, variance = norm.get_weights()
    scale = gamma / np.sqrt(variance + norm.epsilon)
    # Its input was flattened with the channels first: channel, row, column.
    rows = (
        kernel.reshape(-1, BANDS, BANDS, DIMENSION)
        .transpose(1, 2, 0, 3)
        .reshape(BANDS, -1, DIMENSION)
    )
    return (rows * scale).astype(np.float32), ((bias - mean) * scale + beta).astype(np.float32)


def network_of(network: Any, projection: Projection) -> Any:
    """SFace with the projection behind it: (N, 112, 112, 3) float32 RGB 0..255 -> (N, 256)."""
    import keras

    layers = keras.layers
    kernel, offset = by_rows(network)
    maps = layers.Reshape((BANDS, kernel.shape[1]))(network.get_layer(FEATURES).output)
    bands = []
    for row in range(BANDS):
        band = layers.Dense(DIMENSION, use_bias=False, name=f"band_{row}")
        bands.append(band(maps[:, row]))
        band.set_weights([kernel[row]])
    flat = layers.Concatenate()(bands)
    # SFace's own embedding: the sum of the bands
    summed = layers.Dense(DIMENSION, use_bias=False, name="own")(flat)
    length = _length(summed + offset)
    project = layers.Dense(DIMENSION, name="projection")
    # (bands / length - mean) @ matrix, times length: only its direction counts.
    learnt = project(layers.Concatenate()([flat, length]))
    own_part, learnt_part = math.sqrt(1 - projection.share), math.sqrt(projection.share)
    parts = [own_part * summed / _length(summed), learnt_part * learnt / _length(learnt)]
    made = keras.Model(network.input, layers.Concatenate()(parts), name="sface_masked")
    made.get_layer("own").set_weights([np.tile(np.eye(DIMENSION, dtype=np.float32), (BANDS, 1))])
    project.set_weights(
        [
            np.concatenate([projection.matrix, -(projection.mean @ projection.matrix)[None]]),
            np.zeros(DIMENSION, np.float32),
        ]
    )
    return made


def _length(vectors: Any) -> Any:
    from keras import ops

    return ops.sqrt(ops.sum(ops.square(vectors), axis=1, keepdims=True) + 1e-12)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """One of the train people of rmfrd_ids, clean pictures."""

    person: int
    bare: FloatArray  # (N, 896)
    masked: FloatArray


def cross_check(
    samples: Samples, known: Sequence[Known], folds: int, shrink: float | None, share: float = SHARE
) -> dict[str, dict[str, float]]:
    """Each fold of people named by a projection that never saw them; None: SFace's own embedding.

    Returns:
        Figures of bare, masked and masked with one masked picture enrolled, over all folds;
        strangers are those of the fold.
    """
    parts: dict[str, list[Trial]] = {"bare": [], "masked": [], "masked+1": []}
    order = np.random.default_rng(0).permutation(len(known))
    for fold in range(folds):
        people = [known[i] for i in order[fold::folds]]
        embed = own_embedding
        if shrink is not None:
            kept = ~np.isin(samples.person, [k.person for k in people])
            embed = fit(Samples(samples.bands[kept], samples.person[kept]), shrink, share)
        bare, masked = [embed(k.bare) for k in people], [embed(k.masked) for k in people]
        enrolled = [b[:ENROLLED] for b in bare]
        parts["bare"].append(trial(enrolled, [b[ENROLLED:] for b in bare], "mean"))
        parts["masked"].append(trial(enrolled, masked, "mean"))
        both = [templates(e, m[:1], m[:0]) for e, m in zip(enrolled, masked, strict=True)]
        parts["masked+1"].append(trial(both, [m[1:] for m in masked], "max"))
    return {name: _together(trials) for name, trials in parts.items()}


def own_embedding(bands: FloatArray) -> FloatArray:
    """SFace's own embedding up to its offset, (N, 128) of length 1."""
    return normalised(bands.reshape(len(bands), BANDS, DIMENSION).sum(axis=1))


def _together(trials: Sequence[Trial]) -> dict[str, float]:
    genuine = np.concatenate([t.genuine for t in trials])
    impostor = np.concatenate([t.impostor for t in trials])
    first = np.concatenate([t.cosines.argmax(axis=1) == t.person for t in trials])
    return {
        "rank1": 100 * float(first.mean()),
        "tar_far_1": 100 * float(np.mean(genuine > threshold_at(impostor, 1e-2))),
        "tar_far_0.1": 100 * float(np.mean(genuine > threshold_at(impostor, 1e-3))),
        "probes": len(genuine),
    }


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=first_words(__doc__), parents=[sface_options()])
    parser.add_argument(
        "--aligner",
        help="model of monitor.training.identity.aligner that lays the faces straight first",
    )
    parser.add_argument("--shrink", type=float, default=SHRINK, help=f"0 to 1 (default: {SHRINK})")
    parser.add_argument(
        "--share", type=float, default=SHARE, help=f"of the discriminant, 0 to 1 (default: {SHARE})"
    )
    parser.add_argument("--folds", type=int, default=3, help="of the cross-check (default: 3)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="a tiny run, to see that all works")
    options = parser.parse_args(arguments)
    if not options.weights.is_file():
        raise ConfigError(
            f"{options.weights} is not there: make it with shared/weights/get_weights.py"
        )
    if not 0 < options.shrink <= 1:
        raise ConfigError(f"--shrink must be above 0 and at most 1, not {options.shrink}")
    if not 0 <= options.share <= 1:
        raise ConfigError(f"--share must be between 0 and 1, not {options.share}")
    if options.folds < 2:
        raise ConfigError(f"--folds must be 2 or more, not {options.folds}")
    return options


def known_people(people: People, bands: FloatArray) -> list[Known]:
    """Those with enough bare pictures to be enrolled and at least one more, and with masked
    ones.
    """
    found = []
    for number in np.unique(people.person[people.source == "masked"]):
        bare = bands[(people.person == number) & (people.source == "rmfrd")]
        masked = bands[(people.person == number) & (people.source == "masked")]
        if len(bare) >= ENROLLED and len(masked):
            found.append(Known(int(number), bare, masked))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, check, write the network."""
    options = parse(arguments)
    began = time.monotonic()
    people = read_people(options.data, 40 if options.smoke else 1)
    # none of the photographed masks that the test draws
    bank = fabric.Bank(None, donors(options.data))
    images, person = variants(people, bank, options.seed, COPIES)
    counts = {name: int((people.source == name).sum()) for name in COPIES}
    print(
        f"{len(people.images)} pictures of {people.count} people {counts}, {len(images)} doctored",
        flush=True,
    )
    quiet_tensorflow()
    import keras

    network = keras.saving.load_model(options.weights, compile=False)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    bands_of = Bands(network, options.out.parent)
    straight: Callable[[Faces], Faces] = (
        Aligner.load(options.aligner) if options.aligner else lambda faces: faces
    )
    clean = bands_of(straight(people.images))
    doctored = bands_of(straight(images))
    samples = Samples(np.concatenate([doctored, clean]), np.concatenate([person, people.person]))
    print(f"bands ready, {_minutes(began)} minutes so far", flush=True)
    curve = _curve(samples, known_people(people, clean), options.folds)
    made = network_of(network, fit(samples, options.shrink, options.share))
    made.save(f"{options.out}.keras")
    command = typed("identity.project", arguments)
    about = {
        "command": command,
        "minutes": _minutes(began),
        "pictures": counts,
        "people": people.count,
        "doctored": len(images),
        "options": {k: str(v) if isinstance(v, Path) else v for k, v in vars(options).items()},
        "cross_check": curve,
    }
    _write_about(options, about)
    print(f"wrote {options.out}.keras and .json, {_minutes(began)} minutes in all")
    return 0


def _curve(samples: Samples, known: Sequence[Known], folds: int) -> dict[str, Any]:
    """`cross_check` along `CURVE` and of SFace itself; empty where there are too few people."""
    curve: dict[str, Any] = {}
    if len(known) < 2 * folds:
        return curve
    for shrink, share in ((None, 0.0), *CURVE):
        label = "SFace" if shrink is None else f"shrink {shrink}, share {share}"
        curve[label] = cross_check(samples, known, folds, shrink, share)
        shown = (
            f"{k} rank-1 {v['rank1']:.1f} TAR@0.1% {v['tar_far_0.1']:.1f}"
            for k, v in curve[label].items()
        )
        print(f"{label}: {', '.join(shown)}", flush=True)
    return curve


def _write_about(options: argparse.Namespace, about: dict[str, Any]) -> None:
    """OUT.json, what was done, and OUT.about.json, which `export --about` takes."""
    further = (
        "a linear discriminant over the seven rows of its last feature map, "
        "monitor.training.identity.project"
    )
    if options.aligner:
        further += f"; before it {options.aligner}, which lays the face straight"
    card = card_text(about, further)
    for path, value in ((".json", about), (".about.json", card)):
        Path(f"{options.out}{path}").write_text(
            json.dumps(value, indent=2) + "\n", encoding="utf-8"
        )


def _minutes(began: float) -> float:
    return round((time.monotonic() - began) / 60, 1)


if __name__ == "__main__":
    run_main(main)

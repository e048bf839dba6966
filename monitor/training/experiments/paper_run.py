"""One network of a paper: trained, tested on the papers' terms and on honest ones, timed."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from monitor.engine import cardless_session
from monitor.records import FloatArray
from monitor.training.experiments import paper
from monitor.training.experiments.one_network import milliseconds, resized
from monitor.training.experiments.paper_sets import MARGIN, MASKS, SOURCE, Labelled, Task
from monitor.training.mask.sets import FACE_MIN_PX
from monitor.training.pictures.chips import LABELS
from monitor.training.report import metrics

PREDICT = 64  # faces in a batch that is not trained on
CLASSIFIERS: Mapping[str, Callable[[int], ClassifierMixin]] = {
    "svm": lambda seed: SVC(probability=True, random_state=seed),
    "tree": lambda seed: DecisionTreeClassifier(random_state=seed),
    "knn": lambda seed: KNeighborsClassifier(5),
}
Tell = Callable[[float, str], None]  # share of the job in 0..1, and words


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be trained, and how: the same job gives the same figures."""

    network: str  # of `paper.infos`
    task: str  # of `paper_sets.TASKS`
    start: str  # "random", "imagenet", or the name of the weight file that was given
    size: int  # px
    epochs: int  # passes over what is learnt
    preprocessing: str  # of `paper_parts.PREPARE`
    limit: int  # pictures, see `paper_sets`
    minutes: float  # of training at most, see `_worked`
    seed: int

    @property
    def key(self) -> str:
        """The name of its files."""
        info = paper.info_of(self.network)
        other = "" if self.preprocessing == info.preprocessing else f"-fed-{self.preprocessing}"
        name = f"{self.network}-{self.task}-{self.start}{other}"
        return re.sub(r"[^A-Za-z0-9_-]+", "-", name)


def run(job: Job, task: Task, weights: Path | None, out: Path, tell: Tell) -> dict[str, Any]:
    """Train the network, test it, time it.

    Args:
        job: What to do.
        task: The pictures of `job.task`.
        weights: What `job.start` names; None: random weights.
        out: Path without ending of the ONNX file that is left; classical classifiers leave none.
        tell: Called as it goes on, in this thread.

    Returns:
        JSON-ready: the job, curves by epoch, figures by test, parameters, times.
    """
    import keras

    keras.backend.clear_session()
    keras.utils.set_random_seed(job.seed)
    info = paper.info_of(job.network)
    model = paper.build(job.network, len(task.classes), job.size, weights, job.preprocessing)
    train, tests = at(task.train, job.size), {k: at(v, job.size) for k, v in task.tests.items()}
    began = time.monotonic()
    if info.classifier is None:
        made = _fit(model, train, tests["papers"], job, tell)
        answers = {name: confidence(model, test.faces) for name, test in tests.items()}
        times = _exported(model, job, out)
    else:
        made, answers = _classified(model, train, tests, CLASSIFIERS[info.classifier](job.seed))
        times = {}
    return {
        "job": asdict(job),
        "classes": task.classes,
        "about": task.about,
        "learnt": len(train.truth),
        "tests": {n: figures(tests[n].truth, answers[n], task.classes) for n in tests},
        "parameters": int(model.count_params()),
        **made,
        **times,
        "minutes": (time.monotonic() - began) / 60,
    }


def figures(
    truth: npt.NDArray[np.intp], answer: FloatArray, classes: tuple[str, ...]
) -> dict[str, Any]:
    """Accuracy with its interval, and what `metrics.per_class` has; the area under the ROC curve,
    of several classes the mean of each against the rest, None where a class is not there.
    """
    auc = None
    if len(np.unique(truth)) == len(classes):
        auc = float(
            roc_auc_score(truth, answer[:, 1])
            if len(classes) == 2
            else roc_auc_score(truth, answer, multi_class="ovr")
        )
    right = metrics.rate(answer.argmax(axis=1) == truth)
    return {**metrics.per_class(truth, answer, classes), "right": right.as_json(), "auc": auc}


def confidence(model: Any, faces: npt.NDArray[np.uint8]) -> FloatArray:
    """(N, S, S, 3) uint8 RGB to (N, classes) float32 that sum to 1."""
    parts = [
        np.asarray(model(_signed(faces[i : i + PREDICT]), training=False))
        for i in range(0, len(faces), PREDICT)
    ]
    return _both(np.concatenate(parts))


def as_classifier(model: Any, outputs: int) -> Any:
    """The network with the output that the program reads: a column for each class.

    Args:
        model: As `paper.build` makes it.
        outputs: How many columns at least; classes that the network does not know get 0.
    """
    import keras

    faces = keras.Input(model.input_shape[1:], name="faces")
    answer = model(faces)
    columns = [1 - answer, answer] if answer.shape[1] == 1 else [answer]
    columns += [answer[:, :1] * 0] * (outputs - max(2, answer.shape[1]))
    return keras.Model(faces, keras.layers.Concatenate(name="probabilities")(columns), name="mask")


def at(some: Labelled, size: int) -> Labelled:
    """The same faces, `size` px wide."""
    return Labelled(resized(some.faces, size), some.truth)


def signed(some: Labelled) -> tuple[FloatArray, FloatArray]:
    """What Keras' `fit` takes of faces of two classes: RGB -1..1, and (N, 1)."""
    return _signed(some.faces), some.truth.astype(np.float32)[:, None]


def _signed(faces: npt.NDArray[np.uint8]) -> FloatArray:
    return faces.astype(np.float32) / 127.5 - 1


def _both(answer: FloatArray) -> FloatArray:
    """The sigmoid of two classes as two columns."""
    return np.concatenate([1 - answer, answer], axis=1) if answer.shape[1] == 1 else answer


def _loss(truth: npt.NDArray[np.intp], answer: FloatArray) -> float:
    return float(-np.log(np.clip(answer[np.arange(len(truth)), truth], 1e-7, 1)).mean())


def split_at_head(model: Any) -> tuple[Any, Any] | None:
    """What stays as it is, and what learns, where the network begins with a frozen backbone.

    Returns:
        Two models, the second of which takes what the first gives; None where all learns.
    """
    import keras

    names = [layer.name for layer in model.layers]
    if "backbone" not in names or model.get_layer("backbone").trainable:
        return None
    after = model.layers[names.index("backbone") + 1 :]
    kept = 0
    while not after[kept].weights and not isinstance(after[kept], keras.layers.Dropout):
        kept += 1
    features = after[kept - 1].output if kept else model.get_layer("backbone").output
    start = keras.Input(features.shape[1:])
    x = start
    for layer in after[kept:]:
        x = layer(x)
    return keras.Model(model.input, features), keras.Model(start, x)


def _features(model: Any, faces: npt.NDArray[np.uint8]) -> FloatArray:
    parts = [
        np.asarray(model(_signed(faces[i : i + PREDICT]), training=False))
        for i in range(0, len(faces), PREDICT)
    ]
    return np.concatenate(parts).astype(np.float32)


def _fit(model: Any, train: Labelled, test: Labelled, job: Job, tell: Tell) -> dict[str, Any]:
    """Train with the paper's batch, rate and Adam until the epochs or the minutes are over. The
    test of the curves is the papers'; nothing is chosen by it.
    """
    import keras

    info = paper.info_of(job.network)
    rng = np.random.default_rng(job.seed)
    halves = split_at_head(model)
    learner = halves[1] if halves else model
    x = _features(halves[0], train.faces) if halves else train.faces
    two = learner.output_shape[1] == 1
    loss = "binary_crossentropy" if two else "sparse_categorical_crossentropy"
    # XLA takes longer to compile than most of these trainings
    learner.compile(keras.optimizers.Adam(info.rate), loss, jit_compile=False)
    curve, steps, seen = [], -(-len(x) // info.batch), 0
    began = _worked()
    out_of_time = False
    for epoch in range(job.epochs):
        losses = []
        for at, part in enumerate(np.array_split(rng.permutation(len(x)), steps)):
            if out_of_time := bool(seen) and _worked() - began > job.minutes:
                break
            inputs = x[part] if halves else _signed(train.faces[part])
            truth = train.truth[part].astype(np.float32)
            losses.append(float(learner.train_on_batch(inputs, truth[:, None] if two else truth)))
            if not seen:
                began = _worked()  # the first step also builds the graph
            seen += len(part)
            share = max(seen / (job.epochs * len(x)), (_worked() - began) / job.minutes)
            tell(min(1.0, share), f"epoch {epoch + 1} of {job.epochs}, step {at + 1} of {steps}")
        if not losses:  # the minutes were over before this epoch began
            break
        answers = {name: confidence(model, s.faces) for name, s in _watched(train, test, job.seed)}
        curve.append(
            {"passes": seen / len(x), "step_loss": float(np.mean(losses))}
            | {
                f"{name}_{what}": value
                for name, some in _watched(train, test, job.seed)
                for what, value in (
                    ("loss", _loss(some.truth, answers[name])),
                    ("accuracy", float((answers[name].argmax(axis=1) == some.truth).mean())),
                )
            }
        )
        if out_of_time:
            break
    return {
        "curve": curve,
        "passes": seen / len(x),
        "cut": out_of_time,
        "training_minutes": _worked() - began,
    }


def _worked() -> float:
    """Minutes that this process has worked, as if on all processors at once: what else the machine
    does takes no training away.
    """
    return time.process_time() / (os.cpu_count() or 1) / 60


def _watched(train: Labelled, test: Labelled, seed: int) -> list[tuple[str, Labelled]]:
    """What the curves are measured on after each epoch: as many learnt pictures as test ones."""
    return [("train", train.some(len(test.truth), seed)), ("test", test)]


def _classified(
    model: Any, train: Labelled, tests: Mapping[str, Labelled], classifier: ClassifierMixin
) -> tuple[dict[str, Any], dict[str, FloatArray]]:
    """A classical classifier on the pooled features: how it was trained, and its answers."""
    import keras

    pooled = keras.Model(model.input, model.get_layer("answer").input)
    pipeline = make_pipeline(StandardScaler(), classifier)
    began = time.monotonic()
    pipeline.fit(_features(pooled, train.faces), train.truth)
    made = {
        "curve": [],
        "passes": 1.0,
        "cut": False,
        "training_minutes": (time.monotonic() - began) / 60,
    }
    return made, {
        name: np.asarray(pipeline.predict_proba(_features(pooled, test.faces)), np.float32)
        for name, test in tests.items()
    }


def _exported(model: Any, job: Job, out: Path) -> dict[str, float]:
    """The network as ONNX, of masks with the card that the program asks for; its size and time."""
    from monitor.training.learning import cards, export

    path = Path(f"{out}.onnx")
    masks = job.task == "masks"
    export.write_onnx(as_classifier(model, len(LABELS) if masks else 0), path)
    if masks:
        about = {"name": job.key, "trained_on": f"{SOURCE}, {job.limit} faces, an experiment"}
        export.write_card(out, cards.files_of(path), job.size, MARGIN, about)
    session = cardless_session(path)
    return {
        "onnx_mb": path.stat().st_size / 1e6,
        "ms_batch_1": milliseconds(lambda x: session.run(None, {"faces": x}), job.size, 1, 15),
    }


def whole_program(out: Path, pictures: Path) -> dict[str, Any]:
    """The program itself with the network that `run` left, on whole pictures with boxes.

    Args:
        out: As given to `run`.
        pictures: A folder as `end_to_end.load_whole_pictures` knows it; no network of a paper
            learns from it.

    Returns:
        `alarmed` and `right` of the bare and of the masked faces of 40 px or more, of all that are
        there; `map50`, `map50_95` over these two classes.
    """
    from monitor.training.mask import end_to_end

    found = end_to_end.measure(
        Path(f"{out}.onnx"), end_to_end.load_whole_pictures(pictures), FACE_MIN_PX
    )
    detection = found["detection"]
    return {
        "pictures": found["pictures"],
        "bare_right": found["raw_state"]["unmasked"]["right"].as_json(),
        "masked_right": found["raw_state"]["masked"]["right"].as_json(),
        "map50": float(np.mean([detection["classes"][n]["ap50"] for n in MASKS])),
        "map50_95": float(np.mean([detection["classes"][n]["ap50_95"] for n in MASKS])),
    }

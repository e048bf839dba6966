"""Site adaptation from kept faces to a tested candidate, with a record of all that."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from monitor import __version__
from monitor.card import MODELS_DIR, read_card
from monitor.config import ClassifyConfig, LearningConfig
from monitor.engine import OnnxNetwork
from monitor.errors import ConfigError, ModelError, StoreError
from monitor.faces.boxes import crop_square
from monitor.faces.preprocess import scale
from monitor.files import write_whole
from monitor.learning.adapt import Recipe, Solved, fit, softmax
from monitor.learning.bundle import Bundle, Faces, load_bundle
from monitor.learning.features import FeatureNetwork
from monitor.learning.head import Array, Head, read_head, with_head
from monitor.learning.judge import Answers, Cost, Verdict, judge
from monitor.learning.kept import Kept, KeptFaces
from monitor.learning.manifest import manifest_of, write_manifest
from monitor.learning.places import Places
from monitor.learning.registry import Registered, champion_file, checked_file, propose, tidy_models
from monitor.learning.runs import RunBook, check_installed, training
from monitor.records import FloatArray, Image

FACES_MIN = 12  # without so many there is nothing to learn and to test
HELD_OUT_PART = 4  # one day in so many is tested on; where there are few days, one visit
DAYS_MIN = 4
# Each face is shown so, to learn from: (mirrored, margin beside the model's own, light)
View = tuple[bool, float, float]
VIEWS: tuple[View, ...] = (
    (False, 0.0, 1.0),
    (True, 0.0, 1.0),
    (False, -0.1, 1.0),
    (True, 0.1, 1.0),
    (False, 0.0, 0.8),
    (True, 0.0, 1.2),
)
AGREE = 2e-3  # the written model may differ so much from what was solved: float16 in the bundle
TIMED_BATCH, TIMED = 8, 20


@dataclass(frozen=True)
class Trained:
    """What a training has come to."""

    run_id: str
    model: Registered
    verdict: Verdict


@dataclass(frozen=True, eq=False)
class _Base:
    """The model that is adapted, and what ships with it."""

    path: Path
    network: FeatureNetwork
    bundle: Bundle
    classes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Tried:
    """What was learnt, before it is known what it is worth."""

    model: Registered
    solved: Solved


def train_site(
    places: Places, learning: LearningConfig, by: str, recipe: Recipe = Recipe()
) -> Trained:
    """Learn from all kept faces, test, and propose what is better as the candidate.

    Raises:
        ConfigError: If there are too few faces, or a package is missing.
        ModelError, StoreError: One line each; what is live stays live.
    """
    check_installed()
    with training(places, "site", by, learning.mlflow) as book:
        base = _base(places)
        faces = [k for k in KeptFaces(places).all() if k.about.label in base.classes]
        if len(faces) < FACES_MIN:
            raise ConfigError(
                f"{len(faces)} faces were corrected or confirmed, and {FACES_MIN} are needed: "
                f"collect more (learning.collect in the settings, or `learn review`)"
            )
        data = write_manifest(places, manifest_of(faces)).version
        shown, held_out = split(faces)
        book.write(
            data=data,
            parameters=_parameters(recipe) | {"bundle": base.bundle.version},
            counts=_counts("learnt", shown) | _counts("held out", held_out),
        )
        pictures = KeptFaces(places)
        learnt = _points(base, shown, _rois(base, pictures, shown))
        solved = fit(base.bundle, learnt, _weights(shown), recipe)
        head = base.bundle.moved(base.network.head, solved.shift)
        about = {"data": data, "run": book.record.run_id, "by": by}
        tried = _Tried(_write(places, base, head, about), solved)
        rois = _rois(base, pictures, held_out, VIEWS[:1])
        site = _points(base, held_out, rois)
        _check_agrees(places, tried, site, rois)
        verdict = _tested(places, base, tried, site)
        _note(book, places, tried, verdict)
        if verdict.promote:
            propose(places, tried.model)
        tidy_models(places, tried.model.name)
    return Trained(book.record.run_id, tried.model, verdict)


def split(faces: Sequence[Kept]) -> tuple[list[Kept], list[Kept]]:
    """Those to learn from, and those of held-out days: one day in four, by its date alone, so that
    a day stays where it is whatever comes later. Where there are few days, one visit in four.
    """
    days = {_day(kept) for kept in faces}
    key = _day if len(days) >= DAYS_MIN else _visit
    held = {k for k in {key(kept) for kept in faces} if _number(k) % HELD_OUT_PART == 0}
    parts = ([k for k in faces if key(k) not in held], [k for k in faces if key(k) in held])
    if key is _day and not all(parts):  # all days fell on one side
        held = {v for v in map(_visit, faces) if _number(v) % HELD_OUT_PART == 0}
        parts = [k for k in faces if _visit(k) not in held], [k for k in faces if _visit(k) in held]
    return parts


def _day(kept: Kept) -> str:
    return f"{kept.about.taken.astimezone():%Y-%m-%d}"


def _visit(kept: Kept) -> str:
    return kept.about.visit_id or kept.sha256


def _number(text: str) -> int:
    return hashlib.sha256(text.encode()).digest()[0]


def _counts(part: str, faces: Sequence[Kept]) -> dict[str, int]:
    counted = Counter(kept.about.label for kept in faces)
    return {f"{part} {label}": number for label, number in sorted(counted.items())}


def _parameters(recipe: Recipe) -> dict[str, float | str]:
    """As they are stored: numbers, or text."""
    return {
        name: value if isinstance(value, int | float) else ", ".join(map(str, value))
        for name, value in asdict(recipe).items()
    }


def _base(places: Places) -> _Base:
    """The model whose last layer is moved, with its bundle: the shipped one, or one that was
    trained in full and is live, or was adapted since.
    """
    path = MODELS_DIR / f"{ClassifyConfig().model}.onnx"
    found = champion_file(places)
    if found is not None:
        card = read_card(found[1].with_suffix(".json"), found[0].name)
        parent = card.get("parent", {"name": found[0].name})
        own = places.models / f"{parent['name']}.onnx"
        path = path if parent["name"] == path.stem else own
    network, bundle = FeatureNetwork(path), load_bundle(path)
    if bundle.sha256 != network.card["files"][path.name]["sha256"]:
        raise ModelError(
            f"the features beside {path.name} belong to another model: run `git checkout models` "
            f"or install Mask Monitor again"
        )
    return _Base(path, network, bundle, tuple(str(c) for c in network.card["classes"]))


def _points(base: _Base, faces: Sequence[Kept], rois: npt.NDArray[np.uint8]) -> Faces:
    """Kept faces as the fit takes them; several ROIs of each, one face after the other."""
    features = base.network(scale(rois))
    each = len(rois) // max(1, len(faces))
    truth = np.repeat([base.classes.index(kept.about.label) for kept in faces], each)
    return Faces(
        base.bundle.points(features),
        base.network.head.logits(features),
        truth.astype(np.intp),
        np.repeat(np.array([_visit(kept) for kept in faces], str), each),
    )


def _weights(faces: Sequence[Kept]) -> Array:
    """A visit counts once, however many faces and views there are of it."""
    often = Counter(map(_visit, faces))
    each = [1 / (often[_visit(kept)] * len(VIEWS)) for kept in faces]
    return np.repeat(each, len(VIEWS))


def _rois(
    base: _Base, pictures: KeptFaces, faces: Sequence[Kept], views: Sequence[View] = VIEWS
) -> npt.NDArray[np.uint8]:
    """(len(faces) * len(views), size, size, 3) RGB."""
    size = base.network.size
    made = [
        _roi(picture, kept, base.network, view)
        for kept in faces
        for picture in (pictures.picture(kept.sha256),)
        for view in views
    ]
    return np.stack(made) if made else np.empty((0, size, size, 3), np.uint8)


def plain_rois(pictures: KeptFaces, faces: Sequence[Kept], card: Mapping[str, Any]) -> FloatArray:
    """(N, size, size, 3) float32 RGB in -1..1 of kept faces, as a model's card wants them."""
    made = []
    for kept in faces:
        box = np.array(kept.about.box, np.float32)
        size, margin = int(card["input"]["size"]), float(card["input"]["margin"])
        roi = crop_square(pictures.picture(kept.sha256), box, margin, size)
        made.append(cv2.cvtColor(roi, cv2.COLOR_BGR2RGB))
    return scale(np.stack(made))


def _roi(picture: Image, kept: Kept, network: FeatureNetwork, view: View) -> Image:
    mirrored, wider, light = view
    box = np.array(kept.about.box, np.float32)
    roi = crop_square(picture, box, network.margin + wider, network.size)
    roi = cv2.cvtColor(roi, cv2.COLOR_BGR2RGB)  # type: ignore[assignment]
    if mirrored:
        roi = roi[:, ::-1]
    return roi if light == 1 else cv2.convertScaleAbs(roi, alpha=light)  # type: ignore[return-value]


def _write(places: Places, base: _Base, head: Head, about: dict[str, str]) -> Registered:
    """The adapted model with its card; the card last, so that half a model has none."""
    content = with_head(base.network.content, head)
    sha = hashlib.sha256(content).hexdigest()
    name = f"{base.path.stem}-site-{sha[:8]}"
    card = base.network.card
    written = {
        "name": name,
        "task": "mask",
        "files": {f"{name}.onnx": {"sha256": sha, "bytes": len(content)}},
        **{key: card[key] for key in ("classes", "input", "output")},
        "parent": {"name": card["name"], "sha256": base.bundle.sha256},
        "network": f"{card['name']} with its last layer moved by the site's corrections",
        "licence": card.get("licence", ""),
        "learnt": {**about, "at": datetime.now(UTC).isoformat(timespec="seconds")},
        "code": __version__,
    }
    folder = places.made(places.models)
    try:
        write_whole(folder / f"{name}.onnx", content)
        write_whole(folder / f"{name}.json", json.dumps(written, indent=2).encode())
    except OSError as error:
        raise StoreError(
            f"the learnt model cannot be written ({error.strerror}): free the disk; what was live "
            f"stays live"
        ) from None
    return Registered(name, sha)


def _tested(places: Places, base: _Base, tried: _Tried, site: Faces) -> Verdict:
    """Beside the model that is live."""
    found = champion_file(places)
    live = base.path if found is None else found[1]
    shift = base.bundle.shift_of(base.network.head, read_head(live.read_bytes()))
    test, moved = base.bundle.test, tried.solved.shift
    frozen = Answers(test.truth, test.group, shift.logits(test), moved.logits(test))
    here = Answers(site.truth, site.group, shift.logits(site), moved.logits(site))
    costs = costs_of(live, checked_file(places, tried.model))
    return judge(frozen, here, base.classes, (costs[0], costs[1]))


def _check_agrees(places: Places, tried: _Tried, site: Faces, rois: npt.NDArray[np.uint8]) -> None:
    """The file on the disk, run as the monitor runs it, must say what was solved."""
    network = OnnxNetwork(checked_file(places, tried.model).with_suffix(""), 2)
    wanted = softmax(tried.solved.shift.logits(site))
    worst = float(np.abs(network(scale(rois)) - wanted).max()) if len(rois) else 0.0
    if worst > AGREE:
        raise ModelError(
            f"the written model {tried.model.name} answers otherwise than what was learnt "
            f"({worst:.1e}): learn again"
        )


def costs_of(*paths: Path) -> tuple[Cost, ...]:
    """Size, and seconds of a batch, of some models: timed in turn, and the shortest of many times
    counts, as what else the PC does lengthens the others.
    """
    networks = [OnnxNetwork(path.with_suffix(""), 2) for path in paths]
    best = [float("inf")] * len(paths)
    for _ in range(TIMED):
        for i, network in enumerate(networks):
            size = int(network.card["input"]["size"])
            batch = np.zeros((TIMED_BATCH, size, size, 3), np.float32)
            began = time.perf_counter()
            network(batch)
            best[i] = min(best[i], time.perf_counter() - began)
    return tuple(Cost(p.stat().st_size, s) for p, s in zip(paths, best, strict=True))


def _note(book: RunBook, places: Places, tried: _Tried, verdict: Verdict) -> None:
    found = champion_file(places)
    chosen = {"used directions": tried.solved.directions, "used rehearsal": tried.solved.rehearsal}
    book.write(
        parameters={**book.record.parameters, **chosen},
        state="better" if verdict.promote else "refused",
        parent=found[0].name if found is not None else ClassifyConfig().model,
        model=tried.model.name,
        sha256=tried.model.sha256,
        reason=verdict.reason,
        losses=tried.solved.losses,
        figures=verdict.figures(),
        confusion=verdict.confusion,
    )

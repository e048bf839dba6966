"""Training in full, where the training pictures are: the training side trains, this side tests and
proposes as with a site adaptation.

TensorFlow runs in a process of its own (`python -m monitor.training.mask.train`, which
requirements-train.txt is for), and is in none of this program's.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from argparse import Namespace
from collections import Counter
from pathlib import Path

import numpy as np

from monitor import __version__
from monitor.card import MODELS_DIR, sha256
from monitor.config import ClassifyConfig, LearningConfig
from monitor.engine import OnnxNetwork
from monitor.errors import ConfigError, StoreError
from monitor.learning.judge import Answers, judge
from monitor.learning.kept import Kept, KeptFaces
from monitor.learning.places import Places
from monitor.learning.registry import Registered, champion_file, propose
from monitor.learning.runs import check_installed, training
from monitor.learning.train import Trained, costs_of, plain_rois
from monitor.records import FloatArray

ROOT = Path(__file__).resolve().parents[2]
LOG_MIN = 1e-7


def train_full(places: Places, learning: LearningConfig, by: str, given: Namespace) -> Trained:
    """Train with the pictures of `given.data`, test on those that it holds back and on all kept
    faces, and propose what is better as the candidate.

    Args:
        given: `data`, `weights` and `smoke` of the command line.

    Raises:
        ConfigError: If a package is missing.
        ModelError, StoreError: One line each; what is live stays live.
    """
    check_installed()
    with training(places, "full", by, learning.mlflow) as book:
        name = f"mask-full-{book.record.run_id}"
        out, data = places.made(places.models) / name, str(given.data.absolute())
        smoke = ["--smoke"] if given.smoke else []
        version = data_version(given.data)
        parameters = {"data": data, "weights": str(given.weights), "smoke": str(given.smoke)}
        book.write(parameters=parameters, data=version, parent=_live(places).stem)
        # a run that was stopped goes on, one with other pictures begins anew
        start = ["--weights", str(given.weights), "--name", f"learn-{version}"]
        _run("mask.train", "--data", data, "--out", str(out), *start, *smoke)
        model = out.with_name(f"{name}.onnx")
        answers = out.with_name(f".{name}.answers.npz")
        try:
            _run("mask.rehearsal", str(model), "--data", data, *smoke)
            held = ["--before", str(_live(places)), "--answers", str(answers)]
            _run("mask.rehearsal", str(model), "--data", data, *held, *smoke)
            frozen = _read(answers)
        finally:
            answers.unlink(missing_ok=True)
        book.write(losses=_losses(f"learn-{version}"))
        registered = Registered(name, sha256(model))
        classes = tuple(str(c) for c in OnnxNetwork(out, 2).card["classes"])
        faces = [kept for kept in KeptFaces(places).all() if kept.about.label in classes]
        site = _on_site(places, faces, (_live(places), model), classes)
        costs = costs_of(_live(places), model)
        verdict = judge(frozen, site, classes, (costs[0], costs[1]))
        book.write(
            state="better" if verdict.promote else "refused",
            model=name,
            sha256=registered.sha256,
            reason=verdict.reason,
            counts=dict(Counter(f"held out {kept.about.label}" for kept in faces)),
            figures=verdict.figures(),
            confusion=verdict.confusion,
        )
        if verdict.promote:
            propose(places, registered)
    return Trained(book.record.run_id, registered, verdict)


def data_version(data: Path) -> str:
    """Of a folder of training pictures: made of all names and sizes in it, and of this program's
    version.

    Raises:
        ConfigError: If there is no such folder, or nothing in it.
    """
    files = sorted(path for path in data.rglob("*") if path.is_file())
    if not files:
        raise ConfigError(f"--data {str(data)!r} holds no file: name the folder of the pictures")
    digest = hashlib.sha256(__version__.encode())
    for path in files:
        digest.update(f"{path.relative_to(data)}\0{path.stat().st_size}\n".encode())
    return digest.hexdigest()[:12]


def _live(places: Places) -> Path:
    found = champion_file(places)
    return found[1] if found is not None else MODELS_DIR / f"{ClassifyConfig().model}.onnx"


def _run(module: str, *arguments: str) -> None:
    """A command of the training side; it tells its progress on the terminal."""
    command = [sys.executable, "-m", f"monitor.training.{module}", *arguments]
    done = subprocess.run(command, cwd=ROOT)
    if done.returncode:
        raise StoreError(
            f"monitor.training.{module} ended with status {done.returncode}: see above, then learn "
            f"again"
        )


def _losses(run: str) -> tuple[float, ...]:
    """The training loss of each epoch; the training side wrote it down."""
    figures = ROOT / "runs" / run / "figures.json"
    history = json.loads(figures.read_text(encoding="utf-8"))["history"]
    return tuple(float(epoch["train_loss"]) for epoch in history)


def _read(path: Path) -> Answers:
    with np.load(path, allow_pickle=False) as stored:
        return Answers(
            stored["truth"].astype(np.intp), stored["group"], stored["before"], stored["after"]
        )


def _on_site(
    places: Places, faces: list[Kept], models: tuple[Path, Path], classes: tuple[str, ...]
) -> Answers:
    truth = np.array([classes.index(kept.about.label) for kept in faces], np.intp)
    said = [_logits(OnnxNetwork(path.with_suffix(""), 2), places, faces) for path in models]
    return Answers(truth, np.full(len(faces), "site"), *said)


def _logits(network: OnnxNetwork, places: Places, faces: list[Kept]) -> FloatArray:
    if not faces:
        return np.empty((0, 3), np.float32)
    rois = plain_rois(KeptFaces(places), faces, network.card)
    made: FloatArray = np.log(network(rois).clip(LOG_MIN))
    return made

"""What judges now: the loaded models and their cards; and what was learnt at this site."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.card import MODELS_DIR, read_card
from monitor.errors import ModelError
from monitor.learning.places import default_places
from monitor.learning.registry import Event, read_live
from monitor.learning.runs import Record, records
from monitor.web.site import Site

if TYPE_CHECKING:
    from monitor.analysis.pipeline import Pipeline

WHAT = {
    "mask": "Tells how masks are worn",
    "detector": "Finds faces",
    "embedding": "Tells who it is",
}
RUNS_MAX = 50  # that are shown
# of a card: what is shown at once, the rest when it is opened
FIRST = ("network", "data", "split", "licence", "paper", "source", "trained_further", "command")


@dataclass(frozen=True, slots=True)
class LiveModel:
    """One model that is at work now."""

    name: str
    task: str
    runs_on: str
    sha256: str  # of its file; empty: it has no card
    card: dict[str, Any]

    @property
    def what(self) -> str:
        return WHAT.get(self.task, self.task)

    @property
    def first(self) -> dict[str, Any]:
        return {name: self.card[name] for name in FIRST if name in self.card}

    @property
    def figures(self) -> dict[str, Any]:
        return {name: value for name, value in self.card.items() if name.startswith("figures")}

    @property
    def rest(self) -> dict[str, Any]:
        shown = {*FIRST, *self.figures, "name", "task", "files"}
        return {name: value for name, value in self.card.items() if name not in shown}


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learnt from corrections, and came of it."""

    runs: list[Record]  # the newest first
    history: list[Event]  # the newest first


def what_was_learnt() -> Learnt:
    """From the registry of this PC.

    Raises:
        StoreError: If it is damaged or cannot be read.
    """
    places = default_places()
    return Learnt(records(places)[:RUNS_MAX], list(reversed(read_live(places).history))[:RUNS_MAX])


async def live_models(site: Site) -> list[LiveModel]:
    """The models that judge now, as the inference thread has them."""
    return await asyncio.wrap_future(site.scoring.ask(_loaded))


def _loaded(pipeline: Pipeline) -> list[LiveModel]:
    classifier = pipeline.classifier
    models = [_live(classifier.card, classifier.backend)]
    others = [(pipeline.detector.name, "detector"), (pipeline.embedder, "embedding")]
    for name, task in others:
        if name is None:
            continue
        try:
            card = read_card(Path(MODELS_DIR / f"{name}.json"), name)
        except ModelError:  # OpenCV's own cascade; a detector that was added
            card = {"name": name, "task": task}
        models.append(_live(card, "onnx" if "files" in card else "OpenCV"))
    return models


def _live(card: dict[str, Any], runs_on: str) -> LiveModel:
    files = card.get("files", {})
    ending = ".keras" if runs_on == "tensorflow" else ".onnx"
    of_file: dict[str, Any] = next(
        (entry for name, entry in files.items() if name.endswith(ending)), {}
    )
    return LiveModel(
        str(card["name"]),
        str(card.get("task", "")),
        runs_on,
        str(of_file.get("sha256", "")),
        card,
    )

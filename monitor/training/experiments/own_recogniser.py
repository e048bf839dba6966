"""A closed-set network that may also say "unknown", and that is kept for the program.

The threshold is set on strangers that the network did not learn from: the least probability that
`wanted` of them stay below. It is tested on other strangers, and on the people's own test faces.
What is kept is what `monitor.identity.recogniser` loads: an ONNX file and its card.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from monitor.errors import ConfigError
from monitor.identity.learnt_from import note_recogniser
from monitor.identity.recogniser import TASK
from monitor.records import FloatArray
from monitor.training.experiments.few_people import FewPeople, read_consent
from monitor.training.experiments.few_report import Place
from monitor.training.experiments.strangers import Strangers
from monitor.training.learning import cards
from monitor.training.pictures.faces import Faces
from monitor.training.report.metrics import rate
from monitor.training.report.pages import markdown_table, output_dir

# (N, 112, 112, 3) uint8 BGR -> (N, people) or, with nobody last, (N, people + 1) probabilities
Chances = Callable[[Faces], FloatArray]
DOUBT_TIMES = 10  # so many times as many strangers are "not sure" at most
# Nobody is named who is not likelier than all others together, nobody included, however few
# strangers come near.
LEAST = 0.5
_HEAD = ("people", "method", "threshold", "named rightly: bare", "really masked", "mask laid on")
_STRANGERS = ("own called somebody else", "strangers unknown: bare", "mask laid on")


@dataclass(frozen=True, slots=True)
class Trained:
    """A network that was trained on a few people."""

    key: str  # for file names
    title: str
    chances: Chances
    parameters: int
    note: str
    takes: Mapping[str, Any]  # the card's `input`
    write: Callable[[Path], None]  # the ONNX file


@dataclass(frozen=True, slots=True)
class Bar:
    """From which probability on somebody is named."""

    threshold: float
    doubt: float


def bar_of(best: FloatArray, wanted: float) -> Bar:
    """The bar that a share `wanted` of strangers stays below.

    Args:
        best: (N,) the probability of the likeliest person for each of the strangers.
        wanted: In 0..1.
    """
    ordered = np.sort(best)[::-1]

    def above(share: float) -> float:
        # as many may reach it; a softmax that is sure of strangers leaves no room below 1
        most = ordered[min(int(share * len(ordered) + 1e-6), len(ordered) - 1)]
        return float(np.nextafter(most, np.float32(2)))

    threshold = max(LEAST, above(1 - wanted))
    return Bar(threshold, min(threshold, above(min(1.0, DOUBT_TIMES * (1 - wanted)))))


def measured(
    place: Place, trained: Trained, strangers: Strangers, wanted: float
) -> tuple[Bar, dict[str, Any]]:
    """The bar, and a row of figures: the test faces of the people, and the test strangers."""
    people = len(place.few.people)

    def likeliest(faces: Faces) -> tuple[Any, FloatArray]:
        chances = trained.chances(faces)[:, :people]
        return chances.argmax(axis=1), chances.max(axis=1)

    bar = bar_of(likeliest(strangers.threshold.faces)[1], wanted)
    few = place.few
    test = np.flatnonzero(few.test)
    who, sure = likeliest(few.faces[test])
    truth, masked, named = few.person[test], few.masked[test], sure >= bar.threshold
    covered = likeliest(place.covered) if len(place.covered) else (truth[:0], sure[:0])
    right = covered[0] == truth[~masked]
    covered_named = covered[1] >= bar.threshold
    wrong = [named & (who != truth), covered_named & ~right]
    return bar, {
        "people": few.name,
        "method": trained.title,
        "threshold": bar.threshold,
        "doubt": bar.doubt,
        "named_bare": rate((named & (who == truth))[~masked]),
        "named_masked": rate((named & (who == truth))[masked]),
        "named_laid_on": rate(covered_named & right),
        "called_another": rate(np.concatenate(wrong)),
        "strangers_bare": rate(likeliest(strangers.test.bare)[1] < bar.threshold),
        "strangers_laid_on": rate(likeliest(strangers.test.covered)[1] < bar.threshold),
    }


def table(rows: Sequence[Mapping[str, Any]], wanted: float, about: str) -> str:
    """The rows as Markdown, with what they mean; nothing where there are none."""
    if not rows:
        return ""
    body = []
    for r in rows:
        told = [r[k] for k in ("named_bare", "named_masked", "named_laid_on", "called_another")]
        told += [r["strangers_bare"], r["strangers_laid_on"]]
        threshold = "none below 1" if r["threshold"] > 1 else f"{r['threshold']:.4f}"
        body.append([r["people"], r["method"], threshold, *map(_with_interval, told)])
    return (
        "\n## With an unknown\n\n"
        f"Each look alone. The threshold is the least probability from {LEAST:g} on that "
        f"{100 * wanted:g} % of the strangers who set it stay below; {about}. In brackets Wilson's "
        f"95 % interval.\n\n"
        f"{markdown_table([*_HEAD, *_STRANGERS], body)}\n"
    )


def people_of(few: FewPeople) -> list[dict[str, Any]]:
    """The card's `people`: name and consent of each.

    Raises:
        ConfigError: If somebody's pictures have no consent beside them.
    """
    found = []
    for person in few.people:
        try:
            consent = read_consent(few.root / person)
            found.append({"name": str(consent["name"]), "given": str(consent["given"])})
        except (OSError, ValueError, KeyError, TypeError):
            raise ConfigError(
                f"{few.root / person} has no consent beside its pictures, so that no recogniser is "
                f"kept: take them with `main.py enrol NAME --keep-pictures FOLDER`"
            ) from None
    return found


def keep(folder: Path, place: Place, trained: Trained, bar: Bar, about: Mapping[str, Any]) -> Path:
    """Write the recogniser, and beside the people's pictures that it learnt from them, so that
    `forget` finds it.

    Args:
        folder: For the two files.
        place: The people.
        trained: The network.
        bar: From `measured`.
        about: What people read in the card.

    Returns:
        The ONNX file.

    Raises:
        ConfigError: See `people_of`.
    """
    people = people_of(place.few)
    stem = output_dir(folder) / f"{place.few.name}-{trained.key}"
    path = stem.with_name(stem.name + ".onnx")
    trained.write(path)
    card = {
        "task": TASK,
        "files": cards.files_of(path),
        "people": people,
        "input": dict(trained.takes),
        "output": {"name": "probabilities", "of": "people, then nobody where it was learnt"},
        "threshold": bar.threshold,
        "doubt": bar.doubt,
        **about,
        "libraries": cards.libraries("tensorflow", "keras", "scikit-learn", "numpy", "onnxruntime"),
    }
    written = cards.write_card(stem, card)
    for file in (path, written):  # who is in it, and what tells them
        file.chmod(0o600)
    for person in place.few.people:
        note_recogniser(place.few.root / person, written)
    return path


def _with_interval(one: Any) -> str:
    if not one.count:
        return "-"
    low, high = one.interval
    return f"{one} [{100 * low:.1f}, {100 * high:.1f}]"

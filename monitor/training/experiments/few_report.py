"""How well somebody out of a few people is named: one way of counting and one table for every
method.

A method is a function from aligned faces to people. It is asked about the test faces as they are
(bare, really masked), and about the bare ones with photographed masks laid on, which are unlike the
drawn masks that training uses.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import f1_score

from monitor.errors import ConfigError
from monitor.identity.embed import Embedder, normalised
from monitor.training.drawing.laid_on import CUTOUTS, Cutouts, drawn, masked_all
from monitor.training.experiments.few_people import FewPeople, load
from monitor.training.pictures.faces import Faces
from monitor.training.report.metrics import rate
from monitor.training.report.pages import markdown_table, output_dir, write_json, write_text

# (N, 112, 112, 3) uint8 BGR -> (N,) index into the people
Answer = Callable[[Faces], npt.NDArray[np.intp]]
PAPERS = (
    "The papers report 98.5 % (custom CNN), 95.6 % (InceptionV3) and 88 % (MobileNetV2) on random "
    "splits of their own pictures, "
    "where frames of one recording lie on both sides; here no recording does."
)
_TIMED = 30  # faces, one at a time
_HEAD = (
    "people",
    "method",
    "all as they are",
    "macro F1",
    "bare",
    "really masked",
    "bare, mask laid on",
    "parameters",
)
_HEAD_COST = ("training min", "ms a face", "note")


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What a method learns from."""

    faces: Faces  # (N, 112, 112, 3) uint8 BGR
    person: npt.NDArray[np.intp]  # (N,)
    masked: npt.NDArray[np.bool_]  # (N,) really, or drawn
    group: npt.NDArray[np.intp]  # (N,) capture session; a drawn copy has its original's


def lesson(few: FewPeople, with_drawn: bool) -> Lesson:
    """The training side; `with_drawn` adds a copy of every bare face with one of the program's own
    masks drawn on.
    """
    own = np.flatnonzero(~few.test)
    parts = Lesson(few.faces[own], few.person[own], few.masked[own], few.group[own])
    if not with_drawn:
        return parts
    bare = own[~few.masked[own]]
    return Lesson(
        np.concatenate([parts.faces, masked_all(few.faces[bare], drawn, 0)]),
        np.concatenate([parts.person, few.person[bare]]),
        np.concatenate([parts.masked, np.ones(len(bare), bool)]),
        np.concatenate([parts.group, few.group[bare]]),
    )


def laid_on(few: FewPeople, templates: Path) -> Faces:
    """The bare test faces, each with a photographed mask; with the program's drawn ones where
    `templates` is not there.
    """
    bare = few.faces[few.test & ~few.masked]
    return masked_all(bare, Cutouts(templates, CUTOUTS) if templates.is_dir() else drawn, 0)


@dataclass(frozen=True, slots=True)
class Method:
    """A way to name people, as the table has it."""

    name: str
    parameters: int  # how many numbers it holds
    minutes: float | None  # what its training took; None where it was not trained here
    note: str = ""  # what else a reader must know


def score(few: FewPeople, covered: Faces, answer: Answer, method: Method) -> dict[str, Any]:
    """A row of the table: how often the method names the right person.

    Args:
        few: The people; the test side is asked.
        covered: From `laid_on`.
        answer: The method, ready.
        method: What it is.
    """
    test = np.flatnonzero(few.test)
    truth, masked = few.person[test], few.masked[test]
    said = answer(few.faces[test])
    right = said == truth
    covered_right = answer(covered) == truth[~masked] if len(covered) else np.empty(0, bool)
    return {
        "people": few.name,
        "method": method.name,
        "all": rate(right),
        "macro_f1": float(
            f1_score(truth, said, labels=np.unique(truth), average="macro", zero_division=0)
        ),
        "bare": rate(right[~masked]),
        "masked": rate(right[masked]),
        "laid_on": rate(covered_right),
        "parameters": method.parameters,
        "training_minutes": method.minutes,
        "ms_a_face": milliseconds(answer, few.faces[test]),
        "note": method.note,
    }


def milliseconds(answer: Answer, faces: Faces) -> float:
    """Median time from one aligned face to its answer."""
    taken = []
    for i in range(_TIMED + 2):
        began = time.perf_counter()
        answer(faces[i % len(faces)][None])
        taken.append(time.perf_counter() - began)
    return 1000 * float(np.median(taken[2:]))


def nearest_template(embedder: Embedder, taught: Lesson, people: int) -> Answer:
    """The program's own way: one mean embedding of each person bare and one masked; the nearest one
    names the face.
    """
    vectors = embedder.embed(taught.faces)
    templates, owner = [], []
    for person in range(people):
        for kind in (False, True):
            own = vectors[(taught.person == person) & (taught.masked == kind)]
            if len(own):
                templates.append(normalised(own.mean(axis=0)))
                owner.append(person)
    matrix, owners = np.stack(templates), np.array(owner, np.intp)

    def answer(faces: Faces) -> npt.NDArray[np.intp]:
        said: npt.NDArray[np.intp] = owners[(embedder.embed(faces) @ matrix.T).argmax(axis=1)]
        return said

    return answer


def embedding_rows(
    few: FewPeople, covered: Faces, taught: Lesson, models: Sequence[str]
) -> list[dict[str, Any]]:
    """A row for each embedding model, none of which is trained here; the note says what its card
    says of its pictures.

    Raises:
        ModelError: If a model is missing or is no embedding model.
    """
    rows = []
    for model in models:
        embedder = Embedder.load(model)
        answer = nearest_template(embedder, taught, len(few.people))
        templates = len(np.unique(2 * taught.person + taught.masked))
        note = "celebrities may be among the pictures that it was published with"
        if "further_data" in embedder.card:
            note += f"; trained further on {embedder.card['further_data']}"
        name = f"{embedder.name}, nearest template"
        method = Method(name, templates * embedder.dimension, None, note)
        rows.append(score(few, covered, answer, method))
    return rows


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    body = [
        [
            r["people"],
            r["method"],
            *(r["all"], r["macro_f1"]),
            *("-" if not r[kind].count else r[kind] for kind in ("bare", "masked", "laid_on")),
            f"{r['parameters']:,}",
            "-" if r["training_minutes"] is None else f"{r['training_minutes']:.2f}",
            f"{r['ms_a_face']:.2f}",
            r["note"] or "-",
        ]
        for r in rows
    ]
    return markdown_table([*_HEAD, *_HEAD_COST], body)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One set of people with all that a method needs."""

    few: FewPeople
    taught: Lesson
    covered: Faces  # from `laid_on`


class Desk:
    """Loads the sets, takes in the rows, and writes the report after each, so that a stop loses
    nothing.
    """

    def __init__(self, args: argparse.Namespace, command: str, title: str, about: str) -> None:
        """Load what `common_options` named, and let the embedding models answer.

        Raises:
            ConfigError: If a folder is missing or holds too little.
            ModelError: If an embedding model is missing.
        """
        self._args, self._command, self._title, self._about = args, command, title, about
        self._rows: list[dict[str, Any]] = []
        self._left_out: list[str] = []
        self._section: tuple[str, dict[str, Any]] = ("", {})
        self.places = []
        for name in filter(None, args.sets.split(",")):
            root = args.data / name if (args.data / name).is_dir() else Path(name)
            few = load(root, args.people, args.seed)
            print(few.summary(), flush=True)
            place = Place(
                few, lesson(few, not args.no_drawn), laid_on(few, args.data / "mask_templates")
            )
            self.places.append(place)
            models = [m for m in args.embedding.split(",") if m]
            for row in embedding_rows(few, place.covered, place.taught, models):
                self._take(row)
        if not self.places:
            raise ConfigError("--sets is empty: name celeb5, rmfrd_ids, or a folder of people")

    def add(
        self,
        place: Place,
        answer: Answer,
        method: Method,
    ) -> None:
        """Test a method and write down its row."""
        self._take(score(place.few, place.covered, answer, method))

    def leave_out(self, what: str) -> None:
        """Name what there was no time for."""
        self._left_out.append(what)

    def beside(self, text: str, values: dict[str, Any]) -> None:
        """What the report has after the table: Markdown, and the same for the JSON."""
        self._section = text, values
        self._write()

    def finish(self) -> None:
        """Write for the last time and show the table."""
        self._write()
        print(table(self._rows), flush=True)

    def _take(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        print(f"{row['people']}, {row['method']}: {row['all']}", flush=True)
        self._write()

    def _write(self) -> None:
        sets = [place.few.summary() for place in self.places]
        text = f"# {self._title}\n\n    {self._command}\n\n{self._about}\n\n" + "".join(
            f"- {line}\n" for line in sets
        )
        text += f"\n{table(self._rows)}\n{PAPERS}\n{self._section[0]}"
        if self._left_out:
            text += f"\nNot run for lack of time: {', '.join(self._left_out)}.\n"
        result = {
            "command": self._command,
            "sets": sets,
            "rows": self._rows,
            "not_run": self._left_out,
            **self._section[1],
        }
        for folder in filter(None, (self._args.out, self._args.summary)):
            write_json(output_dir(folder) / f"{self._args.name}.json", result)
            write_text(folder / f"{self._args.name}.md", text)


def common_options(p: argparse.ArgumentParser, name: str, minutes: float) -> None:
    """The options that both ways share; `name` and `minutes` are their defaults."""
    p.add_argument(
        "--data", type=Path, required=True, help="folder that holds the sets and mask_templates"
    )
    p.add_argument(
        "--sets",
        default="celeb5,rmfrd_ids",
        help="folders of people, with commas (default celeb5,rmfrd_ids)",
    )
    p.add_argument(
        "--people",
        type=int,
        default=16,
        help="of a set those with most pictures, at most (default 16)",
    )
    p.add_argument(
        "--embedding",
        default="sface",
        help="embedding models to set beside, with commas (default sface)",
    )
    p.add_argument(
        "--no-drawn",
        action="store_true",
        help="do not draw masks on copies of the bare training faces",
    )
    p.add_argument(
        "--minutes", type=float, default=minutes, help=f"time for everything (default {minutes:g})"
    )
    p.add_argument("--seed", type=int, default=0, help="of the split and the training (default 0)")
    p.add_argument(
        "--out",
        type=Path,
        default=Path(f"runs/{name}"),
        help=f"folder for the report (default runs/{name})",
    )
    p.add_argument("--summary", type=Path, help="another folder for the report, to keep")
    p.add_argument("--name", default=name, help=f"name of the report's files (default {name})")

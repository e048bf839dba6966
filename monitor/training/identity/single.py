"""Whom a picture that stands alone names: the test people of rmfrd_ids, three bare pictures of each
enrolled, every other picture judged by one look, as `--images --identify` judges it.

    python -m monitor.training.identity.single sface_masked_v3 [--far 1e-4 1e-3] [--json FILE]

The people are cut into two halves by turns: one is enrolled, and the other half's pictures are
strangers to it, masked and bare; then the other way round. Beside them the test people of
lfw_aligned, bare and with drawn masks, are strangers to each half. `cleaned` counts the masked
pictures whose names were checked by hand (`rmfrd_ids/cleaned.txt`).
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from monitor.detect.yunet import YuNet
from monitor.identity.embed import Embedder
from monitor.identity.identify import Identifier
from monitor.identity.match import FAR, Matcher
from monitor.identity.person import VISITOR, EnrolledPerson, Kind
from monitor.records import FloatArray
from monitor.training.command import first_words, run_main
from monitor.training.drawing.laid_on import CUTOUTS, Cutouts, drawn, masked_all
from monitor.training.identity.trials import ENROLLED
from monitor.training.pictures.faces import pictures_in, read_aligned, read_detected
from monitor.training.pictures.splits import people_of
from monitor.training.report.metrics import Rate

LFW_PEOPLE = 250
Looks = dict[str, FloatArray]  # kind of picture -> (N, D)


def main(arguments: Sequence[str] | None = None) -> int:
    """Embed, name, count."""
    parser = argparse.ArgumentParser(description=first_words(__doc__))
    parser.add_argument("model", help="a name in models/, or a path without its ending")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--far", type=float, nargs="+", default=[FAR])
    parser.add_argument("--json", type=Path, help="write the counts here")
    given = parser.parse_args(arguments)
    embedder = Embedder.load(given.model, 2)
    people, looks = _rmfrd(given.data / "rmfrd_ids", embedder)
    strangers = _lfw(given.data, embedder)
    tables = {}
    for far in given.far:
        counts = tables[f"{far:g}"] = _counted(embedder, (people, looks), strangers, far)
        print(f"wanted share of strangers {100 * far:g} %")
        for row in sorted({name.partition(":")[0] for name in counts}):
            print(f"  {_line(row, counts)}")
    if given.json:
        given.json.write_text(json.dumps(tables, indent=2, sort_keys=True) + "\n")
    return 0


def _counted(
    embedder: Embedder,
    known: tuple[list[EnrolledPerson], list[Looks]],
    strangers: Looks,
    far: float,
) -> Counter[str]:
    """What is said of each kind of picture, either half enrolled."""
    people, looks = known
    counts: Counter[str] = Counter()
    for half in (0, 1):
        matcher = Matcher(people[half::2], embedder.card, far)
        identifier = Identifier(embedder, matcher)
        for i, (person, own) in enumerate(zip(people, looks, strict=True)):
            enrolled = person.name if i % 2 == half else None
            for kind, embeddings in own.items():
                _count(counts, identifier, embeddings, kind, enrolled)
        for kind, embeddings in strangers.items():
            _count(counts, identifier, embeddings, kind, None)
    return counts


def _rmfrd(root: Path, embedder: Embedder) -> tuple[list[EnrolledPerson], list[Looks]]:
    """The test people, and what is left of their pictures."""
    detector = YuNet(confidence_min=0.3, min_face_px=10)
    checked = set((root / "cleaned.txt").read_text(encoding="utf-8").split())
    names = people_of((p.name for p in root.iterdir() if p.is_dir()), "test", "rmfrd")
    people: list[EnrolledPerson] = []
    looks: list[Looks] = []
    for name in sorted(names):
        bare_paths = pictures_in(root / name / "unmasked")
        if len(bare_paths) < ENROLLED:
            continue
        masked_paths = pictures_in(root / name / "masked")
        bare, masked = (read_detected(paths, detector) for paths in (bare_paths, masked_paths))
        shots = embedder.embed(bare[:ENROLLED])
        with_mask = embedder.embed(masked_all(bare[:ENROLLED], drawn, len(people)))
        kinds = [Kind.BARE] * len(shots) + [Kind.DRAWN] * len(with_mask)
        people.append(
            EnrolledPerson(
                *(name, "", datetime.now(UTC), None, ""),
                np.concatenate([shots, with_mask]),
                np.array(kinds, np.uint8),
            )
        )
        of_masked = embedder.embed(masked)
        sure = [f"{name}/masked/{path.name}" in checked for path in masked_paths]
        looks.append(
            {
                "bare": embedder.embed(bare[ENROLLED:]),
                "masked": of_masked,
                "masked, cleaned": of_masked[np.array(sure, bool)],
            }
        )
    return people, looks


def _lfw(data: Path, embedder: Embedder) -> Looks:
    """Strangers to everybody."""
    root = data / "lfw_aligned"
    names = people_of((p.name for p in root.iterdir() if p.is_dir()), "test", "lfw")
    faces = np.concatenate(
        [read_aligned(pictures_in(root / name)) for name in sorted(names)[:LFW_PEOPLE]]
    )
    cutouts = Cutouts(data / "mask_templates", CUTOUTS)
    masked = masked_all(faces, cutouts, 0)
    return {"lfw bare": embedder.embed(faces), "lfw drawn": embedder.embed(masked)}


def _count(
    counts: Counter[str],
    identifier: Identifier,
    embeddings: FloatArray,
    kind: str,
    enrolled: str | None,
) -> None:
    """One picture after the other: each stands alone."""
    row = f"{kind}, {'enrolled' if enrolled else 'stranger'}"
    for embedding in embeddings:
        ((name, _),) = identifier.name_once(embedding[None])
        if name is None:
            said = "not sure"
        elif name == VISITOR:
            said = "visitor"
        else:
            said = "right" if name == enrolled else "wrong"
        counts[f"{row}:{said}"] += 1


def _line(row: str, counts: Counter[str]) -> str:
    told = {said: counts[f"{row}:{said}"] for said in ("right", "wrong", "not sure", "visitor")}
    total = sum(told.values())
    low, high = Rate(told["wrong"], total).interval
    each = ", ".join(f"{said} {n} ({100 * n / total:.1f} %)" for said, n in told.items())
    return f"{row} ({total}): {each}; wrong 95 % {100 * low:.2f} to {100 * high:.2f} %"


if __name__ == "__main__":
    run_main(main)

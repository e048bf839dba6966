"""How well an embedding model tells people apart: rank-1, and TAR at a FAR, on people that it never
saw.

    python -m monitor.training.identity.verify sface --people test [--json FILE] [--write-figures]
    python -m monitor.training.identity.verify sface --people train --enrol-drawn --write-table

Half of the people never enter training: in lfw_aligned those whose name has an odd CRC32; in
rmfrd_ids, where all have an even one (the odd half is kept aside and not here), those with the
second lowest bit set. Three bare pictures (the first by name) enrol a person, the others are
probes, each compared with everybody:

    rmfrd bare, rmfrd masked    really masked people; `masked+1` enrols their first masked picture
    as well
                                (`..._at_card`: with the card's threshold for a FAR of 0.1 %, as the
                                program has it)
    lfw bare, lfw drawn         the first 500 people with four pictures or more; drawn: photographed
    masks laid on the probes
    celeb5                      `train` enrolled, `val` probed, bare and drawn; strangers are all
                                test people of LFW

rmfrd and celeb5 pictures go the program's own way (detector, `monitor.faces.align`), lfw_aligned
ones are aligned already. About five minutes on two cores for all.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from monitor.detect.yunet import YuNet
from monitor.engine import model_stem
from monitor.errors import ConfigError
from monitor.identity.embed import Embedder
from monitor.identity.match import threshold_for
from monitor.identity.person import templates
from monitor.records import FloatArray
from monitor.training.command import first_words, run_main
from monitor.training.drawing.laid_on import CUTOUTS, Cutouts, drawn, masked_all
from monitor.training.identity.trials import (
    ENROLLED,
    Trial,
    at_threshold,
    figures,
    table,
    trial,
)
from monitor.training.learning import cards
from monitor.training.pictures.faces import Faces, pictures_in, read_aligned, read_detected
from monitor.training.pictures.splits import CELEBS_IN_LFW, people_of

LFW_PEOPLE = 500


def _require(folder: Path) -> Path:
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not there: give the folder that holds it with --data")
    return folder


class Ruler:
    """Runs the protocols for one model."""

    def __init__(
        self,
        embedder: Embedder,
        data: Path,
        people: str,
        template: str,
        with_drawn: bool,
        cutouts: Sequence[str],
    ) -> None:
        self._embedder, self._data, self._people, self._template = embedder, data, people, template
        # enrol drawn masks of the bare pictures as well, as the program does
        self._with_drawn = with_drawn
        self._detector = YuNet(confidence_min=0.3, min_face_px=10)
        self._cutouts = Cutouts(_require(data / "mask_templates"), cutouts)

    def _trial(
        self,
        enrolled: Sequence[Faces],
        probes: Sequence[FloatArray],
        masked: Sequence[FloatArray] | None = None,
    ) -> Trial:
        """As `trial`, with the templates that the program makes of bare, really masked and drawn
        pictures.
        """
        bare = [self._embedder.embed(faces) for faces in enrolled]
        none: list[FloatArray] = [e[:0] for e in bare]
        masked, drawn_too = masked or none, none
        if self._with_drawn:
            drawn_too = [
                self._embedder.embed(masked_all(f, drawn, i)) for i, f in enumerate(enrolled)
            ]
        groups = list(zip(bare, masked, drawn_too, strict=True))
        if self._template == "max":
            return trial([np.concatenate(group) for group in groups], probes, "max")
        return trial([templates(*group) for group in groups], probes, "max")

    def rmfrd(self) -> dict[str, Trial]:
        root = _require(self._data / "rmfrd_ids")
        names = people_of((p.name for p in root.iterdir() if p.is_dir()), self._people, "rmfrd")
        names = [n for n in names if len(pictures_in(root / n / "unmasked")) >= ENROLLED]
        bare = [read_detected(pictures_in(root / n / "unmasked"), self._detector) for n in names]
        masked = [read_detected(pictures_in(root / n / "masked"), self._detector) for n in names]
        masked_embeddings = [self._embedder.embed(m) for m in masked]
        enrolled = [b[:ENROLLED] for b in bare]
        return {
            "rmfrd bare": self._trial(enrolled, [self._embedder.embed(b[ENROLLED:]) for b in bare]),
            "rmfrd masked": self._trial(enrolled, masked_embeddings),
            "rmfrd masked+1": self._trial(
                enrolled, [m[1:] for m in masked_embeddings], [m[:1] for m in masked_embeddings]
            ),
        }

    def lfw(self) -> dict[str, Trial]:
        root = _require(self._data / "lfw_aligned")
        names = sorted(
            p.name for p in root.iterdir() if p.is_dir() and len(pictures_in(p)) > ENROLLED
        )[:LFW_PEOPLE]
        faces = [read_aligned(pictures_in(root / n)) for n in people_of(names, self._people, "lfw")]
        enrolled = [f[:ENROLLED] for f in faces]
        probes = [f[ENROLLED:] for f in faces]
        return {
            "lfw bare": self._trial(enrolled, [self._embedder.embed(p) for p in probes]),
            "lfw drawn": self._trial(
                enrolled,
                [
                    self._embedder.embed(masked_all(p, self._cutouts, i))
                    for i, p in enumerate(probes)
                ],
            ),
        }

    def celeb5(self) -> dict[str, Any]:
        root = _require(self._data / "celeb5")
        names = sorted(p.name for p in (root / "train").iterdir() if p.is_dir())
        enrolled = [read_detected(pictures_in(root / "train" / n), self._detector) for n in names]
        probes = [read_detected(pictures_in(root / "val" / n), self._detector) for n in names]
        lfw = _require(self._data / "lfw_aligned")
        people = (p.name for p in lfw.iterdir() if p.is_dir() and p.name not in CELEBS_IN_LFW)
        stranger_names = people_of(people, self._people, "lfw")
        strangers = np.concatenate([read_aligned(pictures_in(lfw / n)) for n in stranger_names])
        result: dict[str, Any] = {}
        for kind in ("bare", "drawn"):
            own = (
                probes
                if kind == "bare"
                else [masked_all(p, self._cutouts, i) for i, p in enumerate(probes)]
            )
            others = strangers if kind == "bare" else masked_all(strangers, self._cutouts, 0)
            # The strangers hang on to the first person's probes and are told apart by their number.
            tried = self._trial(
                enrolled,
                [
                    *(self._embedder.embed(p) for p in own[:-1]),
                    np.concatenate([self._embedder.embed(own[-1]), self._embedder.embed(others)]),
                ],
            )
            count = sum(map(len, own))
            cosines, person = tried.cosines[:count], tried.person[:count]
            outside = tried.cosines[count:].max(axis=1)
            result[f"celeb5 {kind}"] = {
                "probes": count,
                "right": int(np.sum(cosines.argmax(axis=1) == person)),
                "least_genuine": float(cosines[np.arange(count), person].min()),
                "strangers": len(outside),
                "most_like_stranger": float(outside.max()),
            }
        return result


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=first_words(__doc__))
    parser.add_argument("model", help="a name in models/, or a path without its ending")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--people", choices=("test", "train", "all"), default="test")
    parser.add_argument(
        "--sets", nargs="+", choices=("rmfrd", "lfw", "celeb5"), default=["rmfrd", "lfw", "celeb5"]
    )
    parser.add_argument("--template", choices=("mean", "max"), default="mean")
    parser.add_argument(
        "--enrol-drawn", action="store_true", help="enrol drawn masks too, as the program does"
    )
    parser.add_argument("--cutouts", nargs="+", default=list(CUTOUTS), help="masks drawn on probes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument(
        "--write-table", action="store_true", help="write the table of thresholds into the card"
    )
    parser.add_argument(
        "--write-figures", action="store_true", help="write the figures into the card"
    )
    options = parser.parse_args(arguments)
    if options.write_table and options.people == "test":
        raise ConfigError("thresholds must not come from the test people: add --people train")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write."""
    options = parse(arguments)
    embedder = Embedder.load(options.model, options.threads)
    ruler = Ruler(
        embedder,
        options.data,
        options.people,
        options.template,
        options.enrol_drawn,
        options.cutouts,
    )
    trials: dict[str, Trial] = {}
    for name, protocol in (("rmfrd", ruler.rmfrd), ("lfw", ruler.lfw)):
        if name in options.sets:
            trials |= protocol()
    report: dict[str, Any] = {name: figures(t) for name, t in trials.items()}
    if "threshold" in embedder.card and not options.write_table:
        threshold = threshold_for(embedder.card, 1e-3)
        for name in report:
            report[name] |= at_threshold(trials[name], threshold)
    _show(report, digits=2)
    if "celeb5" in options.sets:
        found = ruler.celeb5()
        _show(found, digits=3)
        report |= found
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    _write_card(options, embedder, trials, report)
    return 0


def _show(report: Mapping[str, Mapping[str, Any]], digits: int) -> None:
    for name, values in report.items():
        shown = (
            f"{k} {v:.{digits}f}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items()
        )
        print(f"{name:16}" + "  ".join(shown), flush=True)


def _write_card(
    options: argparse.Namespace,
    embedder: Embedder,
    trials: Mapping[str, Trial],
    report: dict[str, Any],
) -> None:
    """The table and the figures, as far as they are wanted, into the model's card."""
    made_by = (
        f"python -m monitor.training.identity.verify {Path(options.model).name} --people "
        f"{options.people}"
    )
    made_by += " --enrol-drawn" if options.enrol_drawn else ""
    if options.write_table:
        of = (
            f"single comparisons, {options.people} people of {', '.join(trials)}; the highest "
            f"of the sets"
        )
        value = table(trials) | {"of": of, "command": f"{made_by} --write-table"}
        _into_card(embedder, options.model, "threshold", value)
    if options.write_figures:
        value = report | {"command": f"{made_by} --write-figures"}
        _into_card(embedder, options.model, "figures", value)


def _into_card(embedder: Embedder, model: str, key: str, value: dict[str, Any]) -> None:
    path = cards.amend_card(model_stem(model), **{key: value})
    embedder.card[key] = value
    print(f"{key} written into {path.name}")


if __name__ == "__main__":
    run_main(main)

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
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from monitor.detect.yunet import YuNet
from monitor.engine import model_stem
from monitor.errors import ConfigError
from monitor.faces.align import TEMPLATE, align
from monitor.identity.drawn_masks import STYLES, draw_mask
from monitor.identity.embed import Embedder, normalised
from monitor.identity.match import threshold_for
from monitor.identity.person import templates
from monitor.records import FloatArray, Image
from monitor.training.command import run
from monitor.training.pictures.chips import PICTURES

ENROLLED = 3  # bare pictures of each person
LFW_PEOPLE = 500
FARS = (3e-1, 1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5)
TAIL_MIN = 10  # a threshold needs at least so many strangers' scores above it
CUTOUTS = ("KN95", "N95", "cloth", "surgical", "surgical_blue", "surgical_green")
# no strangers to celeb5
CELEBS_IN_LFW = ("Ben_Affleck", "Elton_John", "Jerry_Seinfeld", "Madonna", "Mindy_Kaling")
SPLIT_BIT = {"lfw": 0, "rmfrd": 1}  # which bit of a name's CRC32 makes a test person
Faces = npt.NDArray[np.uint8]  # (N, 112, 112, 3) BGR


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Probes of several people against everybody's template."""

    cosines: FloatArray  # (probes, people)
    person: npt.NDArray[np.intp]  # (probes,) column of the person whom each probe shows

    @property
    def genuine(self) -> FloatArray:
        return self.cosines[np.arange(len(self.person)), self.person]

    @property
    def impostor(self) -> FloatArray:
        mask = np.ones(self.cosines.shape, bool)
        mask[np.arange(len(self.person)), self.person] = False
        return self.cosines[mask]


def is_test(name: str, dataset: str) -> bool:
    """Whether a person of `lfw` or `rmfrd` never enters training."""
    return bool(zlib.crc32(name.encode()) >> SPLIT_BIT[dataset] & 1)


def chosen(names: Iterable[str], people: str, dataset: str) -> list[str]:
    """The names of one half (`test` or `train`), or `all`."""
    return sorted(n for n in names if people == "all" or is_test(n, dataset) == (people == "test"))


def threshold_at(impostor: FloatArray, far: float) -> float:
    """The cosine above which the share `far` of the strangers' scores lies."""
    ordered = np.sort(impostor)[::-1]
    return float(ordered[min(int(far * len(ordered)), len(ordered) - 1)])


def figures(trial: Trial) -> dict[str, float]:
    """Rank-1 and TAR at FAR 0.1 % and 0.01 %, in per cent, with the counts."""
    if len(trial.person) == 0:
        return {"probes": 0, "people": int(trial.cosines.shape[1])}
    impostor, genuine = trial.impostor, trial.genuine
    result: dict[str, float] = {
        "rank1": 100 * float(np.mean(trial.cosines.argmax(axis=1) == trial.person)),
    }
    for far, label in ((1e-3, "tar_far_0.1"), (1e-4, "tar_far_0.01")):
        result[label] = 100 * float(np.mean(genuine > threshold_at(impostor, far)))
    return result | {
        "probes": len(genuine),
        "people": int(trial.cosines.shape[1]),
        "comparisons": len(impostor),
    }


def at_threshold(trial: Trial, threshold: float) -> dict[str, float]:
    """TAR and FAR in per cent where the threshold was set elsewhere, as in the program."""
    if len(trial.person) == 0:
        return {}
    return {
        "tar_at_card": 100 * float(np.mean(trial.genuine > threshold)),
        "far_at_card": 100 * float(np.mean(trial.impostor > threshold)),
    }


def trial(enrolled: Sequence[FloatArray], probes: Sequence[FloatArray], template: str) -> Trial:
    """Compare.

    Args:
        enrolled: For each person (K, D) embeddings.
        probes: For each person (M, D); M may be 0.
        template: `mean` makes one template of each person's pictures, `max` takes the most similar
            picture.
    """
    if template == "mean":
        enrolled = [normalised(e.mean(axis=0, keepdims=True)) for e in enrolled]
    starts = np.cumsum([0, *map(len, enrolled)])[:-1]
    cosines = np.maximum.reduceat(
        np.concatenate(probes) @ np.concatenate(enrolled).T, starts, axis=1
    )
    return Trial(cosines, np.repeat(np.arange(len(probes)), [len(p) for p in probes]))


class Cutouts:
    """Photographed masks (MaskTheFace templates) laid on aligned faces: unlike those of
    `monitor.identity.drawn_masks`.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._masks = []
        for name in names:
            picture = cv2.imread(str(folder / f"{name}.png"), cv2.IMREAD_UNCHANGED)
            if picture is None or picture.ndim != 3 or picture.shape[2] != 4:
                raise ConfigError(
                    f"{folder / name}.png is missing or has no alpha: see --data and --cutouts"
                )
            rows, columns = np.nonzero(picture[..., 3] > 40)
            self._masks.append(
                picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            )

    def __call__(self, face: Image, number: int) -> Image:
        mask = self._masks[number % len(self._masks)]
        height, width = mask.shape[:2]
        corners = np.array([[0, 0], [width, 0], [0, height]], np.float32)
        places = np.array([[56 - 44, 58], [56 + 44, 58], [56 - 44, 119]], np.float32)
        layer = cv2.warpAffine(
            mask, cv2.getAffineTransform(corners, places), (112, 112), flags=cv2.INTER_AREA
        )
        part = layer[..., 3:].astype(np.float32) / 255
        return (face + (layer[..., :3].astype(np.float32) - face) * part).astype(np.uint8)


def drawn(face: Image, number: int) -> Image:
    """The program's own drawn mask on an aligned face."""
    return draw_mask(face, TEMPLATE, STYLES[number % len(STYLES)])


def pictures(folder: Path) -> list[Path]:
    """The pictures in a folder by name; none where there is no folder."""
    return (
        sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURES)
        if folder.is_dir()
        else []
    )


def read_aligned(paths: Sequence[Path]) -> Faces:
    """Pictures that are aligned already."""
    return _stack([_read(path) for path in paths])


def read_detected(paths: Sequence[Path], detector: YuNet) -> Faces:
    """The largest face of each picture, found and aligned as the program does it; the whole picture
    where none is found.
    """
    faces = []
    for path in paths:
        image = _read(path)
        pad = max(image.shape[:2]) // 4  # tight crops: the detector wants something round the face
        image = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_CONSTANT)  # type: ignore[assignment]
        found = detector.detect(image)
        if len(found):
            best = int((found.boxes[:, 2:] - found.boxes[:, :2]).prod(axis=1).argmax())
            landmarks = None if found.landmarks is None else found.landmarks[best : best + 1]
            faces.append(align(image, found.boxes[best : best + 1], landmarks)[0])
        else:
            height, width = image.shape[:2]
            whole = np.array(
                [[pad * 1.3, pad * 1.3, width - pad * 1.3, height - pad * 1.3]], np.float32
            )
            faces.append(align(image, whole, None)[0])
    return _stack(faces)


def _read(path: Path) -> Image:
    image = cv2.imread(str(path))
    if image is None:
        raise ConfigError(f"picture {path.name} cannot be read: repair or remove it")
    return image  # type: ignore[return-value]


def _stack(faces: list[Image]) -> Faces:
    return np.stack(faces) if faces else np.empty((0, 112, 112, 3), np.uint8)


def _require(folder: Path) -> Path:
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not there: give the folder that holds it with --data")
    return folder


def masked_all(faces: Faces, mask: Callable[[Image, int], Image], seed: int) -> Faces:
    """Each face with one of the masks on."""
    return _stack([mask(face, seed + i) for i, face in enumerate(faces)])


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

    def _enrol(self, faces: Faces) -> FloatArray:
        return self._embedder.embed(faces)

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
        names = chosen((p.name for p in root.iterdir() if p.is_dir()), self._people, "rmfrd")
        names = [n for n in names if len(pictures(root / n / "unmasked")) >= ENROLLED]
        bare = [read_detected(pictures(root / n / "unmasked"), self._detector) for n in names]
        masked = [read_detected(pictures(root / n / "masked"), self._detector) for n in names]
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
            p.name for p in root.iterdir() if p.is_dir() and len(pictures(p)) > ENROLLED
        )[:LFW_PEOPLE]
        faces = [read_aligned(pictures(root / n)) for n in chosen(names, self._people, "lfw")]
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
        enrolled = [read_detected(pictures(root / "train" / n), self._detector) for n in names]
        probes = [read_detected(pictures(root / "val" / n), self._detector) for n in names]
        lfw = _require(self._data / "lfw_aligned")
        people = (p.name for p in lfw.iterdir() if p.is_dir() and p.name not in CELEBS_IN_LFW)
        stranger_names = chosen(people, self._people, "lfw")
        strangers = np.concatenate([read_aligned(pictures(lfw / n)) for n in stranger_names])
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


def table(trials: Mapping[str, Trial]) -> dict[str, list[float]]:
    """Thresholds for the card: for each FAR the highest that any of the sets asks for, where it is
    measured well enough.
    """
    rows: list[tuple[float, float]] = []
    for far in FARS:
        wanted = [
            threshold_at(t.impostor, far)
            for t in trials.values()
            if far * t.impostor.size >= TAIL_MIN
        ]
        if wanted and (not rows or max(wanted) > rows[-1][1]):
            rows.append((far, round(max(wanted), 4)))
    return {"far": [far for far, _ in rows], "threshold": [t for _, t in rows]}


def _into_card(embedder: Embedder, model: str, key: str, value: dict[str, Any]) -> None:
    path = Path(f"{model_stem(model)}.json")
    card = embedder.card | {key: value}
    path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    embedder.card[key] = value
    print(f"{key} written into {path.name}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
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
    arguments = parser.parse_args()
    if arguments.write_table and arguments.people == "test":
        raise ConfigError("thresholds must not come from the test people: add --people train")
    embedder = Embedder.load(arguments.model, arguments.threads)
    ruler = Ruler(
        embedder,
        arguments.data,
        arguments.people,
        arguments.template,
        arguments.enrol_drawn,
        arguments.cutouts,
    )
    trials: dict[str, Trial] = {}
    for name in ("rmfrd", "lfw"):
        if name in arguments.sets:
            trials |= getattr(ruler, name)()
    report: dict[str, Any] = {name: figures(t) for name, t in trials.items()}
    if "threshold" in embedder.card and not arguments.write_table:
        threshold = threshold_for(embedder.card, 1e-3)
        report = {
            name: values | at_threshold(trials[name], threshold) for name, values in report.items()
        }
    for name, values in report.items():
        print(
            f"{name:16}"
            + "  ".join(
                f"{k} {v:.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items()
            ),
            flush=True,
        )
    if "celeb5" in arguments.sets:
        found = ruler.celeb5()
        report |= found
        for name, values in found.items():
            print(
                f"{name:16}"
                + "  ".join(
                    f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}"
                    for k, v in values.items()
                )
            )
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    made_by = (
        f"python -m monitor.training.identity.verify {Path(arguments.model).name} --people "
        f"{arguments.people}"
    )
    made_by += " --enrol-drawn" if arguments.enrol_drawn else ""
    if arguments.write_table:
        of = (
            f"single comparisons, {arguments.people} people of {', '.join(trials)}; the highest "
            f"of the sets"
        )
        _into_card(
            embedder,
            arguments.model,
            "threshold",
            table(trials) | {"of": of, "command": f"{made_by} --write-table"},
        )
    if arguments.write_figures:
        _into_card(
            embedder, arguments.model, "figures", report | {"command": f"{made_by} --write-figures"}
        )
    return 0


if __name__ == "__main__":
    run(main)

"""How right a guess at the gender is: bare, masked, small, by age, race and gender, beside dlib's
network.

The test part of `utkface_aligned` (see `gender.faces`); masked with the photographed masks of
`laid_on.CUTOUTS`, which training never draws, one mask a face.
`python -m monitor.training.gender evaluate` is the command.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from monitor.engine import cardless_session, model_stem
from monitor.errors import ConfigError
from monitor.faces.gender import SURE_MIN, GenderGuesser
from monitor.records import FloatArray
from monitor.training.drawing.laid_on import CUTOUTS, Cutouts, masked_all
from monitor.training.gender.faces import genders, held_out_faces
from monitor.training.learning import cards
from monitor.training.mask import conditions
from monitor.training.pictures.chips import Chip
from monitor.training.pictures.faces import Faces, read_aligned
from monitor.training.report import metrics
from monitor.training.report.pages import markdown_table, plain, write_json, write_text

Answers = Callable[[Faces], FloatArray]  # (N, 2) in the order of GENDERS
SMALL_PX = 40  # a face some metres from the camera
ALIGNED_PX = 100  # longer side of a face's box in an aligned picture
SMOKE_EVERY = 25  # a smoke run takes every 25th face


class DlibGender:
    """dlib's gender network (dnn_gender_classification_v1, CC0) as ONNX: what there was before.

    Input (N, 3, 32, 32) float32 RGB, (value - mean) / 256 with the means of dlib's
    `input_rgb_image`; output (N, 2): female, male. The graph names neither the order nor the cut.
    The order is the one that is right for nine of ten faces; the cut is dlib's
    `get_face_chip_details(shape, 32)` with a padding of 0.2, laid on the standard template by its
    eyes: a square of 93.9 px from (9.6, 23.3). What lies below the aligned picture repeats its last
    row.
    """

    name = "dlib gender-v1"
    MEAN_RGB = np.array([122.782, 117.001, 104.298], np.float32)
    SIDE, LEFT, TOP = 93.9, 9.6, 23.3

    def __init__(self, path: Path) -> None:
        """
        Raises:
            ConfigError: If the file is not there.
        """
        if not path.is_file():
            raise ConfigError(f"{path} is not there: fetch the weights, or leave --baseline out")
        self._session = cardless_session(path)

    def __call__(self, faces_bgr: Faces) -> FloatArray:
        """(N, 112, 112, 3) uint8 BGR to (N, 2) in the order of `GENDERS`."""
        chips = np.stack([self._chip(face) for face in faces_bgr])[..., ::-1].astype(np.float32)
        batch = np.ascontiguousarray(((chips - self.MEAN_RGB) / 256).transpose(0, 3, 1, 2))
        output: FloatArray = self._session.run(None, {"images": batch})[0]
        return np.ascontiguousarray(output[:, ::-1])

    def _chip(self, face: Faces) -> Faces:
        """The square at twice the size, then halved: bilinear sampling alone would skip pixels."""
        factor = 64 / self.SIDE
        matrix = np.array([[factor, 0, -self.LEFT * factor], [0, factor, -self.TOP * factor]])
        large = cv2.warpAffine(
            face, matrix, (64, 64), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(cv2.resize(large, (32, 32), interpolation=cv2.INTER_AREA), np.uint8)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("model", help="the .onnx file, with its card beside it")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="folder that holds utkface_aligned and mask_templates",
    )
    parser.add_argument(
        "--baseline", type=Path, help="dlib's gender-v1.onnx, measured on the same faces"
    )
    parser.add_argument("--summary", type=Path, help="folder for the Markdown")
    parser.add_argument("--name", default="gender", help="of the Markdown file (default: gender)")
    parser.add_argument("--json", type=Path, help="file for all figures")
    parser.add_argument(
        "--write-figures",
        action="store_true",
        help="write the figures as a whole into the model's card",
    )
    parser.add_argument(
        "--smoke", action="store_true", help="one face of twenty-five, to see that all works"
    )


def run(options: argparse.Namespace, command: str) -> int:
    """Measure and write."""
    every = SMOKE_EVERY if options.smoke else 1
    chips = held_out_faces(options.data, every)
    if not chips:
        raise ConfigError(
            f"{options.data / 'utkface_aligned'} has no test faces: give the folder that holds it "
            f"with --data"
        )
    guesser = GenderGuesser.load(options.model)
    faces = looks(chips, Cutouts(options.data / "mask_templates", CUTOUTS))
    answers: dict[str, Answers] = {guesser.name: guesser.probabilities}
    if options.baseline:
        answers[DlibGender.name] = DlibGender(options.baseline)
    result: dict[str, Any] = {"command": command, "faces": len(chips), "models": {}}
    for name, answer in answers.items():
        result["models"][name] = {
            look: figures(chips, answer(pictures)) for look, pictures in faces.items()
        }
        for look, found in result["models"][name].items():
            print(f"{name}, {look}: {found['right']}, AUC {found['auc']:.4f}", flush=True)
    if options.write_figures:
        _into_card(model_stem(options.model), command, result["models"][guesser.name])
    if options.json:
        write_json(options.json, result)
    if options.summary:
        write_text(options.summary / f"{options.name}.md", markdown(result))
    return 0


def _into_card(stem: Path, command: str, found: Mapping[str, Any]) -> None:
    whole = {
        look: {key: part[key] for key in ("right", "sure", "sure_right", "auc")}
        for look, part in found.items()
    }
    cards.amend_card(stem, figures=plain({"command": command, **whole}))


def looks(
    chips: Sequence[Chip], cutouts: Callable[[npt.NDArray[np.uint8], int], npt.NDArray[np.uint8]]
) -> dict[str, Faces]:
    """The faces bare, masked, and both as small as they are from afar."""
    bare = read_aligned([c.path for c in chips])
    masked = masked_all(bare, cutouts, 0)
    return {
        "bare": bare,
        "masked": masked,
        f"bare, {SMALL_PX} px": _small(bare),
        f"masked, {SMALL_PX} px": _small(masked),
    }


def _small(faces: Faces) -> Faces:
    side = round(faces.shape[1] * SMALL_PX / ALIGNED_PX)
    size_wh = (faces.shape[2], faces.shape[1])
    return np.stack(
        [
            cv2.resize(
                cv2.resize(f, (side, side), interpolation=cv2.INTER_AREA),
                size_wh,
                interpolation=cv2.INTER_LINEAR,
            )
            for f in faces
        ]
    )


def figures(chips: Sequence[Chip], confidence: FloatArray) -> dict[str, Any]:
    """Right answers as a whole, of those that are sure, by group and by mask.

    Args:
        chips: (N) named as UTKFace names them.
        confidence: (N, 2) in the order of `GENDERS`.

    Returns:
        `right` and `sure_right` (`metrics.Rate`), `sure` (how many are `SURE_MIN` or surer), `auc`,
        `ece`, `groups` ({race, gender, age: [{group, right}]}) and `masks` ({cut-out: Rate}; by the
        number of the face, so that it says something for masked faces alone).
    """
    truth = genders(chips)
    right = confidence.argmax(axis=1) == truth
    sure = confidence.max(axis=1) >= SURE_MIN
    groups = conditions.by_group(chips, right)
    number = np.arange(len(chips)) % len(CUTOUTS)
    return {
        "right": metrics.rate(right),
        "sure": metrics.rate(sure),
        "sure_right": metrics.rate(right[sure]),
        "auc": float(roc_auc_score(truth, confidence[:, 1]))
        if len(set(truth)) == 2
        else float("nan"),
        "ece": metrics.reliability(truth, confidence)["ece"],
        "groups": {
            name: [{"group": row["group"], "right": row["bare_right"]} for row in rows]
            for name, rows in groups.items()
            if name != "all"
        },
        "masks": {name: metrics.rate(right[number == i]) for i, name in enumerate(CUTOUTS)},
    }


def markdown(result: Mapping[str, Any]) -> str:
    """The summary, without faces."""
    models: Mapping[str, Any] = result["models"]
    first = next(iter(models))
    text = [
        "# Gender, guessed from bare and masked faces\n",
        f"{result['faces']} faces of UTKFace that training never saw; the masks are photographed "
        f"ones that training never drew, "
        "one a face. The answer is a guess from looks by a network that was trained on a "
        "two-valued label, which others gave by "
        "looks as well. It is wrong more often for some groups than for others, as the tables say, "
        "and must not decide anything "
        "about a person. The program shows it only with `[gender] show = true` and never stores "
        "it.\n",
        f"    {result['command']}\n",
        "## As a whole\n",
    ]
    rows = [
        [
            look,
            name,
            found["right"],
            _interval(found["right"]),
            found["auc"],
            100 * found["ece"],
            found["sure"],
            found["sure_right"],
        ]
        for look in models[first]
        for name, found in ((n, m[look]) for n, m in models.items())
    ]
    head = [
        "faces",
        "model",
        "right",
        "95 % interval",
        "AUC",
        "ECE, %",
        f"{SURE_MIN} or surer",
        "of these right",
    ]
    text.append(markdown_table(head, rows))
    for key in models[first]["bare"]["groups"]:
        text.append(f"## {first} by {key}\n")
        by_look = {
            look: {r["group"]: r["right"] for r in found["groups"][key]}
            for look, found in models[first].items()
        }
        rows = [[group, *(by_look[look][group] for look in by_look)] for group in by_look["bare"]]
        text.append(markdown_table([key, *by_look], rows))
    text.append(f"## {first} by mask\n")
    masked = [look for look in models[first] if look.startswith("masked")]
    rows = [[mask, *(models[first][look]["masks"][mask] for look in masked)] for mask in CUTOUTS]
    text.append(markdown_table(["mask", *masked], rows))
    return "\n".join(text)


def _interval(rate: metrics.Rate) -> str:
    low, high = rate.interval
    return f"{100 * low:.1f} to {100 * high:.1f} %"

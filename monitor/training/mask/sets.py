"""Which faces the mask classifier learns from, is watched on and is tested on."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.errors import ConfigError
from monitor.faces.boxes import crop_square
from monitor.training.mask import sources
from monitor.training.pictures import duplicates, pool, splits
from monitor.training.pictures.chips import (
    LABELS,
    Chip,
    leave_sources_out,
    load_data,
    merge_groups,
    split,
)
from monitor.training.pictures.pool import Face
from monitor.training.report import metrics

NOISE_FILE = Path(__file__).with_name("label_noise.csv")


DETECTOR = "face_detection_yunet_2023mar_int8bq.onnx"


SMOKE_FACES = 150


FACE_MIN_PX = 40  # figures are for faces of this size or more


DOOR = ("bare_right", "bare_alarmed", "masked_right", "incorrect_right", "incorrect_alarmed")


@dataclass(frozen=True)
class Sets:
    """What a run trains on, watches and is tested on."""

    train: list[Face]
    validation: list[Face]
    test: dict[str, list[Face]]


def gather(options: argparse.Namespace) -> Sets:
    """Read the pictures and share them out.

    Raises:
        ConfigError: If the pictures cannot be read, or one side of the split is empty.
    """
    chips = load_data(options.data)
    beside = options.data if (options.data / "mask_chips").is_dir() else options.data.parent
    detector = next(
        (
            p
            for p in (Path(options.weights).parent / DETECTOR, Path("weights") / DETECTOR)
            if p.is_file()
        ),
        None,
    )
    if options.smoke:
        chips = chips[:: max(1, len(chips) // SMOKE_FACES)]
    else:
        chips = merge_groups(chips, duplicates.path_pairs(duplicates.find_pairs(chips)))
    test: dict[str, list[Face]] = {}
    left_out: list[Chip] = []
    without = left_out_of(options)
    if without:
        chips, by_source = leave_sources_out(chips, without)
        test |= {source: pool.read(found, None) for source, found in by_source.items()}
        left_out = [chip for found in by_source.values() for chip in found]
    chips = _clean(chips)  # never what is tested on
    # Pictures of UTKFace that are kept for testing must not come in by way of the chips.
    chips = [c for c in chips if c.source != "utkface" or not splits.is_test_utkface(c.original)]
    kept, watched = split(chips, 0.95, options.seed)
    if not kept or not watched:
        raise ConfigError(
            f"no two sides can be made of {len({c.group for c in chips})} original(s), one to "
            f"train on and one to watch, however many copies: add pictures, or try another --seed"
        )
    more: list[Chip] = []
    people = beside / "utkface_aligned"
    if people.is_dir():
        aligned = [replace(c, group=splits.utkface_key(c.original)) for c in pool.aligned(people)]
        held = [c for c in aligned if splits.is_test_utkface(c.original)]
        more += [c for c in aligned if not splits.is_test_utkface(c.original)]
        test["utkface_aligned"] = pool.read(
            held[:: max(1, len(held) // SMOKE_FACES) if options.smoke else 1], None
        )
    if (beside / "lfw_aligned").is_dir():
        more += pool.aligned(beside / "lfw_aligned")
    if (beside / "rmfrd_ids").is_dir():
        more += pool.rmfrd(beside / "rmfrd_ids")
    if options.smoke:
        more = more[:: max(1, len(more) // SMOKE_FACES)]
    train = pool.read([*kept, *more], detector)
    if options.recipe == "mask_v4":
        added = sources.more(beside, without, [*watched, *left_out])
        train += _read_added(added.train[:: SMOKE_FACES if options.smoke else 1], detector)
        test["watched"] = pool.read(added.watched, None)
        for name in sorted({chip.source for chip in added.test}):
            test[name] = pool.read([c for c in added.test if c.source == name], None)
    validation = pool.read(watched, None)
    return Sets(train, validation, test)


def left_out_of(options: argparse.Namespace) -> list[str]:
    """The sources that `--leave-out` names."""
    return [name for name in (options.leave_out or "").split(",") if name]


def donors(train: Sequence[Face]) -> list[Face]:
    """Masked faces whose masks are drawn on others: tight crops end where the mask does."""
    masked = pool.of_label(train, "masked")
    return [f for f in masked if not f.source.startswith("aizoo")]


def _read_added(chips: Sequence[Chip], detector: Path | None) -> list[Face]:
    """The faces of `sources`; all boxes are a detector's or as tight as one."""
    faces = pool.read(chips, detector)
    return [f if f.detected else replace(f, detected=f.chip.box) for f in faces]


def rois(faces: Sequence[Face], size: int, margin: float) -> npt.NDArray[np.uint8]:
    """(N, size, size, 3) uint8 RGB, cropped as the program crops."""
    made = np.empty((len(faces), size, size, 3), np.uint8)
    for i, face in enumerate(faces):
        made[i] = crop_square(face.image, np.array(face.chip.box, np.float32), margin, size)[
            ..., ::-1
        ]
    return made


def figures(faces: Sequence[Face], confidence: npt.NDArray[np.float32]) -> dict[str, Any]:
    """Rates over the faces of `FACE_MIN_PX` or more, as `metrics.door_rates` gives them."""
    big = np.array([f.chip.face_px >= FACE_MIN_PX for f in faces], bool)
    truth = np.array([LABELS.index(f.label) for f in faces], int)
    rates = metrics.door_rates(truth[big], confidence[big], LABELS)
    return {name: rates[name].as_json() for name in (*DOOR, "masked_alarmed") if rates[name].count}


def file_of(chip: Chip) -> str:
    """The chip's name in `label_noise.csv` and in `predictions.npz`: source folder, class folder,
    file.
    """
    return "/".join(chip.path.parts[-3:])


def _clean(chips: Sequence[Chip]) -> list[Chip]:
    """Without the chips that `label_noise.csv` names."""
    if not NOISE_FILE.is_file():
        return list(chips)
    with NOISE_FILE.open(encoding="utf-8", newline="") as file:
        dropped = {row["file"] for row in csv.DictReader(file)}
    return [c for c in chips if file_of(c) not in dropped]


def templates_beside(data: Path) -> Path | None:
    """The folder of photographed masks in `data` or beside it, where there is one."""
    folders = (data / "mask_templates", data.parent / "mask_templates")
    return next((folder for folder in folders if folder.is_dir()), None)

"""The batches and test faces of a comparison: made once, kept in a file where that is wanted."""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from monitor.errors import ConfigError
from monitor.training.drawing import fabric
from monitor.training.learning.stream import Batch, Stream
from monitor.training.mask import batches
from monitor.training.mask.sets import FACE_MIN_PX, gather, rois, templates_beside
from monitor.training.pictures import pool
from monitor.training.pictures.chips import LABELS
from monitor.training.report.pages import output_dir


def prepared(args: argparse.Namespace) -> tuple[list[Batch], dict[str, Any]]:
    """What `prepare` makes, from the file of --prepared when that was made with the same options.

    Raises:
        ConfigError: If the file is no such file, or was made with other options.
    """
    options = json.dumps(
        {
            k: str(getattr(args, k))
            for k in ("data", "leave_out", "size", "margin", "batch", "faces", "seed", "smoke")
        }
    )
    if args.prepared is None or not args.prepared.is_file():
        made, test = prepare(args)
        if args.prepared is not None:
            output_dir(args.prepared.parent)
            parts = {
                f"{part}_{kind}": array
                for part, pair in test.items()
                for kind, array in zip(("rois", "truth"), pair, strict=True)
            }
            rois, labels = (np.stack([batch[i] for batch in made]) for i in (0, 1))
            np.savez(args.prepared, options=options, rois=rois, labels=labels, **parts)
        return made, test
    try:
        with np.load(args.prepared) as file:
            same = str(file["options"]) == options
            stored = {k: file[k] for k in file.files if k != "options"}
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise ConfigError(
            f"{args.prepared} is not what --prepared wrote ({error}): delete it and run again"
        ) from None
    if not same:
        raise ConfigError(
            f"{args.prepared} was made with other options: delete it, or give the same"
        )
    test = {
        part: (stored[f"{part}_rois"], stored[f"{part}_truth"]) for part in ("test", "validation")
    }
    return list(zip(stored["rois"], stored["labels"], strict=True)), test


def prepare(args: argparse.Namespace) -> tuple[list[Batch], dict[str, Any]]:
    """The batches that every network trains on, and the faces of 40 px or more that it is tested
    on.
    """
    sets = gather(args)
    bank = fabric.Bank(templates_beside(args.data), pool.of_label(sets.train, "masked"))
    maker = batches.Maker(
        sets.train, bank, batches.Recipe(args.size, args.margin, args.batch), args.seed
    )
    stream = Stream(maker.batch, 0, max(1, args.faces // args.batch))
    try:
        made = list(stream)
    finally:
        stream.close()
    test: dict[str, Any] = {}
    for part, faces in (("test", sets.test[args.leave_out]), ("validation", sets.validation)):
        large = [f for f in faces if f.chip.face_px >= FACE_MIN_PX]
        truth = np.array([LABELS.index(f.label) for f in large], int)
        test[part] = (rois(large, args.size, args.margin), truth)
    return made, test

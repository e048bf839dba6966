"""Strangers to a recogniser of one's own: people of LFW in three parts that share nobody
(`splits.stranger_part`). One is learnt as "nobody", one sets the threshold, one tests.

Each has bare faces and the same ones covered: with the program's drawn masks, and those that test
with photographed masks that no training here draws.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from monitor.detect.yunet import YuNet
from monitor.errors import ConfigError
from monitor.training.drawing.laid_on import CUTOUTS, Cutouts, drawn, masked_all
from monitor.training.pictures.faces import Faces, pictures_in, read_detected
from monitor.training.pictures.splits import CELEBS_IN_LFW, stranger_part

EACH = 2  # pictures of a person at most
PARTS = ("learnt", "threshold", "test")


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """One part of the strangers."""

    people: int
    bare: Faces  # (N, 112, 112, 3) uint8 BGR
    covered: Faces  # the same faces

    @property
    def faces(self) -> Faces:
        """Both."""
        return np.concatenate([self.bare, self.covered])


@dataclass(frozen=True, slots=True, eq=False)
class Strangers:
    """All three parts."""

    learnt: Crowd
    threshold: Crowd
    test: Crowd

    def summary(self) -> str:
        """One line for the report."""
        told = (
            f"{name}: {len(crowd.bare)} bare faces of {crowd.people} people and the same covered"
            for name in PARTS
            for crowd in (getattr(self, name),)
        )
        return "strangers " + "; ".join(told)


def load(folder: Path, templates: Path, known: Collection[str], limit: int | None) -> Strangers:
    """The strangers of a folder that holds one folder of pictures for each, as lfw_aligned.

    Args:
        folder: Of people of whom nobody is to be named.
        templates: Of photographed masks; drawn ones test where it is not there.
        known: Folders of those who are to be named: left out.
        limit: People of each part at most; None: all.

    Raises:
        ConfigError: If a part is empty, or a picture cannot be read.
    """
    if not folder.is_dir():
        raise ConfigError(f"--strangers {folder} is not there: give a folder of people, as LFW")
    out = {*CELEBS_IN_LFW, *known}
    people = sorted(p for p in folder.iterdir() if p.is_dir() and p.name not in out)
    cutouts = Cutouts(templates, CUTOUTS) if templates.is_dir() else drawn
    parts = {}
    for part in PARTS:
        own = [p for p in people if stranger_part(p.name) == part][:limit]
        paths = [path for person in own for path in pictures_in(person)[:EACH]]
        if not paths:
            raise ConfigError(
                f"--strangers {folder} has too few people: about 30 are needed, each with a folder"
            )
        bare = read_detected(paths, YuNet(confidence_min=0.3, min_face_px=10))
        parts[part] = Crowd(
            len(own), bare, masked_all(bare, cutouts if part == "test" else drawn, 0)
        )
    return Strangers(**parts)

r"""Makes the scenes that our detector learns from, once for all of its trainings.

    python -m monitor.training.detectors.prepare [--data ../shared/data] [--weights weights] \
        [--out runs/detector/scenes] [--scenes 6000]

WEIGHTS is the folder that `get_weights.py` fills. A scene takes 230 kB. Scenes that are there
already are kept, so a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import multiprocessing
import pickle
from dataclasses import fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from monitor.detect.yunet import MODEL
from monitor.training.detectors import gather
from monitor.training.detectors.scenes import Scenes
from monitor.training.detectors.targets import Targets, Teacher

SOURCES = (*gather.ANNOTATED, gather.UNANNOTATED)  # the bits of `sources.npy`
PART = 200  # scenes of one file


def scenes_of(folder: Path, number: int) -> dict[str, npt.NDArray[Any]]:
    """Part `number` of the scenes: the arrays of `Targets`, one scene a row, and `sources`, a bit
    for each of `SOURCES` that a scene has pixels of.
    """
    with np.load(folder / f"{number:04d}.npz") as part:
        return dict(part)


_maker: Scenes  # what the forked processes work with
_teacher: Teacher


def _start() -> None:
    global _teacher
    cv2.setNumThreads(1)
    _teacher = Teacher(MODEL)


def _make_part(job: tuple[Path, int]) -> int:
    path, number = job
    rows, sources = [], []
    for index in range(number * PART, (number + 1) * PART):
        scene = _maker.make(index)
        rows.append(_teacher.targets(scene))
        sources.append(sum(1 << SOURCES.index(name) for name in scene.sources))
    arrays = {f.name: np.stack([getattr(row, f.name) for row in rows]) for f in fields(Targets)}
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, sources=np.array(sources, np.uint8), **arrays)  # type: ignore[arg-type]
    partial.replace(path)
    return number


def main() -> None:
    global _maker
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--out", type=Path, default=Path("runs/detector/scenes"))
    parser.add_argument("--scenes", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    kept = args.out / "wholes.pickle"  # what the teachers found: made by this program, read by it
    if kept.is_file():
        wholes = pickle.loads(kept.read_bytes())
    else:
        wholes = gather.read_wholes(args.data, args.weights)
        kept.write_bytes(pickle.dumps(wholes))
    sure = sum(int(w.known.sure.sum()) for w in wholes)
    unsure = sum(int((~w.known.sure).sum()) for w in wholes)
    print(f"{len(wholes)} whole pictures: {sure} faces, {unsure} doubtful", flush=True)
    portraits, bank = gather.read_portraits(args.data)
    print("portraits:", ", ".join(str(len(group)) for group in portraits), flush=True)
    _maker = Scenes(wholes, portraits, bank, args.seed)
    jobs = [
        (path, number)
        for number in range(args.scenes // PART)
        if not (path := args.out / f"{number:04d}.npz").is_file()
    ]
    with multiprocessing.get_context("fork").Pool(args.workers, _start) as workers:
        for done, _ in enumerate(workers.imap_unordered(_make_part, jobs), start=1):
            print(f"\r{done} of {len(jobs)} parts", end="", flush=True)
    print()


if __name__ == "__main__":
    main()

r"""Puts a trained detector into `models/`, with its card.

    python -m monitor.training.detectors.ship runs/detector/no_andrewmvd \
        --out models/yunet_masked_v1 --part 0.3

What was trained finds more masked faces and loses some bare ones; it is surer of everything, of
hands too. Weights between YuNet's and its own (Wortsman et al.: Robust fine-tuning of zero-shot
models, arXiv:2109.01903) keep both, and a confidence means what it means with YuNet. `--part` is
the part of its own: 1 is what was trained, 0 is YuNet.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from monitor.card import load_card
from monitor.detect.yunet import MODEL
from monitor.training.learning import cards

SETS = (
    "ilc2021_whole",
    "andrewmvd_hd",
    "worn_wrong",
    "mask_chips",
    "aizoo_chips",
    "lfw_aligned",
    "utkface_aligned",
)


def card_of(run: Path) -> dict[str, Any]:
    """What the card says, but for the files and the figures."""
    learnt, yunet = load_card(run / "detector.onnx"), load_card(MODEL)
    left_out = learnt["left_out"]
    sets = ", ".join(name for name in SETS if name != left_out)
    train = "python -m monitor.training.detectors.train"
    return {
        "paper": yunet["paper"],
        "input": yunet["input"],
        "outputs": yunet["outputs"],
        "source": f"yunet.onnx (SHA-256 {yunet['files'][MODEL.name]['sha256']}), trained on by "
        f"monitor/training/detectors/train.py: {learnt['steps']} steps; the first three "
        "stages are YuNet's",
        "data": f"scenes of {sets}, without their "
        "test parts (monitor/training/pictures/splits.py) and the andrewmvd and ilc2021 chips of "
        "mask_chips; teachers: YuNet and CenterFace, both MIT",
        "licence": "MIT; YuNet's weights: MIT, Copyright (c) 2020 Shiqi Yu. Learnt from pictures "
        "of mixed licences, which are not part of this project",
        "libraries": cards.libraries("tensorflow", "keras", "onnx", "opencv-python"),
        "command": "python -m monitor.training.detectors.prepare && "
        + (f"{train} --leave-out {left_out}" if left_out else train),
    }


def blended(source: Path, out: Path, part: float) -> None:
    """Write weights between YuNet's and those of the network at `source` to `out`."""
    yunet = {one.name: one for one in onnx.load(MODEL).graph.initializer}
    file = onnx.load(source)
    for one in file.graph.initializer:
        own = numpy_helper.to_array(one)
        if own.dtype == np.float32:
            first = numpy_helper.to_array(yunet[one.name])
            mixed = ((1 - part) * first + part * own).astype(np.float32)
            one.CopyFrom(numpy_helper.from_array(mixed, one.name))
    onnx.save(file, out)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a training")
    parser.add_argument("--out", type=Path, default=Path("models/yunet_masked_v1"))
    parser.add_argument("--part", type=float, default=0.3)
    args = parser.parse_args()
    path = args.out.with_suffix(".onnx")
    blended(args.run / "detector.onnx", path, args.part)
    card = {"task": "detector", "files": cards.files_of(path), **card_of(args.run)}
    card["part"] = args.part
    # figures are measured on the file that lies there, and put in afterwards
    print(cards.write_card(args.out, card, keep=("figures",)))


if __name__ == "__main__":
    main()

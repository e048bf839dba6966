r"""Puts a trained detector into `models/`, with its card.

python -m monitor.training.detectors.ship runs/detector/all --out models/yunet_masked_v1
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


def calmed(source: Path, out: Path, by: float) -> None:
    """Write the network at `source` to `out`, `by` taken off the logit of objectness."""
    file = onnx.load(source)
    for one in file.graph.initializer:
        if "multi_level_obj" in one.name and one.name.endswith("conv2.bias"):
            less = numpy_helper.to_array(one) - np.float32(by)
            one.CopyFrom(numpy_helper.from_array(less, one.name))
    onnx.save(file, out)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a training")
    parser.add_argument("--out", type=Path, default=Path("models/yunet_masked_v1"))
    parser.add_argument("--calmer", type=float, default=0.0)
    args = parser.parse_args()
    path = args.out.with_suffix(".onnx")
    calmed(args.run / "detector.onnx", path, args.calmer)
    card = {"task": "detector", "files": cards.files_of(path), **card_of(args.run)}
    card["calmer"] = args.calmer
    # figures are measured on the file that lies there, and put in afterwards
    print(cards.write_card(args.out, card, keep=("figures",)))


if __name__ == "__main__":
    main()

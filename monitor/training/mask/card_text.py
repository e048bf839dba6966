"""What the card of the mask classifier tells people: sources, licences, split, figures."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

# written by `choose_bias` for what the recipe mask_v4 learns from ImageNet's weights
UNSEEN_FILE = Path(__file__).with_name("unseen.json")

LICENCE = (
    "MIT (the weights). They were learnt from pictures of mixed licences, most of them from the "
    "web; "
    "the pictures are not part of this project."
)
SOURCES = {
    "start": "ImageNet weights of keras.applications (Apache-2.0)",
    "chandrika": "chandrikadeb7/Face-Mask-Detection (MIT)",
    "ashish12k": "Kaggle, face mask 12k (licence of the pictures unknown)",
    "andrewmvd": "Kaggle andrewmvd/face-mask-detection (CC0 as stated by others)",
    "maskedfacenet": "MaskedFace-Net, masks pasted on (licence of the pictures mixed)",
    "masktypes": "web pictures of masks of many kinds (licences unknown)",
    "ilc2021": "ilc2021, real pictures with boxes drawn by hand (licences unknown)",
    "utkface, utkface_aligned": "UTKFace (non-commercial research)",
    "lfw_aligned": "LFW deepfunneled",
    "rmfrd_ids": "RMFRD subset, all 140 people (CRC32 of each name is even)",
    "mask_templates": "MaskTheFace (MIT), drawn on bare faces",
}
# what the recipe mask_v4 learns from besides
MORE_SOURCES = {
    "aizoo_chips": "crops of WIDER FACE and MAFA (licences of the pictures unknown), some labels "
    "put right by eye: monitor/training/mask/labels",
    "worn_wrong": "web pictures of masks worn wrong (licences unknown), sorted by eye",
    "ilc2021_whole": "whole pictures of ilc2021, cut out by the live detector",
    "andrewmvd_hd": "pictures of andrewmvd at a higher resolution, annotated anew by others",
}
MORE_SPLIT = (
    "; aizoo_chips and worn_wrong: a fifth by CRC32 of the original's name is tested on, a tenth "
    "of the rest watched, and what shows the same person as a test face takes part in nothing; "
    "ilc2021_whole and andrewmvd_hd: a tenth of the pictures is tested on"
)
SPLIT = (
    "by original picture, person and near duplicate (perceptual hash): 95 % train, 5 % validation, "
    "by SHA-256 of the seed and "
    "the group's name; utkface_aligned and the same pictures in mask_chips/utkface: 4 tenths by "
    "CRC32 of the number in the "
    "file name never trained on; rmfrd_ids: people with an odd CRC32 of the name never trained on "
    "(all 140 here are even)"
)


def _network(options: argparse.Namespace) -> str:
    frozen = (
        f", batch normalisation and the first {options.freeze} blocks as on ImageNet"
        if str(options.weights) != "none"
        else ""
    )
    paper = " 1.0, arXiv:1801.04381" if options.network == "mobilenetv2" else ""
    return f"{options.network}{paper}{frozen}"


def card_text(about: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """What the card tells people."""
    more = options.recipe == "mask_v4"
    trained = str(options.weights).endswith(".keras")
    start = {"start": "the network given with --weights, and what it learnt from"}
    kept = {
        k: about[k]
        for k in ("command", "temperature", "minutes", "steps", "recipe", "counts", "figures")
    }
    return {
        "network": _network(options),
        "licence": LICENCE,
        "sources": SOURCES | (MORE_SOURCES if more else {}) | (start if trained else {}),
        "split": SPLIT + MORE_SPLIT * more,
        "seed": options.seed,
        "decision": {
            "rule": "the largest probability",
            "logit_bias": list(options.bias),
            "chosen_by": "monitor.training.mask.choose_bias on sources left out of training",
        },
        "figures_of_sources_left_out": json.loads(UNSEEN_FILE.read_text(encoding="utf-8"))
        if UNSEEN_FILE.is_file() and more and not trained
        else None,
        **kept,
    }

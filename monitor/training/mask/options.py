"""What `python -m monitor.training.mask.train` takes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from monitor.errors import ConfigError
from monitor.training.learning import listed
from monitor.training.mask import batches
from monitor.training.pictures.chips import (
    LABELS,
)

# Chosen by `choose_bias` from the runs that left out andrewmvd and ilc2021.
BIAS = (0.0, 0.25, -0.75)


TEMPERATURE = 0.918


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        description="Train the mask classifier.", prog="python -m monitor.training.mask.train"
    )
    p.add_argument("--data", type=Path, required=True, help="folder of the pictures")
    p.add_argument(
        "--weights",
        default="imagenet",
        help="imagenet, none, or the path of a weight file (default: %(default)s)",
    )
    p.add_argument(
        "--out", type=Path, help="where the model goes, without suffix, e.g. models/mask_v3"
    )
    p.add_argument(
        "--leave-out",
        metavar="SOURCES",
        help="train without these sources (with commas) and test on them",
    )
    p.add_argument(
        "--network",
        default=listed.SHIPPED,
        help=f"{', '.join(listed.names())} (default: %(default)s)",
    )
    p.add_argument(
        "--recipe",
        choices=sorted(batches.RECIPES),
        default="mask_v3",
        help="proportions and sources of which shipped model (default: %(default)s)",
    )
    p.add_argument("--name", help="folder under runs/ (default: made of the options)")
    p.add_argument("--smoke", action="store_true", help="a tiny run, to see that all works")
    _add_numbers(p)
    workers = p.add_argument_group("several workers")
    workers.add_argument(
        "--devices",
        type=int,
        default=1,
        help="copies of the network in this process, on as many GPUs or parts of the processor",
    )
    workers.add_argument(
        "--cluster",
        type=lambda text: text.split(","),
        default=[],
        metavar="HOST:PORT,HOST:PORT",
        help="several processes, the same in each; runs/ must be the same folder for all",
    )
    workers.add_argument(
        "--index", type=int, default=0, help="this process's place in --cluster; 0 writes the model"
    )
    return p


def _add_numbers(p: argparse.ArgumentParser) -> None:
    """The recipe: how much of what."""
    for name, kind, default, words in (
        ("--first-epochs", int, 8, "epochs before the others, mobilenetv2 at --first-size"),
        ("--first-size", int, 96, "input side of these, in pixels"),
        ("--epochs", int, 3, "epochs of --epoch-steps batches, 0 for those at --first-size alone"),
        ("--epoch-steps", int, 250, "batches an epoch"),
        ("--size", int, 128, "input side in pixels"),
        ("--margin", float, 0.2, "added to the box's longer side"),
        ("--batch", int, 64, "faces a batch"),
        ("--rate", float, 5e-4, "highest learning rate"),
        ("--average", float, 0.998, "momentum of the averaged weights, less for short runs"),
        ("--freeze", int, 3, "first blocks of a pretrained MobileNetV2 that stay as they are"),
        ("--seed", int, 0, "of weights, batches and split"),
        ("--temperature", float, TEMPERATURE, "of the exported model"),
    ):
        p.add_argument(name, type=kind, default=default, help=f"{words} (default: %(default)s)")
    p.add_argument(
        "--bias",
        type=float,
        nargs=3,
        default=BIAS,
        help=f"added to the logits of {', '.join(LABELS)} (default: %(default)s)",
    )


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line, looked over.

    Raises:
        ConfigError: If a number is too small.
    """
    options = parser().parse_args(arguments)
    if options.out is None and options.leave_out is None:
        parser().error("give --out PATH, or --leave-out SOURCE")
    least = {
        "epochs": 0 if options.first_epochs > 0 else 1,
        "first_epochs": 0,
        "epoch_steps": 1,
        "size": 32,
        "first_size": 32,
        "batch": 4,
        "devices": 1,
        "index": 0,
    }
    for name, low in least.items():
        if getattr(options, name) < low:
            raise ConfigError(
                f"--{name.replace('_', '-')} must be {low} or more, not {getattr(options, name)}"
            )
    if options.cluster and options.devices > 1:
        raise ConfigError("give --devices or --cluster, not both")
    copies = len(options.cluster) or options.devices
    if options.batch % copies:
        raise ConfigError(f"--batch {options.batch} cannot be divided among {copies} workers")
    if options.smoke:
        options.first_epochs = min(1, options.first_epochs)
        options.epochs, options.epoch_steps, options.batch = min(1, options.epochs), 3, 16
    return options

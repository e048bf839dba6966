r"""Train the network that guesses the gender of bare and masked faces, and measure it.

    python -m monitor.training.gender train --data ../shared/data \
        --weights weights/mobilenet_v2_imagenet_notop.weights.h5 --teacher models/sface \
        --guesses weights/gender-v1.onnx --out models/gender_v4 --steps 1800 --size 160
    python -m monitor.training.gender evaluate models/gender_v4.onnx --data ../shared/data \
        --baseline weights/gender-v1.onnx --write-figures \
        --summary docs/training --name gender --json docs/training/gender.json
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from monitor.training.command import first_words, run_main, typed
from monitor.training.gender import evaluate, train


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m monitor.training.gender", description=first_words(__doc__)
    )
    commands = parser.add_subparsers(dest="command", required=True)
    train.add_arguments(commands.add_parser("train", help="train and export"))
    evaluate.add_arguments(commands.add_parser("evaluate", help="measure a model on the test part"))
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train or evaluate."""
    options = parse(arguments)
    run = {"train": train.run, "evaluate": evaluate.run}[options.command]
    return run(options, typed("gender", arguments))


if __name__ == "__main__":
    run_main(main)

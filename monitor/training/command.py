"""What the commands of this package share: how they begin, what they are called, how they end."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from monitor.errors import MonitorError


def quiet_tensorflow() -> None:
    """Keep TensorFlow's start-up lines off the screen; call before it is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def first_words(doc: str | None) -> str:
    """The first paragraph of a module's docstring in one line: what `--help` begins with."""
    return " ".join((doc or "").split("\n\n")[0].split())


def typed(module: str, argv: Sequence[str] | None) -> str:
    """The command line as it was typed, for reports and cards.

    Args:
        module: Below `monitor.training`, for instance "mask.train".
        argv: What stood behind it; None: what this process was called with.
    """
    return (
        f"python -m monitor.training.{module} {shlex.join(sys.argv[1:] if argv is None else argv)}"
    )


def run_main(main: Callable[[], int]) -> NoReturn:
    """Run a command's main and leave the process with its status; a `MonitorError` becomes one line
    on stderr.
    """
    try:
        sys.exit(main())
    except MonitorError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)


def sface_options() -> argparse.ArgumentParser:
    """What every training asks for that goes on from SFace, as a parent of its parser."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of lfw_aligned, rmfrd_ids, utkface_aligned"
    )
    parser.add_argument(
        "--weights",
        type=Path,
        required=True,
        help="SFace as .keras, from shared/weights/get_weights.py",
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="where the .keras file goes, without ending"
    )
    return parser

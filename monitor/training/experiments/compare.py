r"""Compare the networks of the papers on one split: the same faces, the same loop, the same time.

    python -m monitor.training.experiments.compare --data ../shared/data --minutes 1.5 --out \
        runs/compare --summary docs/training

trains each network of `listed.names` for `--minutes` with the parts of `train_mask` (its
pictures, drawn masks, loss and schedule), tests it on a source that none has seen (`--leave-out`),
and measures parameters, file size and ONNX Runtime's time a face. The batches are made once, before
the first network, so that each sees the same and no network waits for pictures; one that is through
with them begins again. Pretrained weights are taken where this machine has them, and each row says
what was cut short. With the defaults it takes about 20 minutes on two cores and 6 GB.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monitor.errors import ConfigError
from monitor.training.command import quiet_tensorflow, run_main, typed
from monitor.training.experiments import compare_report
from monitor.training.experiments.one_network import Job, train
from monitor.training.experiments.prepared import prepared
from monitor.training.learning import listed


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="python -m monitor.training.experiments.compare",
        description="Compare the networks on one split.",
    )
    p.add_argument(
        "--data", type=Path, required=True, help="folder of the pictures, as for mask.train"
    )
    p.add_argument(
        "--networks", default=",".join(listed.names()), help="which, with commas (default: all)"
    )
    p.add_argument(
        "--until",
        metavar="HH:MM",
        help="UTC; networks that could not begin before are left out and named",
    )
    p.add_argument(
        "--leave-out",
        default="ilc2021",
        help="source that is tested on and never trained on (default: %(default)s)",
    )
    for name, kind, default, words in (
        ("--minutes", float, 2, "training time of each"),
        ("--size", int, 128, "input side in px of the published networks"),
        ("--margin", float, 0.3, "added to the box's longer side"),
        ("--batch", int, 32, "faces a batch"),
        ("--faces", int, 12000, "faces that are made to train on"),
        ("--rate", float, 5e-4, "highest learning rate"),
        ("--freeze", int, 3, "first blocks of a pretrained MobileNetV2 that stay as they are"),
        ("--seed", int, 0, "of weights, batches and split"),
    ):
        p.add_argument(name, type=kind, default=default, help=f"{words} (default: %(default)s)")
    p.add_argument(
        "--bn-as-seen",
        action="store_true",
        help="leave batch normalisation's running statistics as training left them",
    )
    p.add_argument(
        "--out",
        type=Path,
        default=Path("runs/compare"),
        help="folder for comparison.json (default: %(default)s)",
    )
    p.add_argument("--summary", type=Path, help="folder for comparison.md and .json to keep")
    p.add_argument(
        "--prepared",
        type=Path,
        help="file (.npz) that keeps the batches and the test faces; read if it is there",
    )
    p.add_argument("--prepare-only", action="store_true", help="write --prepared and stop")
    p.add_argument(
        "--add",
        action="store_true",
        help="add to the comparison in --out; networks named again take the new figures",
    )
    p.add_argument("--smoke", action="store_true", help="a tiny run, to see that all works")
    p.set_defaults(weights="imagenet")
    return p


def _deadline(text: str | None) -> float:
    """UTC time of day as seconds since the epoch; infinity without one. A time that has passed is
    tomorrow's.
    """
    if text is None:
        return float("inf")
    try:
        hour, minute = (int(v) for v in text.split(":"))
    except ValueError:
        raise ConfigError(f"--until {text} is no time of day: give it as 01:05") from None
    now = time.time()
    return now + (hour * 3600 + minute * 60 - now % 86400) % 86400


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    args = parser().parse_args(argv)
    command = typed("experiments.compare", argv)
    names = [n for n in args.networks.split(",") if n]
    if args.smoke:
        args.minutes, args.faces = 0.05, 4 * args.batch
    unknown = sorted(set(names) - set(listed.names()))
    if unknown:
        raise ConfigError(f"unknown network {', '.join(unknown)}: use {', '.join(listed.names())}")
    deadline = _deadline(args.until)
    before: dict[str, Any] = (
        compare_report.earlier(args.out / "comparison.json", names)
        if args.add
        else {"rows": [], "not_run": [], "command": ""}
    )
    if args.prepare_only and not args.prepared:
        raise ConfigError("--prepare-only wants --prepared FILE, the place to keep what it makes")
    made, test = prepared(args)
    if args.prepare_only:
        return 0

    quiet_tensorflow()
    from monitor.training.learning import networks

    rows: list[dict[str, Any]] = list(before["rows"])
    skipped: list[str] = list(before["not_run"])
    command = f"{before['command']}\n    {command}" if args.add else command
    jobs = [(n, "imagenet" if networks.imagenet_file(n) else "none") for n in names]
    # What the start is worth: MobileNetV2 once more as the others have to begin.
    jobs += [("mobilenetv2", "none")] if ("mobilenetv2", "imagenet") in jobs else []
    for name, weights in jobs:
        if time.time() + args.minutes * 60 > deadline:
            skipped.append(
                name
                if (name, weights) == jobs[names.index(name)]
                else f"{name} from random weights"
            )
            continue
        # the papers' own networks at their own size, in which pretraining has no say
        info = listed.infos()[name]
        size = args.size if info.files else info.size
        rows.append(train(Job(name, weights, size, args.minutes), made, test, args))
        print(
            f"{name} ({rows[-1]['weights']}): "
            f"{json.dumps({k: v for k, v in rows[-1].items() if not k.endswith('door')})}",
            flush=True,
        )
        compare_report.write(args, rows, skipped, command, len(made) * args.batch)
    compare_report.write(args, rows, skipped, command, len(made) * args.batch)
    print(compare_report.table(rows, args.leave_out))
    return 0


if __name__ == "__main__":
    run_main(main)

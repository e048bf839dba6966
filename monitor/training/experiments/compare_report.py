"""The comparison of networks as files: what `compare` measured, written after every network and
gone on with later.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monitor.errors import ConfigError
from monitor.training.report.pages import markdown_table, output_dir, write_json, write_text


def table(rows: Sequence[dict[str, Any]], left_out: str) -> str:
    """The comparison as Markdown."""
    head = [
        "network",
        "weights",
        "px",
        f"accuracy on {left_out}",
        "macro F1",
        "accuracy on held-out",
        "macro F1",
        "parameters",
    ]
    head += ["ONNX MB", "ms a face, batch 1", "batch 8", "training s", "cut short"]
    body = [
        [
            r["network"],
            r["weights"],
            r["size"],
            f"{100 * r['test_accuracy']:.1f} %",
            r["test_macro_f1"],
            f"{100 * r['validation_accuracy']:.1f} %",
            r["validation_macro_f1"],
            f"{r['parameters']:,}",
            f"{r['onnx_mb']:.1f}",
            f"{r['ms_batch_1']:.2f}",
            f"{r['ms_batch_8']:.2f}",
            r["training_s"],
            r["cut_short"],
        ]
        for r in rows
    ]
    return markdown_table(head, body)


def earlier(path: Path, names: Sequence[str]) -> dict[str, Any]:
    """What a comparison that is there holds, without the networks that are run again.

    Raises:
        ConfigError: If there is none.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        kept = [row for row in found["rows"] if row["network"] not in names]
        left = [name for name in found["not_run"] if name not in names]
        return {"rows": kept, "not_run": left, "command": found["command"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"--add wants an earlier comparison at {path} ({error!r}): run without --add first"
        ) from None


def write(
    args: argparse.Namespace,
    rows: Sequence[dict[str, Any]],
    skipped: Sequence[str],
    command: str,
    faces: int,
) -> None:
    """`comparison.json`, and with --summary `comparison.md`: after every network, so that a stop
    loses nothing.
    """
    result = {
        "command": command,
        "left_out": args.leave_out,
        "rows": list(rows),
        "not_run": list(skipped),
    }
    write_json(output_dir(args.out) / "comparison.json", result)
    if not args.summary:
        return
    write_json(args.summary / "comparison.json", result)
    first = rows[0]
    text = (
        f"# Networks compared\n\n    {command}\n\nEach was trained for as long as its row says on "
        f"two cores with batches of {args.batch} "
        f"out of the same {faces} faces (masks drawn on, live crops, camera faults, as "
        f"`train_mask` makes them), with one schedule and "
        f"one seed, and tested on the {first['test_count']} faces of 40 px or more of "
        f"{args.leave_out}, which none was trained on, and on "
        f"{first['validation_count']} held-out faces of the other sources. Times are ONNX "
        f"Runtime's on two threads.\n\n"
        f"{table(rows, args.leave_out)}"
    )
    if skipped:
        text += f"\nNot run for lack of time: {', '.join(skipped)}.\n"
    write_text(args.summary / "comparison.md", text)

r"""Leave-one-source-out: train without each source, test on it.

    python -m monitor.training.mask.evaluate - ../shared/data --leave-one-out --source \
        ilc2021,andrewmvd

calls `train_mask --leave-out SOURCE` for each source (all, without `--source`) and collects its
figures in one table. A run that is there is read and not repeated, so a command that was stopped
goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.errors import ConfigError, MonitorError
from monitor.training.pictures.chips import load_data
from monitor.training.report.pages import markdown_table, write_json, write_text

RUNS = Path("runs")  # as train_mask has it
COLUMNS = {
    "bare_right": "bare right",
    "masked_right": "masked right",
    "incorrect_alarmed": "worn wrong alarmed",
    "incorrect_right": "worn wrong right",
}


class TrainingError(MonitorError):
    """A training ended with an error."""


def train_without(source: str, data: Path, extra: Sequence[str]) -> dict[str, Any]:
    """Figures of a model that never saw `source`, trained now unless its run is there.

    Args:
        source: As the chips name it.
        data: As `train_mask --data` takes it.
        extra: Further arguments of `train_mask`.

    Returns:
        What the run's `figures.json` holds.

    Raises:
        TrainingError: If the training fails; what it said stands above.
    """
    name = f"without-{source}"
    path = RUNS / name / "figures.json"
    if not path.is_file():
        command = [
            sys.executable,
            "-m",
            "monitor.training.mask.train",
            "--data",
            str(data),
            "--leave-out",
            source,
        ]
        done = subprocess.run([*command, "--name", name, *extra])
        if done.returncode or not path.is_file():
            raise TrainingError(
                f"the training without {source} ended with status {done.returncode}: see above, "
                f"then run again"
            )
    figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return figures


def rate_text(rate: Mapping[str, Any] | None) -> str:
    """A rate with its counts, or a dash."""
    return (
        f"{100 * rate['value']:.1f} % ({rate['hits']}/{rate['count']})"
        if rate and rate["count"]
        else "-"
    )


def table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Source by source, as Markdown."""
    rows = [
        [s, *(rate_text(r["figures"].get(s, {}).get(k)) for k in COLUMNS)]
        for s, r in results.items()
    ]
    return markdown_table(["left out and tested on", *COLUMNS.values()], rows)


def report(args: argparse.Namespace, sources: Sequence[str], command: str) -> int:
    """`evaluate --leave-one-out`.

    Raises:
        ConfigError: If a source is unknown.
    """
    known = sorted({c.source for c in load_data(args.data)})
    unknown = set(sources) - set(known)
    if unknown:
        raise ConfigError(
            f"no pictures of source {', '.join(sorted(unknown))}: choose among {', '.join(known)}"
        )
    results = {
        s: train_without(s, args.data, shlex.split(args.train_args)) for s in sources or known
    }
    text = (
        f"# Leave one source out\n\nFaces of 40 px or more, boxes given.\n\n    "
        f"{command}\n\n{table(results)}"
    )
    print(text)
    if args.summary:
        write_text(args.summary / f"{args.name}.md", text)
    for path in (args.json, args.out / "leave_one_out.json" if args.out else None):
        if path:
            write_json(
                path, {"command": command, "sources": {s: r["figures"] for s, r in results.items()}}
            )
    return 0

"""Each network beside its paper: the figure that the paper reports, how much of its training ours
had, and whether the curve was still rising.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.training.experiments import paper
from monitor.training.report.pages import markdown_table

Result = Mapping[str, Any]
NEAR = 3.0  # points below the paper that count as reaching it
RISING = 0.5  # points in a curve's last pass that count as still learning
GUESSING = 5.0  # points above the largest class's share within which nothing was learnt
ABOUT = """The papers themselves are not at hand: their figures are those that were told when this
project began, and `-` is one that was not told (`reached` is then 97 % or more, else three points
below the paper). `of its epochs`: the passes that ours had, of those in the paper. `last pass`: how
far the accuracy on the papers' terms moved in it; the charts have the whole curve.
"""


def table(results: Sequence[Result], titles: Mapping[str, str]) -> str:
    """A row for each network that was fed as its paper says.

    Args:
        results: Of `all`, in the order of the rows.
        titles: Of the tasks, by name.
    """
    head = ["network", "task", "weights", "ours", "the paper", "difference", "of its epochs"]
    body = [
        row(r, titles[r["job"]["task"]])
        for r in results
        if r["job"]["preprocessing"] == paper.info_of(r["job"]["network"]).preprocessing
    ]
    return f"{ABOUT}\n{markdown_table([*head, 'last pass', 'why'], body)}"


def row(result: Result, task: str) -> list[object]:
    """One row of it."""
    job = result["job"]
    info = paper.info_of(job["network"])
    ours = 100 * result["tests"]["papers"]["right"]["value"]
    theirs = info.reported.get(job["task"])
    moved = last_pass(result)
    passes = f"{result['passes']:.2g} of {info.epochs}" if info.epochs else None
    return [
        *(info.title, task.lower(), job["start"], f"{ours:.1f} %"),
        None if theirs is None else f"{theirs:g} %",
        None if theirs is None else f"{ours - theirs:+.1f}",
        passes,
        None if moved is None else f"{moved:+.1f}",
        why(result),
    ]


def last_pass(result: Result) -> float | None:
    """Points that the accuracy on the papers' terms moved in the last pass; None without two."""
    curve = result["curve"]
    if len(curve) < 2:
        return None
    return float(100 * (curve[-1]["test_accuracy"] - curve[-2]["test_accuracy"]))


def why(result: Result) -> str:
    """What is to be known of a network that does not reach its paper, or "reached".

    Of a paper whose figure is not at hand the best is taken that a share can be.
    """
    job, test = result["job"], result["tests"]["papers"]
    info = paper.info_of(job["network"])
    ours = 100 * test["right"]["value"]
    if ours >= info.reported.get(job["task"], 100.0) - NEAR:
        return "reached"
    counts = [one["support"] for one in test["classes"].values()]
    parts = []
    if ours <= 100 * max(counts) / sum(counts) + GUESSING:
        parts.append("has learnt next to nothing yet")
    if info.epochs and result["passes"] < info.epochs:
        parts.append(f"{100 * result['passes'] / info.epochs:.0f} % of the paper's passes")
    moved = last_pass(result)
    if moved is not None and moved >= RISING:
        parts.append("still rising")
    if info.backbone and job["start"] == paper.RANDOM:
        parts.append("its backbone begins at random, not at ImageNet's weights")
    parts.append(f"{result['learnt']} pictures to learn from")
    return "; ".join(parts)

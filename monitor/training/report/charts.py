"""Charts of the evaluation: figures in, matplotlib figures out. Every line has its own colour and
its own dashes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from monitor.training.report.metrics import Rate
from monitor.training.report.pages import COLOURS, LINES

_KEYS = {
    "bare_right": ("bare right", COLOURS["unmasked"], "-"),
    "masked_right": ("masked right", COLOURS["masked"], "--"),
    "incorrect_alarmed": ("worn wrong alarmed", COLOURS["incorrect"], "-."),
}


def confusion(matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> Figure:
    """Confusion matrix with counts and row percentages."""
    counts = np.array(matrix)
    part = counts / counts.sum(axis=1, keepdims=True).clip(1)
    figure, axes = plt.subplots(figsize=(4.8, 4.2))
    axes.imshow(part, cmap="Blues", vmin=0, vmax=1)
    for i in range(len(classes)):
        for j in range(len(classes)):
            colour = "white" if part[i, j] > 0.5 else "black"
            axes.text(
                j,
                i,
                f"{counts[i, j]}\n{100 * part[i, j]:.1f} %",
                ha="center",
                va="center",
                color=colour,
            )
    axes.set_xticks(range(len(classes)), list(classes))
    axes.set_yticks(range(len(classes)), list(classes))
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")
    return figure


def roc(curves: Mapping[str, Mapping[str, Any]]) -> Figure:
    """ROC curves; the false alarm rate is logarithmic, as at a door only its low end matters."""
    figure, axes = plt.subplots(figsize=(5.5, 4.5))
    for name, curve in curves.items():
        label = "alarm against masked" if name == "alarm" else f"{name} against the rest"
        x = np.maximum(curve["false_positive_rate"], 1e-4)
        axes.plot(
            x,
            curve["true_positive_rate"],
            LINES.get(name, ":"),
            color=COLOURS.get(name, "#0072B2"),
            label=f"{label}, AUC {curve['auc']:.4f}",
        )
    axes.set_xscale("log")
    axes.set_xlim(1e-4, 1)
    axes.set_ylim(0.5, 1.005)
    axes.set_xlabel("false positive rate")
    axes.set_ylabel("true positive rate")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    return figure


def reliability(before: Mapping[str, Any], after: Mapping[str, Any], temperature: float) -> Figure:
    """Accuracy against confidence before and after temperature scaling."""
    figure, axes = plt.subplots(figsize=(4.8, 4.5))
    axes.plot([0.3, 1], [0.3, 1], color="#999", linewidth=1)
    for curve, label, style in (
        (before, "as trained", "o--"),
        (after, f"temperature {temperature:.2f}", "s-"),
    ):
        x = [p["confidence"] for p in curve["curve"]]
        y = [p["accuracy"] for p in curve["curve"]]
        axes.plot(x, y, style, label=f"{label}, ECE {100 * curve['ece']:.2f} %")
    axes.set_xlabel("confidence")
    axes.set_ylabel("accuracy")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def rates(rows: Sequence[Mapping[str, Any]], key: str, x_label: str, log: bool = False) -> Figure:
    """The three door rates against a condition, with 95 % intervals."""
    figure, axes = plt.subplots(figsize=(6.5, 4))
    for name, (label, colour, line) in _KEYS.items():
        points = [(row[key], row[name]) for row in rows if row[name].count]
        if points:
            x, y = [p[0] for p in points], [100 * p[1].value for p in points]
            spread = np.array(
                [
                    [100 * (p[1].value - p[1].interval[0]), 100 * (p[1].interval[1] - p[1].value)]
                    for p in points
                ]
            )
            axes.errorbar(
                x,
                y,
                spread.T.clip(0),
                fmt="o" + line,
                color=colour,
                label=f"{label} ({points[0][1].count})",
                capsize=2,
                markersize=4,
            )
    if log:
        axes.set_xscale("log", base=2)
        ticks = [row[key] for row in rows]
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
        axes.minorticks_off()
    axes.set_xlabel(x_label)
    axes.set_ylabel("per cent")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def groups(by_group: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Bare-face recall of each group with its interval, the whole as a line, one point below it as
    another.
    """
    rows = [row for part in by_group.values() for row in part]
    whole: Rate = by_group["all"][0]["bare_right"]
    figure, axes = plt.subplots(figsize=(7, 0.28 * len(rows) + 1))
    for i, row in enumerate(rows):
        part: Rate = row["bare_right"]
        low, high = part.interval
        axes.plot([100 * low, 100 * high], [i, i], color="#0072B2")
        axes.plot(
            [100 * part.value],
            [i],
            "o",
            color="#0072B2" if row["points_below"] <= 1 else COLOURS["unmasked"],
        )
    axes.axvline(100 * whole.value, color="#777", linewidth=1)
    axes.axvline(100 * whole.value - 1, color="#777", linewidth=1, linestyle=":")
    axes.set_yticks(
        range(len(rows)), [f"{row['group']} ({row['bare_right'].count})" for row in rows]
    )
    axes.invert_yaxis()
    axes.set_xlabel("bare faces right, per cent (dotted: one point below the whole)")
    return figure

"""Charts and tables of the curves behind the defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from monitor.detect import yunet
from monitor.training.defaults import curves as curves
from monitor.training.defaults import vote_curve
from monitor.training.report.pages import (
    COLOURS,
    markdown_table,
)

FACE_MIN_PX = 40.0  # the figures are for faces of this size or more, as issue B has them


Row = dict[str, Any]


def detector_chart(rows: Sequence[Row]) -> Figure:
    """Bare and masked faces found, and bare faces alarmed, against the threshold, a line for each
    working side.
    """
    figure, panels = plt.subplots(1, 3, figsize=(13, 4))
    wanted = (
        ("unmasked", "found", "bare found"),
        ("masked", "found", "masked found"),
        ("unmasked", "alarmed", "bare alarmed"),
    )
    for axes, (label, key, title) in zip(panels, wanted, strict=True):
        for side, style in zip(
            sorted({r["side"] for r in rows}), ("o-", "s--", "^-.", "d:"), strict=False
        ):
            own = [r for r in rows if r["side"] == side]
            y = [100 * r["rates"][label][key].value for r in own]
            axes.plot(
                [r["threshold"] for r in own],
                y,
                style,
                markersize=4,
                label=f"side {side or 'follows the frame'}",
            )
        axes.axvline(yunet.CONFIDENCE_MIN, color="#777", linewidth=1)
        axes.set_title(f"{title} ({rows[0]['rates'][label][key].count})")
        axes.set_xlabel("threshold (line: the default)")
        axes.set_ylabel("per cent")
        axes.grid(alpha=0.3)
    panels[0].legend()
    return figure


def door_chart(
    rows: Sequence[Row], key: str, series: Sequence[str], x_label: str, default: float
) -> Figure:
    """Bare right, masked right and worn wrong alarmed against a setting; one line style for each
    series of boxes.
    """
    figure, axes = plt.subplots(figsize=(7, 4))
    names = (
        ("bare_right", "unmasked", "bare right"),
        ("masked_right", "masked", "masked right"),
        ("incorrect_alarmed", "incorrect", "worn wrong alarmed"),
    )
    for name, colour, text in names:
        for part, line in zip(series, ("o-", "s--"), strict=False):
            rates = [(r[part] if part else r)[name] for r in rows]
            if rates[0].count:
                label = f"{text}{f', boxes {part}' if part else ''} ({rates[0].count})"
                axes.plot(
                    [r[key] for r in rows],
                    [100 * v.value for v in rates],
                    line,
                    color=COLOURS[colour],
                    markersize=4,
                    label=label,
                )
    axes.axvline(default, color="#777", linewidth=1)
    axes.set_xlabel(x_label)
    axes.set_ylabel("per cent")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1))
    return figure


def unsure_chart(tables: dict[str, list[Row]]) -> Figure:
    """Wrong among what is said against what is left unsaid, for each quality."""
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for (name, rows), line in zip(tables.items(), ("o-", "s--", "^-.", "d:", "v-"), strict=False):
        axes.plot(
            [100 * r["unsure"].value for r in rows],
            [100 * r["wrong"].value for r in rows],
            line,
            markersize=4,
            label=name,
        )
    axes.set_xlabel("faces left unsure, per cent")
    axes.set_ylabel("wrong among the others, per cent")
    axes.set_xlim(-1, 60)
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def vote_chart(rows: Sequence[Row], default: tuple[float, float]) -> Figure:
    """Right states, changes of state, and the delay until a mask that went on is said, against the
    half-life.
    """
    figure, panels = plt.subplots(1, 3, figsize=(13, 4))
    for switch, style in zip(
        sorted({r["switch_above"] for r in rows}), ("o-", "s--", "^-.", "d:"), strict=False
    ):
        own = [
            (r["half_life_s"], vote_curve.pooled(r)) for r in rows if r["switch_above"] == switch
        ]
        x = [h for h, _ in own]
        series = (
            [100 * p["right"].value for _, p in own],
            [p["switches"] for _, p in own],
            [p["masked_after_s"] for _, p in own],
        )
        for axes, y in zip(panels, series, strict=True):
            axes.plot(
                x,
                [float("nan") if v is None else v for v in y],
                style,
                markersize=4,
                label=f"switch_above {switch}",
            )
    titles = (
        "faces with the right state, % of those said",
        "changes of state over all clips",
        "mask on to 'masked', s",
    )
    for axes, title in zip(panels, titles, strict=True):
        axes.set_title(title)
        axes.set_xscale("log")
        axes.axvline(default[0], color="#777", linewidth=1)
        axes.set_xlabel("half_life_s (line: the default)")
        axes.grid(alpha=0.3)
    panels[0].legend()
    return figure


def detector_table(rows: Sequence[Row]) -> str:
    """End to end at each threshold of the working side that follows the frame, and of the others at
    the default.
    """
    chosen = [r for r in rows if r["side"] == 0 or r["threshold"] == yunet.CONFIDENCE_MIN]
    head = [
        "side",
        "threshold",
        "bare found",
        "masked found",
        "worn wrong found",
        "bare alarmed",
        "masked falsely alarmed",
        "boxes a picture that match nothing",
    ]
    body = []
    for r in chosen:
        bare, masked, wrong = (r["rates"][n] for n in ("unmasked", "masked", "incorrect"))
        body.append(
            [
                r["side"],
                f"{r['threshold']:g}",
                bare["found"],
                masked["found"],
                wrong["found"],
                bare["alarmed"],
                masked["alarmed"],
                f"{r['spare_boxes_a_picture']:.2f}",
            ]
        )
    return markdown_table(head, body)


def door_table(rows: Sequence[Row], key: str, series: Sequence[str]) -> str:
    """The three door rates at each value of a setting."""
    names = {
        "bare_right": "bare right",
        "masked_right": "masked right",
        "incorrect_alarmed": "worn wrong alarmed",
    }
    head = [
        key,
        *(
            f"{text}{f', boxes {part}' if part else ''}"
            for part in series
            for text in names.values()
        ),
    ]
    return markdown_table(
        head,
        [
            [f"{r[key]:g}", *((r[part] if part else r)[n] for part in series for n in names)]
            for r in rows
        ],
    )


def vote_table(rows: Sequence[Row]) -> str:
    """Every setting over all clips."""
    head = [
        "half_life_s",
        "switch_above",
        "right",
        "unsure",
        "changes of state",
        "sightings too many or few",
        "mask on to 'masked', s",
    ]
    body = []
    for row in rows:
        p = vote_curve.pooled(row)
        delay = None if p["masked_after_s"] is None else f"{p['masked_after_s']:.2f}"
        body.append(
            [
                f"{row['half_life_s']:g}",
                f"{row['switch_above']:g}",
                p["right"],
                p["unsure"],
                p["switches"],
                p["sightings_wrong"],
                delay,
            ]
        )
    return markdown_table([str(h) for h in head], body)

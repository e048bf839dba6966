"""What `evaluate` writes: tables, charts, the page with the worst mistakes, the summary without
faces.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.faces.boxes import crop_square
from monitor.records import FloatArray
from monitor.training.mask.scoring import (
    Classifier,
    truth_of,
)
from monitor.training.pictures.chips import Chip
from monitor.training.pictures.faces import read_picture
from monitor.training.report import charts, metrics
from monitor.training.report.pages import (
    Page,
    grid,
    markdown_table,
    save_figure,
    write_text,
)

Result = dict[str, Any]


_DOOR = {
    "bare_right": "bare right",
    "masked_right": "masked right",
    "incorrect_right": "worn wrong right",
    "bare_alarmed": "bare alarmed",
    "masked_alarmed": "masked falsely alarmed",
    "incorrect_alarmed": "worn wrong alarmed",
}


def figures(result: Result, classes: Sequence[str]) -> list[tuple[str, str, Any]]:
    """(name, caption, matplotlib figure) of every chart that the figures allow."""
    calibration = result["calibration"]
    made = [
        ("confusion", "Confusion matrix", charts.confusion(result["report"]["confusion"], classes))
    ]
    if result["roc"]:
        made.append(("roc", "ROC", charts.roc(result["roc"])))
    made.append(
        (
            "reliability",
            "Reliability; the temperature was fitted on the other half",
            charts.reliability(
                calibration["before"], calibration["after"], calibration["temperature"]
            ),
        )
    )
    made.append(
        (
            "native_size",
            "By size of the face as photographed",
            charts.rates(result["native_size"], "low", "face, px (from)", True),
        )
    )
    if "synthetic_size" in result:
        made += [
            (
                "synthetic_size",
                "The same faces made smaller",
                charts.rates(result["synthetic_size"], "px", "face, px", True),
            ),
            ("blur", "Out of focus", charts.rates(result["blur"], "sigma", "sigma, % of the face")),
            (
                "motion",
                "Moving sideways",
                charts.rates(result["motion"], "length", "smear, % of the face"),
            ),
        ]
    if "groups" in result:
        made.append(
            ("groups", "Bare faces by race, gender and age", charts.groups(result["groups"]))
        )
    return made


def tables(result: Result) -> list[tuple[str, list[str], list[list[object]]]]:
    """(title, head, rows) of every table of the report."""
    report = result["report"]
    found: list[tuple[str, list[str], list[list[object]]]] = [
        (
            "By class",
            ["class", "precision", "recall", "F1", "support"],
            [
                [n, c["precision"], c["recall"], c["f1"], c["support"]]
                for n, c in report["classes"].items()
            ],
        ),
        (
            "At the door",
            ["", "rate", "95 % interval"],
            [_door_row(_DOOR[k], v) for k, v in result["door"].items() if v.count],
        ),
        (
            "By source",
            ["source", *_DOOR.values()],
            [[s, *(d[k] for k in _DOOR)] for s, d in result["by_source"].items()],
        ),
        (
            "Area under the ROC curve",
            ["", "AUC"],
            [[n, f"{c['auc']:.4f}"] for n, c in result["roc"].items()],
        ),
    ]
    for key, column, title in (
        ("native_size", "px", "By size of the face as photographed"),
        ("synthetic_size", "px", "The same faces made smaller"),
        ("blur", "sigma", "Out of focus: Gaussian, sigma in % of the face"),
        ("motion", "length", "Moving sideways: smear in % of the face"),
    ):
        if key in result:
            names = ("bare_right", "masked_right", "incorrect_alarmed")
            found.append(
                (
                    title,
                    [column, *(_DOOR[n] for n in names)],
                    [[_plain(r[column]), *(r[n] for n in names)] for r in result[key]],
                )
            )
    for name, rows in result.get("groups", {}).items():
        found.append(
            (
                f"Bare faces by {name}",
                [name, "bare right", "points below the whole"],
                [[r["group"], r["bare_right"], f"{r['points_below']:.2f}"] for r in rows],
            )
        )
    return found


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _door_row(name: str, value: metrics.Rate) -> list[object]:
    low, high = value.interval
    return [name, value, f"{100 * low:.1f} to {100 * high:.1f} %"]


def headline(result: Result) -> str:
    """The whole in one line."""
    report, calibration = result["report"], result["calibration"]
    return (
        f"{result['model']}: {result['faces']} faces, accuracy {100 * report['accuracy']:.2f} %, "
        f"macro F1 {report['macro_f1']:.4f}, "
        f"ECE {100 * calibration['before']['ece']:.2f} % as trained, "
        f"{100 * calibration['after']['ece']:.2f} % after temperature scaling "
        f"(T = {calibration['temperature']:.2f})"
    )


def worst(
    chips: Sequence[Chip],
    truth: npt.NDArray[Any],
    confidence: FloatArray,
    classes: Sequence[str],
    margin: float,
    count: int = 48,
) -> Any:
    """A sheet of the most confident mistakes, or None when there are none."""
    answer = confidence.argmax(axis=1)
    wrong = np.flatnonzero(answer != truth)
    order = wrong[np.argsort(-confidence[wrong].max(axis=1))][:count]
    if not len(order):
        return None
    tiles = [
        crop_square(read_picture(chips[i].path), np.array(chips[i].box, np.float32), margin, 112)
        for i in order
    ]
    captions = [
        f"{classes[truth[i]][:4]}>{classes[answer[i]][:4]} {confidence[i].max():.2f} "
        f"{chips[i].face_px:.0f}px"
        for i in order
    ]
    return grid(tiles, 8, captions)


def write_html(
    path: Path,
    result: Result,
    classifier: Classifier,
    chips: Sequence[Chip],
    confidence: FloatArray,
    command: str,
) -> None:
    """The report in one file, pictures inside."""
    page = Page(f"Evaluation of {classifier.name}")
    page.text(headline(result))
    page.text(f"Command: {command}")
    for title, head, rows in tables(result):
        page.heading(title)
        page.table(head, rows)
    page.heading("Charts")
    for _, caption, figure in figures(result, classifier.classes):
        page.figure(figure, caption)
    sheet = worst(
        chips,
        truth_of(chips, classifier.classes),
        confidence,
        classifier.classes,
        classifier.margin,
    )
    if sheet is not None:
        page.heading("Worst mistakes")
        page.image(sheet, "truth > answer, confidence, size: most confident first")
    page.save(path)


def write_summary(
    folder: Path, name: str, result: Result, classes: Sequence[str], command: str
) -> None:
    """Markdown and charts without any face, which may be kept beside the code."""
    text = f"# Evaluation: {name}\n\n{headline(result)}.\n\n    {command}\n"
    for title, head, rows in tables(result):
        text += f"\n## {title}\n\n{markdown_table(head, rows)}"
    text += "\n## Charts\n\n"
    for key, caption, figure in figures(result, classes):
        save_figure(figure, folder / f"{name}_{key}.svg")
        text += f"![{caption}]({name}_{key}.svg)\n"
    write_text(folder / f"{name}.md", text)

"""What `siamese` writes: the loss curve, and its figures with counts as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from monitor.training.experiments.triplets import Person
from monitor.training.experiments.upper_faces import FOUND
from monitor.training.report.metrics import Rate
from monitor.training.report.pages import markdown_table

STAGES = {"before": "before training", "after": "after training"}


def training_summary(made: dict[str, Any], people: Sequence[Person]) -> dict[str, Any]:
    """Of a training: whom it saw, and its loss in the first and the last tenth."""
    tenth = max(1, made["steps"] // 10)
    _, loss, active = np.array(made["curve"] or [[np.nan] * 3]).T
    return {
        "people": len(people),
        "bare": sum(len(p.bare) for p in people),
        "covered": sum(len(p.covered) for p in people),
        "loss_first": float(loss[:tenth].mean()),
        "loss_last": float(loss[-tenth:].mean()),
        "active_first": float(active[:tenth].mean()),
        "active_last": float(active[-tenth:].mean()),
    }


def curve_figure(curve: Sequence[tuple[float, float, float]], margin: float) -> Figure:
    """Loss and the part of the triplets that are too close, step by step."""
    steps = np.arange(1, len(curve) + 1)
    _, loss, active = np.array(curve).T
    figure, axes = plt.subplots(2, 1, sharex=True, figsize=(6.5, 4.5))
    width = min(len(curve), 15)
    for axis, values, label in (
        (axes[0], loss, "triplet loss"),
        (axes[1], 100 * active, "too close, per cent"),
    ):
        axis.plot(steps, values, color="#BBBBBB", linewidth=1)
        axis.plot(
            steps[width - 1 :],
            np.convolve(values, np.ones(width) / width, "valid"),
            color="#0072B2",
        )
        axis.set_ylabel(label)
        axis.grid(alpha=0.3)
    axes[0].axhline(
        margin, color="#D55E00", linestyle="--", linewidth=1
    )  # what a network that gives one answer for all has
    axes[1].set_xlabel(f"step (blue: mean of {width})")
    return figure


def markdown(result: Mapping[str, Any], chart: str) -> str:
    """The summary; `chart` is the file of the loss curve."""
    faces, options = result["faces"], result["options"]
    parts = [
        f"# Siamese network on upper faces: {options['network']}\n\n    {result['command']}\n",
        _set_up(result),
        "## Faces\n",
        markdown_table(
            ["pictures", "number", *FOUND],
            [
                [name, row["pictures"], *(row[how] for how in FOUND)]
                for name, row in faces["found"].items()
            ],
        ),
        f"MTCNN took {faces['ms']:.0f} ms a picture (mean, second looks included). Where it found "
        f"nothing, the middle of the "
        f"picture was taken for the face. {_missing(faces)}\n",
        "## Training\n",
        _training(result, chart),
        "## Verification of the test people of rmfrd_ids\n",
        _verification(result),
        "## Dense recogniser on the frozen embeddings\n",
        _recogniser(result),
    ]
    return "\n".join(parts)


def _set_up(result: Mapping[str, Any]) -> str:
    options = result["options"]
    start = (
        "It began from random weights, as no ImageNet weights were given"
        if options["weights"] == "none"
        else "It began from pretrained weights, batch normalisation left as it was"
    )
    if options["network"] == "sface":
        start = "SFace, trained on other people's whole faces, is frozen; a projection learns"
    return (
        f"{options['network']}, {result['parameters']:,} parameters, 160 x 160 pixels to "
        f"{result['embedding']} numbers of unit "
        f"length. {start}. Triplets of a bare and a covered face of one person and the semi-hard "
        f"negative of the batch "
        f"(arXiv:1503.03832), margin {options['margin']}, {options['batch_people']} people with "
        f"{options['each']} faces each.\n"
    )


def _training(result: Mapping[str, Any], chart: str) -> str:
    made, options = result["training"], result["options"]
    whole = f"The whole run took {result['minutes']:.1f} of its {options['minutes']:g} min."
    if not made["steps"]:
        return f"No step fitted into the minutes: nothing was trained. {whole}\n"
    return (
        f"![loss curve]({chart})\n\n"
        f"{made['steps']} steps in {made['seconds'] / 60:.1f} min, {made['faces']} faces seen, "
        f"{made['people']} people "
        f"({made['bare']} bare faces, {made['covered']} covered ones). Mean loss of the first "
        f"tenth of the steps "
        f"{made['loss_first']:.3f}, of the last {made['loss_last']:.3f}; a network that gives one "
        f"answer for all faces has "
        f"{options['margin']}. Triplets too close: {100 * made['active_first']:.0f} and "
        f"{100 * made['active_last']:.0f} %. "
        f"{whole}\n"
    )


def _missing(faces: Mapping[str, Any]) -> str:
    if not faces["missing"]:
        return "All pictures that were wanted are there."
    return (
        f"{faces['missing']} of the pictures that were wanted are not cut, as the time for it "
        f"was over."
    )


def _verification(result: Mapping[str, Any]) -> str:
    rows = []
    for stage, title in STAGES.items():
        for name in ("rmfrd masked", "rmfrd bare"):
            found = result[stage]["verification"].get(name, {})
            if found.get("probes"):
                first = Rate(round(found["rank1"] * found["probes"] / 100), found["probes"])
                values = (f"{first}, {_interval(first)}", f"{found['tar_far_0.1']:.1f} %")
                rows.append(
                    [title, name, *values, found["probes"], found["people"], found["comparisons"]]
                )
    if not rows:
        return "Too few test people are cut for a figure.\n"
    head = [
        "network",
        "probes",
        "rank-1",
        "TAR at FAR 0.1 %",
        "number of probes",
        "people",
        "comparisons of strangers",
    ]
    return (
        f"{markdown_table(head, rows)}\nThree bare pictures enrol a person, their mean is the "
        f"template. Guessing would give a rank-1 "
        f"of {100 / rows[0][5]:.1f} %; in brackets Wilson's 95 % interval.\n{_cosines(result)}"
    )


def _cosines(result: Mapping[str, Any]) -> str:
    """The cosine of one person's pictures and of two people's, as the paper reports it."""
    lines = []
    for stage, title in STAGES.items():
        found = result[stage]["verification"].get("cosines", {})
        parts = [
            f"{one['mean']:.3f} (deviation {one['std']:.3f}, {one['pairs']} pairs) of {words}"
            for name, words in (("same", "one person"), ("others", "two people"))
            if (one := found.get(name))
        ]
        if parts:
            lines.append(f"- {title}: {', '.join(parts)}\n")
    return "\nMean cosine of two pictures:\n\n" + "".join(lines) if lines else ""


def _recogniser(result: Mapping[str, Any]) -> str:
    rows = [
        [title, *(f"{found[k]}, {_interval(found[k])}" for k in ("all", "bare", "masked"))]
        for stage, title in STAGES.items()
        if "all" in (found := result[stage]["recogniser"])
    ]
    if not rows:
        return "Too few people are cut for a figure.\n"
    found = result["after"]["recogniser"]
    return (
        f"{markdown_table(['network', 'all', 'bare', 'masked'], rows)}\n{found['people']} people "
        f"of the train half of rmfrd_ids, trained "
        f"on {found['trained_on']} faces (drawn masks included), tested on real pictures that "
        f"neither training saw. Guessing would "
        f"give {100 / found['people']:.1f} %; in brackets Wilson's 95 % interval. The paper's "
        f"figure is 75 %, on its own pictures.\n"
    )


def _interval(found: Any) -> str:
    low, high = found.interval
    return f"[{100 * low:.0f}, {100 * high:.0f}]"

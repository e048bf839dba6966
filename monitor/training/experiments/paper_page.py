"""What `all` writes of the papers' networks: a page for each, and one table for all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from monitor.errors import ConfigError
from monitor.training.experiments import paper, paper_against
from monitor.training.experiments.paper_sets import TESTS
from monitor.training.report.charts import confusion
from monitor.training.report.pages import Page, markdown_table

Result = Mapping[str, Any]
STARTS = {
    paper.RANDOM: "From random weights",
    paper.IMAGENET: "From ImageNet weights",
}
WORDS = {
    "papers": "the papers' terms",
    "grouped": "grouped",
    "apart": "apart",
}
TITLES = {
    "masks": "Masked or bare",
    "gender": "Gender of masked faces",
    "two_people": "Two people",
    "celebrities": "Six public figures",
}
LIKE = ("limit", "epochs", "seed")  # what rows of one table have in common
HEAD = """# The papers on like terms

{commands}

- **the papers' terms**: a fifth, taken at random after each picture was copied with flips, shifts
  and turns, so that copies of one picture are learnt and tested
- **grouped**: pictures that share no original, session or near duplicate with anything learnt
- **apart**: what no training saw: other pictures (masks), photographed masks (the others)

All three are answers of one and the same trained network. In brackets Wilson's 95 % interval.
Random and pretrained weights have tables of their own; of these networks ImageNet weights are to
be had for MobileNetV2 alone here. `passes` says how often each saw what it learnt; one with * was
stopped by `--minutes` before its passes were over. Times are ONNX Runtime's for one face, on a
machine that had other work to do. `whole program`: the program with the detector in front, on the
pictures of andrewmvd, faces of 40 px or more; a face that is not found is not right.

Where copies on both sides and one source for all make the papers' terms easier, their column is the
highest: so it is with pretrained weights (`papers_read.md`). A network that has not learnt much yet
finds the turned and shifted copies harder than the pictures as they are. `-`: the paper's figure is
not at hand. Where a network stays more than three points below its paper on the paper's own terms,
[Beside the papers](#beside-the-papers) says why not and the chart shows its curve: most have had a
few passes over a few hundred pictures instead of the paper's epochs, and those with published
backbones begin at random, as their ImageNet weights cannot be had here.
"""


def kept(folder: Path, summary: Path | None = None) -> list[Result]:
    """What runs of `all` left in a folder; the files of the Siamese networks are others.

    Args:
        folder: Of the runs.
        summary: Where an earlier summary may lie. Its rows on like terms (`LIKE`) stay that the
            folder does not have: runs of several machines come into one table.

    Raises:
        ConfigError: If a file cannot be read.
    """
    found = _runs(folder)
    if summary is None or not (summary / "papers.json").is_file():
        return found
    here = {_key(r) for r in found}
    terms = {tuple(r["job"][k] for k in LIKE) for r in found}
    return found + [
        r
        for r in json.loads((summary / "papers.json").read_text(encoding="utf-8"))
        if _key(r) not in here and (tuple(r["job"][k] for k in LIKE) in terms or not found)
    ]


def _key(result: Result) -> tuple[object, ...]:
    return tuple(result["job"][k] for k in ("network", "task", "start", "preprocessing"))


def _runs(folder: Path) -> list[Result]:
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            one = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path} cannot be read ({error}): delete it and run again") from None
        if "job" in one:
            found.append(one)
    return found


def markdown(results: Iterable[Result]) -> str:
    """The table of all networks, task by task, and what each network is."""
    done = sorted(results, key=_order)
    commands = dict.fromkeys(f"    {r['command']}" for r in done)
    parts = [HEAD.format(commands="\n".join(commands))]
    for task, title in TITLES.items():
        of_task = [r for r in done if r["job"]["task"] == task]
        if not of_task:
            continue
        parts.append(f"## {title}\n\n{of_task[0]['about']}.\n")
        for start in dict.fromkeys(r["job"]["start"] for r in of_task):
            rows = [r for r in of_task if r["job"]["start"] == start]
            parts += [f"### {STARTS.get(start, f'From {start}')}\n", accuracies(rows)]
            if any(r["curve"] for r in rows):
                parts += [f"![accuracy by pass]({chart_name(rows[0])})\n"]
            parts += ["Macro F1, area under the ROC curve, precision and recall by class:\n"]
            parts += [classes(rows)]
    parts += ["## Beside the papers\n", paper_against.table(done, TITLES)]
    parts += ["## The networks\n", networks()]
    return "\n".join(parts)


def accuracies(rows: Sequence[Result]) -> str:
    """Accuracy on the papers' terms beside the honest ones."""
    head = ["network", "paper", "px", "passes", "learnt", *(WORDS[t] for t in TESTS)]
    whole = any("whole" in r for r in rows)
    head += ["whole program: bare right", "masked right", "mAP 0.5"] if whole else []
    head += ["the paper says", "parameters", "training min", "ms a face"]
    body = []
    for r in rows:
        info = paper.info_of(r["job"]["network"])
        theirs = info.reported.get(r["job"]["task"])
        passes = f"{r['passes']:.1f}" + ("*" if r["cut"] else "")
        body.append(
            [_title(r), info.paper, r["job"]["size"], passes, r["learnt"]]
            + [_right(r["tests"][t]["right"]) for t in TESTS]
            + (_whole(r.get("whole")) if whole else [])
            + [f"{theirs:g} %" if theirs else None, f"{r['parameters']:,}"]
            + [f"{r['training_minutes']:.1f}", r.get("ms_batch_1")]
        )
    return markdown_table(head, body)


def classes(rows: Sequence[Result]) -> str:
    """Macro F1, area under the curve, and precision / recall of each class by test."""
    names = rows[0]["classes"]
    head = ["network", "terms", "macro F1", "AUC", *(f"{n}: precision / recall" for n in names)]
    body = [
        [_title(r), WORDS[t], one["macro_f1"], one["auc"]]
        + [_pair(one["classes"][n]["precision"], one["classes"][n]["recall"]) for n in names]
        for r in rows
        for t in TESTS
        for one in (r["tests"][t],)
    ]
    return markdown_table(head, body)


def networks() -> str:
    """What each network is, and what its paper leaves open."""
    lines = []
    for name, info in paper.infos().items():
        trained = f"; Adam {info.rate:g}, batch {info.batch}, {info.epochs} epochs"
        lines.append(
            f"- **{info.title}** (`papers/{name}.py`; {paper.PAPERS[info.paper]}): {info.layers}. "
            f"{info.preprocessing}, {info.size} px{trained if info.epochs else ''}. "
            f"Left open, and taken here: {'. '.join(info.left_open)}."
        )
    return "\n".join(lines) + "\n"


def page(result: Result) -> Page:
    """One network's page, with its curves and confusion matrices."""
    job = result["job"]
    info = paper.info_of(job["network"])
    made = Page(f"{info.title}: {TITLES[job['task']].lower()}, {job['start']} weights")
    made.text(f"{paper.PAPERS[info.paper]}. {info.layers}. {job['preprocessing']}.")
    made.text(f"Left open, and taken here: {'. '.join(info.left_open)}.")
    made.text(result["about"])
    rows = [[k, v] for k, v in job.items()]
    rows += [[k, result.get(k)] for k in ("learnt", "passes", "parameters", "training_minutes")]
    rows += [[k, result.get(k)] for k in ("onnx_mb", "ms_batch_1")]
    made.table(["what", "value"], rows)
    if result["curve"]:
        made.figure(curves(result["curve"]), "Loss and accuracy after each epoch")
    for test in TESTS:
        one = result["tests"][test]
        made.heading(WORDS[test])
        made.text(f"Accuracy {_right(one['right'])}, macro F1 {one['macro_f1']:.3f}")
        body = [[n, *(c[k] for k in c)] for n, c in one["classes"].items()]
        made.table(["class", "precision", "recall", "F1", "faces"], body)
        made.figure(confusion(one["confusion"], result["classes"]), f"{WORDS[test]}: answers")
    return made


def curves(curve: Sequence[Mapping[str, float]]) -> Figure:
    """Loss and accuracy after each pass, of pictures learnt and of the papers' test."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2))
    passes = [c["passes"] for c in curve]
    for axis, what in zip(axes, ("loss", "accuracy"), strict=True):
        for part, line, colour in (("train", "-", "#0072B2"), ("test", "--", "#D55E00")):
            values = [c[f"{part}_{what}"] for c in curve]
            axis.plot(passes, values, line, color=colour, marker=".", label=part)
        axis.set_xlabel("passes")
        axis.set_ylabel(what)
        axis.grid(alpha=0.3)
    axes[0].legend()
    return figure


def chart_name(result: Result) -> str:
    """The file of the chart of all networks with the same task and start."""
    start = result["job"]["start"].split(".")[0]
    return f"papers_{result['job']['task']}_{start}.svg"


def charts(results: Iterable[Result]) -> dict[str, Figure]:
    """Accuracy on the papers' terms after each pass, by `chart_name`."""
    groups: dict[str, list[Result]] = {}
    for result in sorted(results, key=_order):
        if result["curve"]:
            groups.setdefault(chart_name(result), []).append(result)
    return {name: _accuracy_by_pass(rows) for name, rows in groups.items()}


def _accuracy_by_pass(rows: Sequence[Result]) -> Figure:
    figure, axis = plt.subplots(figsize=(8, 4))
    for i, row in enumerate(rows):
        line = ("-", "--", "-.", ":")[i // 10 % 4]
        passes, accuracy = zip(
            *((c["passes"], c["test_accuracy"]) for c in row["curve"]), strict=True
        )
        axis.plot(passes, accuracy, line, marker=".", color=f"C{i % 10}", label=_title(row))
    axis.set_xlabel("passes")
    axis.set_ylabel("accuracy on the papers' terms")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _order(result: Result) -> tuple[bool, int, bool]:
    """Random weights first, then as `paper.infos` has them, fed as the paper says before others."""
    job = result["job"]
    other = job["preprocessing"] != paper.info_of(job["network"]).preprocessing
    return job["start"] != paper.RANDOM, list(paper.infos()).index(job["network"]), other


def _title(result: Result) -> str:
    info = paper.info_of(result["job"]["network"])
    other = result["job"]["preprocessing"]
    return info.title if other == info.preprocessing else f"{info.title}, fed {other}"


def _right(one: Mapping[str, Any]) -> str:
    if not one["count"]:
        return "no faces"
    value, low, high = (100 * one[k] for k in ("value", "low", "high"))
    return f"{value:.1f} % ({one['hits']}/{one['count']}) [{low:.0f}, {high:.0f}]"


def _whole(found: Mapping[str, Any] | None) -> list[object]:
    if found is None:
        return [None, None, None]
    return [_right(found["bare_right"]), _right(found["masked_right"]), found["map50"]]


def _pair(precision: float | None, recall: float | None) -> str:
    return " / ".join("-" if v is None else f"{v:.2f}" for v in (precision, recall))


def write_page(result: Result, path: Path) -> None:
    """The network's page as HTML."""
    page(result).save(path)

r"""Search for the settings that the fifth paper searched: L1, L2, dropout, batch, rate, with early
stopping.

    python -m monitor.training.experiments.paper_tune --network five_cnn --trials 8
    python -m monitor.training.experiments.paper_tune --network five_resnet50 --trials 8

A random search: trial 0 is the paper's network as it is, each further one draws its settings by its
number and --seed. A trial ends after `PATIENCE` passes without a lower loss on the watched
pictures, and its best pass counts. Watched is the grouped part of `paper_sets`: it shares no
original or near duplicate with what is learnt. It chooses, so that its figure flatters; the source
apart, which chooses nothing, is the honest one.

Every network of a paper that reads masks can be searched. Each trial is written when it is done
(--out/NETWORK.jsonl): the same command goes on where it was, with more --trials too. --summary
writes the table.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from monitor.errors import ConfigError
from monitor.training.command import first_words, quiet_tensorflow, run_main, typed
from monitor.training.experiments import paper
from monitor.training.report.pages import markdown_table, output_dir, plain, write_json, write_text

PATIENCE = 2  # passes without a lower loss of the watched pictures
BATCHES = (16, 32, 64)
NOTHING = 1e-9  # of L1 or L2: as good as none
SAME = ("limit", "passes", "size", "seed", "start")  # what makes trials of one table alike


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one trial."""

    l1: float
    l2: float
    dropout: float
    batch: int
    rate: float


def drawn(number: int, seed: int, own: Settings) -> Settings:
    """The settings of a trial; of number 0 the paper's own."""
    if number == 0:
        return own
    rng = np.random.default_rng((seed, number))

    def between(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    return Settings(
        l1=between(1e-7, 1e-3),
        l2=between(1e-6, 1e-2),
        dropout=round(float(rng.uniform(0.0, 0.6)), 2),
        batch=int(rng.choice(BATCHES)),
        rate=between(1e-4, 3e-3),
    )


def apply(model: Any, settings: Settings) -> None:
    """Put dropout, L1 and L2 into a network of `paper.build`; a frozen backbone stays as it is."""
    import keras

    decay = keras.regularizers.L1L2(settings.l1, settings.l2)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = settings.dropout
        elif isinstance(layer, keras.layers.Dense | keras.layers.Conv2D) and layer.trainable:
            layer.kernel.regularizer = decay


def own_settings(model: Any, info: paper.PaperNetwork) -> Settings:
    """What the network's file has."""
    import keras

    rates = [x.rate for x in model._flatten_layers() if isinstance(x, keras.layers.Dropout)]
    return Settings(0.0, 0.0, float(rates[0]) if rates else 0.0, info.batch, info.rate)


def trial(args: argparse.Namespace, number: int, task: Any, weights: Path | None) -> dict[str, Any]:
    """Train the network with one draw of settings, and test it.

    Returns:
        The settings, the best pass with its loss on the watched pictures, and how many of the
        watched and of those apart are right.
    """
    import keras

    from monitor.training.experiments import paper_run
    from monitor.training.report.metrics import rate

    keras.backend.clear_session()
    keras.utils.set_random_seed(args.seed)
    info = paper.info_of(args.network)
    model = paper.build(args.network, len(task.classes), args.size, weights)
    settings = drawn(number, args.seed, own_settings(model, info))
    apply(model, settings)
    # The loss of Keras has L1 and L2 in it, which no two trials share.
    plainly = keras.metrics.BinaryCrossentropy(name="entropy")
    optimizer = keras.optimizers.Adam(settings.rate)
    model.compile(optimizer, "binary_crossentropy", metrics=[plainly], jit_compile=False)
    learnt, watched = (
        paper_run.signed(paper_run.at(part, args.size))
        for part in (task.train, task.tests["grouped"])
    )
    early = keras.callbacks.EarlyStopping(
        "val_entropy", mode="min", patience=PATIENCE, restore_best_weights=True
    )
    began = time.monotonic()
    made = model.fit(
        *learnt,
        batch_size=settings.batch,
        epochs=args.passes,
        validation_data=watched,
        callbacks=[early],
        verbose=0,
    ).history
    right = {
        name: rate(paper_run.confidence(model, part.faces).argmax(axis=1) == part.truth)
        for name in ("grouped", "apart")
        for part in (paper_run.at(task.tests[name], args.size),)
    }
    losses = made["val_entropy"]
    best = int(np.argmin(losses))
    return {
        "trial": number,
        **asdict(settings),
        "passes": len(losses),
        "best_pass": best + 1,
        "loss": float(losses[best]),
        **plain(right),
        "minutes": (time.monotonic() - began) / 60,
    }


def done(path: Path, terms: dict[str, Any]) -> list[dict[str, Any]]:
    """The trials of an earlier run; a torn last line is left out.

    Raises:
        ConfigError: If they were made with other options.
    """
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    if any(row["terms"] != terms for row in rows):
        raise ConfigError(
            f"{path} was made with other options: give the same, or another folder with --out"
        )
    return rows


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The trials as Markdown, best first."""
    head = ["trial", "L1", "L2", "dropout", "batch", "rate", "passes (best)", "watched loss"]
    body = [
        [
            "the paper's own" if r["trial"] == 0 else r["trial"],
            *(f"{r[k]:.1e}" if r[k] > NOTHING else "0" for k in ("l1", "l2")),
            *(f"{r['dropout']:g}", r["batch"], f"{r['rate']:.1e}"),
            *(f"{r['passes']} ({r['best_pass']})", f"{r['loss']:.3f}"),
            *(_right(r[k]) for k in ("grouped", "apart")),
        ]
        for r in sorted(rows, key=lambda r: float(r["loss"]))
    ]
    return markdown_table([*head, "grouped (chose)", "apart"], body)


def _right(one: dict[str, Any]) -> str:
    value, low, high = (100 * one[k] for k in ("value", "low", "high"))
    return f"{value:.1f} % ({one['hits']}/{one['count']}) [{low:.0f}, {high:.0f}]"


def markdown(rows: Sequence[dict[str, Any]], command: str, about: str) -> str:
    """The whole summary."""
    info, terms = paper.info_of(rows[0]["network"]), rows[0]["terms"]
    return (
        f"# Search for settings: {info.title}\n\n    {command}\n\n{about}. {terms['size']} px, "
        f"{terms['start']} weights, {terms['passes']} passes at most, {PATIENCE} without a lower "
        f"loss end a trial. Best first by the loss (cross entropy) on the grouped part, whose "
        f"figures flatter for that; what chose nothing is `apart`. In brackets Wilson's 95 % "
        f"interval.\n\n{table(rows)}"
    )


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="python -m monitor.training.experiments.paper_tune", description=first_words(__doc__)
    )
    p.add_argument("--data", type=Path, default=Path("../shared/data"))
    p.add_argument("--network", default="five_cnn", help="(default: %(default)s)")
    p.add_argument("--start", default="random", choices=(paper.RANDOM, paper.IMAGENET))
    for name, default, words in (
        ("--trials", 8, "in all, the paper's own included"),
        ("--limit", 800, "pictures at most"),
        ("--passes", 10, "at most"),
        ("--size-max", 255, "side of the input at most, px"),
        ("--seed", 0, "of draws, weights and division"),
    ):
        p.add_argument(name, type=int, default=default, help=f"{words} (default: %(default)s)")
    p.add_argument("--out", type=Path, default=Path("runs/paper_tune"))
    p.add_argument("--summary", type=Path, help="folder for NETWORK's table to keep")
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    args = parser().parse_args(argv)
    info = paper.info_of(args.network)
    if "masks" not in info.tasks or info.classifier is not None:
        raise ConfigError(f"{args.network} is no network that is trained to read masks: see --help")
    if min(args.trials, args.passes) < 1 or args.limit < 20:
        raise ConfigError("--trials and --passes must be 1 or more, --limit 20 or more")
    weights = paper.weights_of(info) if args.start == paper.IMAGENET else None
    if args.start == paper.IMAGENET and weights is None:
        raise ConfigError(
            f"this machine has no ImageNet weights for {args.network}: --start random"
        )
    args.size = max(info.size_min, min(info.size, args.size_max))
    terms = {name: getattr(args, name) for name in SAME}
    path = output_dir(args.out) / f"{args.network}.jsonl"
    rows = done(path, terms)
    quiet_tensorflow()
    from monitor.training.experiments.paper_sets import masks

    task = masks(args.data, args.limit, args.seed)
    for number in range(len(rows), args.trials):
        row = {"network": args.network, "terms": terms, **trial(args, number, task, weights)}
        rows.append(row)
        write_text(path, "".join(f"{json.dumps(r)}\n" for r in rows))
        print(
            f"[{number + 1}/{args.trials}] loss {row['loss']:.3f}, about "
            f"{row['minutes'] * (args.trials - number - 1):.0f} min left",
            flush=True,
        )
    text = markdown(rows, typed("experiments.paper_tune", argv), task.about)
    for folder in filter(None, (args.out, args.summary)):
        write_text(folder / f"tuning_{args.network}.md", text)
        write_json(folder / f"tuning_{args.network}.json", rows)
    print(text)
    return 0


if __name__ == "__main__":
    run_main(main)

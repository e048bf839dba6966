r"""Every network of the papers, on their terms and on honest ones, by one command.

    python -m monitor.training.experiments.all --quick
    python -m monitor.training.experiments.all --networks five_cnn,grey_cnn --limit 1200
    python -m monitor.training.experiments.all --summary docs/training

`--quick` tests the machinery: each network once on a few pictures. Without it each is trained as
its paper says (`paper.PaperNetwork`), from random weights and from ImageNet's where this machine
has them; `--passes`, `--size-max`, `--limit` and `--minutes` make that less, the same for all, and
each row tells. What is done lies in --out, a JSON and a page (HTML) for each network, and is not
done again: a run that was stopped goes on where it was, and --summary writes the tables of all that
lies there, and of what an earlier summary has besides on like terms. The Siamese networks are
trained by `siamese`, for `--minutes` each; their summaries are its own.

`--end-to-end ../shared/data/andrewmvd` runs the program itself with each network of masks.
`--preprocessing` feeds all chosen networks another range than their papers say, to see what that
does; such runs have files and rows of their own.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from monitor.errors import ConfigError
from monitor.training.command import first_words, quiet_tensorflow, run_main, typed
from monitor.training.experiments import paper
from monitor.training.report.pages import output_dir, save_figure, write_json, write_text

UPPER_FACES = "upper_faces"
QUICK = {"limit": 40, "passes": 1, "size_max": 96, "minutes": 0.3}
# What tells a run from another one; its minutes do not where they were not used up.
SAME = ("epochs", "size", "limit", "seed", "preprocessing")
BAR = 20  # characters


class Progress:
    """A bar over all jobs with the time left, a line for each change of the words."""

    def __init__(self, jobs: int) -> None:
        self._jobs, self._done, self._began = jobs, 0, time.monotonic()
        self._said = 0.0
        self._name = ""

    def begin(self, name: str) -> None:
        """A job begins."""
        self._name, self._said = name, 0.0
        self.tell(0.0, "begins")

    def end(self) -> None:
        """It is done."""
        self._done += 1
        self.tell(0.0, "done")

    def tell(self, share: float, words: str) -> None:
        """How far the job is, 0..1; says it at most every five seconds."""
        now = time.monotonic()
        if words not in ("begins", "done") and now - self._said < 5:
            return
        self._said = now
        part = (self._done + share) / max(1, self._jobs)
        bar = ("#" * round(BAR * part)).ljust(BAR, ".")
        left = (now - self._began) * (1 - part) / part / 60 if part else None
        until = "" if left is None else f", about {left:.0f} min left"
        print(f"[{bar}] {self._done}/{self._jobs} {self._name}: {words}{until}", flush=True)


def jobs(args: argparse.Namespace) -> Iterator[tuple[Any, Path | None]]:
    """What is to be trained, each with its weights; the Siamese networks as they are."""
    from monitor.training.experiments.paper_parts import PREPARE
    from monitor.training.experiments.paper_run import Job

    given = _given(args.weights)
    if args.preprocessing and args.preprocessing not in PREPARE:
        raise ConfigError(f"unknown --preprocessing: use one of {', '.join(PREPARE)}")
    for task in args.tasks:
        for name in args.networks:
            info = paper.info_of(name)
            if task not in info.tasks:
                continue
            for start, weights in _starts(name, given.get(name), args).items():
                yield (
                    Job(
                        network=name,
                        task=task,
                        start=start,
                        size=max(info.size_min, min(info.size, args.size_max)),
                        epochs=args.passes or info.epochs,
                        preprocessing=args.preprocessing or info.preprocessing,
                        limit=args.limit,
                        minutes=args.minutes,
                        seed=args.seed,
                    ),
                    weights,
                )


def _starts(name: str, given: Path | None, args: argparse.Namespace) -> dict[str, Path | None]:
    """From what the network begins, with the file of each; --quick takes the last alone."""
    file = paper.weights_of(paper.info_of(name))
    starts: dict[str, Path | None] = {}
    if paper.RANDOM in args.starts:
        starts[paper.RANDOM] = None
    if given:
        starts[given.name] = given
    elif file and paper.IMAGENET in args.starts:
        starts[paper.IMAGENET] = file
    return dict(list(starts.items())[-1:]) if args.quick else starts


def _given(pairs: Sequence[str]) -> dict[str, Path]:
    """NETWORK=PATH of the command line."""
    result = {}
    for pair in pairs:
        name, _, path = pair.partition("=")
        if paper.info_of(name).backbone is None:
            raise ConfigError(f"{name} has no backbone that weights could be loaded into")
        if not Path(path).is_file():
            raise ConfigError(f"--weights {pair}: there is no such file, give NETWORK=PATH")
        result[name] = Path(path)
    return result


def finished(job: Any, path: Path) -> dict[str, Any] | None:
    """What an earlier run wrote of the job, None where it wrote nothing.

    Raises:
        ConfigError: If the file is of a run with other options.
    """
    if not path.is_file():
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if job.task == UPPER_FACES:
            return found
        same = all(found["job"][k] == getattr(job, k) for k in SAME)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} cannot be read ({error!r}): delete it and run again") from None
    if not same:
        raise ConfigError(f"{path} was made with other options: give the same, or another --out")
    return found


def siamese(job: Any, weights: Path | None, args: argparse.Namespace) -> dict[str, Any]:
    """Train and test a Siamese network by its own command."""
    from monitor.training.experiments import siamese as command

    words = ["--data", str(args.data), "--network", job.network.removeprefix("siamese_")]
    words += ["--weights", str(weights or "none"), "--minutes", f"{job.minutes:g}"]
    words += ["--seed", str(job.seed), "--out", str(args.out), "--name", job.key]
    command.main([*words, "--smoke"] if args.quick else words)
    result: dict[str, Any] = json.loads((args.out / f"{job.key}.json").read_text(encoding="utf-8"))
    return result


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="python -m monitor.training.experiments.all", description=first_words(__doc__)
    )
    p.add_argument("--data", type=Path, default=Path("../shared/data"))
    p.add_argument("--quick", action="store_true", help="each network once on a few pictures")
    p.add_argument("--networks", default="", help="which, with commas (default: all)")
    p.add_argument("--tasks", default="", help="which, with commas (default: all)")
    p.add_argument("--starts", default="random,imagenet", help="which (default: %(default)s)")
    for name, kind, default, words in (
        ("--limit", int, 4000, "pictures of a set at most"),
        ("--passes", int, 0, "over what is learnt; 0: the paper's epochs"),
        ("--size-max", int, 255, "side of the input at most, px"),
        ("--minutes", float, 60.0, "of all processors for the training of each network at most"),
        ("--seed", int, 0, "of weights, division and copies"),
    ):
        p.add_argument(name, type=kind, default=default, help=f"{words} (default: %(default)s)")
    p.add_argument("--preprocessing", help="another one than the paper's for all")
    p.add_argument(
        "--weights",
        action="append",
        default=[],
        metavar="NETWORK=PATH",
        help="weights of that network's backbone; may be given several times",
    )
    p.add_argument(
        "--end-to-end",
        type=Path,
        metavar="PICTURES",
        help="also run the program with each network of masks on whole pictures with boxes",
    )
    p.add_argument("--out", type=Path, help="folder of the results (default: runs/papers)")
    p.add_argument(
        "--summary", type=Path, help="folder for papers.md and papers.json: of all in --out"
    )
    return p


def options(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line, read and checked.

    Raises:
        ConfigError: If a name is not known, or a number is out of its range.
    """
    args = parser().parse_args(argv)
    args.networks = [n for n in args.networks.split(",") if n] or list(paper.infos())
    known = sorted({t for info in paper.infos().values() for t in info.tasks})
    args.tasks = [t for t in args.tasks.split(",") if t] or known
    args.starts = args.starts.split(",")
    if unknown := set(args.starts) - {paper.RANDOM, paper.IMAGENET}:
        raise ConfigError(f"unknown start {', '.join(sorted(unknown))}: use random and imagenet")
    if unknown := set(args.tasks) - set(known):
        raise ConfigError(f"unknown task {', '.join(sorted(unknown))}: use {', '.join(known)}")
    if args.quick:
        vars(args).update(QUICK)
    if args.limit < 20 or args.minutes <= 0 or args.passes < 0:
        raise ConfigError("--limit must be 20 or more, --minutes above 0, --passes 0 or more")
    args.out = args.out or Path("runs") / ("papers-quick" if args.quick else "papers")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    args = options(argv)
    quiet_tensorflow()
    from monitor.training.experiments import paper_page
    from monitor.training.experiments.paper_run import run, whole_program
    from monitor.training.experiments.paper_sets import TASKS

    todo = list(jobs(args))
    if not todo:
        raise ConfigError("nothing is chosen: see --networks, --tasks and --starts")
    models = output_dir(args.out / "models")
    progress, task = Progress(len(todo)), None
    for job, weights in todo:
        progress.begin(job.key)
        path = args.out / f"{job.key}.json"
        result = finished(job, path)
        if result is None and job.task == UPPER_FACES:
            result = siamese(job, weights, args)
        elif result is None:
            if task is None or task.name != job.task:
                task = TASKS[job.task](args.data, args.limit, args.seed)
            result = run(job, task, weights, models / job.key, progress.tell)
            result["command"] = typed("experiments.all", argv)
            write_json(path, result)
            paper_page.write_page(result, path.with_suffix(".html"))
        here = job.task == "masks" and (models / f"{job.key}.onnx").is_file()
        if args.end_to_end and here and "whole" not in result:
            progress.tell(1.0, "the whole program")
            result["whole"] = whole_program(models / job.key, args.end_to_end)
            write_json(path, result)
        progress.end()
    if args.summary:
        results = paper_page.kept(args.out, args.summary)
        write_json(args.summary / "papers.json", results)
        write_text(args.summary / "papers.md", paper_page.markdown(results))
        for name, figure in paper_page.charts(results).items():
            save_figure(figure, args.summary / name)
    return 0


if __name__ == "__main__":
    run_main(main)

"""Whether a candidate is better than the model that is live: on a frozen test that nobody trains
on, and on days of the site that were held out.

Answers are compared face by face; "worse" means worse beyond noise, by a bootstrap interval of the
difference. The reason of a refusal is one plain sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.learning.bundle import Labels
from monitor.records import FloatArray

DRAWS = 2000  # of the bootstrap
INTERVAL = (2.5, 97.5)  # per cent
CLASS_DROP_MAX = 0.005  # of a class on the frozen test, also where noise could explain more
GROUP_MIN = 20  # a smaller group says nothing
SITE_MIN = 8  # held-out faces of the site without which nothing is promoted
BYTES_MAX, LATENCY_MAX = 1.25, 1.5  # times the live model's

Right = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Answers:
    """What two models say of the same faces."""

    truth: Labels  # (N,)
    group: npt.NDArray[np.str_]  # (N,)
    before: FloatArray  # (N, C) logits of the live model
    after: FloatArray  # (N, C) logits of the candidate

    def __len__(self) -> int:
        return len(self.truth)


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of right answers before and after, with the interval of the difference."""

    count: int
    before: float
    after: float
    low: float
    high: float

    @property
    def worse(self) -> bool:
        """Beyond noise."""
        return self.high < 0


@dataclass(frozen=True, slots=True)
class Cost:
    """What a model costs."""

    bytes: int
    seconds: float  # of one batch of faces, median


@dataclass(frozen=True)
class Verdict:
    """What comes of it."""

    promote: bool
    reason: str  # of a refusal, or what is better, in one sentence
    classes: Mapping[str, Rates] = field(default_factory=dict)  # on the frozen test
    groups: Mapping[str, Rates] = field(default_factory=dict)  # the same
    site: Rates | None = None  # on the site's held-out faces
    confusion: tuple[tuple[int, ...], ...] = ()  # truth by answer on the frozen test, after

    def figures(self) -> dict[str, Any]:
        """As it is stored."""
        named = {f"class {k}": r for k, r in self.classes.items()}
        named |= {f"group {k}": r for k, r in self.groups.items()}
        named |= {"site": self.site} if self.site is not None else {}
        return {
            name: {
                "count": r.count,
                "before": r.before,
                "after": r.after,
                "interval": [r.low, r.high],
            }
            for name, r in named.items()
        }


def judge(
    frozen: Answers, site: Answers, classes: tuple[str, ...], costs: tuple[Cost, Cost]
) -> Verdict:
    """Compare.

    Args:
        frozen: On faces that neither model was trained on.
        site: On the site's held-out faces.
        classes: In the order of the columns.
        costs: Of the live model and of the candidate.
    """
    by_class = {
        name: rates
        for c, name in enumerate(classes)
        if (rates := compare(frozen, frozen.truth == c)).count
    }
    by_group = {
        str(name): rates
        for name in np.unique(frozen.group)
        if (rates := compare(frozen, frozen.group == name)).count >= GROUP_MIN
    }
    on_site = compare(site, np.ones(len(site), bool)) if len(site) else None
    confusion = np.zeros((len(classes), len(classes)), int)
    np.add.at(confusion, (frozen.truth, frozen.after.argmax(1)), 1)
    table = tuple(tuple(int(n) for n in row) for row in confusion)
    reason = _refusal(by_class, by_group, on_site, costs)
    if reason:
        return Verdict(False, reason, by_class, by_group, on_site, table)
    assert on_site is not None
    return Verdict(
        True,
        f"of {on_site.count} held-out faces of the site {_errors(on_site)[1]} are judged wrong "
        f"instead of {_errors(on_site)[0]}, and nothing is worse on the frozen test",
        by_class,
        by_group,
        on_site,
        table,
    )


def compare(answers: Answers, which: Right) -> Rates:
    """Right answers of some faces before and after; paired, so that faces both get right add no
    noise.
    """
    truth = answers.truth[which]
    if not len(truth):
        return Rates(0, 0.0, 0.0, 0.0, 0.0)
    before = answers.before[which].argmax(1) == truth
    after = answers.after[which].argmax(1) == truth
    difference = after.astype(float) - before
    rng = np.random.default_rng(0)
    # of the multinomial draw only how often each of -1, 0, 1 comes up matters
    shares = [(difference == value).mean() for value in (-1, 0, 1)]
    drawn = rng.multinomial(len(truth), shares, DRAWS)
    means = (drawn[:, 2] - drawn[:, 0]) / len(truth)
    low, high = np.percentile(means, INTERVAL)
    return Rates(len(truth), float(before.mean()), float(after.mean()), float(low), float(high))


def _refusal(
    classes: Mapping[str, Rates],
    groups: Mapping[str, Rates],
    site: Rates | None,
    costs: tuple[Cost, Cost],
) -> str:
    """Why not, or ""."""
    for name, rates in classes.items():
        if rates.worse or rates.before - rates.after > CLASS_DROP_MAX:
            return (
                f"on the frozen test {_fall(rates)} of the faces labelled {name} are judged right"
            )
    for name, rates in groups.items():
        if rates.worse:
            return f"on the frozen test {_fall(rates)} of the faces of “{name}” are judged right"
    before, after = costs
    if after.bytes > BYTES_MAX * before.bytes:
        return f"it is {after.bytes / before.bytes:.1f} times as large as the model that is live"
    if after.seconds > LATENCY_MAX * before.seconds:
        return (
            f"it takes {after.seconds / before.seconds:.1f} times as long as the model that is live"
        )
    if site is None or site.count < SITE_MIN:
        count = 0 if site is None else site.count
        return (
            f"{count} faces of the site are held out to test on, and {SITE_MIN} are needed: "
            f"correct or confirm more visits"
        )
    was, is_now = _errors(site)
    if is_now >= was:
        return (
            f"it is no better here: of {site.count} held-out faces of the site {is_now} are judged "
            f"wrong, with the model that is live {was}"
        )
    return ""


def _errors(rates: Rates) -> tuple[int, int]:
    return round(rates.count * (1 - rates.before)), round(rates.count * (1 - rates.after))


def _fall(rates: Rates) -> str:
    return f"only {100 * rates.after:.1f} instead of {100 * rates.before:.1f} %"

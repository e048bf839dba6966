"""An acceptance run in words: the table, the shares, the sentence; as text, Markdown and CSV."""

from __future__ import annotations

import csv
import io

from monitor.doctor.accept_figures import BAR, RIGHT, fails, figures
from monitor.doctor.accept_records import Accepted, Figures, Fit, Seen, Share, Truth
from monitor.records import MaskState

SAID = {
    MaskState.MASKED: "masked",
    MaskState.UNMASKED: "unmasked",
    MaskState.INCORRECT: "worn wrong",
    MaskState.UNSURE: "unsure",
}
NOT_SEEN = "not seen"
ENDED_S = 5.0  # a run whose last picture came so shortly before its end did not end early
MISSED_ROW = "somebody, missed"
COLUMNS = (*SAID.values(), NOT_SEEN)
SHARES = (
    ("right", "People told as they were"),
    ("noticed", "No mask, or worn wrong, and noticed"),
    ("found", "People who came and were seen"),
    ("real", "Visits that were somebody"),
)


def table(accepted: Accepted) -> list[tuple[str, tuple[int, ...]]]:
    """The confusion matrix: a row for each truth, a number for each of `COLUMNS`."""
    rows = [
        (truth.value, (*(accepted.cells.get((truth, said), 0) for said in SAID), 0))
        for truth in Truth
    ]
    return [*rows, (MISSED_ROW, (0,) * len(SAID) + (accepted.missed,))]


def share_text(share: Share) -> str:
    """As `18 of 20, 90 % (70 to 97 %)`."""
    if not share.of:
        return "nobody yet"
    percent, low, high = (round(100 * v) for v in (share.hits / share.of, share.low, share.high))
    return f"{share.hits} of {share.of}, {percent} % ({low} to {high} %)"


def share_of(figured: Figures, key: str) -> Share:
    """One of `SHARES` by its key."""
    shares: dict[str, Share] = {
        "right": figured.right,
        "noticed": figured.noticed,
        "found": figured.found,
        "real": figured.real,
    }
    return shares[key]


def verdict(accepted: Accepted) -> str:
    """One plain sentence: whether this door is fit."""
    figured, bar = figures(accepted), round(100 * BAR)
    if figured.fit is Fit.YES:
        return (
            f"{accepted.name} is fit: people are seen and told as they are, in {bar} % and more of "
            f"all cases with 95 % certainty."
        )
    if figured.fit is Fit.NO:
        mends = [text for key, text in _MENDS if fails(share_of(figured, key))]
        return f"{accepted.name} is not fit: {'; '.join(mends)}."
    people = figured.right.of
    who = "1 person was" if people == 1 else f"{people} people were"
    return (
        f"Whether {accepted.name} is fit cannot be told yet: {who} judged, too few for "
        f"{bar} % with 95 % certainty; go on for longer (16 people without a mistake are enough)."
    )


_MENDS = (
    (
        "right",
        "too many people are told wrong (more light on the faces, or the camera closer, helps)",
    ),
    ("noticed", "too many without a mask are not noticed (let faces be larger and better lit)"),
    ("found", "too many people are missed (point the camera at the way that they come)"),
    ("real", "too many visits were nobody (ignore the place in Monitor > Zones of the picture)"),
)


def seen_text(seen: Seen) -> str:
    """Who is to be judged, without what the monitor says of it."""
    third = min(2, int(3 * seen.place))
    where = ("at the left", "in the middle", "at the right")[third]
    return (
        f"Visit {seen.number}, came at {seen.came.astimezone():%H:%M:%S}, {where}, the face "
        f"{seen.size_px:.0f} px large"
    )


def length_text(accepted: Accepted) -> str:
    """For how long was looked; of how long where it ended earlier."""
    minutes, planned = accepted.seconds / 60, accepted.planned_s
    if planned is None or accepted.seconds >= planned - ENDED_S:
        return f"{minutes:.1f} minutes"
    return (
        f"ended after {minutes:.1f} of {planned / 60:g} minutes; the figures in brackets "
        f"(Wilson's 95 % interval) are of those who were judged until then"
    )


def _notes(accepted: Accepted) -> str:
    return (
        f"{accepted.began.astimezone():%Y-%m-%d %H:%M}, {length_text(accepted)}, "
        f"{accepted.model or 'no model'}; {accepted.skipped} skipped, {accepted.left} not judged"
    )


def as_text(accepted: Accepted) -> str:
    """For a terminal."""
    wide = max(len(column) for column in COLUMNS) + 2
    lines = [f"{'it was / monitor said':<22}" + "".join(f"{c:>{wide}}" for c in COLUMNS)]
    for name, numbers in table(accepted):
        lines.append(f"{name:<22}" + "".join(f"{n:>{wide}}" for n in numbers))
    figured = figures(accepted)
    lines += ["", *(f"{text}: {share_text(share_of(figured, key))}" for key, text in SHARES)]
    return "\n".join([*lines, _notes(accepted), verdict(accepted)])


def as_markdown(accepted: Accepted) -> str:
    """A page to keep."""
    name = accepted.name.replace("|", "\\|")
    lines = [f"# Acceptance run: {name}", "", verdict(accepted), "", _notes(accepted), ""]
    lines += [f"| it was | {' | '.join(COLUMNS)} |", f"|---|{'---:|' * len(COLUMNS)}"]
    lines += [f"| {row} | {' | '.join(map(str, numbers))} |" for row, numbers in table(accepted)]
    figured = figures(accepted)
    lines += ["", "| share | count, in brackets Wilson's 95 % interval |", "|---|---|"]
    lines += [f"| {text} | {share_text(share_of(figured, key))} |" for key, text in SHARES]
    return "\n".join(lines) + "\n"


def as_csv(accepted: Accepted) -> str:
    """One row a cell of the matrix: it was, the monitor said, how many, whether that is right."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(("camera", "began", "seconds", "it_was", "monitor_said", "visits", "right"))
    began = accepted.began.isoformat(timespec="seconds")
    right = {(truth.value, SAID[said]) for truth, said in RIGHT.items()}
    for name, numbers in table(accepted):
        for column, number in zip(COLUMNS, numbers, strict=True):
            if (name == MISSED_ROW) is not (column == NOT_SEEN):
                continue  # these cannot be
            good = "yes" if (name, column) in right else "no"
            rows.writerow(
                (accepted.name, began, f"{accepted.seconds:.0f}", name, column, number, good)
            )
    return written.getvalue()

"""How the history is said: sums, rows, changes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from monitor.gui.picture.marks import CORRECTION_WORDS
from monitor.gui.side.count_panel import percent_text
from monitor.gui.side.sightings_model import time_text
from monitor.marks import MARKS
from monitor.records import Change, Correction, MaskState, Shift, Sighting, Visit
from monitor.storage.compliance import judged
from monitor.storage.overview import Group, OfDesk
from monitor.storage.totals import OfDay, OfHour, OfShift

if TYPE_CHECKING:
    from monitor.storage.history import Found

Row = Visit | Sighting
NOT_KEPT = "not kept"


def hours_text(seconds: float) -> str:
    """`7 h 50 min`; below an hour, minutes and seconds."""
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def watched_text(watched_s: float, on_s: float, off_s: float) -> str:
    """For how long somebody would have been seen, of how long that was to be; and for how long
    nobody looked. Seconds.
    """
    if not on_s:
        return "hours watched were not noted"
    off = f", not running {hours_text(off_s)}" if round(off_s) else ""
    return f"watched {hours_text(watched_s)} of {hours_text(on_s)}{off}"


def sums_text(group: Group) -> str:
    """A line for a page."""
    count, number = group.count, judged(group.count)
    visits = "visit" if number == 1 else "visits"
    alarms = f"{group.sightings} {'sighting' if group.sightings == 1 else 'sightings'}"
    seen = f"{percent_text(count)} masked when last seen: {count.masked} of {number} {visits}"
    hours = watched_text(group.watched_s, group.on_s, group.off_s)
    parts = [seen if number else "Nobody judged", f"{count.unsure} not sure" * bool(count.unsure)]
    return ", ".join(part for part in (*parts, alarms, hours) if part)


def listed_text(found: Found, whole: Group) -> str:
    """How many rows are listed; of all sightings of a time, those that stand apart from those that
    were taken back.
    """
    wanted, number = found.wanted, found.number
    kind = wanted.kind.removesuffix("s") if number == 1 else wanted.kind
    if found.more:
        return f"The newest {number:,} {kind}; there are more"
    narrowed = (wanted.camera, wanted.state, wanted.shift_ids, wanted.text or None)
    if wanted.kind == "sightings" and not wanted.corrected and narrowed == (None,) * 4:
        back = number - whole.sightings
        return (
            f"{whole.sightings:,} sightings and {back:,} not counted"
            if back
            else f"{number:,} {kind}"
        )
    return f"{number:,} {kind}"


def key_text(group: Group, shifts: dict[str, Shift]) -> str:
    """What a bar or a line of a table is of."""
    match group.key:
        case OfDay(day):
            return f"{day:%a} {day.day} {day:%b}"
        case OfHour(day, hour):
            return f"{day.day} {day:%b}, {hour}:00"
        case OfShift(shift_id):
            shift = shifts.get(shift_id)
            return shift_text(shift) if shift is not None else NOT_KEPT
        case OfDesk(name):
            return name or "desk not known"
        case int(hour):
            return f"{hour}:00"
        case str(camera):
            return camera or "single pictures"
    return "all"


def shift_text(shift: Shift) -> str:
    began = shift.started.astimezone()
    return f"{shift.name or 'Shift'}, {began.day} {began:%b %H:%M}"


def shown_of(row: Row) -> MaskState | Correction:
    """What a row counts as: the receptionist's word before the machine's."""
    state = row.state if isinstance(row, Visit) else row.worst_state
    said = row.corrected
    if said is None:
        return state
    return MaskState(said.value) if said.value in _STATES else said


_STATES = {state.value for state in MaskState}


def state_text(row: Row) -> str:
    """The word of it, and whether somebody has said so."""
    shown = shown_of(row)
    word = MARKS[shown].word if isinstance(shown, MaskState) else _no_person(shown)
    if row.corrected is Correction.NEVER_MOVED:
        return f"{word} (withdrawn)"  # by the machine
    return f"{word} (corrected)" if row.corrected is not None else word


def _no_person(said: Correction) -> str:
    return CORRECTION_WORDS[said].capitalize()


def spent_s(row: Row) -> float:
    """How long a visit took, or how long somebody was without a mask."""
    if isinstance(row, Sighting):
        return row.seconds_unmasked
    return (row.last_seen - row.first_seen).total_seconds()


def change_text(change: Change, now: datetime | None = None) -> str:
    """An audit line: who, when, what."""
    who, when = change.by or "Somebody", time_text(change.at, now)
    if change.field == "note":
        if not change.after:
            return f"{when}: {who} deleted the note “{change.before}”"
        return f"{when}: {who} noted “{change.after}”" + (
            f", before: “{change.before}”" if change.before else ""
        )
    return f"{when}: {who} said “{_word(change.after)}”, before: “{_word(change.before)}”"


def _word(said: str | None) -> str:
    return CORRECTION_WORDS[Correction(said)] if said else "as the monitor saw it"

"""What a person sees in a clip, and how the program's visits and sightings compare with it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from monitor.errors import ConfigError
from monitor.records import FloatArray, MaskState

REACH = 0.6  # of the face's size: so far may a box's middle lie from where the face is
BEYOND_S = 0.4  # a face is still there for so long before and after it was noted
# A visit that is so long on somebody else, or on what is no face, is told of.
STRAYED_S = 0.3


@dataclass(frozen=True, eq=False)
class Person:
    """Somebody in a clip."""

    who: str
    needed: bool  # False: may be a visit, or none
    sightings: tuple[int, int]  # the fewest and the most that are right
    states: tuple[tuple[float, float, MaskState], ...]  # from, to (s); between them none is wrong
    seen: tuple[FloatArray, ...]  # stretches of (N, 4): s, x, y, px

    def at(self, t: float) -> FloatArray | None:
        """(3,) x, y and size of the face at time `t` (s); None: not in sight."""
        for stretch in self.seen:
            if stretch[0, 0] - BEYOND_S <= t <= stretch[-1, 0] + BEYOND_S:
                place = [np.interp(t, stretch[:, 0], stretch[:, k]) for k in (1, 2, 3)]
                return np.array(place, np.float32)
        return None

    def wrong(self, t: float, state: MaskState) -> bool:
        """Whether a state at time `t` (s) is not theirs. Being unsure is never wrong."""
        said = [true for low, high, true in self.states if low <= t <= high]
        return state is not MaskState.UNSURE and bool(said) and state not in said


@dataclass(frozen=True, eq=False)
class Seen:
    """One face that the program showed."""

    t: float
    visit_id: str
    xyxy: FloatArray
    state: MaskState


@dataclass(frozen=True)
class Score:
    """How a clip's visits and sightings compare with what a person sees."""

    visits: int
    too_many: int  # visits of nobody, and second ones of somebody
    too_few: int  # people without a visit
    false_sightings: int
    missed_sightings: int
    swapped: int  # visits that go on with another person, or with what is no face
    wrong_state_s: float  # time in which a state was shown that is not the person's
    told: tuple[str, ...]  # what is wrong, in words

    @property
    def right(self) -> bool:
        """Whether nothing is wrong but, perhaps, a state for some moments."""
        return not self.told


def read_truth(path: Path) -> dict[str, tuple[Person, ...]]:
    """The people of each clip, by its path from the project's folder.

    Raises:
        ConfigError: If the file cannot be read, or is none.
    """
    try:
        clips = json.loads(path.read_text(encoding="utf-8"))["clips"]
        return {name: tuple(_person(one) for one in people) for name, people in clips.items()}
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): give --truth") from None
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ConfigError(
            f"{path} is no truth file ({error!r}): see tests/data/visits.json"
        ) from None


def _person(one: dict[str, Any]) -> Person:
    fewest, most = one["sightings"]
    return Person(
        str(one["who"]),
        bool(one["needed"]),
        (int(fewest), int(most)),
        tuple((float(low), float(high), MaskState(state)) for low, high, state in one["states"]),
        tuple(np.array(stretch, np.float32).reshape(-1, 4) for stretch in one["seen"]),
    )


def whose(people: Sequence[Person], t: float, xyxy: FloatArray) -> int | None:
    """Which of some people a box at time `t` (s) is on; None: nobody."""
    middle = (xyxy[:2] + xyxy[2:]) / 2
    distances = []
    for number, person in enumerate(people):
        place = person.at(t)
        if place is not None:
            distances.append((float(np.hypot(*(middle - place[:2]))) / float(place[2]), number))
    near = min(distances, default=(REACH + 1, 0))
    return near[1] if near[0] <= REACH else None


def score(
    people: Sequence[Person], seen: Sequence[Seen], sightings: Counter[str], step_s: float
) -> Score:
    """Compare.

    Args:
        people: All who can be seen in the clip.
        seen: All faces of all frames.
        sightings: How many there are of each visit, by its id.
        step_s: Between two frames.
    """
    on: dict[str, Counter[int | None]] = {}
    wrong = 0
    for face in seen:
        owner = whose(people, face.t, face.xyxy)
        on.setdefault(face.visit_id, Counter())[owner] += 1
        wrong += owner is not None and people[owner].wrong(face.t, face.state)
    owners = {visit: _owner(counts) for visit, counts in on.items()}
    told: list[str] = []
    too_many = swapped = false = missed = too_few = 0
    of_nobody = [visit for visit, owner in owners.items() if owner is None]
    too_many += len(of_nobody)
    false += sum(sightings[visit] for visit in of_nobody)
    told += [f"{visit} is on nobody" for visit in of_nobody]
    for number, person in enumerate(people):
        own = [visit for visit, owner in owners.items() if owner == number]
        if len(own) > 1:
            too_many += len(own) - 1
            told.append(f"{person.who}: {len(own)} visits")
        if not own and person.needed:
            too_few += 1
            told.append(f"{person.who}: no visit")
        count, (fewest, most) = sum(sightings[visit] for visit in own), person.sightings
        false += max(0, count - most)
        missed += max(0, fewest - count)
        if not fewest <= count <= most:
            told.append(f"{person.who}: {count} sightings")
    for visit, counts in on.items():
        for other, frames in counts.items():
            if other != owners[visit] and frames * step_s >= STRAYED_S:
                swapped += 1
                told.append(f"{visit} goes on with {_name(people, other)}")
    return Score(
        len(on), too_many, too_few, false, missed, swapped, round(wrong * step_s, 2), tuple(told)
    )


def _owner(counts: Counter[int | None]) -> int | None:
    return counts.most_common(1)[0][0]


def _name(people: Sequence[Person], number: int | None) -> str:
    return people[number].who if number is not None else "what is no face"

"""What the counts of an acceptance run come to, and whether the door is fit."""

from __future__ import annotations

import math

from monitor.doctor.accept_records import Accepted, Figures, Fit, Share, Truth
from monitor.records import MaskState

Z = 1.96  # 95 %
# Each share has to be this good with 95 % certainty: 16 people of 16 are the fewest that show it.
BAR = 0.8
FEWEST = 5  # nobody calls a door unfit for one person

RIGHT = {
    Truth.MASKED: MaskState.MASKED,
    Truth.UNMASKED: MaskState.UNMASKED,
    Truth.INCORRECT: MaskState.INCORRECT,
}


def share(hits: int, of: int) -> Share:
    """A share with Wilson's interval (Wilson 1927): honest near 100 % and for small counts."""
    if of == 0:
        return Share(0, 0)
    part, wide = hits / of, Z * Z / of
    middle = (part + wide / 2) / (1 + wide)
    half = Z * math.sqrt(part * (1 - part) / of + wide / (4 * of)) / (1 + wide)
    return Share(hits, of, max(0.0, middle - half), min(1.0, middle + half))


def figures(accepted: Accepted) -> Figures:
    """The shares, and what they say of the door."""
    people = {key: n for key, n in accepted.cells.items() if key[0] is not Truth.NOBODY}
    seen, visits = sum(people.values()), sum(accepted.cells.values())
    bare = {k: n for k, n in people.items() if k[0] is not Truth.MASKED}
    noticed = (MaskState.UNMASKED, MaskState.INCORRECT)
    right = share(sum(n for (truth, said), n in people.items() if RIGHT[truth] is said), seen)
    caught = share(
        sum(n for (_, said), n in bare.items() if said in noticed),
        sum(bare.values()),
    )
    found, real = share(seen, seen + accepted.missed), share(seen, visits)
    return Figures(right, caught, found, real, _fit(right, caught, found, real))


def fails(one: Share) -> bool:
    """Whether a share is too low, with 95 % certainty."""
    return one.of >= FEWEST and one.high < BAR


def _fit(right: Share, caught: Share, found: Share, real: Share) -> Fit:
    if any(fails(one) for one in (right, caught, found, real)):
        return Fit.NO
    # who wears no mask may not come in ten minutes: that alone leaves nothing open
    sure = all(one.of and one.low >= BAR for one in (right, found, real))
    return Fit.YES if sure else Fit.UNKNOWN

"""How each state is marked: colour, symbol, word and line style, never colour alone. No Qt: the
window and pictures share it.

The colours are those of Okabe and Ito, "Color Universal Design" (2008), which colour-blind people
can tell apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from monitor.records import Correction, MaskState


class Line(Enum):
    """How the outline of a box is drawn."""

    SOLID = "solid"
    THICK = "thick"
    DASH_DOT = "dash-dot"
    DASHED = "dashed"


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands for a state on screen."""

    colour: str  # #RRGGBB
    symbol: str  # one character, for text
    word: str
    line: Line


MARKS = {
    MaskState.MASKED: Mark("#009E73", "✓", "Masked", Line.SOLID),
    MaskState.UNMASKED: Mark("#D55E00", "✗", "No mask", Line.THICK),
    MaskState.INCORRECT: Mark("#E69F00", "!", "Worn incorrectly", Line.DASH_DOT),
    MaskState.UNSURE: Mark("#8A8F98", "?", "Not sure", Line.DASHED),
}

CORRECTION_WORDS = {
    Correction.MASKED: "wore a mask",
    Correction.UNMASKED: "wore no mask",
    Correction.INCORRECT: "wore it incorrectly",
    Correction.NO_PERSON: "was no person",
}

"""How each state is marked: colour, word and line style; its symbol is drawn by `symbols`. Never by
colour alone. No Qt.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from monitor.palette import COLOURS
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
    word: str
    line: Line


MARKS = {
    MaskState.MASKED: Mark(COLOURS[MaskState.MASKED], "Masked", Line.SOLID),
    MaskState.UNMASKED: Mark(COLOURS[MaskState.UNMASKED], "No mask", Line.THICK),
    MaskState.INCORRECT: Mark(COLOURS[MaskState.INCORRECT], "Worn incorrectly", Line.DASH_DOT),
    MaskState.UNSURE: Mark(COLOURS[MaskState.UNSURE], "Not sure", Line.DASHED),
}

CORRECTION_WORDS = {
    Correction.MASKED: "wore a mask",
    Correction.UNMASKED: "wore no mask",
    Correction.INCORRECT: "wore it incorrectly",
    Correction.NO_PERSON: "was no person",
}

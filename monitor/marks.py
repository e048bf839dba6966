"""How each state is marked, in the window and on the web page: colour, word, line style and
symbol. Never by colour alone. Data only: the window paints it with Qt, the page with SVG.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from monitor.palette import COLOURS
from monitor.records import MaskState


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
WIDTHS = {Line.SOLID: 2.5, Line.THICK: 4.5, Line.DASH_DOT: 3.0, Line.DASHED: 2.0}  # px of screen
PATTERNS = {Line.DASH_DOT: [6.0, 2.5, 1.2, 2.5], Line.DASHED: [3.5, 2.5]}  # in line widths

Point = tuple[float, float]
SYMBOL_SIDE = 16.0  # of the square that a symbol is drawn in: a disc in the state's colour
SYMBOL_PEN = 2.2  # width of its strokes, with round ends
# A symbol's strokes: two points are a straight line, four a cubic curve.
STROKES: dict[MaskState, tuple[tuple[Point, ...], ...]] = {
    MaskState.MASKED: (((4.3, 8.4), (7.0, 11.1)), ((7.0, 11.1), (11.8, 5.3))),
    MaskState.UNMASKED: (((5.0, 5.0), (11.0, 11.0)), ((11.0, 5.0), (5.0, 11.0))),
    MaskState.INCORRECT: (((8.0, 3.8), (8.0, 8.8)), ((8.0, 11.9), (8.0, 12.0))),
    MaskState.UNSURE: (
        ((5.6, 6.1), (5.8, 2.9), (10.6, 3.1), (10.4, 6.2)),
        ((10.4, 6.2), (10.2, 7.9), (8.0, 7.7), (8.0, 9.3)),
        ((8.0, 12.0), (8.0, 12.1)),
    ),
}
# of the strokes: black on orange and white on the rest, at least 3:1 for each
INKS = dict.fromkeys(MaskState, "#FFFFFF") | {MaskState.INCORRECT: "#1A1A1A"}
# what the receptionist says of a poster, say: one visit less
NO_PERSON_COLOUR, NO_PERSON_INK = "#4F5661", "#FFFFFF"
NO_PERSON_STROKES: tuple[tuple[Point, ...], ...] = (((4.4, 8.0), (11.6, 8.0)),)

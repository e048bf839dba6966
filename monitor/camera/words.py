"""What is said of a camera whose picture shows nobody, or another scene; its name stands before
it.
"""

from __future__ import annotations

from monitor.records import WatchState

DOUBTS = {
    WatchState.FROZEN: "sends the same picture again and again: connect it again, or turn it off "
    "and on",
    WatchState.BLACK: "sends a black picture: see to its cover, its cable and the light",
    WatchState.DARK: "shows a picture too dark to judge anybody well: turn on a light, or set the "
    "camera brighter",
    WatchState.COVERED: "is covered, or looks at a wall: see what is before its lens",
    WatchState.BLURRED: "is out of focus: clean its lens and focus it anew",
    WatchState.SIDEWAYS: "lies on its side, so nobody is judged: turn it",
    WatchState.MOVED: "shows another scene than on the day before: turn it back if nobody meant to "
    "move it",
}

# in a word, beside its name
SHORT = {
    WatchState.FROZEN: "frozen picture",
    WatchState.BLACK: "black picture",
    WatchState.DARK: "too dark",
    WatchState.COVERED: "covered",
    WatchState.BLURRED: "out of focus",
    WatchState.SIDEWAYS: "sideways",
    WatchState.UPSIDE_DOWN: "upside down",
    WatchState.MOVED: "moved",
}


def hangs(turn: int) -> str:
    """How a picture is that has to be turned so far (degrees)."""
    return "upside down" if turn == 180 else "sideways"


def turned_text(name: str, turn: int, mend: str) -> str:
    """What is said of a camera that hangs so, and what mends it."""
    return f"the picture of {name} is {hangs(turn)}, so nobody is judged: {mend}"

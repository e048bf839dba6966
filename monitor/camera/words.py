"""What is said of a camera whose picture shows nobody; its name stands before it."""

from __future__ import annotations

from monitor.camera.evidence import Doubt

DOUBTS = {
    Doubt.FROZEN: "sends the same picture again and again: connect it again, or turn it off and on",
    Doubt.BLACK: "sends a black picture: see to its cover, its cable and the light",
    Doubt.DARK: "shows a picture too dark to judge anybody well: turn on a light, or set the "
    "camera brighter",
    Doubt.COVERED: "is covered, or looks at a wall: see what is before its lens",
    Doubt.BLURRED: "is out of focus: clean its lens and focus it anew",
}


def hangs(turn: int) -> str:
    """How a picture is that has to be turned so far (degrees)."""
    return "upside down" if turn == 180 else "sideways"


def turned_text(name: str, turn: int, mend: str) -> str:
    """What is said of a camera that hangs so, and what mends it."""
    return f"the picture of {name} is {hangs(turn)}, so nobody is judged: {mend}"

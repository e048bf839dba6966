"""What the first steps say of the zones of a picture."""

from __future__ import annotations

from monitor.camera.zones import Zones

ZONES_TEXT = (
    "Everybody in the picture counts, unless you say otherwise. Draw what counts (the doorway) and "
    "what is ignored (a poster, a mirror) on the picture; that can be done later, too: Monitor > "
    "Zones of the picture."
)


def zones_text(zones: Zones) -> str:
    """What counts in the picture now."""
    if not zones:
        return ZONES_TEXT
    counting, ignored = len(zones.counting), len(zones.ignored)
    counts = "Everything counts"
    if counting:
        counts = "1 place counts" if counting == 1 else f"{counting} places count"
    but = ""
    if ignored:
        but = ", but 1 place is ignored" if ignored == 1 else f", but {ignored} places are ignored"
    return f"{counts}{but}, as it is drawn here: see Monitor > Zones of the picture."

"""What the review room says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the window is up before the cameras' side is loaded
    from monitor.camera.review import Place


def time_text(seconds: float, *, exact: bool = False) -> str:
    """`0:07`, `12:05`, `1:02:05`; `0:07.45` where it is exact."""
    hundredths = round(100 * max(0.0, seconds)) if exact else 100 * int(max(0.0, seconds) + 1e-6)
    whole, part = divmod(hundredths, 100)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
    return f"{text}.{part:02d}" if exact else text


def place_text(place: Place, t: float, *, stills: bool, exact: bool = False) -> str:
    """A moment of a recording; of a folder, which of its pictures that is."""
    if stills:
        return f"{round(t) + 1}"
    return time_text(t, exact=exact)


def length_text(place: Place, *, stills: bool) -> str:
    """How long a recording is, so far as it is known."""
    return f"{round(place.length_s) + 1}" if stills else time_text(place.length_s)


def speed_text(speed: float) -> str:
    return f"{speed:g}×"


def is_glance(place: Place) -> bool:
    """Whether a picture is looked at before its time."""
    return not place.at_front and place.number < 0


def state_text(place: Place, *, stills: bool, sightings: int) -> tuple[str, str]:
    """What is done with the picture that is shown: in a few words, and in a sentence."""
    if is_glance(place):
        return "Look ahead", "A look ahead: this was not judged yet"
    if place.target_s is not None:
        there = place_text(place, place.target_s, stills=stills)
        return f"Judging up to {there}", f"All on the way to {there} is judged; Space stops here"
    if not place.at_front:
        why = "This was judged before: it is shown again, and nobody is counted twice"
        return _slow(place) or "Shown again", why
    if place.reached is not None:
        return _slow(place), "This PC judges no faster than that: no picture is left out"
    if stills:
        done = "All judged" if place.ended else f"{place.judged} judged"
        return done, f"{done}: each picture counts once"
    number = "1 sighting" if sightings == 1 else f"{sightings or 'No'} sightings"
    if place.ended:
        return f"All judged, {number.lower()}", f"The recording was judged to its end: {number}"
    return f"{number} so far", "Each picture is judged once, from the beginning on"


def _slow(place: Place) -> str:
    return f"{place.reached:.1f}× reached" if place.reached is not None else ""


def plate_text(place: Place, *, stills: bool) -> str:
    """What is said over the picture; empty for nothing."""
    if is_glance(place):
        return "A look ahead: nobody is judged here yet"
    if place.target_s is not None:
        there = place_text(place, place.target_s, stills=stills)
        return f"Judging all on the way to {there}. Space stops here"
    return ""

"""The sentence of each finding, with what mends it."""

from __future__ import annotations

from collections.abc import Callable

from monitor.camera.words import hangs
from monitor.doctor.judge import FACE_MIN_PX, RATE_MIN, Fault, Finding, Topic
from monitor.doctor.measured import Examined

_MENDS: dict[Fault, str] = {
    Fault.NO_PICTURES: "check that it is on, its cable and the network, and close other programs "
    "that use it",
    Fault.LOST: "check its cable, its power and the network",
    Fault.SMALL: "set the camera to 1280 x 720 (camera.width and camera.height in the settings, or "
    "the camera's own page)",
    Fault.NOT_AS_ASKED: "ask for a size that it has (camera.width and camera.height)",
    Fault.NOT_AS_CLAIMED: "choose its main stream, or set its size on the camera's own page",
    Fault.SLOW: "turn on more light (cameras slow down in the dark), set a higher rate, or ask for "
    "a smaller picture",
    Fault.SLOWER_THAN_CLAIMED: "turn on more light (cameras slow down in the dark), plug it in "
    "without a hub, or see whether the network or this PC is busy",
    Fault.STOOD_STILL: "check its cable and the network, and close what else keeps this PC busy",
    Fault.DAMAGED: "check its cable and the network; a shorter cable or a lower rate helps",
    Fault.DARK: "turn on a light, or set the camera brighter",
    Fault.DIM: "turn on a light in front of the people, or set the camera brighter",
    Fault.BRIGHT: "set the camera darker, or turn a lamp or the sun away from it",
    Fault.BACKLIT: "turn the camera away from the window or the lamp, draw a curtain, or put a "
    "light in front of the people",
    Fault.NOTHING_TO_SEE: "see what is before its lens",
    Fault.BLURRED: "clean its lens and focus it anew",
    Fault.FROZEN: "connect it again, or turn it off and on",
    Fault.TURNED: "turn the camera, or have its picture turned (the cameras page, or "
    "camera.rotate)",
    Fault.FACES_SMALL: "bring the camera closer, zoom in, or set a larger picture",
    Fault.LATE: "close what else keeps this PC busy, set a smaller picture, or draw zones of what "
    "counts",
}


def sentence(seen: Examined, finding: Finding) -> str:
    """One finding in a sentence or two, the latter what mends it."""
    said = _SAYS[finding.topic](seen, finding)
    if finding.fault is None:
        return f"{said}."
    if finding.fault is Fault.NO_PICTURES and seen.delivery.trouble:
        return f"{said}."  # the source's own line has the mend
    return f"{said}: {_MENDS[finding.fault]}."


def _pictures(seen: Examined, finding: Finding) -> str:
    delivery = seen.delivery
    if finding.fault is Fault.NO_PICTURES:
        damaged = f" ({_number(delivery.damaged, 'damaged one')} came)" if delivery.damaged else ""
        said = f"No picture came that can be shown{damaged}"
        return f"{said}: {delivery.trouble}" if delivery.trouble else said
    came = f"{_number(delivery.pictures, 'picture')} came in {delivery.seconds:.1f} s"
    if finding.fault is Fault.LOST:
        return f"{came}, and the camera was lost {_times(delivery.lost)} meanwhile"
    return came


def _size(seen: Examined, finding: Finding) -> str:
    delivery = seen.delivery
    said = f"The picture is {_wh(delivery.size_wh)}"
    if finding.fault is Fault.NOT_AS_ASKED:
        return f"{said}, and the settings ask for {_wh(delivery.asked_wh)}"
    if finding.fault is Fault.NOT_AS_CLAIMED:
        return f"{said}, and the camera claims {_wh(delivery.claimed_wh)}"
    return f"{said}, which is small" if finding.fault is Fault.SMALL else said


def _rate(seen: Examined, finding: Finding) -> str:
    delivery = seen.delivery
    if delivery.rate is None:
        return "The rate cannot be told: too few pictures came"
    claimed = delivery.claimed_rate
    said = f"{delivery.rate:.1f} pictures a second came"
    if finding.fault is Fault.SLOW:
        return f"{said}; somebody who walks by may be missed below {RATE_MIN:.0f}"
    if claimed is None:
        return f"{said}; the camera claims no rate"
    return f"{said}; the camera claims {claimed:.1f}"


def _gaps(seen: Examined, finding: Finding) -> str:
    return f"The picture stood still for {seen.delivery.longest_gap_s:.1f} s"


def _damage(seen: Examined, finding: Finding) -> str:
    delivery = seen.delivery
    if not delivery.damaged:
        return "No picture was damaged"
    came = _number(delivery.damaged + delivery.pictures, "picture")
    return f"{delivery.damaged} of {came} could not be shown"


def _light(seen: Examined, finding: Finding) -> str:
    said = {
        Fault.DARK: "The picture is too dark to judge anybody",
        Fault.DIM: "There is too little light on the faces"
        if seen.people.grey is not None
        # of the whole picture, as nobody was there
        else "There is too little light",
        Fault.BRIGHT: "The picture is too bright",
        Fault.BACKLIT: "The light comes from behind, and people are dark before it",
        None: "The light is good",
    }[finding.fault]
    assert seen.light is not None
    face = f", faces {seen.people.grey:.0f}" if seen.people.grey is not None else ""
    return f"{said} (brightness {seen.light.mean:.0f} of 255{face})"


def _focus(seen: Examined, finding: Finding) -> str:
    if not finding.known:
        return "Whether it is sharp cannot be told in the dark"
    if finding.fault is Fault.NOTHING_TO_SEE:
        return "There is nothing to see: the camera is covered, or looks at a wall"
    assert seen.focus is not None
    sharp = "out of focus" if finding.fault is Fault.BLURRED else "sharp"
    return f"The picture is {sharp} (sharpness {seen.focus.sharpness:.2f})"


def _faces(seen: Examined, finding: Finding) -> str:
    sizes = seen.people.sizes_px
    if not sizes:
        return "Nobody was seen: let somebody stand where visitors stand, and look again"
    low, high = round(sizes[0]), round(sizes[-1])
    range_px = f"{low} px" if low == high else f"{low} to {high} px"
    who = (
        "1 person was seen, the face"
        if len(sizes) == 1
        else f"{len(sizes)} people were seen, the faces"
    )
    few = f", too small to be judged well (wanted: {FACE_MIN_PX:.0f} and more)"
    return f"{who} {range_px} large{few if finding.fault is not None else ''}"


def _latency(seen: Examined, finding: Finding) -> str:
    assert seen.latency is not None
    usual, late = 1000 * seen.latency.median_s, 1000 * seen.latency.p95_s
    said = (
        f"A frame is answered {usual:.0f} ms after this PC has it (19 of 20 within {late:.0f} ms)"
    )
    return f"{said}, which is late" if finding.fault is not None else said


def _frozen(seen: Examined, finding: Finding) -> str:
    return "The same picture comes again and again"


def _upright(seen: Examined, finding: Finding) -> str:
    return f"The picture is {hangs(seen.people.turn)}, so nobody is judged"


_SAYS: dict[Topic, Callable[[Examined, Finding], str]] = {
    Topic.PICTURES: _pictures,
    Topic.SIZE: _size,
    Topic.RATE: _rate,
    Topic.GAPS: _gaps,
    Topic.DAMAGE: _damage,
    Topic.LIGHT: _light,
    Topic.FOCUS: _focus,
    Topic.FROZEN: _frozen,
    Topic.UPRIGHT: _upright,
    Topic.FACES: _faces,
    Topic.LATENCY: _latency,
}


def _wh(size_wh: tuple[int, int] | None) -> str:
    return "unknown" if size_wh is None else f"{size_wh[0]} x {size_wh[1]}"


def _number(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"

"""What is said of what was measured: a sentence for each finding, a mend for what is not good."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.config import ClassifyConfig
from monitor.doctor.judge import Fault, Topic, judge
from monitor.doctor.measured import Delivery, Examined, Focus, Latency, Light, People
from monitor.doctor.words import sentence

DELIVERY = Delivery((1280, 720), (1280, 720), None, 300, 10.0, 29.9, 30.0, 0.05, 0)
LIGHT, FOCUS = Light(120.0, 230.0, 0.01, 0.05), Focus(0.5, 0.7)
GOOD = Examined(
    "camera 0", DELIVERY, LIGHT, FOCUS, False, People((80.0, 96.0), 110.0), Latency(0.06, 0.11)
)


def delivered(**changes: Any) -> Examined:
    return replace(GOOD, delivery=replace(DELIVERY, **changes))


def lit(**changes: float) -> Examined:
    return replace(GOOD, light=replace(LIGHT, **changes), people=People())


def with_people(*sizes: float, grey: float = 110.0, **light: float) -> Examined:
    return replace(GOOD, light=replace(LIGHT, **light), people=People(sizes, grey))


def said(seen: Examined) -> list[str]:
    return [sentence(seen, finding) for finding in judge(seen, ClassifyConfig())]


def wrong(seen: Examined) -> list[tuple[Fault, str]]:
    return [(f.fault, sentence(seen, f)) for f in judge(seen, ClassifyConfig()) if f.fault]


def test_all_is_good() -> None:
    assert wrong(GOOD) == []
    assert said(GOOD) == [
        "300 pictures came in 10.0 s.",
        "The picture is 1280 x 720.",
        "29.9 pictures a second came; the camera claims 30.0.",
        "No picture was damaged.",
        "The light is good (brightness 120 of 255, faces 110).",
        "The picture is sharp (sharpness 0.70).",
        "2 people were seen, the faces 80 to 96 px large.",
        "A frame is answered 60 ms after this PC has it (19 of 20 within 110 ms).",
    ]


@pytest.mark.parametrize(
    ("seen", "fault", "words"),
    [
        (delivered(lost=2), Fault.LOST, "lost 2 times meanwhile: check its cable"),
        (delivered(size_wh=(320, 240), claimed_wh=None), Fault.SMALL, "320 x 240, which is small"),
        (delivered(asked_wh=(1920, 1080)), Fault.NOT_AS_ASKED, "the settings ask for 1920 x 1080"),
        (
            delivered(size_wh=(640, 480)),
            Fault.NOT_AS_CLAIMED,
            "640 x 480, and the camera claims 1280 x 720",
        ),
        (delivered(rate=5.0, claimed_rate=5.0), Fault.SLOW, "missed below 8: turn on more light"),
        (delivered(rate=14.8), Fault.SLOWER_THAN_CLAIMED, "14.8 pictures a second came; the"),
        (delivered(longest_gap_s=2.4), Fault.STOOD_STILL, "stood still for 2.4 s: check its cable"),
        (delivered(damaged=9), Fault.DAMAGED, "9 of 309 pictures could not be shown: check its"),
        (lit(bright=40.0, mean=12.0), Fault.DARK, "too dark to judge anybody (brightness 12 of"),
        (lit(mean=30.0), Fault.DIM, "There is too little light (brightness 30 of 255): turn on"),
        (with_people(80, grey=35), Fault.DIM, "too little light on the faces"),
        (lit(mean=230.0), Fault.BRIGHT, "too bright (brightness 230 of 255): set the camera"),
        (lit(burnt=0.3, black=0.4), Fault.BACKLIT, "The light comes from behind"),
        (with_people(80, grey=55, burnt=0.2), Fault.BACKLIT, "The light comes from behind"),
        (replace(GOOD, focus=Focus(0.001, 0.0)), Fault.NOTHING_TO_SEE, "looks at a wall: see what"),
        (replace(GOOD, focus=Focus(0.4, 0.35)), Fault.BLURRED, "0.35): clean its lens"),
        (replace(GOOD, frozen=True), Fault.FROZEN, "same picture comes again and again: connect"),
        (
            replace(GOOD, people=People((80.0,), 110.0, turn=180)),
            Fault.TURNED,
            "upside down, so nobody is judged: turn the camera",
        ),
        (with_people(22, 26), Fault.FACES_SMALL, "22 to 26 px large, too small to be judged well"),
        (replace(GOOD, latency=Latency(0.9, 1.4)), Fault.LATE, "900 ms after this PC has it"),
    ],
)
def test_each_fault_has_its_sentence_and_its_mend(seen: Examined, fault: Fault, words: str) -> None:
    [(found, line)] = wrong(seen)
    assert found is fault
    assert words in line
    assert ": " in line  # what mends it follows
    assert line.endswith(".")


def test_nothing_came() -> None:
    nothing = Delivery(None, None, None, 0, 0.0, None, None, 0.0, 0)
    line = "No picture came that can be shown"
    silent = Examined("camera 0", nothing)
    assert [text.split(":")[0] for text in said(silent)] == [line]
    assert "close other programs that use it" in said(silent)[0]
    busy = replace(silent, delivery=replace(nothing, lost=1, trouble="camera 0 is busy: wait"))
    assert said(busy) == [f"{line}: camera 0 is busy: wait."]
    damaged = replace(silent, delivery=replace(nothing, damaged=7))
    assert said(damaged)[0].startswith(f"{line} (7 damaged ones came): ")


def test_what_this_look_cannot_tell_is_no_fault() -> None:
    nobody = replace(GOOD, people=People())
    findings = judge(nobody, ClassifyConfig())
    [unknown] = [finding for finding in findings if not finding.known]
    assert unknown.topic is Topic.FACES
    assert "let somebody stand where visitors stand" in sentence(nobody, unknown)
    dark = lit(bright=30.0, mean=10.0)
    assert "Whether it is sharp cannot be told in the dark." in said(dark)
    single = delivered(rate=None, pictures=1, seconds=0.0)
    assert "The rate cannot be told: too few pictures came." in said(single)


@pytest.mark.parametrize(
    "seen",
    [
        delivered(size_wh=(720, 1280)),  # turned upright
        delivered(rate=25.0),  # a little less than it claims
        delivered(claimed_rate=None, claimed_wh=None),
        delivered(damaged=1),
        lit(burnt=0.3),  # a white wall
        with_people(80, grey=180, mean=220),  # the same, and the face is well seen
        with_people(80, grey=75, mean=190, burnt=0.2),  # dark skin before a white wall
        with_people(22, 90, 100),  # somebody far behind those who stand there
    ],
)
def test_what_is_no_fault(seen: Examined) -> None:
    assert wrong(seen) == []

"""A picture that never changes, or is black, dark, covered or out of focus, is told from one that
shows this moment.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from monitor.camera.evidence import BLACK_AFTER_S, FROZEN_AFTER_S, Evidence
from monitor.records import Image, WatchState

RATE = 10


def lit(seed: int = 0, level: int = 120) -> Image:
    rng = np.random.default_rng(seed)
    noise = rng.integers(-2, 3, (240, 320, 3))
    stripes = 40 * (np.arange(320) // 20 % 2)[None, :, None]
    return (level - 20 + noise + stripes).astype(np.uint8)


def watch(evidence: Evidence, images: list[Image], start: float = 100.0) -> list[WatchState | None]:
    return [evidence.look(image, start + i / RATE) for i, image in enumerate(images)]


def test_a_picture_that_is_the_same_for_long_is_frozen_until_it_changes() -> None:
    frames = round(FROZEN_AFTER_S * RATE)
    doubts = watch(Evidence(), [*(lit().copy() for _ in range(frames + 5)), lit(1)])
    assert set(doubts[: frames - 1]) == {None}
    assert doubts[frames + 1] is WatchState.FROZEN
    assert doubts[-1] is None


def test_one_pixel_that_changes_is_a_change() -> None:
    images = []
    for i in range(round(FROZEN_AFTER_S * RATE) + 20):
        image = lit().copy()
        image[101, 103] = i  # beside every grid
        images.append(image)
    assert set(watch(Evidence(), images)) == {None}


def test_the_same_few_pictures_again_and_again_are_frozen() -> None:
    """A recorder that hangs repeats its last second; noise never comes twice."""
    evidence = Evidence()
    second = [lit(seed) for seed in range(RATE)]
    doubts = watch(evidence, second * 13)
    assert doubts[-1] is WatchState.FROZEN
    assert evidence.since == pytest.approx(100 + (2 * RATE - 1) / RATE)
    assert evidence.look(lit(99), 114.0) is None


def test_a_still_picture_that_an_encoder_sends_anew_is_frozen() -> None:
    """Its key frames differ from the pictures between them, and are the same each time."""
    shown = []
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 320, 240, "yuv420p"
    encoder.time_base, encoder.options = Fraction(1, 25), {"g": "50", "tune": "zerolatency"}
    decoder = av.CodecContext.create("h264", "r")
    for i in range(25 * 14):
        frame = av.VideoFrame.from_ndarray(lit(), format="bgr24").reformat(format="yuv420p")
        frame.pts = i
        for packet in encoder.encode(frame):
            shown += [f.to_ndarray(format="bgr24") for f in decoder.decode(packet)]
    assert len({one.tobytes() for one in shown}) > 1
    evidence = Evidence()
    doubts = [evidence.look(image, 100 + i / 25) for i, image in enumerate(shown)]
    assert doubts[-1] is WatchState.FROZEN


@pytest.mark.parametrize("level", [0, 2])
def test_a_black_picture_is_said_even_with_noise(level: int) -> None:
    frames = round(BLACK_AFTER_S * RATE)
    black = [
        np.random.default_rng(i).integers(0, level + 1, (240, 320, 3)).astype(np.uint8)
        for i in range(frames + 5)
    ]
    doubts = watch(Evidence(), [*black, lit()])
    assert set(doubts[: frames - 1]) == {None}
    assert doubts[frames + 1] is WatchState.BLACK
    assert doubts[-1] is None


def test_a_lamp_in_the_dark_is_no_black_picture() -> None:
    images = []
    for i in range(60):
        image = np.random.default_rng(i).integers(0, 3, (240, 320, 3)).astype(np.uint8)
        image[100:140, 100:140] = 200
        images.append(image)
    assert set(watch(Evidence(), images)) == {None}


def test_a_pause_is_no_evidence() -> None:
    evidence = Evidence()
    assert evidence.look(lit(), 100.0) is None
    assert evidence.look(lit(), 1000.0) is None
    assert evidence.look(lit(), 1000.5) is None


SIGMA_PX = 4.0  # of a lens out of focus, in a picture 640 px wide


def dark(image: Image, rng: np.random.Generator) -> Image:
    return np.clip(image * 0.12 + rng.normal(0, 1.5, image.shape), 0, 255).astype(np.uint8)


def covered(image: Image, rng: np.random.Generator) -> Image:
    """A hand on the lens: reddish, lighter to one side."""
    hand = np.zeros_like(image) + np.array([60, 75, 150], np.uint8)
    light = np.linspace(-30, 30, image.shape[1])[None, :, None]
    return np.clip(hand + light + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8)


def blurred(image: Image, rng: np.random.Generator) -> Image:
    soft = cv2.GaussianBlur(image, (0, 0), SIGMA_PX)
    return np.clip(soft + rng.normal(0, 1.5, image.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def scene() -> list[Image]:
    """Four pictures a second of the bundled clip."""
    clip = Path(__file__).parents[2] / "assets" / "demo.mp4"
    with av.open(str(clip)) as container:
        frames = itertools.islice(container.decode(video=0), 60, 260, 8)
        return [f.reformat(640, 360).to_ndarray(format="bgr24") for f in frames]


@pytest.mark.parametrize("before_s", [0, 8])
@pytest.mark.parametrize(
    ("fault", "doubt"),
    [(dark, WatchState.DARK), (covered, WatchState.COVERED), (blurred, WatchState.BLURRED)],
)
def test_what_shows_nobody_is_named_within_ten_seconds(
    scene: list[Image],
    fault: Callable[[Image, np.random.Generator], Image],
    doubt: WatchState,
    before_s: int,
) -> None:
    """From the start of the watch, or later; and taken back when the picture is good again."""
    rng, evidence, pictures = np.random.default_rng(1), Evidence(), itertools.cycle(scene)
    moments = itertools.count(100.0, 0.25)

    def look(
        seconds: int, change: Callable[[Image, np.random.Generator], Image]
    ) -> set[WatchState | None]:
        shown = [change(next(pictures), rng) for _ in range(4 * seconds)]
        return {evidence.look(picture, next(moments)) for picture in shown}

    def plain(image: Image, rng: np.random.Generator) -> Image:
        return np.clip(image + rng.normal(0, 1.5, image.shape), 0, 255).astype(np.uint8)

    assert look(before_s, plain) <= {None}
    look(10, fault)
    assert evidence.doubt is doubt
    look(2, plain)
    assert look(10, plain) == {None}


def test_a_white_wall_is_what_this_camera_shows() -> None:
    """A door in a corner of it is enough."""
    images = []
    for i in range(60):
        image = np.full((360, 640, 3), 190, np.uint8)
        image[240:, 40:90] = 70
        images.append(image + np.random.default_rng(i).integers(0, 3, image.shape).astype(np.uint8))
    assert set(watch(Evidence(), images)) == {None}


def test_dusk_is_no_fault(scene: list[Image]) -> None:
    """The light goes within some minutes, and lamps stay on."""
    evidence, seen = Evidence(), set()
    for i in range(1200):
        image = (scene[i % len(scene)] * np.interp(i, (0, 1000), (1.0, 0.4))).astype(np.uint8)
        image[20:60, 300:340] = 220
        seen.add(evidence.look(image, 100 + i / 4))
    assert seen == {None}

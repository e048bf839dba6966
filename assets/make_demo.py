"""Makes `assets/demo.mp4`: two public-domain portraits walk through a drawn lobby.

    python assets/make_demo.py [--out assets/demo.mp4] [--stills DIR]
    python assets/make_demo.py --test-pictures tests/data

What happens, at 20 frames a second (the tests rely on these times):

     0.0 -  1.0 s  nobody
     1.0 -  9.0 s  first visit: masked from the door to the way out
     9.0 - 12.0 s  nobody
    12.0 - 21.5 s  second visit: bare, and puts a mask on at 16.0 to 16.6 s
    21.5 - 22.5 s  nobody

The people are cut out of `assets/portraits/` (see `assets/SOURCES.md`), their masks are polygons
placed by YuNet's landmarks. Takes about half a minute. The second command writes the tests'
pictures of a bare and a masked face instead.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

ASSETS = Path(__file__).resolve().parent
sys.path.insert(0, str(ASSETS.parent))
from monitor.detect.yunet import YuNet  # noqa: E402  (the project is not installed, only run from its folder)

WIDTH, HEIGHT, FPS = 1280, 720, 20
SECONDS = 22.5
VISIT_MASKED = (1.0, 9.0)
VISIT_BARE = (12.0, 21.5)
MASK_ON = (16.0, 16.6)

# Outline of a mask on the right half of a face: across in eye distances from the middle, down in
# parts of the way from the eyes to the mouth (0: eyes, 1: mouth). The left half mirrors it.
OUTLINE = (
    (0.0, 0.38),
    (0.22, 0.45),
    (0.55, 0.52),
    (0.95, 0.5),
    (0.97, 0.95),
    (0.78, 1.45),
    (0.45, 1.78),
    (0.0, 1.86),
)
LOOPS = (((0.95, 0.55), (1.16, 0.18)), ((0.9, 1.1), (1.16, 0.62)))  # the straps, cheek to ear
PLEATS = (0.8, 1.08, 1.36)


@dataclass(frozen=True)
class Person:
    """A cut-out portrait: colour, opacity, and the face's own axes."""

    image: np.ndarray  # (H, W, 3) uint8 BGR
    alpha: np.ndarray  # (H, W) float32 in [0, 1]
    landmarks: np.ndarray  # (5, 2) px of the image


def load_person(name: str, body: list[tuple[float, float]], height: int) -> Person:
    """Cut a portrait out of its background.

    Args:
        name: File in `assets/portraits`.
        body: Rough outline of head and shoulders, in parts of width and height: GrabCut makes it
            exact.
        height: Height of the result in pixels.
    """
    image = cv2.imread(str(ASSETS / "portraits" / name))
    scale = height / image.shape[0]
    image = cv2.resize(
        image,
        None,
        fx=scale,
        fy=scale,
        interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC,
    )
    rows, columns = image.shape[:2]
    outline = (np.array(body) * (columns, rows)).round().astype(np.int32)
    likely = cv2.fillPoly(np.zeros((rows, columns), np.uint8), [outline], 1)
    band = np.ones((round(0.05 * rows) | 1,) * 2, np.uint8)
    labels = np.full((rows, columns), cv2.GC_BGD, np.uint8)
    labels[cv2.dilate(likely, band) > 0] = cv2.GC_PR_BGD
    labels[likely > 0] = cv2.GC_PR_FGD
    labels[cv2.erode(likely, band, borderType=cv2.BORDER_REPLICATE) > 0] = cv2.GC_FGD
    cv2.setRNGSeed(1)
    cv2.grabCut(image, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_MASK)
    inside = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(inside)
    inside = (
        (parts == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()).astype(np.uint8)
        if count > 1
        else inside
    )
    inside = cv2.morphologyEx(inside, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    inside = cv2.morphologyEx(
        inside, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    )
    # One pixel in, then soft: the old background does not shine through at the edge.
    alpha = cv2.GaussianBlur(
        cv2.erode(inside, np.ones((3, 3), np.uint8)).astype(np.float32), (0, 0), 1.5
    )
    found = YuNet(side=640).detect(image)
    if found.landmarks is None or not len(found):
        raise SystemExit(f"no face was found in {name}")
    return Person(image, alpha, found.landmarks[0])


def wear_mask(person: Person, colour_bgr: tuple[int, int, int], on: float) -> np.ndarray:
    """The portrait with a mask drawn on.

    Args:
        person: Who wears it.
        colour_bgr: Colour of the cloth.
        on: 1: worn as it should be; towards 0 the mask is further below the chin, and at 0 it is
            not there.

    Returns:
        (H, W, 3) uint8 BGR, a copy.
    """
    right_eye, left_eye, _, right_mouth, left_mouth = person.landmarks
    eyes, mouth = (right_eye + left_eye) / 2, (right_mouth + left_mouth) / 2
    across, down = left_eye - right_eye, mouth - eyes
    origin = eyes + down * 1.7 * (1 - on)

    def place(points: np.ndarray) -> np.ndarray:
        return origin + points[:, :1] * across + points[:, 1:] * down

    right = np.array(OUTLINE)
    outline = _smooth(place(np.concatenate([right, (right * (-1, 1))[-2:0:-1]])))
    rows, columns = person.image.shape[:2]
    cover = _fill(outline, rows, columns)
    # Cloth: the light of the face under it, darker towards the cheeks, with pleats.
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    side = ((x - origin[0]) * across[0] + (y - origin[1]) * across[1]) / float(across @ across)
    shade = 1.06 - 0.22 * side**2 - 0.05 * side
    light = cv2.GaussianBlur(
        cv2.cvtColor(person.image, cv2.COLOR_BGR2GRAY).astype(np.float32),
        (0, 0),
        float(across[0]) / 5,
    )
    shade *= 0.8 + 0.2 * light / max(1.0, float(light[cover > 0.5].mean()))
    for pleat in PLEATS:
        curve = place(
            np.array([(u, pleat + 0.06 * (1 - u * u)) for u in np.linspace(-0.93, 0.93, 15)])
        )
        line = cv2.polylines(
            np.zeros((rows, columns), np.uint8), [_fixed(curve)], False, 255, 2, cv2.LINE_AA, 4
        )
        shade -= 0.13 * cv2.GaussianBlur(line.astype(np.float32) / 255, (0, 0), 1.5)
    cloth = np.array(colour_bgr, np.float32) * shade[..., None]
    image = person.image.astype(np.float32)
    strength = min(1.0, 4 * on)
    for side_sign in (1, -1):
        for strap in LOOPS:
            ends = place(np.array(strap) * (side_sign, 1))
            line = cv2.polylines(
                np.zeros((rows, columns), np.uint8), [_fixed(ends)], False, 255, 3, cv2.LINE_AA, 4
            )
            part = (line.astype(np.float32) / 255 * strength * 0.85)[..., None]
            image += part * (np.array(colour_bgr, np.float32) * 0.95 - image)
    shadow = cv2.GaussianBlur(cover, (0, 0), float(across[0]) / 14) * (1 - cover) * 0.35 * strength
    image *= 1 - shadow[..., None]
    image += (cover * strength)[..., None] * (cloth - image)
    return image.clip(0, 255).astype(np.uint8)


def _smooth(points: np.ndarray, count: int = 160) -> np.ndarray:
    """A closed curve through the points (Catmull-Rom)."""
    a, b, c, d = (np.roll(points, shift, axis=0)[:, None] for shift in (1, 0, -1, -2))
    t = np.linspace(0, 1, count // len(points), endpoint=False)[None, :, None]
    curve = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    return curve.reshape(-1, 2)


def _fixed(points: np.ndarray) -> np.ndarray:
    """Points in sixteenths of a pixel, as OpenCV draws them with shift=4."""
    return (points * 16).round().astype(np.int32)


def _fill(points: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """(rows, columns) float32 in [0, 1]: inside of a closed curve, with a soft edge."""
    inside = cv2.fillPoly(
        np.zeros((rows, columns), np.uint8), [_fixed(points)], 255, cv2.LINE_AA, 4
    )
    return cv2.GaussianBlur(inside.astype(np.float32) / 255, (0, 0), 0.8)


def lobby() -> np.ndarray:
    """The empty scene: wall, floor, glass door, counter and plant, a little out of focus."""
    shade = np.linspace(1.05, 0.88, HEIGHT, dtype=np.float32)[:, None, None]
    image = (
        (np.full((HEIGHT, WIDTH, 3), (196, 206, 210), np.float32) * shade)
        .clip(0, 255)
        .astype(np.uint8)
    )
    horizon = 560
    floor = np.linspace(0.75, 1.0, HEIGHT - horizon, dtype=np.float32)[:, None, None] * np.float32(
        (150, 160, 168)
    )
    image[horizon:] = floor
    for x in range(-1600, 2900, 190):  # tiles run towards one point
        cv2.line(
            image, (x, HEIGHT), (640 + (x - 640) // 3, horizon), (128, 138, 146), 2, cv2.LINE_AA
        )
    for y in (575, 600, 640, 695):
        cv2.line(image, (0, y), (WIDTH, y), (128, 138, 146), 2)
    cv2.rectangle(image, (0, horizon - 14), (WIDTH, horizon), (120, 130, 140), -1)
    # the door: frame, two panes, handles
    cv2.rectangle(image, (470, 90), (810, horizon), (70, 76, 80), -1)
    for left in (486, 646):
        pane = image[106 : horizon - 8, left : left + 148]
        pane[:] = np.linspace((232, 222, 205), (190, 200, 196), len(pane))[:, None]
        cv2.line(image, (left + 20, 360), (left + 110, 150), (245, 240, 232), 10, cv2.LINE_AA)
    cv2.rectangle(image, (628, 320), (634, 420), (200, 205, 208), -1)
    cv2.rectangle(image, (646, 320), (652, 420), (200, 205, 208), -1)
    cv2.rectangle(image, (960, 430), (WIDTH, 640), (92, 118, 146), -1)  # counter
    cv2.rectangle(image, (940, 410), (WIDTH, 436), (66, 88, 112), -1)
    for x in range(1010, WIDTH, 90):
        cv2.line(image, (x, 440), (x, 640), (80, 104, 130), 2)
    cv2.rectangle(image, (900, 140), (1200, 250), (140, 96, 52), -1)  # sign
    cv2.putText(
        image,
        "RECEPTION",
        (925, 210),
        cv2.FONT_HERSHEY_DUPLEX,
        1.4,
        (240, 240, 240),
        2,
        cv2.LINE_AA,
    )
    cv2.rectangle(image, (110, 500), (210, 620), (58, 76, 110), -1)  # plant
    for i in range(-6, 7):
        tip = (160 + 22 * i, 290 + 5 * i * i)
        cv2.line(image, (160 + 3 * i, 505), tip, (60, 120 + 5 * (i % 3), 64), 9, cv2.LINE_AA)
    return cv2.GaussianBlur(image, (0, 0), 1.6)


def step_in(
    frame: np.ndarray,
    person: Person,
    image: np.ndarray,
    centre_x: float,
    scale: float,
    phase: float,
) -> None:
    """Draw a person into the frame, standing on its lower edge.

    Args:
        frame: (HEIGHT, WIDTH, 3) uint8, drawn on.
        person: Whose opacity to use.
        image: The portrait as it looks now.
        centre_x: Where the face's middle is, px.
        scale: Size, 1: that of the portrait.
        phase: Steps walked: the body bobs and leans with it.
    """
    rows = image.shape[0]
    face = person.landmarks.mean(axis=0)
    turn = math.radians(1.6 * math.sin(math.pi * phase))
    cos, sin = scale * math.cos(turn), scale * math.sin(turn)
    # The face stays over centre_x; the lower edge of the portrait always stays below the frame.
    face_y = HEIGHT - (rows - face[1]) * scale + 16 + 9 * math.cos(2 * math.pi * phase)
    move = np.array(
        [
            [cos, -sin, centre_x - cos * face[0] + sin * face[1]],
            [sin, cos, face_y - sin * face[0] - cos * face[1]],
        ]
    )
    how = cv2.INTER_AREA if scale < 0.7 else cv2.INTER_LINEAR
    size = (WIDTH, HEIGHT)
    alpha = cv2.warpAffine(person.alpha, move, size, flags=how)[..., None]
    colour = cv2.warpAffine(image, move, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    frame[:] = (frame + alpha * (colour.astype(np.float32) - frame)).round().astype(np.uint8)


def path(part: float, enters_from: int) -> tuple[float, float]:
    """Where a visitor is after `part` of the visit, in [0, 1]: (centre_x in px, growth in [0, 1]).

    In from one side, to the middle and near, a while there, out on the other side.
    """

    def ease(value: float) -> float:
        value = min(max(value, 0.0), 1.0)
        return value * value * (3 - 2 * value)

    far = 420 + WIDTH / 2
    x = -far * (1 - ease(part / 0.35)) + far * ease((part - 0.68) / 0.32)
    return WIDTH / 2 - enters_from * -x, ease(part / 0.45) - 0.35 * ease((part - 0.68) / 0.32)


def frames() -> Iterator[tuple[float, np.ndarray]]:
    """Every frame of the clip, with its time in seconds."""
    hopper = load_person("hopper.jpg", HOPPER_BODY, 640)
    collins = load_person("collins.jpg", COLLINS_BODY, 520)
    masked = wear_mask(hopper, (232, 232, 226), 1.0)
    scene = lobby()
    for index in range(round(SECONDS * FPS)):
        t = index / FPS
        frame = scene.copy()
        if VISIT_MASKED[0] <= t < VISIT_MASKED[1]:
            x, growth = path((t - VISIT_MASKED[0]) / (VISIT_MASKED[1] - VISIT_MASKED[0]), 1)
            step_in(frame, hopper, masked, x, 0.5 + 0.25 * growth, 1.1 * t)
        if VISIT_BARE[0] <= t < VISIT_BARE[1]:
            x, growth = path((t - VISIT_BARE[0]) / (VISIT_BARE[1] - VISIT_BARE[0]), -1)
            on = min(max((t - MASK_ON[0]) / (MASK_ON[1] - MASK_ON[0]), 0.0), 1.0)
            image = wear_mask(collins, (205, 178, 132), on) if on > 0 else collins.image
            step_in(frame, collins, image, x, 0.75 + 0.4 * growth, 1.1 * t)
        yield t, frame


HOPPER_BODY = [
    (0.30, 0.20), (0.34, 0.10), (0.47, 0.03), (0.62, 0.06), (0.74, 0.15), (0.73, 0.26),
    (0.735, 0.38), (0.68, 0.47), (0.65, 0.52), (0.80, 0.57), (0.97, 0.64), (1.0, 0.72),
    (1.0, 1.0), (0.04, 1.0), (0.06, 0.72), (0.12, 0.64), (0.28, 0.57), (0.38, 0.52),
    (0.37, 0.48), (0.31, 0.42), (0.29, 0.32),
]  # fmt: skip
COLLINS_BODY = [
    (0.30, 0.20), (0.33, 0.08), (0.46, 0.03), (0.57, 0.08), (0.60, 0.22), (0.58, 0.28),
    (0.52, 0.36), (0.51, 0.43), (0.57, 0.51), (0.60, 0.62), (0.65, 0.72), (0.69, 0.82),
    (0.70, 1.0), (0.06, 1.0), (0.08, 0.80), (0.14, 0.64), (0.22, 0.56), (0.25, 0.46),
    (0.37, 0.39), (0.33, 0.32), (0.30, 0.27),
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ASSETS / "demo.mp4")
    parser.add_argument(
        "--stills", type=Path, help="also write every 20th frame as PNG into this folder"
    )
    parser.add_argument(
        "--test-pictures",
        type=Path,
        help="write bare.jpg and masked.jpg into this folder, and no clip",
    )
    args = parser.parse_args()
    if args.test_pictures:
        collins = load_person("collins.jpg", COLLINS_BODY, 350)
        for name, image in (
            ("bare", collins.image),
            ("masked", wear_mask(collins, (205, 178, 132), 1.0)),
        ):
            cv2.imwrite(
                str(args.test_pictures / f"{name}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 90]
            )
        return
    writer = cv2.VideoWriter(str(args.out), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (WIDTH, HEIGHT))
    if not writer.isOpened():
        raise SystemExit(f"{args.out} cannot be written")
    for t, frame in frames():
        writer.write(frame)
        if args.stills and round(t * FPS) % FPS == 0:
            cv2.imwrite(str(args.stills / f"{t:04.1f}.png"), frame)
    writer.release()
    print(f"{args.out}: {args.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

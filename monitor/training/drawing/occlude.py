"""What covers a face and is no mask: hands, scarves, beards, hair, caps, glasses, cups, microphones
and other heads.

All pictures are (H, W, 3) uint8 BGR; `to_face` is the (2, 3) affine map from the 112 x 112 template
to the picture.
"""

from __future__ import annotations

import cv2
import numpy as np

from monitor.records import FloatArray, Image
from monitor.training.pictures.chips import Box


def hand(image: Image, to_face: FloatArray, rng: np.random.Generator) -> Image:
    """Fingers in the colour of the face's own forehead, from below or from one side, over the
    mouth, nose or chin.
    """
    skin = _skin(image, to_face) * rng.uniform(0.75, 1.15)
    angle = rng.uniform(-70, 70)  # the fingers' direction from upright, degrees
    way = np.array([np.sin(np.radians(angle)), -np.cos(np.radians(angle))])
    tip = np.array([56, 84]) + rng.normal(0, [9, 8])
    across = np.array([-way[1], way[0]])
    layer = np.zeros((*image.shape[:2], 3), np.uint8)
    alpha = np.zeros(image.shape[:2], np.uint8)
    unit = float(np.hypot(*to_face[:, 0]))
    fingers, width = int(rng.integers(2, 6)), rng.uniform(8, 13)
    for i in range(fingers):
        end = (
            tip
            + across * (i - (fingers - 1) / 2) * width * rng.uniform(0.85, 1.05)
            - way * abs(i - fingers / 2) * 3
        )
        start = end - way * rng.uniform(40, 70)
        a, b = (_apply(to_face, p) for p in (start, end))
        thick = max(2, round(width * unit))
        tone = rng.uniform(0.93, 1.07)
        for shrink, shade in ((1.0, 0.72), (0.78, 0.95), (0.45, 1.06)):
            cv2.line(
                layer, a, b, _tuple(skin * tone * shade), max(1, round(thick * shrink)), cv2.LINE_AA
            )
        cv2.line(alpha, a, b, 255, thick, cv2.LINE_AA)
    if rng.random() < 0.6:  # the back of the hand
        back = tip - way * rng.uniform(35, 50)
        axes = (max(1, round(width * fingers * 0.55 * unit)), max(1, round(24 * unit)))
        cv2.ellipse(
            layer, _apply(to_face, back), axes, angle, 0, 360, _tuple(skin * 0.97), -1, cv2.LINE_AA
        )
        cv2.ellipse(alpha, _apply(to_face, back), axes, angle, 0, 360, 255, -1, cv2.LINE_AA)
    layer = cv2.GaussianBlur(layer, (0, 0), max(0.6, 0.9 * unit))
    return _blend(image, layer, cv2.GaussianBlur(alpha, (0, 0), 0.8), 1.0)  # type: ignore[arg-type]


def scarf(
    image: Image,
    to_face: FloatArray,
    colour: FloatArray,
    texture: Image | None,
    rng: np.random.Generator,
) -> Image:
    """Cloth round the neck: below the chin, so that nose and mouth stay as they were."""
    top = rng.uniform(114, 122)
    outline = np.array(
        [(0, top - 8), (30, top), (56, top + 4), (82, top), (112, top - 8), (130, 180), (-18, 180)]
    )
    points = np.array([_apply(to_face, p + rng.normal(0, 2, 2)) for p in outline], np.int32)
    alpha = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(alpha, [points], 255, cv2.LINE_AA)
    if texture is not None and rng.random() < 0.5:
        layer = cv2.resize(texture, (image.shape[1], image.shape[0]))
    else:
        layer = np.full_like(image, np.clip(colour, 0, 255).astype(np.uint8))
        folds = cv2.resize(
            rng.normal(1, 0.12, (6, 4)).astype(np.float32), (image.shape[1], image.shape[0])
        )
        layer = np.clip(layer * folds[..., None], 0, 255).astype(np.uint8)
    return _blend(image, layer, alpha, 1.0)  # type: ignore[arg-type]


def beard(image: Image, to_face: FloatArray, rng: np.random.Generator) -> Image:
    """Dark, grey or red hair round mouth and jaw; the lips stay bare."""
    height, width = image.shape[:2]
    alpha = np.zeros((height, width), np.uint8)
    outline = [
        (16, 70),
        (26, 84),
        (40, 84),
        (56, 81),
        (72, 84),
        (86, 84),
        (96, 70),
        (92, 100),
        (76, 122),
        (56, 128),
        (36, 122),
        (20, 100),
    ]
    points = np.array(
        [_apply(to_face, np.array(p) + rng.normal(0, 2, 2)) for p in outline], np.int32
    )
    cv2.fillPoly(alpha, [points], 255, cv2.LINE_AA)
    unit = float(np.hypot(*to_face[:, 0]))
    lips = (max(1, round(13 * unit)), max(1, round(5 * unit)))
    cv2.ellipse(alpha, _apply(to_face, np.array([56, 92.5])), lips, 0, 0, 360, 0, -1, cv2.LINE_AA)
    hair = np.array(
        ((20, 25, 35), (60, 65, 70), (25, 45, 90), (150, 150, 155))[int(rng.integers(4))],
        np.float32,
    )
    grain = rng.normal(1, 0.25, (height, width, 1)).astype(np.float32)
    layer = np.clip(hair * cv2.GaussianBlur(grain, (0, 0), 0.7)[..., None], 0, 255).astype(np.uint8)
    return _blend(
        image,
        layer,
        cv2.GaussianBlur(alpha, (0, 0), 2.5 * unit + 0.3),  # type: ignore[arg-type]
        float(rng.uniform(0.4, 0.9)),
    )


def thing(image: Image, to_face: FloatArray, colour: FloatArray, rng: np.random.Generator) -> Image:
    """A cup, a microphone or a telephone in front of the mouth or the cheek; the nose stays
    bare.
    """
    unit = float(np.hypot(*to_face[:, 0]))
    centre = _apply(to_face, np.array([rng.uniform(40, 72), rng.uniform(98, 108)]))
    axes = (max(2, round(rng.uniform(8, 16) * unit)), max(2, round(rng.uniform(8, 16) * unit)))
    layer = image.copy()
    alpha = np.zeros(image.shape[:2], np.uint8)
    if rng.random() < 0.5:
        for target, value in ((layer, _tuple(colour)), (alpha, (255,))):
            cv2.ellipse(
                target, centre, axes, float(rng.uniform(0, 180)), 0, 360, value, -1, cv2.LINE_AA
            )
    else:
        low = (centre[0] + axes[0], centre[1] + 3 * axes[1])
        for target, value in ((layer, _tuple(colour)), (alpha, (255,))):
            cv2.rectangle(target, (centre[0] - axes[0], centre[1] - axes[1]), low, value, -1)
    return _blend(image, layer, cv2.GaussianBlur(alpha, (0, 0), 0.7), 1.0)  # type: ignore[arg-type]


def hair(image: Image, to_face: FloatArray, rng: np.random.Generator) -> Image:
    """Strands from the crown over one cheek or both, now and then into the face's middle; mouth and
    nose stay to be seen.
    """
    unit = float(np.hypot(*to_face[:, 0]))
    tone = np.array(
        ((18, 20, 28), (30, 45, 75), (60, 110, 160), (120, 125, 130))[int(rng.integers(4))],
        np.float32,
    )
    layer = image.copy()
    for side in (-1, 1) if rng.random() < 0.5 else (int(rng.choice([-1, 1])),):
        reach = rng.uniform(16, 34)  # how near to the middle line it comes
        for _ in range(int(rng.integers(10, 40))):
            x = 56 + side * (reach + abs(rng.normal(0, 14)))
            ends = [
                (x - side * rng.uniform(0, 12), -6),
                (x, 50 + rng.normal(0, 8)),
                (x + side * rng.uniform(-6, 14), 140),
            ]
            a, b, c = (np.array(p, np.float64) for p in ends)
            t = np.linspace(0, 1, 9)[:, None]
            curve = (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c
            points = np.array([_apply(to_face, p) for p in curve], np.int32)
            colour = _tuple(tone * rng.uniform(0.6, 1.3))
            cv2.polylines(
                layer,
                [points],
                False,
                colour,
                max(1, round(rng.uniform(0.8, 3) * unit)),
                cv2.LINE_AA,
            )
    return layer


def cap(image: Image, to_face: FloatArray, colour: FloatArray, rng: np.random.Generator) -> Image:
    """A cap or hat down to the brows, the peak's shadow below."""
    brim = rng.uniform(30, 43)  # template pixels; the eyes are at 52
    bow = rng.uniform(-4, 9)
    across = np.linspace(-10, 122, 12)
    edge = np.stack([across, brim + bow * (1 - ((across - 56) / 60) ** 2)], axis=1)
    points = np.array([_apply(to_face, p) for p in (*edge, (130, -60), (-18, -60))], np.int32)
    alpha = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(alpha, [points], 255, cv2.LINE_AA)
    unit = float(np.hypot(*to_face[:, 0]))
    shadow = cv2.GaussianBlur(alpha, (0, 0), max(0.6, 5 * unit)).astype(np.float32)[..., None] / 255
    image = (image * (1 - rng.uniform(0, 0.5) * shadow)).astype(np.uint8)
    folds = cv2.resize(
        rng.normal(1, 0.1, (5, 5)).astype(np.float32), (image.shape[1], image.shape[0])
    )
    layer = np.clip(colour * folds[..., None], 0, 255).astype(np.uint8)
    return _blend(image, layer, cv2.GaussianBlur(alpha, (0, 0), max(0.5, 0.7 * unit)), 1.0)  # type: ignore[arg-type]


def glasses(image: Image, to_face: FloatArray, rng: np.random.Generator) -> Image:
    """Frames with clear or slightly tinted lenses."""
    unit = float(np.hypot(*to_face[:, 0]))
    colour = tuple(int(v) for v in np.clip(rng.normal(40, 40, 3), 0, 200))
    axes = (max(2, round(rng.uniform(12, 16) * unit)), max(2, round(rng.uniform(8, 14) * unit)))
    thick = max(1, round(rng.uniform(0.8, 2.6) * unit))
    drop = rng.uniform(-1, 4)
    eyes = [_apply(to_face, np.array([x, 52 + drop])) for x in (38.3, 73.5)]
    layer = image.copy()
    tint = layer.copy()
    for eye in eyes:
        cv2.ellipse(tint, eye, axes, 0, 0, 360, colour, -1, cv2.LINE_AA)
    if rng.random() < 0.4:
        strength = float(rng.uniform(0, 0.5))
        layer = cv2.addWeighted(tint, strength, layer, 1 - strength, 0)  # type: ignore[assignment]
    for eye in eyes:
        cv2.ellipse(layer, eye, axes, 0, 0, 360, colour, thick, cv2.LINE_AA)
    ends = [
        _apply(to_face, np.array([x, 51 + drop]))
        for x in (38.3 + 13, 73.5 - 13, 38.3 - 13, 2, 73.5 + 13, 110)
    ]
    for a, b in zip(ends[::2], ends[1::2], strict=True):
        cv2.line(layer, a, b, colour, thick, cv2.LINE_AA)
    return layer


def hood(image: Image, to_face: FloatArray, colour: FloatArray, rng: np.random.Generator) -> Image:
    """Cloth round the whole face, as of a hood or a headscarf."""
    height, width = image.shape[:2]
    unit = float(np.hypot(*to_face[:, 0]))
    centre = to_face @ np.array([56 + rng.normal(0, 4), 70 + rng.normal(0, 5), 1], np.float32)
    angle = float(np.degrees(np.arctan2(to_face[1, 0], to_face[0, 0])))
    inner = (rng.uniform(40, 52) * unit, rng.uniform(52, 66) * unit)
    grow = rng.uniform(1.3, 1.8)
    alpha = np.zeros((height, width), np.uint8)
    where = (float(centre[0]), float(centre[1]))
    cv2.ellipse(alpha, (where, (2 * inner[0] * grow, 2 * inner[1] * grow), angle), 255, -1)
    cv2.ellipse(alpha, (where, (2 * inner[0], 2 * inner[1]), angle), 0, -1)
    alpha = cv2.GaussianBlur(alpha, (0, 0), max(0.6, unit))  # type: ignore[assignment]
    folds = cv2.resize(
        rng.normal(0, 22, (6, 6)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    cloth = np.clip(colour + folds[..., None], 0, 255)
    part = alpha.astype(np.float32)[..., None] / 255
    return (image + (cloth - image) * part).astype(np.uint8)  # type: ignore[no-any-return]


def goggles(
    image: Image, to_face: FloatArray, colour: FloatArray, rng: np.random.Generator
) -> Image:
    """Safety or ski goggles: one tinted pane over both eyes, a rim and a strap."""
    unit = float(np.hypot(*to_face[:, 0]))
    half, top, bottom = rng.uniform(34, 46), rng.uniform(32, 42), rng.uniform(62, 70)
    corners = [(56 - half, top), (56 + half, top), (56 + half, bottom), (56, bottom - 4)]
    points = np.array(
        [_apply(to_face, np.array(p)) for p in (*corners, (56 - half, bottom))], np.int32
    )
    middle = (top + bottom) / 2
    ends = [_apply(to_face, np.array([x, middle])) for x in (-12, 124)]
    layer = image.copy()
    cv2.line(layer, ends[0], ends[1], _tuple(colour), max(1, round(9 * unit)), cv2.LINE_AA)
    cv2.fillPoly(layer, [points], _tuple(colour * rng.uniform(0.1, 0.8)), cv2.LINE_AA)
    alpha = np.zeros(image.shape[:2], np.uint8)
    cv2.line(alpha, ends[0], ends[1], 255, max(1, round(9 * unit)), cv2.LINE_AA)
    cv2.fillPoly(alpha, [points], int(rng.uniform(30, 240)), cv2.LINE_AA)
    rim = max(1, round(rng.uniform(2, 6) * unit))
    for target, value in ((layer, _tuple(colour)), (alpha, (255,))):
        cv2.polylines(target, [points], True, value, rim, cv2.LINE_AA)
    return _blend(image, layer, cv2.GaussianBlur(alpha, (0, 0), 0.6), 1.0)  # type: ignore[arg-type]


def neighbour(
    image: Image, box: Box, other: Image, other_box: Box, rng: np.random.Generator
) -> Image:
    """Another head beside, below or above, as in a crowd, in front of a rim of this one. Boxes are
    xyxy in pixels.
    """
    x0, y0, x1, y1 = box
    a0, b0, a1, b1 = other_box
    longer = max(x1 - x0, y1 - y0)
    zoom = longer / max(a1 - a0, b1 - b0) * float(np.exp(rng.normal(0, 0.25)))
    angle = float(
        rng.choice([0, np.pi, np.pi / 2, -np.pi / 2], p=[0.35, 0.35, 0.2, 0.1])
        + rng.normal(0, 0.35)
    )
    theirs_px = zoom * max(a1 - a0, b1 - b0)
    # heads are oblong
    reach = (0.3 * longer + (0.45 + 0.25 * abs(np.sin(angle))) * theirs_px) * rng.uniform(0.95, 1.2)
    centre = ((x0 + x1) / 2 + np.cos(angle) * reach, (y0 + y1) / 2 + np.sin(angle) * reach)
    theirs = ((a0 + a1) / 2, (b0 + b1) / 2)
    matrix = np.array(
        [[zoom, 0, centre[0] - zoom * theirs[0]], [0, zoom, centre[1] - zoom * theirs[1]]]
    )
    alpha = np.zeros(other.shape[:2], np.uint8)
    axes = (max(1, round((a1 - a0) * 0.58)), max(1, round((b1 - b0) * 0.66)))
    cv2.ellipse(
        alpha,
        (round(theirs[0]), round(theirs[1] - 0.06 * (b1 - b0))),
        axes,
        0,
        0,
        360,
        255,
        -1,
        cv2.LINE_AA,
    )
    size_wh = (image.shape[1], image.shape[0])
    layer, alpha = cv2.warpAffine(other, matrix, size_wh), cv2.warpAffine(alpha, matrix, size_wh)  # type: ignore[assignment]
    return _blend(image, layer, cv2.GaussianBlur(alpha, (0, 0), 0.01 * longer + 0.4), 1.0)  # type: ignore[arg-type]


def _skin(image: Image, to_face: FloatArray) -> FloatArray:
    """Median colour between and above the eyes."""
    (x0, y0), (x1, y1) = _apply(to_face, np.array([44, 30])), _apply(to_face, np.array([68, 44]))
    height, width = image.shape[:2]
    x0, x1 = sorted((min(max(x0, 0), width - 1), min(max(x1, 0), width - 1)))
    y0, y1 = sorted((min(max(y0, 0), height - 1), min(max(y1, 0), height - 1)))
    return np.median(image[y0 : y1 + 1, x0 : x1 + 1].reshape(-1, 3), axis=0).astype(np.float32)  # type: ignore[no-any-return]


def _apply(matrix: FloatArray, point: np.ndarray) -> tuple[int, int]:
    x, y = matrix[:, :2] @ point + matrix[:, 2]
    return int(np.clip(x, -2000, 2000)), int(np.clip(y, -2000, 2000))


def _tuple(colour: FloatArray) -> tuple[int, int, int]:
    blue, green, red = (int(v) for v in np.clip(colour, 0, 255))
    return blue, green, red


def _blend(image: Image, layer: Image, alpha: Image, strength: float) -> Image:
    part = alpha.astype(np.float32)[..., None] * (strength / 255)
    return (image + (layer.astype(np.float32) - image) * part).astype(np.uint8)

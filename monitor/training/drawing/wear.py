"""Masks drawn on bare faces by their landmarks, worn right or wrong: pairs that differ in the mask
alone.

What the masks look like is `fabric`'s subject, where they sit this file's. They are drawn in the
frame of the 112 x 112 template and laid on the face as the program lays its own
(`monitor.identity.drawn_masks`). All pictures are (H, W, 3) uint8 BGR; landmarks are (5, 2) pixels.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from monitor.identity.drawn_masks import filled, on_picture, place, template_to_face
from monitor.records import FloatArray, Image
from monitor.training.drawing import camera_faults, fabric, occlude
from monitor.training.drawing.fabric import Bank, Style
from monitor.training.pictures.pool import Face

LABEL_OF = {
    "bare": "unmasked",
    "right": "masked",
    "nose_out": "incorrect",
    "mouth_out": "incorrect",
    "chin": "incorrect",
    "ear": "incorrect",
    "eyes": "incorrect",
    "nose_only": "incorrect",
}
# Which two ways of wearing make a pair, and how often.
PAIRS = (
    ("bare", "right"),
    ("right", "nose_out"),
    ("bare", "chin"),
    ("right", "mouth_out"),
    ("bare", "nose_out"),
    ("bare", "ear"),
    ("bare", "eyes"),
    ("right", "nose_only"),
)
PAIR_SHARE = (0.44, 0.2, 0.12, 0.07, 0.08, 0.03, 0.03, 0.03)
# Upper edge, lower edge and half width in template pixels (eyes at y 52, nose tip 72, mouth 92,
# chin about 116).
_PLACES = {
    "right": ((53, 67), (111, 126), (39, 51)),
    "nose_out": ((78, 90), (115, 130), (38, 48)),
    "mouth_out": ((98, 106), (121, 138), (33, 45)),
    "chin": ((104, 116), (124, 146), (28, 42)),
    "eyes": ((34, 44), (62, 74), (36, 48)),
    "nose_only": ((54, 62), (80, 86), (26, 44)),
}


def wear(
    image: Image,
    landmarks: FloatArray,
    how: str,
    style: Style,
    bank: Bank,
    rng: np.random.Generator,
) -> tuple[Image, npt.NDArray[np.uint8] | None]:
    """The face with the mask worn as `how` says, one of `LABEL_OF`, and (H, W) uint8 where the mask
    is.

    `bare` gives the picture back as it is, and None.
    """
    if how == "bare":
        return image, None
    to_face = template_to_face(landmarks)
    if how == "ear":
        return _hang(
            image, to_face, style if style.donor is None else bank.style(rng, donors=False), rng
        )
    (top, bottom, half) = (float(rng.uniform(*span)) for span in _PLACES[how])
    upper, lower = style.upper.copy(), style.lower.copy()
    if how in ("mouth_out", "chin"):  # it sags in the middle, and the ear loops pull its ends up
        upper[:, 1] += (np.abs(upper[:, 0]) * rng.uniform(-0.45, 0.1)).astype(np.float32)
    outline = np.concatenate(
        [upper, (upper * [-1, 1])[-2::-1], (lower * [-1, 1])[:-1], lower[::-1]]
    ).astype(np.float32)
    outline = outline * np.array([half, bottom - top], np.float32) + np.array([56, top], np.float32)
    points = place(outline, to_face, landmarks)
    alpha = filled(_rounded(points), image.shape)
    if style.donor is not None and style.donor.landmarks is not None:
        # Taken over as it sits, or moved down so that its own upper edge comes along.
        down = (
            (top - 58) * rng.uniform(0, 1)
            if how not in ("right", "nose_only")
            else rng.uniform(-2, 2)
        )
        layer = _donate(image, to_face, style.donor, float(down), landmarks)
    else:
        left, right = 56 - half, 56 + half
        corners = np.array([[left, top], [right, top], [left, bottom]], np.float32)
        matrix = cv2.getAffineTransform(
            np.array([[0, 0], [fabric.PATCH, 0], [0, fabric.PATCH]], np.float32),
            on_picture(corners, to_face),
        )
        size_wh = (image.shape[1], image.shape[0])
        flat = cv2.warpAffine(style.patch, matrix, size_wh, borderMode=cv2.BORDER_REPLICATE)
        if style.alpha is not None:
            alpha = np.asarray(cv2.warpAffine(style.alpha, matrix, size_wh), np.uint8)
        layer = _relief(np.asarray(flat, np.uint8), image, style.relief)
        if style.strap is not None:
            image = _straps(image, points, to_face, style.strap, rng)
    return _blend(image, layer, alpha, rng), alpha


def disturb(
    image: Image, landmarks: FloatArray, label: str, bank: Bank, rng: np.random.Generator
) -> Image:
    """Now and then what is no mask: a hand, a scarf, a beard, glasses, hair, a cap. The label stays
    what it was.
    """
    if float(np.hypot(*(landmarks[1] - landmarks[0]))) < 8:
        return image
    to_face = template_to_face(landmarks)
    pick = rng.random()
    if pick < 0.07 and label != "incorrect":
        image = occlude.hand(image, to_face, rng)
    elif pick < 0.11:
        texture = bank.textures[int(rng.integers(len(bank.textures)))] if bank.textures else None
        image = occlude.scarf(image, to_face, fabric.colour(rng), texture, rng)
    elif pick < 0.16 and label == "unmasked":
        image = occlude.beard(image, to_face, rng)
    elif pick < 0.19 and label == "unmasked":
        image = occlude.thing(image, to_face, fabric.colour(rng), rng)
    if rng.random() < 0.06:
        image = camera_faults.cover_eyes(image, landmarks, rng)
    if pick > 0.94:
        image = occlude.glasses(image, to_face, rng)
    if rng.random() < 0.06:
        image = occlude.hair(image, to_face, rng)
    if rng.random() < 0.05:
        image = occlude.cap(image, to_face, fabric.colour(rng), rng)
    return image


def _rounded(points: FloatArray) -> FloatArray:
    """The polygon with its corners cut twice (Chaikin)."""
    for _ in range(2):
        following = np.roll(points, -1, axis=0)
        points = np.stack(
            [0.75 * points + 0.25 * following, 0.25 * points + 0.75 * following], 1
        ).reshape(-1, 2)
    return points


def _donate(
    image: Image, to_face: FloatArray, donor: Face, down: float, landmarks: FloatArray
) -> Image:
    """The donor's face laid on this one, `down` template pixels lower, its brightness fitted at the
    forehead.
    """
    assert donor.landmarks is not None
    theirs = np.vstack([template_to_face(donor.landmarks), [0, 0, 1]])
    shift = np.array([[1, 0, 0], [0, 1, down], [0, 0, 1]], np.float64)
    matrix = np.vstack([to_face, [0, 0, 1]]) @ shift @ np.linalg.inv(theirs)
    layer = cv2.warpAffine(
        donor.image,
        matrix[:2],
        (image.shape[1], image.shape[0]),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    brow, low = np.min(landmarks[:2], axis=0), np.max(landmarks[:2], axis=0)
    x0, x1 = max(0, int(brow[0])), int(low[0]) + 1
    y0, y1 = max(0, int(brow[1] - (x1 - x0) * 0.5)), int(low[1]) + 1
    here = image[y0:y1, x0:x1]
    if here.size and down < 12:
        gain = (float(here.mean()) + 20) / (float(layer[y0:y1, x0:x1].mean()) + 20)
        layer = cv2.convertScaleAbs(layer, alpha=float(np.clip(gain, 0.6, 1.5)))
    return layer  # type: ignore[return-value]


def _relief(layer: Image, image: Image, amount: float) -> Image:
    """The face's own light and shade on the mask."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (16, 16), interpolation=cv2.INTER_AREA).astype(np.float32) + 25
    light = (small / small.mean()) ** amount
    brightness = float(np.clip((small.mean() / 140) ** (0.6 * amount), 0.45, 1.25))
    gain = cv2.resize(
        np.clip(light, 0.5, 1.6) * brightness,
        (image.shape[1], image.shape[0]),
        interpolation=cv2.INTER_LINEAR,
    )
    return np.asarray(np.clip(layer * gain[..., None], 0, 255), np.uint8)


def _straps(
    image: Image,
    points: FloatArray,
    to_face: FloatArray,
    colour: tuple[int, int, int],
    rng: np.random.Generator,
) -> Image:
    image = image.copy()
    ears = np.array([[6, 58], [106, 58]], np.float32) + rng.normal(0, 4, (2, 2)).astype(np.float32)
    ears = on_picture(ears, to_face)
    width = max(1, round(float(np.hypot(*to_face[:, 0])) * rng.uniform(0.7, 1.8)))
    middle = len(fabric.UPPER) * 2 - 2
    for ear, ends in ((ears[0], (0, -1)), (ears[1], (middle, middle + 1))):
        for end in ends:
            start, stop = np.round(points[end]).astype(int), np.round(ear).astype(int)
            cv2.line(
                image,
                (int(start[0]), int(start[1])),
                (int(stop[0]), int(stop[1])),
                colour,
                width,
                cv2.LINE_AA,
            )
    return image


def _hang(
    image: Image, to_face: FloatArray, style: Style, rng: np.random.Generator
) -> tuple[Image, npt.NDArray[np.uint8]]:
    """The mask dangles from one ear beside the bare face."""
    side = int(rng.choice([-1, 1]))
    x = 56 + side * float(rng.uniform(44, 54))
    top = float(rng.uniform(64, 84))
    width = float(rng.uniform(12, 24))
    height = float(rng.uniform(28, 44))
    lean = side * float(rng.uniform(-4, 8))
    quad = np.array(
        [
            [x - width / 2, top],
            [x + width / 2, top + 4],
            [x + width / 2 + lean, top + height],
            [x - width / 2 + lean, top + height - 5],
        ]
    )
    points = on_picture(quad.astype(np.float32), to_face)
    matrix = cv2.getAffineTransform(
        np.array([[0, 0], [fabric.PATCH, 0], [0, fabric.PATCH]], np.float32), points[[0, 1, 3]]
    )
    layer = cv2.warpAffine(
        style.patch, matrix, (image.shape[1], image.shape[0]), borderMode=cv2.BORDER_REPLICATE
    )
    image = image.copy()
    ear = on_picture(np.array([[56 + side * 50, 56]], np.float32), to_face)[0]
    for corner in points[:2]:
        start, stop = np.round(corner).astype(int), np.round(ear).astype(int)
        cv2.line(
            image,
            (int(start[0]), int(start[1])),
            (int(stop[0]), int(stop[1])),
            style.strap or (230, 230, 230),
            1,
            cv2.LINE_AA,
        )
    alpha = filled(_rounded(points), image.shape)
    return _blend(image, _relief(layer, image, style.relief), alpha, rng), alpha  # type: ignore[arg-type]


def _blend(
    image: Image, layer: Image, alpha: npt.NDArray[np.uint8], rng: np.random.Generator
) -> Image:
    soft = cv2.GaussianBlur(alpha, (0, 0), float(rng.uniform(0.5, 1.4)))
    if rng.random() < 0.5:  # a shadow under the edge
        shadow = cv2.GaussianBlur(alpha, (0, 0), float(rng.uniform(2, 4))).astype(np.float32) * (
            float(rng.uniform(0.1, 0.45)) / 255
        )
        image = (image * (1 - shadow[..., None])).astype(np.uint8)
    part = soft.astype(np.float32)[..., None] / 255
    return (image + (layer.astype(np.float32) - image) * part).astype(np.uint8)

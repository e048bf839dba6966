"""What a camera, a detector and a stream do to a face: crops with the detector's jitter, low
resolution, blur, light, JPEG.

Every function takes a `numpy.random.Generator` and is repeatable by it. Pictures are (H, W, 3)
uint8 BGR.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from monitor.records import FloatArray, Image

# YuNet's boxes against boxes drawn by hand, andrewmvd, 399 faces of 32 px or more: centre higher by
# 0.156 of the longer side (2 % and 98 %: 0.285, 0.036), larger by e^0.096 (e^-0.22, e^0.28),
# sideways 0.014 (-0.13, 0.11).
_HAND_TO_YUNET = {"dy": -0.155, "dy_sd": 0.06, "log_scale": 0.09, "log_scale_sd": 0.13}


@dataclass(frozen=True)
class View:
    """Where the crop's square lies: centre and half side in pixels of the picture, turned by
    `angle` degrees.
    """

    cx: float
    cy: float
    half: float
    angle: float
    flip: bool
    # width of the face in the crop against its width in the picture: a turned head is narrower
    narrow: float = 1.0


def live_view(
    box: tuple[float, float, float, float], margin: float, by_hand: bool, rng: np.random.Generator
) -> View:
    """A square as the live detector would give it for the face in `box`.

    Args:
        box: xyxy in pixels.
        margin: See `boxes.crop_square`.
        by_hand: The box was drawn by hand: half of them are moved to where YuNet puts its own.
    """
    x0, y0, x1, y1 = box
    longer = max(x1 - x0, y1 - y0, 1.0)
    dx, dy, log_scale = rng.normal(0, 0.05), rng.normal(0.01, 0.06), rng.normal(0, 0.11)
    if by_hand and rng.random() < 0.5:
        dy = rng.normal(_HAND_TO_YUNET["dy"], _HAND_TO_YUNET["dy_sd"])
        log_scale = rng.normal(_HAND_TO_YUNET["log_scale"], _HAND_TO_YUNET["log_scale_sd"])
    log_scale = float(np.clip(log_scale, -0.3, 0.35))
    if rng.random() < 0.05:  # half faces: the detector cut, or the frame's edge did
        dx += rng.choice([-1, 1]) * rng.uniform(0.1, 0.3)
    angle = rng.normal(0, 7) if rng.random() < 0.8 else rng.uniform(-25, 25)
    half = longer * (1 + margin) / 2 * float(np.exp(log_scale))
    narrow = (
        float(rng.uniform(0.6, 0.85)) if rng.random() < 0.12 else float(np.exp(rng.normal(0, 0.07)))
    )
    flip = bool(rng.random() < 0.5)
    return View(
        (x0 + x1) / 2 + dx * longer, (y0 + y1) / 2 + dy * longer, half, float(angle), flip, narrow
    )


def crop(image: Image, view: View, size: int, rng: np.random.Generator) -> Image:
    """The view as (size, size, 3). What lies outside the picture is filled in one of several ways,
    whatever the class: repeated edge pixels (what the program does) must tell nothing."""
    matrix = cv2.getRotationMatrix2D((view.cx, view.cy), view.angle, size / (2 * view.half))
    matrix = matrix + np.array([[0, 0, size / 2 - view.cx], [0, 0, size / 2 - view.cy]])
    across, start = (-view.narrow, size - 1.0) if view.flip else (view.narrow, 0.0)
    squeeze = np.array(
        [[across, 0, start + np.sign(across) * (1 - view.narrow) * size / 2], [0, 1, 0]]
    )
    matrix = squeeze @ np.vstack([matrix, [0, 0, 1]])
    border, value = cv2.BORDER_REPLICATE, (0, 0, 0)
    pick = rng.random()
    if pick < 0.35:
        border = cv2.BORDER_REFLECT
    elif pick < 0.55:
        border, value = cv2.BORDER_CONSTANT, tuple(int(v) for v in rng.integers(0, 256, 3))  # type: ignore[assignment]
    source = image
    scale = size / (2 * view.half)
    if scale < 0.6:  # warpAffine does not average: shrink first, or fine print turns into noise
        small = scale * 1.3
        source = cv2.resize(image, None, fx=small, fy=small, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        matrix = matrix @ np.diag([1 / small, 1 / small, 1.0])
    return cv2.warpAffine(
        source, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border, borderValue=value
    )  # type: ignore[return-value]


def degrade(image: Image, rng: np.random.Generator) -> Image:
    """Resolution, blur, light, colour, noise and compression, in the order in which a camera brings
    them about.
    """
    image = _light(image, rng)
    image = _soften(image, rng)
    if rng.random() < 0.25:
        sigma = rng.uniform(2, 14)
        noise = (
            rng.standard_normal(
                (image.shape[0], image.shape[1], 1 if rng.random() < 0.5 else 3), np.float32
            )
            * sigma
        )
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.35:
        quality = int(rng.integers(18, 90))
        ok, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if ok:
            image = cv2.imdecode(data, cv2.IMREAD_COLOR)  # type: ignore[assignment]
    return image


def _soften(image: Image, rng: np.random.Generator) -> Image:
    size = image.shape[0]
    if rng.random() < 0.55:  # faces of 16 to 100 px, whatever the crop's size
        side = int(np.exp(rng.uniform(np.log(18), np.log(110))))
        if side < size:
            up = [cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LINEAR, cv2.INTER_NEAREST][
                int(rng.choice(4, p=[0.5, 0.3, 0.17, 0.03]))
            ]
            down = cv2.INTER_AREA if rng.random() < 0.7 else cv2.INTER_LINEAR
            image = cv2.resize(
                cv2.resize(image, (side, side), interpolation=down), (size, size), interpolation=up
            )  # type: ignore[assignment]
    pick = rng.random()
    if pick < 0.12:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 2.2))  # type: ignore[assignment]
    elif pick < 0.24:
        length = int(rng.integers(3, 12)) | 1
        kernel = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1
        turn = cv2.getRotationMatrix2D((length // 2, length // 2), float(rng.uniform(0, 180)), 1)
        kernel = cv2.warpAffine(kernel, turn, (length, length))  # type: ignore[assignment]
        image = cv2.filter2D(image, -1, kernel / max(float(kernel.sum()), 1e-3))  # type: ignore[assignment]
    return image


def _light(image: Image, rng: np.random.Generator) -> Image:
    if rng.random() < 0.25:
        hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(np.int16) + int(rng.integers(-12, 13))) % 180
        hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.4, 1.5), 0, 255).astype(np.uint8)
        image = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)  # type: ignore[assignment]
    if rng.random() < 0.1:  # a grey camera, or one at night
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)  # type: ignore[assignment]
    ramp = np.arange(256, dtype=np.float32) / 255
    table = np.repeat(ramp[:, None], 3, axis=1)
    if rng.random() < 0.6:
        table = table ** np.exp(rng.normal(0, 0.3))
        table = (table - 0.5) * rng.uniform(0.7, 1.3) + 0.5 + rng.normal(0, 0.08)
    if rng.random() < 0.3:  # white balance gone wrong
        table = table * np.exp(rng.normal(0, 0.12, 3)).astype(np.float32)
    image = cv2.LUT(image, np.clip(table * 255, 0, 255).astype(np.uint8)[None])  # type: ignore[assignment]
    if rng.random() < 0.2:  # light from one side
        size = image.shape[0]
        direction = rng.uniform(0, 2 * np.pi)
        axis = np.linspace(-1, 1, size, dtype=np.float32)
        plane = np.cos(direction) * axis[None, :] + np.sin(direction) * axis[:, None]
        gain = 1 + rng.uniform(0.2, 0.6) * np.clip(plane, -1, 1)
        image = np.clip(image * gain[..., None], 0, 255).astype(np.uint8)
    return image


def cover_eyes(image: Image, landmarks: FloatArray, rng: np.random.Generator) -> Image:
    """Sunglasses: two dark lenses and a bridge over the eyes. The label stays what it was."""
    right, left = landmarks[0], landmarks[1]
    span = float(np.hypot(*(left - right)))
    colour = tuple(int(v) for v in np.clip(rng.normal(30, 20, 3), 0, 120))
    angle = float(np.degrees(np.arctan2(left[1] - right[1], left[0] - right[0])))
    axes = (max(1, int(span * rng.uniform(0.3, 0.4))), max(1, int(span * rng.uniform(0.2, 0.32))))
    layer = image.copy()
    for eye in (right, left):
        cv2.ellipse(layer, (int(eye[0]), int(eye[1])), axes, angle, 0, 360, colour, -1, cv2.LINE_AA)
    middle = max(1, int(span * 0.06))
    cv2.line(
        layer,
        (int(right[0]), int(right[1])),
        (int(left[0]), int(left[1])),
        colour,
        middle,
        cv2.LINE_AA,
    )
    strength = float(rng.uniform(0.6, 1.0))
    return cv2.addWeighted(layer, strength, image, 1 - strength, 0)  # type: ignore[return-value]

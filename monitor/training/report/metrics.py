"""Figures of a mask classifier: arrays in, plain numbers out.

Everywhere `truth` is (N,) int class indices, `confidence` (N, C) float rows that sum to 1, and C
goes with `classes`, the card's order. "Alarmed" is reported unmasked or incorrect, that is:
anything but masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from sklearn.metrics import (
    confusion_matrix,
    precision_recall_fscore_support,
    roc_auc_score,
    roc_curve,
)

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Rate:
    """A part of a count, with Wilson's 95 % interval."""

    hits: int
    count: int

    @property
    def value(self) -> float:
        """hits / count; nan for an empty count."""
        return self.hits / self.count if self.count else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval (Wilson 1927): honest near 100 % and for small counts."""
        if not self.count:
            return 0.0, 1.0
        z, n, p = 1.959964, self.count, self.value
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, float(centre - half)), min(1.0, float(centre + half))

    def as_json(self) -> dict[str, Any]:
        """hits, count, value and interval; value None when the count is 0."""
        low, high = self.interval
        return {
            **asdict(self),
            "value": self.value if self.count else None,
            "low": low,
            "high": high,
        }

    def __str__(self) -> str:
        return f"{100 * self.value:.1f} % ({self.hits}/{self.count})" if self.count else "no faces"


def rate(hits: npt.ArrayLike) -> Rate:
    """The part of a boolean array that is true."""
    array = np.asarray(hits, bool)
    return Rate(int(array.sum()), int(array.size))


def softmax(logits: Array) -> Array:
    """Rows of (N, C) to confidences that sum to 1."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Array = e / e.sum(axis=-1, keepdims=True)
    return shares


def per_class(truth: Array, confidence: Array, classes: Sequence[str]) -> dict[str, Any]:
    """Precision, recall, F1 and support of each class, accuracy, macro F1 (over the classes
    present) and the confusion matrix.

    Returns:
        JSON-ready: `classes` {name: {precision, recall, f1, support}}, None where there is nothing
        to go by; `accuracy`, `macro_f1`, `count`, `confusion` (rows truth, columns answer).
    """
    answer = confidence.argmax(axis=1) if len(confidence) else np.empty(0, int)
    labels = list(range(len(classes)))
    p, r, f, support = precision_recall_fscore_support(
        truth, answer, labels=labels, zero_division=0
    )
    present = support > 0
    return {
        "classes": {
            name: {
                "precision": float(p[i]) if (answer == i).any() else None,
                "recall": float(r[i]) if present[i] else None,
                "f1": float(f[i]) if present[i] else None,
                "support": int(support[i]),
            }
            for i, name in enumerate(classes)
        },
        "accuracy": float((answer == truth).mean()) if len(truth) else None,
        "macro_f1": float(f[present].mean()) if present.any() else None,
        "count": len(truth),
        "confusion": confusion_matrix(truth, answer, labels=labels).tolist() if len(truth) else [],
    }


def door_rates(truth: Array, confidence: Array, classes: Sequence[str]) -> dict[str, Rate]:
    """What counts at a door: who is told right, and who sets off an alarm."""
    answer = confidence.argmax(axis=1) if len(confidence) else np.empty(0, int)
    bare, masked, wrong = (truth == classes.index(n) for n in ("unmasked", "masked", "incorrect"))
    alarm = answer != classes.index("masked")
    return {
        "bare_right": rate(answer[bare] == classes.index("unmasked")),
        "masked_right": rate(~alarm[masked]),
        "incorrect_right": rate(answer[wrong] == classes.index("incorrect")),
        "bare_alarmed": rate(alarm[bare]),
        "masked_alarmed": rate(alarm[masked]),
        "incorrect_alarmed": rate(alarm[wrong]),
    }


def roc(truth: Array, confidence: Array, classes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """ROC curve and area of each class against the rest, and of alarm (1 - masked) against masked.
    One-sided sets are left out.
    """
    curves = {name: (truth == i, confidence[:, i]) for i, name in enumerate(classes)}
    masked = classes.index("masked")
    curves["alarm"] = (truth != masked, 1 - confidence[:, masked])
    result = {}
    for name, (positive, value) in curves.items():
        if positive.any() and not positive.all():
            false_rate, true_rate, _ = roc_curve(positive, value)
            result[name] = {
                "auc": float(roc_auc_score(positive, value)),
                "false_positive_rate": false_rate,
                "true_positive_rate": true_rate,
            }
    return result


def scale_temperature(confidence: Array, temperature: float) -> Array:
    """Confidences as if the logits had been divided by `temperature` (Guo et al. 2017,
    arXiv:1706.04599).
    """
    return softmax(np.log(confidence.astype(np.float64).clip(1e-12)) / temperature)


def fit_temperature(truth: Array, confidence: Array) -> float:
    """The temperature with the least negative log-likelihood."""

    def loss(log_t: float) -> float:
        scaled = scale_temperature(confidence, float(np.exp(log_t)))
        return float(-np.log(scaled[np.arange(len(truth)), truth].clip(1e-12)).mean())

    return (
        float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))
        if len(truth)
        else 1.0
    )


def crossfit_temperature(
    truth: Array, confidence: Array, halves: npt.NDArray[np.bool_]
) -> tuple[Array, float]:
    """Confidences scaled by a temperature that was fitted on the other half, so that no face
    calibrates itself.

    Returns:
        (N, C) confidences, and the temperature of the whole (what a card would hold).
    """
    scaled = confidence.astype(np.float64)
    for side in (halves, ~halves):
        if side.any() and (~side).any():
            scaled[side] = scale_temperature(
                confidence[side], fit_temperature(truth[~side], confidence[~side])
            )
    return scaled, fit_temperature(truth, confidence)


def reliability(truth: Array, confidence: Array, bins: int = 15) -> dict[str, Any]:
    """Expected calibration error of the winning class over bins of equal width, and the curve
    behind it.
    """
    top, right = confidence.max(axis=1), confidence.argmax(axis=1) == truth
    index = (top * bins).astype(int).clip(0, bins - 1)
    curve, error = [], 0.0
    for b in range(bins):
        inside = index == b
        if inside.any():
            mean, accuracy = float(top[inside].mean()), float(right[inside].mean())
            error += inside.mean() * abs(mean - accuracy)
            curve.append({"confidence": mean, "accuracy": accuracy, "count": int(inside.sum())})
    return {"ece": float(error), "curve": curve}

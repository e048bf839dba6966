"""Site adaptation: moves the last layer of a mask model by a site's corrected faces, without the
training pictures and without forgetting them.

A multinomial regression on frozen features, solved exactly by Newton's method: what it may move is
held by a pull towards the shipped layer, and by the answers to faces of the training that are
rehearsed (`bundle.Bundle.rehearsal`). numpy alone; seconds on one core.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.errors import ConfigError
from monitor.learning.bundle import Bundle, Faces, Shift
from monitor.learning.head import Array

STEPS_MAX = 50
ENOUGH = 1e-7  # the loss falls by less: solved
HALVINGS_MAX = 20


@dataclass(frozen=True)
class Recipe:
    """How much is moved. Chosen by `monitor.training.experiments.site_adaptation`."""

    pull: float = 16.0  # towards the shipped layer
    rehearsal: float = 300.0  # all rehearsed faces weigh as much as so many corrected ones
    kept: float = 0.5  # part of the shipped answer in a rehearsed face's target, 0 to 1


@dataclass(frozen=True, eq=False)
class Solved:
    """What a fit has come to."""

    shift: Shift
    losses: tuple[float, ...]  # one a step, the first before any


def fit(bundle: Bundle, site: Faces, weights: Array, recipe: Recipe = Recipe()) -> Solved:
    """Move the head.

    Args:
        bundle: Of the model that is adapted.
        site: The corrected faces; several copies of one are told by small weights.
        weights: (N,) of the site's faces: 1 for one visit.
        recipe: How much.

    Raises:
        ConfigError: If there is nothing to learn from.
    """
    if not len(site):
        raise ConfigError("there is no corrected face to learn from: collect some first")
    rehearsal = bundle.rehearsal
    points = np.concatenate([site.points, rehearsal.points]).astype(float)
    base = np.concatenate([site.logits, rehearsal.logits]).astype(float)
    once = np.eye(base.shape[1])
    said = recipe.kept * softmax(rehearsal.logits) + (1 - recipe.kept) * once[rehearsal.truth]
    targets = np.concatenate([once[site.truth], said])
    weight = np.concatenate(
        [weights, np.full(len(rehearsal), recipe.rehearsal / max(1, len(rehearsal)))]
    )
    problem = _Problem(np.hstack([points, np.ones((len(points), 1))]), base, targets, weight)
    solution, losses = _newton(problem, recipe.pull)
    slope, offset = solution[:-1], solution[-1]
    return Solved(Shift(slope.astype(np.float32), offset.astype(np.float32)), tuple(losses))


def softmax(logits: npt.NDArray[Any]) -> Array:
    """(N, C) probabilities, in double precision."""
    raised = np.exp(logits - logits.max(1, keepdims=True))
    made: Array = (raised / raised.sum(1, keepdims=True)).astype(float)
    return made


@dataclass(frozen=True, eq=False)
class _Problem:
    points: Array  # (N, K + 1) the last column is 1
    base: Array  # (N, C) logits before
    targets: Array  # (N, C) rows sum to 1
    weight: Array  # (N,)


def _newton(problem: _Problem, pull: float) -> tuple[Array, list[float]]:
    """(K + 1, C) what is added to the head, and the losses."""
    width, classes = problem.points.shape[1], problem.base.shape[1]
    solution = np.zeros((width, classes))
    loss = _loss(problem, solution, pull)
    losses = [loss]
    for _ in range(STEPS_MAX):
        step = _step(problem, solution, pull)
        for _ in range(HALVINGS_MAX):
            tried = _loss(problem, solution - step, pull)
            if tried <= loss:
                break
            step /= 2
        else:
            break
        solution, gained, loss = solution - step, loss - tried, tried
        losses.append(loss)
        if gained < ENOUGH * max(1.0, abs(loss)):
            break
    return solution, losses


def _loss(problem: _Problem, solution: Array, pull: float) -> float:
    logits = problem.base + problem.points @ solution
    top = logits.max(1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.exp(logits - top).sum(1))
    entropy = log_sum - (problem.targets * logits).sum(1)
    return float((problem.weight * entropy).sum() + pull / 2 * (solution**2).sum())


def _step(problem: _Problem, solution: Array, pull: float) -> Array:
    """Newton's step: the whole Hessian, some hundred numbers a side."""
    points, weight = problem.points, problem.weight
    width, classes = solution.shape
    p = softmax(problem.base + points @ solution)
    gradient = points.T @ (weight[:, None] * (p - problem.targets)) + pull * solution
    hessian = np.empty((classes, width, classes, width))
    for c in range(classes):
        for d in range(c, classes):
            curve = weight * p[:, c] * ((c == d) - p[:, d])
            block = points.T @ (curve[:, None] * points)
            hessian[c, :, d, :], hessian[d, :, c, :] = block, block.T
    square = hessian.reshape(classes * width, classes * width)
    square[np.diag_indices_from(square)] += pull
    solved = np.linalg.solve(square, gradient.T.ravel())
    step: Array = solved.reshape(classes, width).T.astype(float)
    return step

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
OFFSET_PULL = 1e-3  # what the classes are weighed with is free to move
ENOUGH = 1e-7  # the loss falls by less: solved
HALVINGS_MAX = 20
FOLDS = 5


@dataclass(frozen=True)
class Recipe:
    """How much is moved. Chosen by `monitor.training.experiments.site_adaptation`."""

    # In how many directions features may count otherwise than in the shipped layer. Of several
    # numbers the one that judges visits best which it did not learn from; a choice by so few faces
    # has not paid (docs/learning.md).
    directions: tuple[int, ...] = (32,)
    pull: float = 100.0  # of these towards the shipped layer
    # All rehearsed faces weigh as much as so many corrected ones. Tried from the first, which moves
    # the head farthest, until no class of them loses more than `loss_max`.
    rehearsal: tuple[float, ...] = (1000.0,)
    loss_max: float = 0.0
    kept: float = 0.5  # part of the shipped answer in a rehearsed face's target, 0 to 1


@dataclass(frozen=True, eq=False)
class Solved:
    """What a fit has come to."""

    shift: Shift
    losses: tuple[float, ...]  # one a step, the first before any
    directions: int = 0
    rehearsal: float = 0.0  # how much the rehearsed faces weighed


def fit(bundle: Bundle, site: Faces, weights: Array, recipe: Recipe = Recipe()) -> Solved:
    """Move the head, as far as the rehearsed faces allow.

    Args:
        bundle: Of the model that is adapted.
        site: The corrected faces, their visits as `group`; several views of one have small
            weights.
        weights: (N,) of the site's faces: 1 for one visit.
        recipe: How much.

    Raises:
        ConfigError: If there is nothing to learn from.
    """
    if not len(site):
        raise ConfigError("there is no corrected face to learn from: collect some first")
    used = _directions(bundle.rehearsal, site, weights, recipe)
    solved = _fitted(bundle.rehearsal, site, weights, recipe, (used, recipe.rehearsal[0]))
    for strength in recipe.rehearsal[1:]:
        if _loss_of_class(bundle.rehearsal, solved.shift) <= recipe.loss_max:
            break
        solved = _fitted(bundle.rehearsal, site, weights, recipe, (used, strength))
    return solved


def _directions(rehearsal: Faces, site: Faces, weights: Array, recipe: Recipe) -> int:
    """The number of directions with the fewest errors on visits that were left out; of equal ones
    the smallest.
    """
    if len(recipe.directions) == 1:
        return recipe.directions[0]
    _, visit = np.unique(site.group, return_inverse=True)
    fold = np.random.default_rng(0).permutation(visit.max() + 1)[visit] % FOLDS
    strength = recipe.rehearsal[len(recipe.rehearsal) // 2]
    errors = []
    for used in recipe.directions:
        wrong = 0.0
        for number in range(FOLDS):
            out = fold == number
            if out.all() or not out.any():
                continue
            learnt = _fitted(
                *(rehearsal, _some(site, ~out), weights[~out], recipe, (used, strength))
            )
            asked = _some(site, out)
            missed = learnt.shift.logits(asked).argmax(1) != asked.truth
            wrong += float((weights[out] * missed).sum())
        errors.append(round(wrong, 6))
    return recipe.directions[int(np.argmin(errors))]


def _some(faces: Faces, which: npt.NDArray[np.bool_]) -> Faces:
    return Faces(faces.points[which], faces.logits[which], faces.truth[which], faces.group[which])


def _loss_of_class(rehearsal: Faces, shift: Shift) -> float:
    """The part of the rehearsed faces of one class that is not judged right any more, of the class
    that loses most.
    """
    before = rehearsal.logits.argmax(1) == rehearsal.truth
    after = shift.logits(rehearsal).argmax(1) == rehearsal.truth
    lost = before.astype(float) - after
    return max(float(lost[rehearsal.truth == c].mean()) for c in np.unique(rehearsal.truth))


def _fitted(
    rehearsal: Faces, site: Faces, weights: Array, recipe: Recipe, much: tuple[int, float]
) -> Solved:
    """With so many directions, and so much weight of the rehearsed faces."""
    used, strength = much
    points = np.concatenate([site.points, rehearsal.points])[:, :used].astype(float)
    base = np.concatenate([site.logits, rehearsal.logits]).astype(float)
    once = np.eye(base.shape[1])
    said = recipe.kept * softmax(rehearsal.logits) + (1 - recipe.kept) * once[rehearsal.truth]
    targets = np.concatenate([once[site.truth], said])
    weight = np.concatenate([weights, np.full(len(rehearsal), strength / max(1, len(rehearsal)))])
    problem = Problem(np.hstack([points, np.ones((len(points), 1))]), base, targets, weight)
    pulls = np.full(problem.points.shape[1], recipe.pull)
    pulls[-1] = OFFSET_PULL
    solution, losses = newton(problem, pulls)
    slope = np.zeros((site.points.shape[1], solution.shape[1]))
    slope[:used], offset = solution[:-1], solution[-1]
    shift = Shift(slope.astype(np.float32), offset.astype(np.float32))
    return Solved(shift, tuple(losses), used, strength)


def softmax(logits: npt.NDArray[Any]) -> Array:
    """(N, C) probabilities, in double precision."""
    raised = np.exp(logits - logits.max(1, keepdims=True))
    made: Array = (raised / raised.sum(1, keepdims=True)).astype(float)
    return made


@dataclass(frozen=True, eq=False)
class Problem:
    """What is solved: weighted cross-entropy over logits that are added to."""

    points: Array  # (N, K + 1) the last column is 1
    base: Array  # (N, C) logits before
    targets: Array  # (N, C) rows sum to 1
    weight: Array  # (N,)


def newton(problem: Problem, pull: Array) -> tuple[Array, list[float]]:
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


def _loss(problem: Problem, solution: Array, pull: Array) -> float:
    logits = problem.base + problem.points @ solution
    top = logits.max(1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.exp(logits - top).sum(1))
    entropy = log_sum - (problem.targets * logits).sum(1)
    return float((problem.weight * entropy).sum() + (pull[:, None] * solution**2).sum() / 2)


def _step(problem: Problem, solution: Array, pull: Array) -> Array:
    """Newton's step: the whole Hessian, some hundred numbers a side."""
    points, weight = problem.points, problem.weight
    width, classes = solution.shape
    p = softmax(problem.base + points @ solution)
    gradient = points.T @ (weight[:, None] * (p - problem.targets)) + pull[:, None] * solution
    hessian = np.empty((classes, width, classes, width))
    for c in range(classes):
        for d in range(c, classes):
            curve = weight * p[:, c] * ((c == d) - p[:, d])
            block = points.T @ (curve[:, None] * points)
            hessian[c, :, d, :], hessian[d, :, c, :] = block, block.T
    square = hessian.reshape(classes * width, classes * width)
    square[np.diag_indices_from(square)] += np.tile(pull, classes)
    solved = np.linalg.solve(square, gradient.T.ravel())
    step: Array = solved.reshape(classes, width).T.astype(float)
    return step

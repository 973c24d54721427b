r"""Weights of members that minimise the loss on held-out rows, shrunk towards equal weights.

The members' raw scores :math:`s_m` are averaged, :math:`\sum_m w_m s_m` with weights on the
simplex. Common weights :math:`\bar w` of all tasks minimise the mean of the tasks' relative losses
plus :math:`\frac{\kappa \ell}{n} \|w - 1/M\|^2`, those of a task its own relative loss plus
:math:`\frac{\kappa \ell_t}{n_t} \|w - \bar w\|^2`: a task with few labels follows the others, and
with few labels overall the result is nearly the plain average. The noise of a mean loss is
proportional to the loss :math:`\ell` of the best member: if one member is exact, few labels
suffice. Both steps go only as far as the gain is certain; see `_trust`.

References
----------
D. H. Wolpert, "Stacked Generalization", Neural Networks 5 (1992), 241-259.

L. Breiman, "Stacked Regressions", Machine Learning 24 (1996), 49-64 (weights that are not
negative).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from skmtl.engines.stack._judged import JudgedTask
from skmtl.engines.stack._trust import blocks_of, trusted
from skmtl.reading import EncodedRows
from skmtl.tasks import TaskSet

# Strength of the prior, as a number of labels.
_PRIOR_LABELS = 10.0
# A member with less weight than this in all tasks is dropped, to save time.
_LEAST_WEIGHT = 0.02


@dataclass(frozen=True)
class StackWeights:
    """Weights of members, and the losses they are based on; see `FittedStack`."""

    weights: np.ndarray
    losses: np.ndarray
    errors: np.ndarray


def stack_weights(
    tasks: TaskSet,
    scores: Sequence[np.ndarray],
    rows: EncodedRows,
    task_weight: np.ndarray,
) -> StackWeights:
    """Return the weights of all members for every task.

    Parameters
    ----------
    tasks : TaskSet
    scores : sequence of ndarray of shape (n_rows, n_scores)
        Scores of each member for rows that it did not learn from; NaN for other rows.
    rows : EncodedRows
    task_weight : ndarray of shape (n_tasks,)
    """
    n_members = len(scores)
    blocks = _blocks(scores, rows)
    judged = [_judged(tasks, number, scores, rows, blocks) for number in range(len(tasks))]
    used = [task for task in judged if task is not None]
    equal = np.full(n_members, 1 / n_members)
    common = equal
    if used:
        shares = np.array(
            [w for w, task in zip(task_weight, judged, strict=True) if task is not None]
        )
        common = _common(used, shares / shares.sum(), equal)
    weights = np.tile(common, (len(tasks), 1))
    losses = np.full((len(tasks), n_members), np.nan)
    errors = losses.copy()
    for number, task in enumerate(judged):
        if task is not None:
            losses[number], errors[number] = task.member_losses()
            noise = float(losses[number].min())
            learnt = _least(task.loss, common, _PRIOR_LABELS * noise / task.n_labels)
            weights[number] = trusted([task], np.ones(1), common, learnt)
    return StackWeights(_without_the_small(weights), losses, errors)


def _blocks(scores: Sequence[np.ndarray], rows: EncodedRows) -> np.ndarray:
    """Return the block of each held-out row; 0 for the others."""
    held_out = np.flatnonzero(~np.isnan(scores[0]).any(axis=1))
    order = np.arange(len(rows)) if rows.order is None else rows.order
    blocks = np.zeros(len(rows), dtype=np.int64)
    blocks[held_out] = blocks_of(order[held_out])
    return blocks


def _judged(
    tasks: TaskSet,
    number: int,
    scores: Sequence[np.ndarray],
    rows: EncodedRows,
    blocks: np.ndarray,
) -> JudgedTask | None:
    """Return the held-out labels of a task; None if there are none, or all are the same."""
    head, part = tasks.heads[number], tasks.score_slices[number]
    of_members = np.array([member[:, part] for member in scores])
    weight = rows.weight[:, number].astype(np.float64)
    usable = np.flatnonzero((weight > 0) & np.isfinite(of_members).all(axis=(0, 2)))
    if len(usable) == 0:
        return None
    target, weight = rows.labels.target[usable, tasks.target_slices[number]], weight[usable]
    if (target == target[0]).all():  # the best constant has no loss to compare others with
        return None
    constant = np.tile(head.initial_scores(target, weight), (len(usable), 1))
    n_labels = float(weight.sum() ** 2 / (weight**2).sum())
    weight = weight / weight.sum()
    unit = float(weight @ head.losses(constant, target))
    if not np.isfinite(unit) or unit <= 0:
        return None
    return JudgedTask(head, of_members[:, usable], target, weight, unit, n_labels, blocks[usable])


def _common(tasks: list[JudgedTask], shares: np.ndarray, equal: np.ndarray) -> np.ndarray:
    """Return common weights for all tasks."""

    def mean_loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        losses, slopes = zip(*(task.loss(weights) for task in tasks), strict=True)
        return float(shares @ np.array(losses)), shares @ np.array(slopes)

    n_labels = float(np.mean([task.n_labels for task in tasks]))
    noise = float(shares @ np.array([task.member_losses()[0].min() for task in tasks]))
    learnt = _least(mean_loss, equal, _PRIOR_LABELS * noise / n_labels)
    return trusted(tasks, shares, equal, learnt)


def _least(
    loss: Callable[[np.ndarray], tuple[float, np.ndarray]], prior: np.ndarray, strength: float
) -> np.ndarray:
    """Minimise a loss over the simplex, with a penalty on the distance from a prior."""

    def objective(weights: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = loss(weights)
        away = weights - prior
        return value + strength * float(away @ away), slope + 2 * strength * away

    result = minimize(
        objective,
        prior,
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * len(prior),
        constraints={
            "type": "eq",
            "fun": lambda weights: weights.sum() - 1,
            "jac": lambda weights: np.ones_like(weights),
        },
        options={"ftol": 1e-9, "maxiter": 200},
    )
    weights = np.clip(result.x, 0.0, None)
    total = weights.sum()
    return weights / total if np.isfinite(total) and total > 0 else prior


def _without_the_small(weights: np.ndarray) -> np.ndarray:
    """Set the weights of members that hardly have any weight in any task to zero."""
    kept = np.where(weights.max(axis=0) >= _LEAST_WEIGHT, weights, 0.0)
    return kept / kept.sum(axis=1, keepdims=True)

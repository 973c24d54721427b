r"""How far to go from prior weights towards learnt ones, given how much their gain varies.

Learnt weights have a lower loss on the held-out rows than the prior weights, because they were
chosen there. If rows of the same entity or period resemble each other, the gain may be that of a
few periods. So the rows are cut into ten blocks in the order of their groups, their times or the
table, and the standard error of the mean gain is computed from the blocks' gains (Liang and Zeger
1986). Weights move along the line from the prior as long as the upper bound of the change of the
loss, its mean plus one standard error, falls (the one-standard-error rule of Breiman et al. 1984,
where the prior is the simpler model).

References
----------
K.-Y. Liang, S. L. Zeger, "Longitudinal data analysis using generalized linear models", Biometrika
73 (1986), 13-22.

L. Breiman, J. H. Friedman, R. A. Olshen, C. J. Stone, "Classification and Regression Trees",
1984.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from skmtl.engines.stack._judged import JudgedTask

_BLOCKS = 10
_STEPS = np.linspace(0.0, 1.0, 11)


def blocks_of(order: np.ndarray) -> np.ndarray:
    """Return the block of each row, from the numbers by which rows are ordered.

    Rows with equal numbers are in the same block.
    """
    before = rankdata(order, method="min") - 1
    return (before * _BLOCKS // max(len(order), 1)).astype(np.int64)


def trusted(
    tasks: Sequence[JudgedTask], shares: np.ndarray, prior: np.ndarray, learnt: np.ndarray
) -> np.ndarray:
    """Return weights between the prior and the learnt ones.

    Parameters
    ----------
    tasks : sequence of JudgedTask
    shares : ndarray of shape (n_tasks,)
        Share of each task in the loss.
    prior, learnt : ndarray of shape (n_members,)
    """
    before = [task.row_losses(prior) for task in tasks]
    total = np.zeros(_BLOCKS)
    for share, task in zip(shares, tasks, strict=True):
        total += share * task.by_block(np.ones(len(task.weight)), _BLOCKS)
    best, least = prior, 0.0
    for step in _STEPS[1:]:
        weights = (1 - step) * prior + step * learnt
        change = np.zeros(_BLOCKS)
        for share, task, losses in zip(shares, tasks, before, strict=True):
            change += share * task.by_block(task.row_losses(weights) - losses, _BLOCKS)
        bound = _upper_bound(change, total)
        if bound < least:
            best, least = weights, bound
    return best


def _upper_bound(change: np.ndarray, total: np.ndarray) -> float:
    """Return the mean change plus its standard error, from sums and weights by block."""
    n_blocks = int((total > 0).sum())
    if n_blocks < 2:
        return np.inf
    mean = change.sum() / total.sum()
    variance = ((change - mean * total) ** 2).sum() * n_blocks / (n_blocks - 1)
    return float(mean + np.sqrt(variance) / total.sum())

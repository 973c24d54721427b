"""Changes of the raw scores of networks when one feature is permuted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from skmtl.networks import Batch, Events, concatenated
from skmtl.tasks import TaskSet

# Maximum of rows times features to score, so that fits of small tables stay fast.
_CELLS, _FEWEST_ROWS, _MOST_ROWS = 2**12, 8, 64
_ROWS_AT_ONCE = 2**10


def score_movements(
    scores_of: Callable[[Batch], np.ndarray], rows: Batch, tasks: TaskSet
) -> np.ndarray:
    """Return root mean square changes of raw scores when one feature is permuted.

    For a linear function they are proportional to the coefficient times the standard deviation of
    the feature, and they are 0 for a feature that the network ignores.

    Parameters
    ----------
    scores_of : callable
        Computes raw scores (n_rows, n_scores) of rows.
    rows : Batch
        Training rows, of which at most 64 are scored.
    tasks : TaskSet

    Returns
    -------
    float64 ndarray of shape (n_tasks, n_numeric + n_categorical + n_histories)
    """
    features = [
        *(("numeric", at) for at in range(rows.numeric.shape[1])),
        *(("codes", at) for at in range(rows.codes.shape[1])),
        *(("extras", name) for name, extra in rows.extras.items() if isinstance(extra, Events)),
    ]
    n_features = len(features)
    n_rows = min(max(_CELLS // max(n_features, 1), _FEWEST_ROWS), _MOST_ROWS, len(rows))
    # Use the same rows for all seeds, so that importances are not random.
    rng = np.random.RandomState(0)
    some = rows.take(torch.from_numpy(rng.choice(len(rows), n_rows, replace=False)))
    order = torch.from_numpy(rng.permutation(n_rows))

    def exchanged(part: str, at: Any) -> Batch:
        if part == "extras":
            return replace(some, extras={**some.extras, at: some.extras[at][order]})
        values = getattr(some, part).clone()
        values[:, at] = values[order, at]
        return replace(some, **{part: values})

    before = scores_of(some)
    movements = np.zeros((len(tasks), n_features))
    # Score several features at once, since few rows take nearly as long as many.
    at_once = max(_ROWS_AT_ONCE // n_rows, 1)
    for start in range(0, n_features, at_once):
        asked = features[start : start + at_once]
        after = scores_of(concatenated([exchanged(*feature) for feature in asked]))
        squares = (after.reshape(len(asked), n_rows, -1) - before) ** 2
        for task, part in enumerate(tasks.score_slices):
            mean_squares = squares[..., part].sum(axis=2).mean(axis=1)
            movements[task, start : start + len(asked)] = mean_squares
    return np.sqrt(movements)

"""Predictions split into additive parts, for estimators of all engines that support it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl.answers import index_of, warn_of_empty_columns
from skmtl.reading import RowsToScore
from skmtl.tasks import TaskSet


def rows_to_explain(estimator: Any, X: Any) -> RowsToScore:
    """Return the rows of X, with the same warnings as `predict`."""
    check_is_fitted(estimator)
    model = estimator.__skmtl_fitted__()
    rows = model.read(X)
    warn_of_empty_columns(rows, model.learnt_counts)
    return rows


def parts_in_units(
    values: np.ndarray, names: Sequence[Hashable], constant: int, tasks: TaskSet, X: Any
) -> pd.DataFrame:
    """Return parts of raw scores as a DataFrame, in units of y if the link is linear.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_scores, n_parts)
    names : sequence of hashable
        Names of the parts.
    constant : int
        Position of the part to which the centre of the units is added.
    tasks : TaskSet
    X : table
        The table whose index is used.
    """
    keys: list[tuple] = []  # a feature may be called "base": names need not be unique
    columns: list[np.ndarray] = []
    for target, head, part in zip(tasks.names, tasks.heads, tasks.score_slices, strict=True):
        centre, scale = head.linear_link or (0.0, 1.0)
        scaled = values[:, part] * scale
        scaled[..., constant] += centre
        for score in range(head.n_scores):
            several = (target, score) if tasks.n_scores > len(tasks) else (target,)
            keys += [(*several, name) if tasks.n_scores > 1 else (name,) for name in names]
            columns += list(scaled[:, score].T)
    frame = pd.DataFrame(dict(enumerate(columns)), index=index_of(X))
    levels = {2: ["target", "part"], 3: ["target", "score", "part"]}
    width = len(keys[0])
    if width == 1:
        return frame.set_axis(pd.Index(list(names), tupleize_cols=False), axis=1)
    return frame.set_axis(pd.MultiIndex.from_tuples(keys, names=levels[width]), axis=1)

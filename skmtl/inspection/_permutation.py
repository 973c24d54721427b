"""Permutation importance by task."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch, check_random_state, check_scalar

from skmtl.inspection._questions import column_of, feature_positions, plain_table, with_column
from skmtl.metrics import MetricLike, score_model


def permutation_importance_by_task(
    estimator: Any,
    X: Any,
    Y: Any,
    *,
    metric: MetricLike = "auto",
    features: Sequence[Hashable] | None = None,
    n_repeats: int = 5,
    sample_weight: Any = None,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch:
    """Measure how much the score of each task decreases if a column is shuffled.

    ``sklearn.inspection.permutation_importance`` does the same with the mean score of all tasks;
    here the model predicts once for all tasks, and labels may be missing.

    Parameters
    ----------
    estimator : fitted estimator
        An estimator of skmtl, or a multi-output estimator of scikit-learn, alone or inside
        pipelines and searches.
    X : table of shape (n_samples, n_features)
        Rows that were not used in `fit`; otherwise memorised features seem useful.
    Y : labels of shape (n_samples,) or (n_samples, n_tasks)
    metric : str, scorer, callable, or mapping of task to one of these, default="auto"
        See :mod:`skmtl.metrics`; "auto" is R2 for numbers, accuracy for classes and concordance
        for times to events. For rare classes use a metric of probabilities.
    features : sequence of columns, default=None
        The columns to shuffle, by name or position; None is all but the column with the task ids.
    n_repeats : int, default=5
        Times that each column is shuffled.
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), or frame, optional
    random_state : int, RandomState or None, default=None
        Controls the order of the shuffled values.

    Returns
    -------
    Bunch
        Like scikit-learn's, but by task: ``importances_mean`` and ``importances_std``, DataFrames
        of shape (n_tasks, n_features), and ``importances``, an array of shape (n_tasks,
        n_features, n_repeats). In long data the rows of all ids are scored together.

    Raises
    ------
    ValueError
        For unknown columns, and if the model cannot be scored.
    TypeError
        For a forecaster, which reads the past of the series.

    See Also
    --------
    TaskImportanceDisplay : Plots the importances.

    References
    ----------
    L. Breiman, "Random Forests", Machine Learning 45 (2001), 5-32.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl import MultiTaskLinear
    >>> from skmtl.inspection import permutation_importance_by_task
    >>> X = pd.DataFrame({"hour": [6, 9, 12, 18] * 20, "gate": [1, 1, 2, 2, 3] * 16})
    >>> Y = pd.DataFrame({"delay": X["hour"] * 2.5, "late": X["hour"] > 9})
    >>> model = MultiTaskLinear(random_state=0).fit(X, Y)
    >>> drops = permutation_importance_by_task(model, X, Y, random_state=0).importances_mean
    >>> drops.idxmax(axis=1).tolist()
    ['hour', 'hour']
    """
    check_scalar(n_repeats, "n_repeats", int, min_val=1)
    table = plain_table(X)
    positions = feature_positions(estimator, table, features)
    rng = check_random_state(random_state)

    def score(rows: Any) -> pd.Series:
        return score_model(estimator, rows, Y, metric=metric, sample_weight=sample_weight)

    unshuffled = score(table)
    decreases = np.stack(
        [
            np.column_stack(
                [unshuffled - score(shuffled) for shuffled in _shuffled(table, at, n_repeats, rng)]
            )
            for at in positions.values()
        ],
        axis=1,
    )
    columns = pd.Index(list(positions), tupleize_cols=False)
    return Bunch(
        importances_mean=pd.DataFrame(decreases.mean(axis=2), unshuffled.index, columns),
        importances_std=pd.DataFrame(decreases.std(axis=2), unshuffled.index, columns),
        importances=decreases,
    )


def _shuffled(
    table: Any, position: int, n_repeats: int, rng: np.random.RandomState
) -> Iterator[Any]:
    """Iterate over copies of the table with one column shuffled."""
    column = column_of(table, position)
    for _ in range(n_repeats):
        yield with_column(table, position, column.iloc[rng.permutation(len(column))])

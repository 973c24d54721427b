"""Find tasks whose models can replace each other, and that should be learnt together."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from skmtl.sharing import (
    HeldOut,
    affinity_of_errors,
    clusters,
    read_splits,
    read_tasks,
    task_column,
)


@dataclass(frozen=True, eq=False)
class CrossTaskErrors:
    """Result of `cross_task_errors`.

    Attributes
    ----------
    errors : DataFrame of shape (n_tasks, n_tasks)
        Error of the model of one task (row) on another task (column), after rescaling, on held-out
        rows, divided by that of the best constant. 0 is perfect, 1 is no better than a constant.
        The diagonal has the errors of each task's own model without rescaling.
    affinity : DataFrame of shape (n_tasks, n_tasks)
        Square root of the share of the column's task that the row's model explains, relative to
        the best model for this task; from 0 to 1, like a correlation without label noise.
    """

    errors: pd.DataFrame
    affinity: pd.DataFrame


def cross_task_errors(
    estimator: Any,
    X: Any,
    Y: Any,
    *,
    cv: Any = 3,
    sample_weight: Any = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> CrossTaskErrors:
    """Fit a model for each task, and apply it to every other task.

    Predictions are for held-out rows. For another task they are first shifted and scaled (without
    changing the sign), so that units do not matter; those for several classes by a linear map.
    Errors are squared (for classes, those of the probabilities), or absolute if that is the task's
    loss.

    Parameters
    ----------
    estimator : estimator
        Any estimator of skmtl, alone or as the last step of a pipeline. It is cloned.
    X : table of shape (n_samples, n_features)
    Y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)
        Labels, some of which may be missing; one column for long data, whose tasks are the ids.
    cv : int, splitter or iterable of (train, test), default=3
        An integer is the number of folds of
        :class:`skmtl.model_selection.MultiTaskStratifiedKFold`.
    sample_weight : array of shape (n_samples,), optional
        Weights of the rows.
    n_jobs : int or None, default=None
        Number of processes, as in joblib; None is 1.
    random_state : int, RandomState or None, default=None
        Random state of the folds.

    Returns
    -------
    CrossTaskErrors

    Raises
    ------
    ValueError
        For labels that cannot be learnt from, and for times to events, which are not single
        numbers.

    See Also
    --------
    suggest_groups : Suggests groups from the affinity.

    References
    ----------
    S. Emami, D. Hernández-Lobato, G. Martínez-Muñoz, "Robust multi-task boosting using clustering
    and local ensembling", arXiv:2602.14231.

    Examples
    --------
    >>> from skmtl import RMTGBRegressor
    >>> from skmtl.datasets import make_task_groups
    >>> from skmtl.inspection import cross_task_errors
    >>> X, Y = make_task_groups(300, groups=(0, 0, 1), random_state=0)
    >>> model = RMTGBRegressor(n_rounds=30, learning_rate=0.2, n_bags=1, random_state=0)
    >>> cross_task_errors(model, X, Y, random_state=0).affinity.round(1).loc["task_0"].to_dict()
    {'task_0': 1.0, 'task_1': 0.8, 'task_2': 0.0}
    """
    table = read_tasks(estimator, X, Y, sample_weight)
    rng = check_random_state(random_state)
    splits = read_splits(table, cv, rng, task_column(estimator))
    errors = HeldOut(estimator, table, splits, n_jobs).cross_errors()
    return CrossTaskErrors(errors, affinity_of_errors(errors))


def suggest_groups(affinity: Any, *, n_groups: int | None = None) -> list[list[Hashable]]:
    """Group the tasks that are most similar.

    Agglomerative clustering by average linkage, where the distance of two tasks is one minus the
    larger of their two affinities, clipped to [0, 1]: the model of a task with few labels does not
    help others, but the task may profit from others.

    Parameters
    ----------
    affinity : DataFrame of shape (n_tasks, n_tasks), or an object with such an `affinity`
        Larger values mean more similar tasks, 1 means identical; negative values count as 0. It
        does not have to be symmetric. The result of :func:`cross_task_errors` or
        :func:`task_affinity`, or a correlation matrix.
    n_groups : int or None, default=None
        Number of groups. None cuts at the largest increase in distance, starting from each task
        alone (distance 0) up to unrelated tasks (distance 1), which may result in one group, or
        one for each task.

    Returns
    -------
    list of list of hashable
        The names of the tasks, as `groups` of :class:`skmtl.GroupedTasks` takes them.

    Raises
    ------
    ValueError
        If the table is not square with equal names, holds NaN, or `n_groups` is out of range.

    See Also
    --------
    skmtl.GroupedTasks : Compares such groups with others on held-out rows.

    References
    ----------
    S. Emami, D. Hernández-Lobato, G. Martínez-Muñoz, "Robust multi-task boosting using clustering
    and local ensembling", arXiv:2602.14231.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.inspection import suggest_groups
    >>> names = ["late", "delay", "price"]
    >>> affinity = pd.DataFrame([[1, 0.8, 0.1], [0.7, 1, 0], [0.2, 0, 1]], names, names)
    >>> suggest_groups(affinity)
    [['late', 'delay'], ['price']]
    """
    table = getattr(affinity, "affinity", affinity)
    if not isinstance(table, pd.DataFrame) or list(table.index) != list(table.columns):
        raise ValueError(
            "affinity must be a DataFrame with the same tasks as rows and as columns, got "
            f"{type(table).__name__} of shape {np.shape(table)}."
        )
    if table.isna().to_numpy().any():
        unknown = table.columns[table.isna().any()].tolist()
        raise ValueError(f"The affinity of tasks {unknown} is NaN in some places. Fill it in.")
    possible = range(1, len(table) + 1)
    if n_groups is not None and n_groups not in possible:
        raise ValueError(f"n_groups must lie between 1 and {len(table)} tasks, got {n_groups!r}.")
    return clusters(table, n_groups)

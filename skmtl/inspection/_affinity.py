"""Measure the similarity of tasks in the training of a network, between models, in labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state, check_scalar

from skmtl.sharing import (
    HeldOut,
    TaskTable,
    affinity_of_errors,
    affinity_of_gains,
    clusters,
    fit_recorded,
    label_correlation,
    read_splits,
    read_tasks,
    records_transfer,
    task_column,
)

_MOST_SHOWN = 12  # tasks in a printed table


@dataclass(frozen=True, eq=False, repr=False)
class TaskAffinity:
    """Result of `task_affinity`; every table has the tasks as rows and as columns.

    It is printed as a table, in notebooks as an HTML table, and can be passed to `suggest_groups`.

    Attributes
    ----------
    affinity : DataFrame of shape (n_tasks, n_tasks)
        Similarity of the tasks: 1 for identical and about 0 for unrelated tasks. For a network it
        is derived from `lookahead`: the gains of two tasks from each other's steps relative to
        those from their own steps, divided by the largest such value of either task. Otherwise it
        is derived from `cross_task_errors`, as :attr:`skmtl.inspection.CrossTaskErrors.affinity`.
    lookahead : DataFrame or None
        For a network: the relative decrease of the loss of the column's task due to a step of the
        trunk for the row's task, over the training. Negative values mean that the step does harm.
    cosine : DataFrame or None
        For a network: mean cosine of the gradients of two tasks at the trunk. It is small if the
        labels are noisy, even for similar tasks.
    cross_task_errors : DataFrame or None
        For other models: the error of the row's model on the column's task, divided by that of the
        best constant, as :attr:`skmtl.inspection.CrossTaskErrors.errors`.
    label_correlation : DataFrame or None
        Correlation of the labels on rows that have both; NaN if there are fewer than three, and
        for times to events. For unordered multiclass tasks it is the largest canonical
        correlation. None for long data, where rows do not have labels of two tasks.
    n_looks : int
        How often the steps of a network were compared.

    See Also
    --------
    task_affinity : Computes the affinity.
    TaskAffinityDisplay : Plots the affinity.
    suggest_groups : Suggests groups from the affinity.
    """

    affinity: pd.DataFrame
    lookahead: pd.DataFrame | None
    cosine: pd.DataFrame | None
    cross_task_errors: pd.DataFrame | None
    label_correlation: pd.DataFrame | None
    n_looks: int

    def __str__(self) -> str:
        table = self.affinity.to_string(
            float_format="{:.2f}".format, max_rows=_MOST_SHOWN, max_cols=_MOST_SHOWN
        )
        return "\n".join(filter(None, [self._heading(), table, self._groups()]))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        table = self.affinity.to_html(
            float_format="{:.2f}".format, max_rows=_MOST_SHOWN, max_cols=_MOST_SHOWN
        )
        return f"<p>{self._heading()}</p>{table}<p>{self._groups()}</p>"

    def _heading(self) -> str:
        source = (
            "errors of each task's model on the others"
            if self.lookahead is None
            else f"{self.n_looks} comparisons of the gains of all tasks from a step for one"
        )
        return f"Affinity of {len(self.affinity)} tasks, from {source}:"

    def _groups(self) -> str:
        if self.affinity.isna().to_numpy().any():
            return ""
        groups = clusters(self.affinity, None)
        return "Groups: " + " | ".join(", ".join(map(str, group)) for group in groups)


def task_affinity(
    estimator: Any,
    X: Any,
    Y: Any,
    *,
    every: int = 10,
    cv: Any = 3,
    sample_weight: Any = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> TaskAffinity:
    r"""Measure how similar tasks are.

    A network is trained on all tasks together. From time to time, a step for a single task is
    taken, its effect on the losses of all tasks is measured, and the step is undone. For boosting
    and other estimators, the model of each task is applied to every other one
    (:func:`cross_task_errors`). Correlations of the labels are returned in both cases.

    Parameters
    ----------
    estimator : estimator
        Any estimator of skmtl, alone or as the last step of a pipeline. It is cloned, not fitted.
    X : table of shape (n_samples, n_features)
        As the estimator takes it. For long data it has the column named by the estimator's
        parameter `task_column`, and the tasks are the ids in this column.
    Y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)
        Labels, some of which may be missing; one column for long data.
    every : int, default=10
        For networks: number of training steps between measurements; there is at least one
        measurement in each epoch. A measurement takes a forward and a backward pass with 512 rows
        (or half of those since the last one) for each task: with many tasks, measure less often.
    cv : int, splitter or iterable of (train, test), default=3
        For other estimators: the folds of the models.
    sample_weight : array of shape (n_samples,), optional
        Weights of the rows.
    n_jobs : int or None, default=None
        For other estimators: number of processes, as in joblib; None is 1.
    random_state : int, RandomState or None, default=None
        For other estimators: random state of the folds. The estimator has its own, which
        determines the affinity of a network.

    Returns
    -------
    TaskAffinity

    Raises
    ------
    ValueError
        If there are fewer than two tasks, `every` is below 1, or for labels that cannot be
        learnt from. For times to events, unless the estimator is a network.
    TypeError
        For a search over a network, whose trainings cannot be recorded.

    See Also
    --------
    TaskAffinityDisplay : The affinities as a plot.
    suggest_groups : Which tasks to learn together.
    transfer_report : Whether they gain from it.

    Notes
    -----
    The lookahead is that of task affinity groupings. With the loss :math:`L_j`, the parameters
    :math:`\theta` of the trunk and the constant parameters :math:`\theta_j` of the towers,

    .. math:: Z_{i \to j} = 1 - \frac
        {\sum_t L_j(X'_t, \theta^t - \eta \nabla L_i(X_t, \theta^t), \theta_j^t)}
        {\sum_t L_j(X'_t, \theta^t, \theta_j^t)}

    with a sum over the measurements :math:`t` and the learning rate :math:`\eta`. It differs from
    the source in two ways. The loss is evaluated on rows :math:`X'` that the step has not used,
    because on its own rows a step gains by learning their noise; both are halves of the batches
    since the last measurement, at most 1,024 rows. And it is a ratio of sums, not a mean of
    ratios, which is unreliable if a batch has few labels.

    To first order :math:`Z_{i \to j} L_j` is :math:`\eta \, \nabla L_i \cdot \nabla L_j`, and the
    affinity, :math:`G_{ij} / \sqrt{G_{ii} G_{jj}}` with these gains :math:`G` made symmetric, the
    cosine of the expected gradients. Towers are initialised randomly, so it is well below 1 even
    for identical tasks. Therefore it is divided by the largest value of either task with any task,
    or by 0.3 if that is larger. Affinities show which tasks are more similar than others, but
    hardly whether to share at all, which :func:`transfer_report` and :class:`skmtl.GroupedTasks`
    measure. Tasks with opposite signs count as similar, because towers can change the sign.

    References
    ----------
    C. Fifty, E. Amid, Z. Zhao, T. Yu, R. Anil, C. Finn, "Efficiently identifying task groupings
    for multi-task learning", NeurIPS 2021, arXiv:2109.04617.

    Examples
    --------
    >>> from skmtl import MultiTabRegressor
    >>> from skmtl.datasets import make_task_groups
    >>> from skmtl.inspection import suggest_groups, task_affinity
    >>> X, Y = make_task_groups(400, groups=(0, 0, 1, 1), random_state=0)
    >>> model = MultiTabRegressor(n_bags=1, max_epochs=10, row_size=32, random_state=0)
    >>> suggest_groups(task_affinity(model, X, Y))
    [['task_0', 'task_1'], ['task_2', 'task_3']]
    """
    check_scalar(every, "every", int, min_val=1)
    table = read_tasks(estimator, X, Y, sample_weight)
    if len(table.names) < 2:
        raise ValueError(
            f"There is only one task, {table.names}, so nothing to compare. Long data need an "
            "estimator whose parameter `task_column` names the column with the ids."
        )
    if records_transfer(estimator):
        return _of_steps(estimator, table, every)
    rng = check_random_state(random_state)
    splits = read_splits(table, cv, rng, task_column(estimator))
    return _of_models(HeldOut(estimator, table, splits, n_jobs), table)


def _of_steps(estimator: Any, table: TaskTable, every: int) -> TaskAffinity:
    seen = fit_recorded(estimator, table, every)
    return TaskAffinity(
        affinity=affinity_of_gains(seen.gains),
        lookahead=seen.lookahead,
        cosine=seen.cosine,
        cross_task_errors=None,
        label_correlation=None if table.ids is not None else label_correlation(table, seen.kinds),
        n_looks=seen.n_looks,
    )


def _of_models(held_out: HeldOut, table: TaskTable) -> TaskAffinity:
    errors, kinds = held_out.cross_errors(), held_out.kinds()
    return TaskAffinity(
        affinity=affinity_of_errors(errors),
        lookahead=None,
        cosine=None,
        cross_task_errors=errors,
        label_correlation=None if table.ids is not None else label_correlation(table, kinds),
        n_looks=0,
    )

"""How much tasks have to do with each other: while a network learns, between models, in labels."""

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

_MOST_SHOWN = 12  # tasks, of a printed table


@dataclass(frozen=True, eq=False, repr=False)
class TaskAffinity:
    """What `task_affinity` found; every table has the tasks as rows and as columns.

    Prints as a table, in notebooks as an HTML table. `suggest_groups` takes it as it is.

    Attributes
    ----------
    affinity : DataFrame of shape (n_tasks, n_tasks)
        How alike the tasks are, 1 for the same and about 0 for strangers. Of a network it comes
        from `lookahead`: the gains of two tasks by each other's steps over those by their own
        ones, and this over the largest that either has with any task. Else it comes from
        `cross_task_errors`, as :attr:`skmtl.inspection.CrossTaskErrors.affinity`.
    lookahead : DataFrame or None
        Of a network: the share of its loss that the task of the column loses by a step of the
        trunk for the task of the row, over the training. Below 0, the step does harm.
    cosine : DataFrame or None
        Of a network: mean cosine of the gradients of two tasks at the trunk. Noise in the labels
        makes it small, however alike the tasks are.
    cross_task_errors : DataFrame or None
        Of other models: the error of the row's own model on the column's task, over that of the
        best constant, as :attr:`skmtl.inspection.CrossTaskErrors.errors`.
    label_correlation : DataFrame or None
        Correlation of the labels on rows that have both; NaN where there are fewer than three,
        or for times to events. Where a task has several classes without an order, the largest
        canonical correlation. None for long data, where no row has labels of two tasks.
    n_looks : int
        How often the steps of a network were compared.

    See Also
    --------
    task_affinity : Makes one.
    TaskAffinityDisplay : Draws one.
    suggest_groups : Groups from it.
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
            else f"{self.n_looks} looks at what a step for one task gains the others"
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
    r"""Measure how much tasks have to do with each other.

    A network learns all tasks together, and now and then takes a step for each task alone, looks
    what it does to the losses of all, and takes it back. For boosting and any other estimator,
    the model of each task is used on every other one (:func:`cross_task_errors`). Correlations
    of the labels come with both.

    Parameters
    ----------
    estimator : estimator
        Any estimator of skmtl, alone or as the last step of a pipeline. It is copied and stays
        unfitted.
    X : table of shape (n_samples, n_features)
        As the estimator takes it. For long data it holds the column that the estimator's
        parameter `task_column` names, and the tasks are the ids in there.
    Y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)
        Labels, some of which may be missing; one column for long data.
    every : int, default=10
        Of a network: steps of the training from one look to the next; there is at least one in
        each epoch. A look sends 512 rows (or half of those since the last one) back and forth
        once for each task: where there are many tasks, look less often.
    cv : int, splitter or iterable of (train, test), default=3
        Of other estimators: the folds of the models.
    sample_weight : array of shape (n_samples,), optional
        Weights of the rows.
    n_jobs : int or None, default=None
        Of other estimators: number of processes, as in joblib; None is 1.
    random_state : int, RandomState or None, default=None
        Of other estimators: decides the folds. The estimator has its own, which decides all of
        a network's affinity.

    Returns
    -------
    TaskAffinity

    Raises
    ------
    ValueError
        If there are fewer than two tasks, `every` is below 1, or for labels that cannot be
        learnt from. For times to events, unless the estimator is a network.
    TypeError
        For a search over a network, whose trainings cannot be looked at.

    See Also
    --------
    TaskAffinityDisplay : The affinities as a picture.
    suggest_groups : Which tasks to learn together.
    transfer_report : Whether they gain from it.

    Notes
    -----
    The look ahead is that of task affinity groupings. With the loss :math:`L_j`, the parameters
    :math:`\theta` of the trunk and those of the towers, :math:`\theta_j`, which stay,

    .. math:: Z_{i \to j} = 1 - \frac
        {\sum_t L_j(X'_t, \theta^t - \eta \nabla L_i(X_t, \theta^t), \theta_j^t)}
        {\sum_t L_j(X'_t, \theta^t, \theta_j^t)}

    over the looks :math:`t`, :math:`\eta` being the learning rate. It differs from the source in
    two ways. The loss is taken on rows :math:`X'` that the step has not seen, for on its own
    rows a step gains by learning their noise; both are halves of the batches since the last
    look, at most 1,024 rows. And sums are divided, not averaged ratios, which a batch with hardly
    a label could spoil.

    To first order :math:`Z_{i \to j} L_j` is :math:`\eta \, \nabla L_i \cdot \nabla L_j`, and the
    affinity, :math:`G_{ij} / \sqrt{G_{ii} G_{jj}}` with these gains :math:`G` made symmetric,
    the cosine of the expected gradients. Towers begin at random, so it is well below 1 even for
    tasks that are the same; so it is divided by the largest that either of the two has with any
    task, or by 0.3 if that is more. Affinities say who is more alike than others, and less about
    whether to share at all, which :func:`transfer_report` and :class:`skmtl.GroupedTasks`
    measure. Tasks that want the opposite of each other are alike: towers turn the sign.

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
            f"There is one task only, {table.names}: it has nobody to be alike. Long data need an "
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

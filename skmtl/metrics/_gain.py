"""The multitask gain: a model against a baseline over tasks with different metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

Scores = pd.Series | Mapping[Any, float] | np.ndarray


def multitask_gain(
    scores: Scores,
    baseline: Scores,
    *,
    greater_is_better: bool | Mapping[Any, bool] = True,
) -> float:
    r"""Mean over tasks of the relative change from a baseline, in percent.

    .. math::

        \Delta_m = \frac{100}{T} \sum_{t=1}^{T} (-1)^{l_t}
        \frac{M_{m,t} - M_{b,t}}{|M_{b,t}|}

    with :math:`l_t = 1` if lower is better. It is positive if the model is better than the
    baseline, which is usually one single-task model per task.

    Parameters
    ----------
    scores, baseline : Series, mapping by task, or array of shape (n_tasks,)
        One metric per task, of the model and the baseline, for example from :func:`score_tasks`.
        Series and mappings are matched by task name. A task that is NaN in both, because it has no
        labels, is left out.
    greater_is_better : bool or mapping of task to bool, default=True
        True is right for the results of :func:`score_tasks`; False is for errors such as RMSE.

    Returns
    -------
    float
        Percent; NaN if no task is left.

    Raises
    ------
    ValueError
        If the tasks differ, a baseline is zero (no relative change exists), or a score is
        missing or infinite on one side only.

    See Also
    --------
    multitask_gain_tasks : The same by task.

    Notes
    -----
    The published formula divides by :math:`M_{b,t}`. The absolute value makes no difference for
    the positive metrics used there, and leads to the correct sign for negative ones, such as a
    negative R2 or scikit-learn's ``neg_log_loss``.

    References
    ----------
    Maninis, Radosavovic, Kokkinos. Attentive Single-Tasking of Multiple Tasks. CVPR 2019.
    Sinodinos, Wei, Armanfard. MultiTab. arXiv:2511.09970.

    Examples
    --------
    >>> from skmtl.metrics import multitask_gain
    >>> gain = multitask_gain({"a": 0.55, "b": 8.0}, {"a": 0.5, "b": 10.0},
    ...                       greater_is_better={"a": True, "b": False})
    >>> round(gain, 6)
    15.0
    """
    gains = multitask_gain_tasks(scores, baseline, greater_is_better=greater_is_better)
    return float(gains.mean())


def multitask_gain_tasks(
    scores: Scores,
    baseline: Scores,
    *,
    greater_is_better: bool | Mapping[Any, bool] = True,
) -> pd.Series:
    """Relative change of every task from a baseline, in percent; positive is better.

    Parameters
    ----------
    scores, baseline : Series, mapping by task, or array of shape (n_tasks,)
        As in :func:`multitask_gain`.
    greater_is_better : bool or mapping of task to bool, default=True
        As in :func:`multitask_gain`.

    Returns
    -------
    Series of shape (n_tasks,)
        By task, in the order of `scores`; NaN if both scores are NaN.

    Raises
    ------
    ValueError
        As :func:`multitask_gain`.

    Examples
    --------
    >>> from skmtl.metrics import multitask_gain_tasks
    >>> multitask_gain_tasks({"a": 0.6, "b": 0.4}, {"a": 0.5, "b": 0.5}).round(6).to_dict()
    {'a': 20.0, 'b': -20.0}
    """
    ours, theirs = _by_task(scores, "scores"), _by_task(baseline, "baseline")
    if set(ours.index) != set(theirs.index):
        odd = sorted(set(ours.index) ^ set(theirs.index), key=str)
        raise ValueError(
            f"`scores` and `baseline` must have the same tasks; only one of them has {odd}."
        )
    theirs = theirs[ours.index]
    _check_pair(ours, theirs)
    sign = _signs(ours.index, greater_is_better)
    return (100.0 * sign * (ours - theirs) / theirs.abs()).rename("gain")


def _by_task(values: Any, role: str) -> pd.Series:
    series = values if isinstance(values, pd.Series) else pd.Series(values, dtype=np.float64)
    if series.empty:
        raise ValueError(f"`{role}` has no task.")
    if not series.index.is_unique:
        twice = series.index[series.index.duplicated()].unique().tolist()
        raise ValueError(f"`{role}` has the tasks {twice} more than once.")
    return series.astype(np.float64)


def _check_pair(ours: pd.Series, theirs: pd.Series) -> None:
    both_missing = ours.isna() & theirs.isna()
    broken = ours.index[~both_missing & ~(np.isfinite(ours) & np.isfinite(theirs))].tolist()
    if broken:
        raise ValueError(
            f"The scores of tasks {broken} are NaN or infinite in `scores` or `baseline`, so they "
            "cannot be compared. Drop these tasks from both."
        )
    zero = theirs.index[theirs == 0].tolist()
    if zero:
        raise ValueError(
            f"The baseline of tasks {zero} is zero, so there is no relative change. Drop these "
            "tasks, or use another metric for them."
        )


def _signs(tasks: pd.Index, greater_is_better: bool | Mapping[Any, bool]) -> pd.Series | float:
    if not isinstance(greater_is_better, Mapping):
        return 1.0 if greater_is_better else -1.0
    missing = [task for task in tasks if task not in greater_is_better]
    unknown = [task for task in greater_is_better if task not in tasks]
    if missing or unknown:
        raise ValueError(
            f"`greater_is_better` must name every task once: missing {missing}, unknown {unknown}."
        )
    return pd.Series({task: 1.0 if greater_is_better[task] else -1.0 for task in tasks})

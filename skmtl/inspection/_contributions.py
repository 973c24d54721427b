"""Contributions of the blocks to predictions."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from skmtl.inspection._axes import BOOSTING, axes_for, read_fitted, stacked_bars
from skmtl.tables import as_frame, split_task_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ALL = "all tasks"
_CONSTANT = "intercept"
_BY_ITSELF = "own model"
_COLOURS = {
    "shared": "#0b6e8f",
    "signature": "#5aa9c4",
    "partition": "#d1742e",
    "task": "#7a5195",
    _BY_ITSELF: "#a88bb9",
}


class TaskContributionDisplay:
    """Shares of the blocks in the predictions of each task: shared and task-specific parts.

    A raw score of R-MTGB is a constant plus what each block of trees adds. The share of a block in
    a task is the mean over rows of the absolute value that it adds, divided by the sum of these
    means over the blocks. The constant is left out. For a target of wide data that does not share
    trees with others, everything is counted as "own model".

    Parameters
    ----------
    shares : DataFrame of shape (n_tasks, n_blocks)
        Share of each block by task; rows sum to one.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the plot.
    figure_ : matplotlib Figure
        The figure of the axes.
    bars_ : dict of str to BarContainer
        By block, a bar for each task from the top down.

    See Also
    --------
    OutlierTasksDisplay : Which tasks are outliers.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.inspection import TaskContributionDisplay
    >>> shares = pd.DataFrame({"shared": [0.8, 0.1], "task": [0.2, 0.9]}, index=["north", "south"])
    >>> display = TaskContributionDisplay(shares).plot()
    >>> list(display.bars_)
    ['shared', 'task']
    """

    def __init__(self, shares: pd.DataFrame) -> None:
        self.shares = shares

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        tasks: Sequence[Hashable] | None = None,
        target: Hashable | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> TaskContributionDisplay:
        """Plot what the blocks of a fitted model contribute to the predictions for X.

        Parameters
        ----------
        estimator : RMTGBRegressor, RMTGBClassifier or RMTGB
            Fitted.
        X : table of shape (n_samples, n_features)
            Rows to predict, as the estimator takes them.
        tasks : sequence of task names or None, default=None
            The tasks to show, in this order. None shows all tasks, those with the largest
            task-specific share at the top, below a bar for all rows.
        target : name of a target or None, default=None
            The target whose predictions to explain, if long data have several targets.
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        **kwargs
            For the bars, given to ``Axes.barh``.

        Returns
        -------
        TaskContributionDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator has no contributions.
        ValueError
            If a task has no rows in X, or the target is unknown or missing.
        ImportError
            If matplotlib is not installed.
        """
        contributions = read_fitted(estimator, "contributions", cls, BOOSTING)
        sizes = _sizes(contributions(X))
        if getattr(estimator, "task_column", None) is None:
            pools = getattr(estimator, "shared_targets_", [])
            shares = _shares_of_targets(sizes, [pool[0] for pool in pools if len(pool) == 1])
        else:
            ids = split_task_column(as_frame(X), estimator.task_column)[1].to_numpy()
            shares = _shares_of_groups(_of_target(sizes, target), ids)
        return cls(_chosen(shares, tasks)).plot(ax=ax, **kwargs)

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> TaskContributionDisplay:
        """Plot a bar for each task; of more than 50, only the first are named.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        **kwargs
            For the bars, given to ``Axes.barh``.

        Returns
        -------
        TaskContributionDisplay
            Itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        self.ax_ = axes_for(self, ax, len(self.shares))
        self.figure_ = self.ax_.figure
        self.bars_ = stacked_bars(self.ax_, self.shares, _COLOURS, **kwargs)
        self.ax_.set_xlabel("share of the mean absolute contribution")
        return self


def _sizes(contributions: pd.DataFrame) -> pd.DataFrame:
    """Return absolute contributions of the blocks, in columns (target, block).

    They are summed over the raw scores of a target.
    """
    sizes = contributions.abs()
    if sizes.columns.nlevels == 1:
        sizes = pd.concat({_ALL: sizes}, axis=1)
    elif sizes.columns.nlevels == 3:
        sizes = sizes.T.groupby(level=[0, 2], sort=False).sum().T
    return sizes.drop(columns=_CONSTANT, level=1)


def _of_target(sizes: pd.DataFrame, target: Hashable | None) -> pd.DataFrame:
    """Return the columns of one target, which can be omitted if there is only one."""
    targets = list(dict.fromkeys(sizes.columns.get_level_values(0)))
    if len(targets) == 1:
        return sizes.droplevel(0, axis=1)
    if target not in targets:
        raise ValueError(f"target={target!r} is not a target; choose from {targets}.")
    return sizes.loc[:, [target]].droplevel(0, axis=1)


def _shares_of_groups(sizes: pd.DataFrame, tasks: np.ndarray) -> pd.DataFrame:
    """Return shares by task, preceded by those of all rows."""
    by_task = _normalised(sizes.groupby(tasks, observed=True).mean())
    return _with_all(by_task, _normalised(sizes.mean().to_frame(_ALL).T))


def _shares_of_targets(sizes: pd.DataFrame, by_themselves: Sequence[Hashable]) -> pd.DataFrame:
    """Return shares by target, preceded by their mean."""
    by_target = _normalised(sizes.mean().unstack(sort=False))
    if len(by_target) == 1:
        return by_target
    if by_themselves:
        alone = by_target.index.isin(by_themselves)
        separate = by_target.sum(axis=1).where(alone, 0.0)
        by_target = by_target.mul(~alone, axis=0).assign(**{_BY_ITSELF: separate})
    return _with_all(by_target, by_target.mean().to_frame(_ALL).T)


def _normalised(sizes: pd.DataFrame) -> pd.DataFrame:
    """Normalise rows to sum to one; zero if there is only a constant."""
    total = sizes.sum(axis=1)
    return sizes.div(total.where(total > 0, 1.0), axis=0)


def _with_all(by_task: pd.DataFrame, of_all: pd.DataFrame) -> pd.DataFrame:
    """Put all tasks together first, followed by tasks with the least shared ones at the top."""
    return pd.concat([of_all, by_task.sort_values(by_task.columns[-1], ascending=False)])


def _chosen(shares: pd.DataFrame, tasks: Sequence[Hashable] | None) -> pd.DataFrame:
    if tasks is None:
        return shares
    if unknown := [task for task in tasks if task not in shares.index]:
        raise ValueError(
            f"no row of X belongs to the tasks {unknown}; those of X are "
            f"{[task for task in shares.index if task != _ALL][:20]}."
        )
    return shares.loc[list(tasks)]

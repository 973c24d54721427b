"""Weights of the members of a stack for each task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from skmtl.inspection._axes import axes_for, is_table, read_fitted, stacked_bars

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class StackWeightsDisplay:
    """Weights of the members of a stack, with a bar for each task.

    Parameters
    ----------
    weights : DataFrame of shape (n_tasks, n_members)
        Rows sum to one.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the plot.
    figure_ : matplotlib Figure
        The figure of the axes.
    bars_ : dict of str to BarContainer
        A bar for each task, from top to bottom, by member.

    See Also
    --------
    skmtl.StackedTasks : The estimator whose `weights_` these are.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.inspection import StackWeightsDisplay
    >>> weights = pd.DataFrame({"linear": [0.8, 0.1], "rmtgb": [0.2, 0.9]}, index=["spend", "age"])
    >>> display = StackWeightsDisplay(weights).plot()
    >>> list(display.bars_)
    ['linear', 'rmtgb']
    """

    def __init__(self, weights: pd.DataFrame) -> None:
        self.weights = weights

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, ax: Axes | None = None, **kwargs: Any
    ) -> StackWeightsDisplay:
        """Plot the weights of a fitted stack.

        Parameters
        ----------
        estimator : StackedTasks
            Fitted.
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        **kwargs
            For the bars, given to ``Axes.barh``.

        Returns
        -------
        StackWeightsDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If it has no weights.
        ImportError
            If matplotlib is not installed.
        """
        weights = read_fitted(estimator, "weights_", cls, "StackedTasks", is_table)
        return cls(weights).plot(ax=ax, **kwargs)

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> StackWeightsDisplay:
        """Plot a bar for each task; of more than 50, only the first are named.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        **kwargs
            For the bars, given to ``Axes.barh``.

        Returns
        -------
        StackWeightsDisplay
            Itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        self.ax_ = axes_for(self, ax, len(self.weights))
        self.figure_ = self.ax_.figure
        self.bars_ = stacked_bars(self.ax_, self.weights, {}, **kwargs)
        self.ax_.set_xlabel("weight")
        return self

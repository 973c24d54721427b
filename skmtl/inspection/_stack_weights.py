"""Which member of a stack has how much weight in which task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl.inspection._axes import MAX_LABELS, axes_for, label_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class StackWeightsDisplay:
    """Weights of the members of a stack, a bar for each task.

    Parameters
    ----------
    weights : DataFrame of shape (n_tasks, n_members)
        Rows sum to one.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of the axes.
    bars_ : dict of str to BarContainer
        By member, a bar for each task from the top down.

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
        """Draw the weights of a fitted stack.

        Parameters
        ----------
        estimator : StackedTasks
            Fitted.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
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
            Without matplotlib.
        """
        check_is_fitted(estimator)
        weights = getattr(estimator, "weights_", None)
        if not isinstance(weights, pd.DataFrame):
            raise TypeError(
                f"{cls.__name__} reads 'weights_' of a fitted StackedTasks, which "
                f"{type(estimator).__name__} lacks; of a pipeline or a search, give the fitted "
                "estimator inside."
            )
        return cls(weights).plot(ax=ax, **kwargs)

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> StackWeightsDisplay:
        """Draw a bar for each task; of more than 50, the first ones are named.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **kwargs
            For the bars, given to ``Axes.barh``.

        Returns
        -------
        StackWeightsDisplay
            Itself.

        Raises
        ------
        ImportError
            Without matplotlib.
        """
        n_tasks = len(self.weights)
        self.ax_ = axes_for(self, ax, n_tasks)
        self.figure_ = self.ax_.figure
        places, left = np.arange(n_tasks), np.zeros(n_tasks)
        self.bars_ = {}
        for member in self.weights:
            width = self.weights[member].to_numpy()
            self.bars_[str(member)] = self.ax_.barh(
                places, width, left=left, **{"label": str(member)} | kwargs
            )
            left = left + width
        label_rows(self.ax_, self.weights.index, range(min(n_tasks, MAX_LABELS)))
        self.ax_.set_xlim(0, 1)
        self.ax_.set_xlabel("weight")
        self.ax_.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(self.bars_))
        return self

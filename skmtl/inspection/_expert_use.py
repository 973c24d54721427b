"""Weights of the experts of a network for each task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from skmtl.inspection._axes import axes_for, heat_map, is_table, read_fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class ExpertUseDisplay:
    """Heat map of mean weights of experts, with a row for each task.

    Parameters
    ----------
    use : DataFrame of shape (n_tasks, n_experts)
        Rows sum to one.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the plot.
    figure_ : matplotlib Figure
        The figure of the axes.
    image_ : matplotlib AxesImage
        The cells.

    See Also
    --------
    skmtl.networks.Experts : The experts of a network, whose `expert_use_` this is.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.inspection import ExpertUseDisplay
    >>> use = pd.DataFrame({"shared 0": [0.8, 0.1], "shared 1": [0.2, 0.9]}, index=["like", "buy"])
    >>> display = ExpertUseDisplay(use).plot()
    >>> [label.get_text() for label in display.ax_.get_xticklabels()]
    ['shared 0', 'shared 1']
    """

    def __init__(self, use: pd.DataFrame) -> None:
        self.use = use

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, ax: Axes | None = None, **kwargs: Any
    ) -> ExpertUseDisplay:
        """Plot the use of the experts of a fitted network.

        Parameters
        ----------
        estimator : MultiTab, MultiTabRegressor, MultiTabClassifier or MultiTabSurvival
            Fitted, with experts.
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        **kwargs
            For the cells, given to ``Axes.imshow``.

        Returns
        -------
        ExpertUseDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If it is not a network.
        AttributeError
            If it has no experts.
        ImportError
            If matplotlib is not installed.
        """
        source = "MultiTab with row_mixing=Experts(...)"
        use = read_fitted(estimator, "expert_use_", cls, source, is_table)
        return cls(use).plot(ax=ax, **kwargs)

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> ExpertUseDisplay:
        """Plot a cell for each task and expert; of more than 50 tasks, only the first are named.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        **kwargs
            For the cells, given to ``Axes.imshow``.

        Returns
        -------
        ExpertUseDisplay
            Itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        self.ax_ = axes_for(self, ax, len(self.use))
        self.figure_ = self.ax_.figure
        style: dict[str, Any] = {"vmin": 0.0, "vmax": 1.0} | kwargs
        self.image_ = heat_map(self.ax_, self.use, "expert", "mean weight", **style)
        return self

"""Plot feature importances by task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from skmtl.inspection._axes import axes_for, heat_map, is_table, read_fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ENGINES = "estimator of skmtl"


class TaskImportanceDisplay:
    """Heat map of feature importances, with a row for each task.

    Parameters
    ----------
    importances : DataFrame of shape (n_tasks, n_features)
        For example `feature_importances_by_task_` of a fitted estimator, or ``importances_mean``
        of `permutation_importance_by_task`.

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
    permutation_importance_by_task : Importance on rows that `fit` has not seen.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.inspection import TaskImportanceDisplay
    >>> shares = pd.DataFrame({"hour": [0.2, 0.9], "wind": [0.8, 0.1]}, index=["delay", "late"])
    >>> display = TaskImportanceDisplay(shares).plot()
    >>> [label.get_text() for label in display.ax_.get_xticklabels()]
    ['hour', 'wind']
    """

    def __init__(self, importances: pd.DataFrame) -> None:
        self.importances = importances

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, n_features: int = 20, ax: Axes | None = None, **kwargs: Any
    ) -> TaskImportanceDisplay:
        """Plot the importances of a fitted model.

        Their meaning depends on the engine: gain for boosting, spread of the contributions for
        linear models, permutation importance of the scores for networks.

        Parameters
        ----------
        estimator : estimator
            A fitted estimator of skmtl.
        n_features : int, default=20
            As in `plot`.
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        **kwargs
            For the cells, given to ``Axes.imshow``.

        Returns
        -------
        TaskImportanceDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If it has no importances by task.
        ImportError
            Without matplotlib.
        """
        name = "feature_importances_by_task_"
        shares = read_fitted(estimator, name, cls, _ENGINES, is_table)
        return cls(shares).plot(n_features=n_features, ax=ax, **kwargs)

    def plot(
        self, *, n_features: int = 20, ax: Axes | None = None, **kwargs: Any
    ) -> TaskImportanceDisplay:
        """Plot a cell for each task and feature; of more than 50 tasks, only the first are named.

        Parameters
        ----------
        n_features : int, default=20
            Maximum number of features to show, sorted by their mean over the tasks.
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        **kwargs
            For the cells, given to ``Axes.imshow``.

        Returns
        -------
        TaskImportanceDisplay
            Itself.

        Raises
        ------
        ImportError
            Without matplotlib.
        """
        order = self.importances.mean().sort_values(ascending=False, kind="stable").index
        shown = self.importances[order[:n_features]]
        self.ax_ = axes_for(self, ax, len(shown))
        self.figure_ = self.ax_.figure
        style: dict[str, Any] = {"cmap": "Blues", "vmin": 0.0} | kwargs
        self.image_ = heat_map(self.ax_, shown, "feature", "importance", **style)
        return self

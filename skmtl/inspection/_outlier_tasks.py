"""Which tasks are outliers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from skmtl.inspection._axes import (
    BOOSTING,
    MAX_LABELS,
    NEUTRAL,
    ORDINARY,
    OUTLIER,
    axes_for,
    label_rows,
    read_fitted,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_THRESHOLD = 0.5
# If more of many tasks are beyond the threshold, they are a separate group rather than outliers.
_MANY, _LARGEST_SHARE = 10, 1 / 3


class OutlierTasksDisplay:
    """Outlier scores of the tasks, sorted, with outliers at the top.

    R-MTGB predicts a task by a mixture of two ensembles, one for ordinary and one for outlier
    tasks. The outlier score of a task is the share of the latter; it is the logistic function of
    theta, which shows differences between scores near 0 or near 1.

    Parameters
    ----------
    outlier_score : Series of shape (n_tasks,) or mapping
        Score by task, from 0 to 1. Tasks whose score is NaN have no point, but count.
    theta : Series of shape (n_tasks,), mapping or None, default=None
        Theta by task, for ``plot(values="theta")``.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the plot.
    figure_ : matplotlib Figure
        The figure of the axes.
    points_ : matplotlib PathCollection
        A point for each task, from top to bottom.
    threshold_ : matplotlib Line2D
        The border between ordinary and outlier tasks.

    See Also
    --------
    TaskContributionDisplay : How much the blocks of a model contribute.
    skmtl.datasets.make_outlier_tasks : Data with known outlier tasks.

    References
    ----------
    S. Emami, G. Martínez-Muñoz, D. Hernández-Lobato, "Robust Multi-Task Gradient Boosting",
    arXiv:2507.11411.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.inspection import OutlierTasksDisplay
    >>> score = pd.Series({"north": 0.1, "south": 0.9, "west": 0.2})
    >>> display = OutlierTasksDisplay(score).plot()
    >>> display.ax_.get_title()
    '1 of 3 tasks is an outlier'
    """

    def __init__(
        self,
        outlier_score: pd.Series | Mapping[Any, float],
        *,
        theta: pd.Series | Mapping[Any, float] | None = None,
    ) -> None:
        self.outlier_score = outlier_score
        self.theta = theta

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        ax: Axes | None = None,
        values: Literal["score", "theta"] = "score",
        **kwargs: Any,
    ) -> OutlierTasksDisplay:
        """Plot the outlier scores of a fitted model.

        Parameters
        ----------
        estimator : RMTGBRegressor, RMTGBClassifier or RMTGB
            Fitted.
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        values : {"score", "theta"}, default="score"
            What the axis shows.
        **kwargs
            For the points, given to ``Axes.scatter``.

        Returns
        -------
        OutlierTasksDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If such an estimator has no outlier scores.
        AttributeError, ValueError
            If no task has a score, because no block "partition" was fitted.
        ImportError
            If matplotlib is not installed.
        """
        score = read_fitted(estimator, "outlier_score_", cls, BOOSTING)
        if estimator.task_column is None:
            # Targets that do not share trees have no score.
            score = score.reindex(getattr(estimator, "task_names_", score.index))
        display = cls(score, theta=getattr(estimator, "theta_", None))
        return display.plot(ax=ax, values=values, **kwargs)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        values: Literal["score", "theta"] = "score",
        **kwargs: Any,
    ) -> OutlierTasksDisplay:
        """Plot a point for each task; of more than 50 tasks, only outliers are named.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        values : {"score", "theta"}, default="score"
            What the axis shows.
        **kwargs
            For the points, given to ``Axes.scatter``.

        Returns
        -------
        OutlierTasksDisplay
            Itself.

        Raises
        ------
        ValueError
            If no task has a score, or if theta is requested but unknown.
        ImportError
            If matplotlib is not installed.
        """
        shown, border = self._shown(values)
        shown = shown.sort_values(ascending=False, kind="stable")
        is_outlier = (shown > border).to_numpy()
        self.ax_ = axes_for(self, ax, len(shown))
        self.figure_ = self.ax_.figure
        style: dict[str, Any] = {
            "color": np.where(is_outlier, OUTLIER, ORDINARY),
            "s": 25,
        } | kwargs
        self.points_ = self.ax_.scatter(shown, np.arange(len(shown)), **style)
        self.threshold_ = self.ax_.axvline(border, color=NEUTRAL, linestyle="--", linewidth=1)
        if values == "score":
            self.ax_.set_xlim(-0.03, 1.03)
        few = len(shown) <= MAX_LABELS
        label_rows(self.ax_, shown.index, np.flatnonzero(is_outlier | few).tolist())
        self.ax_.set_xlabel("outlier score" if values == "score" else "theta")
        self.ax_.set_title(self._title(int(is_outlier.sum()), len(shown)))
        return self

    def _title(self, n_outliers: int, n_shown: int) -> str:
        n_tasks = len(self.outlier_score)
        n_without = n_tasks - n_shown
        without = f"; {n_without} {'has' if n_without == 1 else 'have'} no score" * (n_without > 0)
        if n_shown >= _MANY and n_outliers > _LARGEST_SHARE * n_shown:
            return f"two groups of {n_shown - n_outliers} and {n_outliers} tasks{without}"
        verb = "is an outlier" if n_outliers == 1 else "are outliers"
        return f"{n_outliers} of {n_tasks} tasks {verb}{without}"

    def _shown(self, values: str) -> tuple[pd.Series, float]:
        """Return the values to plot by task, and the border between the groups."""
        if values not in ("score", "theta"):
            raise ValueError(f"values must be 'score' or 'theta', got {values!r}.")
        if values == "theta" and self.theta is None:
            raise ValueError("values='theta' needs the parameter theta.")
        source = self.outlier_score if values == "score" else self.theta
        shown = pd.Series(source, dtype=float).dropna()
        if shown.empty:
            raise ValueError(
                "No task has an outlier score: the model has no block 'partition'. Fit it with "
                "blocks that contain 'partition'."
            )
        return shown, _THRESHOLD if values == "score" else 0.0

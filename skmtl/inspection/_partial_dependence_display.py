"""Plot partial dependence by task."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from skmtl._extras import import_pyplot
from skmtl.inspection._partial_dependence import partial_dependence_by_task

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _HEIGHT = 3.6, 2.6  # inches of the axes of one task
_MOST_NAMES = 12  # categories with labels on an axis


class TaskPartialDependenceDisplay:
    """Mean predictions for values of a feature, with axes for each task.

    Parameters
    ----------
    averages : DataFrame of shape (n_values, n_outputs)
        The result of `partial_dependence_by_task`.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_tasks,)
        Axes of the plots.
    figure_ : matplotlib Figure
        The figure of the axes.
    lines_ : dict of task to list of Line2D
        One line for a number, a risk or a positive class, otherwise one line for each class.

    See Also
    --------
    sklearn.inspection.PartialDependenceDisplay : For estimators of scikit-learn, and regressors
        and classifiers of one target.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl import MultiTaskLinear
    >>> from skmtl.inspection import TaskPartialDependenceDisplay
    >>> X = pd.DataFrame({"hour": [6, 9, 12, 18] * 20, "gate": [1, 1, 2, 2, 3] * 16})
    >>> Y = pd.DataFrame({"delay": X["hour"] * 2.0, "late": X["hour"] > 9})
    >>> model = MultiTaskLinear(random_state=0).fit(X, Y)
    >>> display = TaskPartialDependenceDisplay.from_estimator(model, X, "hour")
    >>> [axes.get_title() for axes in display.axes_]
    ['delay', 'late']
    """

    def __init__(self, averages: pd.DataFrame) -> None:
        self.averages = averages

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        feature: Hashable,
        *,
        tasks: Sequence[Hashable] | None = None,
        grid_resolution: int = 50,
        axes: Sequence[Axes] | None = None,
        **kwargs: Any,
    ) -> TaskPartialDependenceDisplay:
        """Average the predictions of a fitted model and plot them.

        Parameters
        ----------
        estimator : fitted estimator
        X : table of shape (n_samples, n_features)
        feature : column
        grid_resolution : int, default=50
            All as in `partial_dependence_by_task`.
        tasks : sequence of task names or None, default=None
            The tasks to show, in this order; None shows all of them.
        axes : sequence of matplotlib Axes or None, default=None
            Axes to plot into, one for each task; None creates a figure.
        **kwargs
            For the lines, given to ``Axes.plot``.

        Returns
        -------
        TaskPartialDependenceDisplay

        Raises
        ------
        ValueError
            For an unknown column or task.
        TypeError
            For a forecaster, which reads the past of the series.
        ImportError
            Without matplotlib.
        """
        averages = partial_dependence_by_task(
            estimator, X, feature, grid_resolution=grid_resolution
        )
        names = list(dict.fromkeys(averages.columns.get_level_values(0)))
        if unknown := [task for task in tasks or () if task not in names]:
            raise ValueError(f"The model has no tasks {unknown}; its tasks are {names[:20]}.")
        chosen = names if tasks is None else list(tasks)
        return cls(averages[chosen]).plot(axes=axes, **kwargs)

    def plot(
        self, axes: Sequence[Axes] | None = None, **kwargs: Any
    ) -> TaskPartialDependenceDisplay:
        """Plot the lines of each task.

        Parameters
        ----------
        axes : sequence of matplotlib Axes or None, default=None
            Axes to plot into, one for each task; None creates a figure.
        **kwargs
            For the lines, given to ``Axes.plot``.

        Returns
        -------
        TaskPartialDependenceDisplay
            Itself.

        Raises
        ------
        ImportError
            Without matplotlib.
        """
        pyplot = import_pyplot(self)
        tasks = list(dict.fromkeys(self.averages.columns.get_level_values(0)))
        if axes is None:
            size = (_WIDTH * len(tasks), _HEIGHT)
            _, axes = pyplot.subplots(
                1, len(tasks), figsize=size, squeeze=False, layout="constrained"
            )
        self.axes_ = np.ravel(np.asarray(axes, dtype=object))
        self.figure_ = self.axes_[0].figure
        self.lines_ = {
            task: self._draw(ax, task, kwargs) for ax, task in zip(self.axes_, tasks, strict=True)
        }
        return self

    def _draw(self, ax: Axes, task: Hashable, style: dict[str, Any]) -> list[Any]:
        averages = self.averages[[task]].droplevel(0, axis=1)
        values = averages.index
        is_number = pd.api.types.is_numeric_dtype(values) and values.dtype != bool
        places = values.to_numpy() if is_number else np.arange(len(values))
        lines = [
            line
            for name, column in averages.items()
            for line in ax.plot(
                places,
                column.to_numpy(),
                **{"label": str(name), "marker": "" if is_number else "o"} | style,
            )
        ]
        if not is_number:
            every = -(-len(values) // _MOST_NAMES)
            names = [str(value) for value in values[::every]]
            ax.set_xticks(places[::every], names, rotation=45, ha="right")
        ax.set(title=str(task), xlabel=str(values.name), ylabel=_meaning(averages.columns))
        if len(lines) > 1:
            ax.legend()
        return lines


def _meaning(classes: pd.Index) -> str:
    """Return the label of the axis for a task with these classes."""
    if len(classes) == 1 and classes[0] == "":
        return "prediction"
    return f"P({classes[0]})" if len(classes) == 1 else "probability"

"""Heat maps of affinities of tasks, with similar tasks side by side."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from skmtl.inspection._affinity import TaskAffinity, task_affinity
from skmtl.inspection._axes import MAX_LABELS, axes_of_size
from skmtl.sharing import clusters, side_by_side_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Values = Literal["affinity", "lookahead", "cosine", "cross_task_errors", "label_correlation"]
# Meaning of the rows, the columns and the colours.
_WORDS: dict[str, tuple[str, str, str]] = {
    "affinity": ("task", "task", "affinity"),
    "lookahead": ("a step for this task", "this task", "thousandths of its loss that it loses"),
    "cosine": ("task", "task", "cosine of the gradients"),
    "cross_task_errors": ("model of this task", "on this task", "error over that of a constant"),
    "label_correlation": ("task", "task", "correlation of the labels"),
}
_FACTORS = {"lookahead": 1000.0}
# Inches of a cell, of a cell if there are many, and of the figure.
_CELL, _LOW_CELL, _SIZES = 0.45, 0.16, (3.0, 60.0)
_FEW = 22  # tasks up to which cells have their full size
_MOST_NUMBERS = 12  # tasks up to which cells have room for a number
_DARK = 0.6  # share of the colour range beyond which black text cannot be read


class TaskAffinityDisplay:
    """Heat map of affinities of tasks, with similar tasks side by side.

    Parameters
    ----------
    affinity : TaskAffinity
        From :func:`task_affinity`.

    Attributes
    ----------
    order_ : list of hashable
        The tasks from top to bottom, by agglomerative clustering of the affinity.
    groups_ : list of list of hashable
        The groups of :func:`suggest_groups`, which have frames.
    ax_ : matplotlib Axes
        Axes of the plot.
    figure_ : matplotlib Figure
        The figure of the axes.
    image_ : matplotlib AxesImage
        The cells.

    See Also
    --------
    task_affinity : The numbers.
    TransferReportDisplay : Which tasks gain and which lose by being learnt together.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from skmtl.datasets import make_task_groups
    >>> from skmtl.inspection import TaskAffinityDisplay
    >>> X, Y = make_task_groups(200, groups=(0, 1, 0), length_scale=9, random_state=0)
    >>> display = TaskAffinityDisplay.from_estimator(LinearRegression(), X, Y, random_state=0)
    >>> display.groups_
    [['task_0', 'task_2'], ['task_1']]
    """

    def __init__(self, affinity: TaskAffinity) -> None:
        self.affinity = affinity

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        Y: Any,
        *,
        values: Values = "affinity",
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> TaskAffinityDisplay:
        """Measure and plot the affinities of an unfitted estimator.

        Parameters
        ----------
        estimator : estimator
            As in :func:`task_affinity`.
        X, Y : tables
            As in :func:`task_affinity`.
        values : str, default="affinity"
            As in `plot`.
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        **kwargs
            Passed to :func:`task_affinity`.

        Returns
        -------
        TaskAffinityDisplay

        Raises
        ------
        ValueError
            As :func:`task_affinity` and `plot`.
        ImportError
            If matplotlib is not installed.
        """
        return cls.from_affinity(task_affinity(estimator, X, Y, **kwargs), values=values, ax=ax)

    @classmethod
    def from_affinity(
        cls,
        affinity: TaskAffinity,
        *,
        values: Values = "affinity",
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> TaskAffinityDisplay:
        """Plot affinities.

        Parameters
        ----------
        affinity : TaskAffinity
            From :func:`task_affinity`.
        values : str, default="affinity"
            As in `plot`.
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        **kwargs
            For the cells, given to ``Axes.imshow``.

        Returns
        -------
        TaskAffinityDisplay

        Raises
        ------
        ValueError
            As `plot`.
        ImportError
            If matplotlib is not installed.
        """
        return cls(affinity).plot(values=values, ax=ax, **kwargs)

    def plot(
        self, ax: Axes | None = None, *, values: Values = "affinity", **kwargs: Any
    ) -> TaskAffinityDisplay:
        """Plot a cell for each pair of tasks; of more than 50 tasks, only the first are named.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        values : {"affinity", "lookahead", "cosine", "cross_task_errors", "label_correlation"}, \
default="affinity"
            The table to plot. The order of the tasks and the frames around groups are always those
            of the affinity.
        **kwargs
            For the cells, given to ``Axes.imshow``.

        Returns
        -------
        TaskAffinityDisplay
            Itself.

        Raises
        ------
        ValueError
            If the affinity does not have this table.
        ImportError
            If matplotlib is not installed.
        """
        table = self._table(values)
        affinity = self.affinity.affinity.fillna(0.0)
        order = side_by_side_order(affinity)
        self.order_: list[Hashable] = [table.columns[at] for at in order]
        self.groups_ = clusters(affinity, None)
        shown = table.to_numpy()[np.ix_(order, order)] * _FACTORS.get(values, 1.0)
        size = 2.0 + _CELL * min(len(shown), _FEW) + _LOW_CELL * max(len(shown) - _FEW, 0)
        size = min(max(size, _SIZES[0]), _SIZES[1])
        ax = axes_of_size(self, ax, 1.2 * size, size)
        self.ax_, self.figure_ = ax, ax.figure
        self.image_ = ax.imshow(shown, **(_colours(values, shown) | kwargs))
        self._label(values)
        if len(shown) <= _MOST_NUMBERS:
            self._write_numbers(shown)
        self._frame_groups()
        return self

    def _table(self, values: Values) -> pd.DataFrame:
        if values not in _WORDS:
            raise ValueError(f"values must be one of {list(_WORDS)}, got {values!r}.")
        table = getattr(self.affinity, values)
        if table is None:
            there = [name for name in _WORDS if getattr(self.affinity, name) is not None]
            raise ValueError(f"This affinity has no {values!r}; it has {there}.")
        return table

    def _label(self, values: Values) -> None:
        names = [str(name) for name in self.order_][:MAX_LABELS]
        font = "small" if len(self.order_) > _FEW else "medium"
        self.ax_.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=font)
        self.ax_.set_yticks(range(len(names)), names, fontsize=font)
        rows, columns, meaning = _WORDS[values]
        self.ax_.set(ylabel=rows, xlabel=columns)
        self.figure_.colorbar(self.image_, ax=self.ax_, label=meaning)

    def _write_numbers(self, shown: np.ndarray) -> None:
        low, high = self.image_.get_clim()
        for (row, column), value in np.ndenumerate(shown):
            dark = abs(2 * (value - low) / (high - low) - 1) > _DARK
            self.ax_.text(
                column,
                row,
                f"{value:.2f}",
                ha="center",
                va="center",
                fontsize="small",
                color="white" if dark else "black",
            )

    def _frame_groups(self) -> None:
        from matplotlib.patches import Rectangle

        for group in self.groups_:
            first = min(self.order_.index(name) for name in group)
            self.ax_.add_patch(
                Rectangle(
                    (first - 0.5, first - 0.5), len(group), len(group),
                    fill=False, edgecolor="black", linewidth=2,
                )
            )  # fmt: skip


def _colours(values: Values, shown: np.ndarray) -> dict[str, Any]:
    """Zero is white; for errors 1 is, the error of a constant."""
    if values == "cross_task_errors":
        return {"cmap": "RdBu_r", "vmin": 0.0, "vmax": 2.0}
    most = 1.0
    if values == "lookahead":  # what tasks do to themselves may be far more than to others
        others = np.abs(shown[~np.eye(len(shown), dtype=bool)])
        most = float(np.nanmax(others, initial=0.0)) or 1.0
    return {"cmap": "RdBu", "vmin": -most, "vmax": most}

"""The Kaplan-Meier estimate of groups of rows as a plot. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length

from skmtl.survival._displays import SurvivalDisplay
from skmtl.survival._inputs import read_labels
from skmtl.survival._tabulating import kaplan_meier_table
from skmtl.tasks import EventTimes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_TICKS = 6


@dataclass
class KaplanMeierDisplay(SurvivalDisplay):
    """Kaplan-Meier estimates of groups of rows, with confidence limits and numbers at risk.

    The ticks of the time axis have the number of rows at risk in each group, in the order of the
    legend.

    Attributes
    ----------
    labels : dict of group to EventTimes
        The observed labels of each group.
    tables : dict of group to DataFrame
        The result of `kaplan_meier_table` at the event times of each group.

    Examples
    --------
    >>> from skmtl.survival import KaplanMeierDisplay
    >>> y = {"event": [1, 0, 1, 1], "duration": [1, 2, 3, 4]}
    >>> display = KaplanMeierDisplay.from_labels(y, groups=["a", "a", "b", "b"])
    >>> display.tables["b"]["survival"].tolist()
    [0.5, 0.0]
    """

    labels: dict[Hashable, EventTimes]
    tables: dict[Hashable, pd.DataFrame]

    @classmethod
    def from_labels(
        cls,
        y: Any,
        *,
        groups: ArrayLike | None = None,
        confidence: float = 0.95,
        ax: Axes | None = None,
    ) -> Self:
        """Plot the estimates of labels, without a model.

        Parameters
        ----------
        y : structured array, DataFrame or mapping of shape (n_samples,)
            As in `kaplan_meier`. All causes count.
        groups : array-like of shape (n_samples,), default=None
            The group of each row, such as a column of X; None for a single curve. Rows without a
            group or a label are left out.
        confidence : float, default=0.95
            Confidence level of the limits at each time, in (0, 1).
        ax : matplotlib Axes, default=None
            None creates a new figure.

        Returns
        -------
        KaplanMeierDisplay

        Raises
        ------
        ValueError
            If there is no label, or the confidence is out of range.

        See Also
        --------
        log_rank_test : Test whether the groups differ.
        SurvivalCurvesDisplay : The estimates beside the curves that a model predicts.
        """
        labels, rows = read_labels(y)
        names = np.full(len(rows), "all") if groups is None else groups
        check_consistent_length(rows, names)
        group = pd.Series(np.asarray(names, dtype=object)[rows])
        by_group = {
            name: labels[at] for name, at in group.groupby(group, sort=True).indices.items()
        }
        if not by_group:
            raise ValueError("No row with a label has a group, so there is nothing to draw.")
        tables = {
            name: kaplan_meier_table(of_group, confidence=confidence)
            for name, of_group in by_group.items()
        }
        return cls(by_group, tables).plot(ax)

    def _draw(self, ax: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        end = max(labels.time.max() for labels in self.labels.values())
        for name, table in self.tables.items():
            last = self.labels[name].time.max()
            time = np.r_[0.0, table.index, last]
            curve, low, high = (
                np.r_[1.0, table[column], table[column].iloc[-1:] if len(table) else 1.0]
                for column in ("survival", "low", "high")
            )
            (line,) = ax.step(time, curve, where="post", label=str(name))
            ax.fill_between(time, low, high, step="post", alpha=0.2, color=line.get_color())
        ticks = [tick for tick in MaxNLocator(_MOST_TICKS).tick_values(0, end) if 0 <= tick <= end]
        at_risk = [kaplan_meier_table(of, ticks)["at_risk"] for of in self.labels.values()]
        texts = ["\n".join([f"{t:g}", *(str(n[t]) for n in at_risk)]) for t in ticks]
        ax.set_xticks(ticks, texts)
        ax.set(xlabel="time, and below it rows at risk", ylabel="survival", ylim=(0, 1.02))
        if len(self.labels) > 1:
            ax.legend()

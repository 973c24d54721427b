"""The differences of a transfer report as a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from skmtl.inspection._axes import NEUTRAL, ORDINARY, OUTLIER, axes_for, label_rows
from skmtl.inspection._transfer_report import TransferReport, transfer_report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {"gains": ORDINARY, "ahead": ORDINARY, "hurts": OUTLIER, "behind": OUTLIER}
_PREFIX = {"alone": "", "lightgbm": "lightgbm_"}
_WORDS = {"alone": "the task alone", "lightgbm": "LightGBM alone"}


class TransferReportDisplay:
    """Gain or loss of each task from being learnt with the others, with intervals.

    Parameters
    ----------
    report : TransferReport
        From :func:`transfer_report`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the plot.
    figure_ : matplotlib Figure
        The figure of the axes.
    points_ : matplotlib PathCollection
        A point for each task, from top to bottom, starting with the largest losses.
    intervals_ : matplotlib LineCollection
        The interval of each task.

    See Also
    --------
    transfer_report : The numbers. OutlierTasksDisplay : Which tasks are outliers in an R-MTGB
    model.

    Examples
    --------
    >>> from sklearn.datasets import load_linnerud
    >>> from sklearn.linear_model import Ridge
    >>> from skmtl.inspection import TransferReportDisplay, transfer_report
    >>> X, Y = load_linnerud(return_X_y=True, as_frame=True)
    >>> report = transfer_report(Ridge(), X, Y, cv=2, lightgbm=False, random_state=0)
    >>> display = TransferReportDisplay.from_report(report)
    >>> display.ax_.get_title()  # the columns of a ridge regression share nothing
    'sharing gains 0 of 3 tasks and hurts 0'
    """

    def __init__(self, report: TransferReport) -> None:
        self.report = report

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        Y: Any,
        *,
        ax: Axes | None = None,
        against: Literal["alone", "lightgbm"] = "alone",
        **kwargs: Any,
    ) -> TransferReportDisplay:
        """Compare an unfitted estimator with separate models, and plot.

        Parameters
        ----------
        estimator : estimator
            As in :func:`transfer_report`.
        X, Y : tables
            As in :func:`transfer_report`.
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        against : {"alone", "lightgbm"}, default="alone"
            What the joint model is compared with.
        **kwargs
            Passed to :func:`transfer_report`.

        Returns
        -------
        TransferReportDisplay

        Raises
        ------
        ValueError
            As :func:`transfer_report`.
        ImportError
            If matplotlib is not installed.
        """
        report = transfer_report(estimator, X, Y, **kwargs)
        return cls.from_report(report, ax=ax, against=against)

    @classmethod
    def from_report(
        cls,
        report: TransferReport,
        *,
        ax: Axes | None = None,
        against: Literal["alone", "lightgbm"] = "alone",
        **kwargs: Any,
    ) -> TransferReportDisplay:
        """Plot a report.

        Parameters
        ----------
        report : TransferReport
            From :func:`transfer_report`.
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        against : {"alone", "lightgbm"}, default="alone"
            What the joint model is compared with.
        **kwargs
            For the points, given to ``Axes.scatter``.

        Returns
        -------
        TransferReportDisplay

        Raises
        ------
        ValueError
            If the report does not hold that comparison.
        ImportError
            If matplotlib is not installed.
        """
        return cls(report).plot(ax=ax, against=against, **kwargs)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        against: Literal["alone", "lightgbm"] = "alone",
        **kwargs: Any,
    ) -> TransferReportDisplay:
        """Plot the difference of each task with its interval.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.
        against : {"alone", "lightgbm"}, default="alone"
            What the joint model is compared with.
        **kwargs
            For the points, given to ``Axes.scatter``.

        Returns
        -------
        TransferReportDisplay
            Itself.

        Raises
        ------
        ValueError
            If the report does not hold that comparison.
        ImportError
            If matplotlib is not installed.
        """
        shown, verdicts = self._shown(against)
        self.ax_ = axes_for(self, ax, len(shown))
        self.figure_ = self.ax_.figure
        places = np.arange(len(shown))
        colours = [_COLOURS.get(verdict, NEUTRAL) for verdict in verdicts]
        self.intervals_ = self.ax_.hlines(
            places, shown["low"], shown["high"], colors=colours, linewidth=1.5
        )
        style: dict[str, Any] = {"color": colours, "s": 25, "zorder": 3} | kwargs
        self.points_ = self.ax_.scatter(shown["difference"], places, **style)
        self.ax_.axvline(0.0, color=NEUTRAL, linestyle="--", linewidth=1)
        label_rows(self.ax_, shown.index, range(len(shown)))
        level = f"{100 * self.report.confidence:g} % interval"
        self.ax_.set_xlabel(f"score of the joint model minus that of {_WORDS[against]}\n({level})")
        better, worse = (colours.count(colour) for colour in (ORDINARY, OUTLIER))
        unclear = verdicts.count("unclear")
        title = (
            f"sharing gains {better} of {len(shown)} tasks and hurts {worse}"
            if against == "alone"
            else f"ahead of LightGBM in {better} of {len(shown)} tasks and behind in {worse}"
        )
        self.ax_.set_title(title + f", unclear in {unclear}" * (unclear > 0))
        return self

    def _shown(self, against: str) -> tuple[Any, list[str]]:
        """Return differences with intervals by task, the worst first, and verdicts."""
        if against not in _PREFIX:
            raise ValueError(f"against must be 'alone' or 'lightgbm', got {against!r}.")
        prefix, table = _PREFIX[against], self.report.table
        if f"{prefix}difference" not in table:
            raise ValueError(
                "The report has no comparison with LightGBM: compute it with lightgbm=True."
            )
        names = ["difference", "low", "high"]
        order = table[f"{prefix}difference"].sort_values(kind="stable").dropna().index
        shown = table.loc[order, [prefix + name for name in names]].set_axis(names, axis=1)
        return shown, table.loc[order, f"{prefix}verdict"].tolist()

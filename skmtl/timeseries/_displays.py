"""Plots of forecasts and of their scores."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl._extras import import_pyplot
from skmtl.answers import fitted_inside, fitted_model_reading
from skmtl.panels import History, Panel
from skmtl.tables import as_frame
from skmtl.timeseries._table import forecast_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PAST, _AHEAD = "#666666", "#0b6e8f"


class ForecastDisplay:
    """The end of a series, its forecast, and intervals if there are quantiles.

    Parameters
    ----------
    past, forecast : Series
        Values by time.
    intervals : dict of float to DataFrame
        Lower and upper limits by time, by the nominal coverage.
    truth : Series or None
        True values.
    title : str, default=""

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl import RMTGB
    >>> from skmtl.timeseries import Forecaster, ForecastDisplay
    >>> X = pd.DataFrame({"day": range(30)})
    >>> y = pd.Series([1.0, 5, 9] * 10, name="sales")
    >>> model = Forecaster(RMTGB(n_rounds=5, n_bags=1), time="day", horizon=3, season=3).fit(X, y)
    >>> display = ForecastDisplay.from_estimator(model, pd.DataFrame({"day": [30, 31, 32]}))
    >>> display.past.tail(2).tolist()
    [5.0, 9.0]
    """

    def __init__(
        self,
        past: pd.Series,
        forecast: pd.Series,
        intervals: dict[float, pd.DataFrame],
        truth: pd.Series | None = None,
        title: str = "",
    ) -> None:
        self.past = past
        self.forecast = forecast
        self.intervals = intervals
        self.truth = truth
        self.title = title

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        target: Hashable | None = None,
        n_past: int | None = None,
        ax: Axes | None = None,
    ) -> ForecastDisplay:
        """Forecast the rows of one series, and plot the forecast.

        Parameters
        ----------
        estimator : fitted Forecaster
            A fitted forecaster, alone or inside a search.
        X : table of shape (n_samples, n_features)
            Rows of one id.
        y : labels of shape (n_samples, n_tasks), default=None
            True values.
        target : hashable, default=None
            A target that is a number; None means the first one.
        n_past : int, default=None
            Number of past rows to show. None means five times the number of rows of X.
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.

        Returns
        -------
        ForecastDisplay

        Raises
        ------
        ValueError
            If X has rows of several ids, or the target is not a number.
        ImportError
            If matplotlib is not installed.
        """
        model = fitted_inside(estimator)
        check_is_fitted(model)
        history: History = model.history_
        frame = as_frame(X)
        codes = history.ids.codes(frame)
        if len(np.unique(codes)) > 1:
            raise ValueError(
                f"X has rows of several ids, {history.ids.labels(codes[codes >= 0])}. Plot one at "
                "a time."
            )
        fitted, X_read = fitted_model_reading(estimator, X)
        numbers = [name for name, kind in fitted.kinds.items() if not kind.is_classification]
        target = numbers[0] if target is None and numbers else target
        if target not in numbers:
            raise ValueError(f"target={target!r} must be one of the numbers {numbers}.")
        answers = fitted.ask(X_read)
        times = pd.Index(frame[history.time])
        levels = fitted.levels.get(target, ())
        ends = dict(zip(levels, answers.quantiles(target).T, strict=True)) if levels else {}
        intervals = {
            round(1 - 2 * low, 10): pd.DataFrame(
                {"low": ends[low], "high": ends[high]}, index=times
            ).sort_index()
            for low in levels
            for high in levels
            if low < 0.5 and abs(low + high - 1) < 1e-9
        }
        truth = None if y is None else _column(fitted.read_labels(y), target, times)
        code = int(codes[0])
        series = "" if code < 0 or not history.ids.names else f", {history.ids.label(code)}"
        display = cls(
            _past(history, code, target, 5 * len(frame) if n_past is None else n_past),
            pd.Series(answers.predictions[target], index=times, name=target).sort_index(),
            intervals,
            truth,
            f"{target}{series}",
        )
        return display.plot(ax)

    def plot(self, ax: Axes | None = None) -> ForecastDisplay:
        """Plot lines over time, with an area for each interval.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.

        Returns
        -------
        ForecastDisplay
        """
        ax = _axes(self, ax)
        for share, ends in sorted(self.intervals.items(), reverse=True):
            x = _drawable(ends.index)
            ax.fill_between(
                x,
                ends["low"],
                ends["high"],
                color=_AHEAD,
                alpha=0.2,
                label=f"{share:.0%} interval",
            )
        lines = [(self.past, _PAST, "-", "past"), (self.forecast, _AHEAD, "-", "forecast")]
        if self.truth is not None:
            lines.append((self.truth, _PAST, "--", "truth"))
        for values, color, style, label in lines:
            ax.plot(_drawable(values.index), values.to_numpy(), style, color=color, label=label)
        ax.set_title(self.title)
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self


class BacktestDisplay:
    """A score of a backtest by step or by cutoff, of each target.

    Parameters
    ----------
    scores : DataFrame
        Scores by step or cutoff; a column for each target.
    metric : str
    baseline : DataFrame or None
        The same for the seasonal naive forecast.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.timeseries import BacktestDisplay, ForecastSplit, SeasonalNaive, backtest
    >>> X, y = pd.DataFrame({"day": range(9)}), pd.Series([1.0, 2, 4, 1, 2, 4, 1, 2, 8])
    >>> table = backtest(SeasonalNaive(time="day"), X, y, ForecastSplit("day", horizon=3))
    >>> BacktestDisplay.from_table(table, metric="mae").scores[0].tolist()
    [3.0, 2.0, 4.0]
    """

    def __init__(
        self, scores: pd.DataFrame, metric: str, baseline: pd.DataFrame | None = None
    ) -> None:
        self.scores = scores
        self.metric = metric
        self.baseline = baseline

    @classmethod
    def from_table(
        cls,
        table: pd.DataFrame,
        *,
        metric: str = "wape",
        by: Literal["step", "cutoff"] = "step",
        ax: Axes | None = None,
    ) -> BacktestDisplay:
        """Score a table of forecasts, and plot the scores.

        Parameters
        ----------
        table : DataFrame
            The result of `backtest`.
        metric : str, default="wape"
            A column of `forecast_table`.
        by : {"step", "cutoff"}, default="step"
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.

        Returns
        -------
        BacktestDisplay

        Raises
        ------
        ValueError
            If there is no such score.
        ImportError
            If matplotlib is not installed.
        """
        scores = forecast_table(table, by)
        if metric not in scores:
            raise ValueError(f"metric={metric!r} must be one of {scores.columns.tolist()}.")
        naive = None
        known = table["seasonal_naive"].notna()
        if known.any() and not (metric.startswith(("skill", "coverage", "n")) or metric == "wis"):
            others = [name for name in table.columns if not str(name).startswith("q0.")]
            of_naive = table.loc[known, others].assign(forecast=table["seasonal_naive"])
            naive_scores = forecast_table(of_naive, by)
            naive = naive_scores[metric].unstack(0) if metric in naive_scores else None
        return cls(scores[metric].unstack(0), metric, naive).plot(ax)

    def plot(self, ax: Axes | None = None) -> BacktestDisplay:
        """Plot a line for each target, and a dashed line for the seasonal naive forecast.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to plot into; None creates a figure.

        Returns
        -------
        BacktestDisplay
        """
        ax = _axes(self, ax)
        for name in self.scores.columns:
            values = self.scores[name]
            (line,) = ax.plot(_drawable(values.index), values.to_numpy(), "o-", label=str(name))
            if self.baseline is not None:
                naive = self.baseline[name]
                ax.plot(
                    _drawable(naive.index),
                    naive.to_numpy(),
                    "--",
                    color=line.get_color(),
                    label=f"{name}, seasonal naive",
                )
        ax.set_xlabel(str(self.scores.index.name))
        ax.set_ylabel(self.metric)
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _past(history: History, code: int, target: Hashable, n_past: int) -> pd.Series:
    panel: Panel = history.panel
    if code < 0 or not len(panel.codes):
        return pd.Series([], dtype=np.float64, name=target)
    rows = np.arange(panel.offsets[code], panel.offsets[code + 1])[-n_past:]
    values = panel.values[rows, history.columns.index(str(target))]
    return pd.Series(values, index=history.clock.times(panel.clock[rows]), name=target)


def _column(labels: pd.DataFrame, target: Hashable, times: pd.Index) -> pd.Series:
    values = pd.to_numeric(labels[target]).to_numpy(dtype=np.float64, na_value=np.nan)
    return pd.Series(values, index=times, name=target).sort_index()


def _drawable(index: pd.Index) -> Any:
    """Convert times for matplotlib."""
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    return index.to_numpy()


def _axes(display: object, ax: Axes | None) -> Axes:
    pyplot = import_pyplot(display)
    return pyplot.subplots(figsize=(7, 3.5), layout="constrained")[1] if ax is None else ax

"""Forecasts of past times, as they would have been made at that time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_consistent_length

from skmtl.answers import fitted_inside, fitted_inside_reading
from skmtl.panels import Columns, History, as_names, make_clock
from skmtl.tables import as_frame
from skmtl.timeseries._numbers import scored_numbers
from skmtl.timeseries._rows import forecast_rows
from skmtl.timeseries._season import first_season, forecasting_layer
from skmtl.timeseries._split import ForecastSplit, Window
from skmtl.timeseries._window_files import PathLike, WindowFiles, fingerprint_of

Progress = Callable[[int, int], Any]


def backtest(
    model: Any,
    X: Any,
    y: Any,
    split: ForecastSplit,
    *,
    refit: int | bool = True,
    id: Columns = None,
    season: int | None = None,
    progress: Progress | None = None,
    folder: PathLike | None = None,
) -> pd.DataFrame:
    """Forecast every window of a split from what was known at its cutoff.

    Parameters
    ----------
    model : estimator
        A `Forecaster`, `SeasonalNaive`, or any estimator that predicts the targets from the rows
        of X. It is cloned.
    X : table of shape (n_samples, n_features)
        A row for each id and time, in any order.
    y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)
        The targets, some of whose labels may be missing. Only numbers and binary targets are used.
        The forecast of a binary target is the mean of its two labels by their probabilities; if
        they are not numbers, it is the probability of the class that sorts last.
    split : ForecastSplit
        The windows.
    refit : int or bool, default=True
        Fit at every window (True or 1), at every k-th window (k), or only at the first (False). In
        between, rows since the last cutoff are passed to the `update` method of the model, if it
        has one.
    id : label or sequence of labels, default=None
        The columns that identify a series. None means those of the model.
    season : int, default=None
        Steps of a season, for the naive forecast and the scale of MASE. None means the first
        season of the model, or 1.
    progress : callable, default=None
        Called with the number of finished windows and the total number.
    folder : path, default=None
        Stores the forecasts of each finished window, as Parquet (extra ``parquet``): calling the
        function again with the same folder resumes an interrupted backtest. Set the `random_state`
        of the model, so that the results are the same.

    Returns
    -------
    DataFrame
        A row for each window, forecast row and target with a label. The columns are the id
        columns, ``time``, ``cutoff``, ``step``, ``target``, ``truth``, ``forecast``,
        ``seasonal_naive`` (the forecast of `SeasonalNaive`), ``mase_scale`` and ``rmsse_scale``
        (mean absolute seasonal difference, and root mean squared difference of consecutive values,
        of the series up to the cutoff), and quantiles such as ``q0.1``.

    Raises
    ------
    ValueError
        If the windows reach further than the horizon of the model, a window has no labels, times
        are not on the grid, or `folder` holds another backtest.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.timeseries import ForecastSplit, SeasonalNaive, backtest, forecast_table
    >>> X = pd.DataFrame({"day": range(8)})
    >>> y = pd.DataFrame({"sales": [1.0, 5, 2, 6, 3, 7, 4, 8]})
    >>> cv = ForecastSplit("day", horizon=2, n_windows=2)
    >>> table = backtest(SeasonalNaive(time="day", season=2), X, y, cv)
    >>> table[["cutoff", "step", "truth", "forecast"]].values.tolist()
    [[3.0, 1.0, 3.0, 2.0], [3.0, 2.0, 7.0, 6.0], [5.0, 1.0, 4.0, 3.0], [5.0, 2.0, 8.0, 7.0]]
    >>> float(forecast_table(table)["mae"].iloc[0])
    1.0
    """
    every = _fits_every(refit)
    _check_horizon(model, split)
    ids = as_names(getattr(forecasting_layer(model), "id", None) if id is None else id)
    frame = as_frame(X)
    check_consistent_length(frame, y)
    truth = scored_numbers(y)
    clock = make_clock(frame[split.time], split.freq)
    whole, _ = History.read(frame, truth, ids, split.time, clock)
    naive_season = first_season(model) if season is None else season
    windows = list(split.windows(frame))
    _check_labels(windows, truth)
    files = None
    if folder is not None:
        described = (split, every, ids, naive_season)
        files = WindowFiles(folder, fingerprint_of(model, [frame, truth], *described))
    models = _ModelOfWindows(model, X, y, windows, every)
    tables = []
    for number, window in enumerate(windows):
        table = None if files is None else files.read(number)
        if table is None:
            X_test, y_test = (_safe_indexing(data, window.test) for data in (X, y))
            origins = np.full(len(window.test), window.count)
            past = whole.up_to(window.count)
            fitted = models.at(number)
            table = forecast_rows(
                fitted, X_test, y_test, truth.iloc[window.test], past, origins, naive_season
            )
            steps = window.step[table.pop("row")]
            table.insert(len(ids) + 1, "cutoff", [window.cutoff] * len(table))
            table.insert(len(ids) + 2, "step", steps)
            if files is not None:
                files.write(number, table)
        tables.append(table)
        if progress is not None:
            progress(number + 1, len(windows))
    return pd.concat(tables, ignore_index=True)


def _check_horizon(model: Any, split: ForecastSplit) -> None:
    """Raise an error if a model does not forecast as far as the windows reach."""
    horizon = getattr(model, "horizon", None)
    reach = split.horizon + split.gap
    if horizon is not None and reach > horizon:
        raise ValueError(
            f"The windows reach {reach} steps from their cutoffs (horizon={split.horizon}, "
            f"gap={split.gap}), but the model forecasts {horizon}: raise its horizon."
        )


def _check_labels(windows: list[Window], truth: pd.DataFrame) -> None:
    """Raise an error if a window has no labels."""
    for window in windows:
        if truth.iloc[window.test].isna().all(axis=None):
            raise ValueError(
                f"The window with the cutoff {window.cutoff} has no labels to score. Drop the "
                "rows whose labels are not known yet, or choose other windows."
            )


def _fits_every(refit: Any) -> int | None:
    """Number of windows that share one fit; None for all."""
    if isinstance(refit, bool | np.bool_):
        return 1 if refit else None
    if not isinstance(refit, int | np.integer) or refit < 1:
        raise ValueError(f"refit={refit!r} must be True, False or a whole number of at least 1.")
    return int(refit)


class _ModelOfWindows:
    """The model with the history up to the cutoff of each window.

    Windows must be requested in order, but some may be skipped.
    """

    def __init__(
        self, model: Any, X: Any, y: Any, windows: list[Window], every: int | None
    ) -> None:
        self._model, self._data, self._windows, self._every = model, (X, y), windows, every
        self._fitted: Any = None
        self._fitted_at = -1
        self._known: np.ndarray = np.array([], dtype=np.int64)

    def at(self, number: int) -> Any:
        """The fitted model for a window."""
        train = self._windows[number].train
        fit_at = 0 if self._every is None else number - number % self._every
        if self._fitted_at != fit_at:
            self._known = self._windows[fit_at].train
            self._fitted = clone(self._model).fit(*self._rows(self._known))
            self._fitted_at = fit_at
        new = train[~np.isin(train, self._known)]
        if len(new) and hasattr(fitted_inside(self._fitted), "update"):
            X, y = self._rows(new)
            model, X_read = fitted_inside_reading(self._fitted, X)
            model.update(X_read, y)
            self._known = np.union1d(self._known, new)
        return self._fitted

    def _rows(self, positions: np.ndarray) -> list[Any]:
        return [_safe_indexing(data, positions) for data in self._data]

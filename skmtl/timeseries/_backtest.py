"""Forecasts of past times, as they would have been made then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_consistent_length

from skmtl.answers import fitted_inside
from skmtl.panels import Columns, History, as_names, make_clock
from skmtl.tables import as_frame
from skmtl.timeseries._numbers import scored_numbers
from skmtl.timeseries._rows import forecast_rows
from skmtl.timeseries._season import first_season, forecasting_layer
from skmtl.timeseries._split import ForecastSplit, Window

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
        The targets, some of whose labels may be missing. Targets that are numbers or binary are
        forecast; of a binary one the probability of the class that sorts last is.
    split : ForecastSplit
        The windows.
    refit : int or bool, default=True
        Fit at every window (True or 1), at every k-th (k), or at the first alone (False). In
        between, a model with a method `update` is given the rows since the last cutoff, and
        another one forecasts as it is.
    id : label or sequence of labels, default=None
        The columns that name a series. None takes those of the model.
    season : int, default=None
        Steps of a season, for the naive forecast and the scale of MASE. None takes the first one
        of the model, else 1.
    progress : callable, default=None
        Called with the number of windows that are done and their total.

    Returns
    -------
    DataFrame
        A row for each window, row to forecast and target with a label: the id columns, ``time``,
        ``cutoff``, ``step``, ``target``, ``truth``, ``forecast``, ``seasonal_naive`` (what
        `SeasonalNaive` forecasts), ``mase_scale`` and ``rmsse_scale`` (mean absolute seasonal
        difference, and root mean squared difference of consecutive values, of the series up to
        the cutoff), and ``q0.1`` and the like for quantiles.

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
    ids = as_names(getattr(forecasting_layer(model), "id", None) if id is None else id)
    frame = as_frame(X)
    check_consistent_length(frame, y)
    truth = scored_numbers(y)
    clock = make_clock(frame[split.time], split.freq)
    whole, _ = History.read(frame, truth, ids, split.time, clock)
    naive_season = first_season(model) if season is None else season
    windows = list(split.windows(frame))
    tables = []
    for number, (window, fitted) in enumerate(_fitted_models(model, X, y, windows, every)):
        X_test, y_test = (_safe_indexing(data, window.test) for data in (X, y))
        past = whole.up_to(window.count)
        table = forecast_rows(
            fitted, X_test, y_test, past, np.full(len(window.test), window.count), naive_season
        )
        steps = window.step[table.pop("row")]
        table.insert(len(ids) + 1, "cutoff", [window.cutoff] * len(table))
        table.insert(len(ids) + 2, "step", steps)
        tables.append(table)
        if progress is not None:
            progress(number + 1, len(windows))
    return pd.concat(tables, ignore_index=True)


def _fits_every(refit: Any) -> int | None:
    """How many windows share one fit; None for all."""
    if isinstance(refit, bool | np.bool_):
        return 1 if refit else None
    if not isinstance(refit, int | np.integer) or refit < 1:
        raise ValueError(f"refit={refit!r} must be True, False or a whole number of at least 1.")
    return int(refit)


def _fitted_models(
    model: Any, X: Any, y: Any, windows: list[Window], every: int | None
) -> Iterator[tuple[Window, Any]]:
    fitted: Any = None
    known: np.ndarray = np.array([], dtype=np.int64)
    for number, window in enumerate(windows):
        if number == 0 or (every is not None and number % every == 0):
            fitted = clone(model)
            fitted.fit(*(_safe_indexing(data, window.train) for data in (X, y)))
        elif hasattr(fitted_inside(fitted), "update"):
            new = window.train[~np.isin(window.train, known)]
            fitted.update(*(_safe_indexing(data, new) for data in (X, y)))
        known = np.union1d(known, window.train)
        yield window, fitted

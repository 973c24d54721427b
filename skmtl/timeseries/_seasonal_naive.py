"""The seasonal naive forecast, the baseline for all others."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skmtl.panels import Columns, Freq, History, PanelColumns, as_names, make_clock, seasonal_naive
from skmtl.tables import as_frame
from skmtl.timeseries._history import known_rows, origins_of
from skmtl.timeseries._numbers import number_frame


class SeasonalNaive(BaseEstimator):
    """Forecast the value at the same time in the last season.

    If that value is missing, up to three earlier seasons are tried, then the last value of the
    series; NaN for an id without values. Columns of X besides id and time are ignored.
    Times up to the last one of a series are forecast from what was known one step before.

    Parameters
    ----------
    id : label or sequence of labels, default=None
        The columns of X that identify a series; None if the table is a single series.
    time : label
        The column of the times.
    freq : str, offset or int, default=None
        The step of the times; see `ForecastSplit`.
    season : int, default=1
        Steps of a season. 1 forecasts the last value.

    Attributes
    ----------
    history_ : History
        The values of `fit` and `update`.
    task_names_ : list
        The targets.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.timeseries import SeasonalNaive
    >>> X = pd.DataFrame({"day": range(6)})
    >>> model = SeasonalNaive(time="day", season=3).fit(X, pd.Series([1.0, 5, 9, 2, 6, 10]))
    >>> model.predict(pd.DataFrame({"day": [6, 7, 8, 9]})).ravel().tolist()
    [2.0, 6.0, 10.0, 2.0]
    """

    def __init__(
        self,
        *,
        id: Columns = None,
        time: Hashable = None,
        freq: Freq = None,
        season: int = 1,
    ) -> None:
        self.id = id
        self.time = time
        self.freq = freq
        self.season = season

    def fit(self, X: Any, y: Any) -> SeasonalNaive:
        """Store the history.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            A row for each id and time, in any order.
        y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)
            Numbers, some of which may be missing.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If two rows have one id and time, or times are not on the grid.
        """
        if not (isinstance(self.season, int | np.integer) and self.season >= 1):
            raise ValueError(f"season={self.season!r} must be a whole number of at least 1.")
        values = number_frame(y)
        rows = self._rows(X)
        clock = make_clock(rows[self.time], self.freq)
        self.history_, _ = History.read(rows, values, as_names(self.id), self.time, clock)
        self.task_names_ = list(values.columns)
        self._named = hasattr(y, "columns")
        return self

    def update(self, X: Any, y: Any) -> SeasonalNaive:
        """Append rows to the history.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)

        Returns
        -------
        self
        """
        check_is_fitted(self)
        values = number_frame(y).set_axis(self.task_names_, axis=1)
        self.history_ = self.history_.extended(self._rows(X), values)
        return self

    def predict(self, X: Any) -> Any:
        """Forecast rows.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            With the id and time columns.

        Returns
        -------
        DataFrame or ndarray of shape (n_samples, n_tasks)
            A DataFrame with the index of X if y was a DataFrame.
        """
        check_is_fitted(self)
        history, rows = self.history_, self._rows(X)
        codes, clock = known_rows(history, rows)
        origins = origins_of(history, codes, clock)
        columns = {
            name: seasonal_naive(history.panel, place, codes, clock, origins, int(self.season))
            for place, name in enumerate(history.columns)
        }
        if not self._named:
            return np.column_stack(list(columns.values()))
        frame = pd.DataFrame(dict(enumerate(columns.values())), index=rows.index)
        return frame.set_axis(self.task_names_, axis=1)

    def _rows(self, X: Any) -> pd.DataFrame:
        return PanelColumns.read(self.id, self.time).taken_from(as_frame(X))

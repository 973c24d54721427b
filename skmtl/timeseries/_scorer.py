"""Scores of forecasts for searches and cross-validation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl.answers import fitted_inside, fitted_model
from skmtl.panels import History
from skmtl.tables import as_frame
from skmtl.timeseries._forecast_model import ForecastModel
from skmtl.timeseries._history import known_rows, origins_of
from skmtl.timeseries._metrics import (
    METRICS,
    QUANTILE_METRICS,
    Groups,
    coverage,
    intervals,
    series_codes,
)
from skmtl.timeseries._numbers import scored_numbers
from skmtl.timeseries._rows import forecast_rows
from skmtl.timeseries._season import first_season

_ALL = (*METRICS, *QUANTILE_METRICS, "coverage")


def forecast_scorer(metric: str, *, season: int | None = None) -> ForecastScorer:
    """Make a scorer for ``GridSearchCV(scoring=...)`` and ``cross_validate(scoring=...)``.

    Parameters
    ----------
    metric : str
        "wape", "mae", "rmse", "mase", "rmsse", "smape", "pinball", "wis", "bias" or "coverage",
        as in `forecast_table`.
    season : int, default=None
        Season for the scale of MASE; None means the first season of the model, or 1.

    Returns
    -------
    callable
        A function of a fitted `Forecaster` or `SeasonalNaive`, X and y that returns the mean over
        targets, negated, so that higher is better. For "bias" it is the absolute value; for
        "coverage" it is the difference from the nominal coverage of the widest interval.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skmtl.timeseries import ForecastSplit, SeasonalNaive, forecast_scorer
    >>> X, y = pd.DataFrame({"day": range(8)}), pd.Series([1.0, 5, 9, 1, 5, 9, 1, 5])
    >>> cv = ForecastSplit("day", horizon=2, n_windows=2)
    >>> search = GridSearchCV(
    ...     SeasonalNaive(time="day"), {"season": [1, 2, 3]}, cv=cv, scoring=forecast_scorer("mae")
    ... )
    >>> search.fit(X, y).best_params_
    {'season': 3}
    """
    if metric not in _ALL:
        raise ValueError(f"metric={metric!r} must be one of {', '.join(map(repr, _ALL))}.")
    return ForecastScorer(metric, season)


class ForecastScorer:
    """The scorer returned by `forecast_scorer`."""

    def __init__(self, metric: str, season: int | None) -> None:
        self.metric = metric
        self.season = season

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        """Score a fitted estimator; higher is better."""
        table = self._table(estimator, X, y)
        groups = Groups(
            table.groupby("target", sort=False).ngroup().to_numpy(),
            series_codes(table, fitted_inside(estimator).history_.ids.names),
        )
        return -float(np.nanmean(self._losses(table, groups)))

    def _losses(self, table: pd.DataFrame, groups: Groups) -> np.ndarray:
        if self.metric == "coverage":
            shares = intervals(table)
            if not shares:
                raise ValueError("'coverage' needs two quantiles symmetric around the median.")
            widest = max(shares)
            return np.abs(coverage(table, groups, shares[widest]) - widest)
        return np.abs((METRICS | QUANTILE_METRICS)[self.metric](table, groups))

    def _table(self, estimator: Any, X: Any, y: Any) -> pd.DataFrame:
        model = fitted_inside(estimator)
        check_is_fitted(model)
        fitted = fitted_model(estimator, y)
        history: Any = getattr(model, "history_", None)
        if isinstance(fitted, ForecastModel):
            history = fitted.scored_history
        if not isinstance(history, History):
            raise TypeError(
                f"{type(model).__name__} does not store a history, so its forecasts cannot be "
                "assigned to series. Score it with backtest and forecast_table."
            )
        truth = scored_numbers(fitted.read_labels(y), fitted.classes)
        if truth.isna().all(axis=None):
            raise ValueError(
                "The rows have no labels to score. Drop those whose labels are not known yet."
            )
        frame = as_frame(X)
        codes, clock = known_rows(history, frame)
        season = first_season(model) if self.season is None else self.season
        origins = origins_of(history, codes, clock)
        table = forecast_rows(estimator, X, y, truth, history, origins, season)
        if table["forecast"].isna().any():
            raise ValueError(f"{int(table['forecast'].isna().sum())} rows have no forecast.")
        return table

    def __repr__(self) -> str:
        return f"forecast_scorer({self.metric!r})"

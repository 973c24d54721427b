"""The table of features of a forecaster."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_consistent_length

from skmtl.panels import Moments, PanelColumns, make_clock
from skmtl.tables import as_frame
from skmtl.timeseries._preparation import ForecastParameters, prepare

_ORIGIN = "origin"


def make_features(X: Any, y: Any, origins: Any, forecaster: ForecastParameters) -> pd.DataFrame:
    """Return the features at some origins for the following times.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)
        A row for each id and time, in any order.
    y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)
        The targets, some of whose labels may be missing.
    origins : time or sequence of times
        Times up to which the series are known.
    forecaster : Forecaster
        Its parameters define the features; it does not have to be fitted.

    Returns
    -------
    DataFrame of shape (n, n_features)
        A row for each origin and each row of X up to `horizon` steps later, as used by the inner
        estimator; with ``steps="tasks"`` a row for each origin and series. The index has the ids,
        the time (with ``steps="tasks"`` the first one) and the origin. The rows of an origin do
        not depend on later values, except for covariates that are known in advance; anchors and
        usual scales are chosen by what was known at the first origin.

    Raises
    ------
    ValueError
        If there are no rows up to the first origin, or after an origin.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl import RMTGB
    >>> from skmtl.timeseries import Forecaster, make_features
    >>> X = pd.DataFrame({"day": range(9)})
    >>> model = Forecaster(RMTGB(), time="day", horizon=2, lags=2, windows=3, scale="none")
    >>> make_features(X, pd.Series([5.0, 1, 4, 2, 3, 6, 8, 7, 9]), [6], model)[
    ...     ["forecast step", "0 lag 1", "0 lag 2", "0 mean 3"]
    ... ].values.round(2).tolist()
    [[1.0, 8.0, 6.0, 5.67], [2.0, 8.0, 6.0, 5.67]]
    """
    frame = as_frame(X)
    check_consistent_length(frame, y)
    columns = PanelColumns.read(forecaster.id, forecaster.time)
    if _ORIGIN in columns.all_names:
        raise ValueError(f"Rename the column {_ORIGIN!r}: the features have such an index.")
    clock = make_clock(columns.taken_from(frame)[columns.time], forecaster.freq)
    counts = clock.count(frame[columns.time])
    times = pd.Series(origins if np.ndim(origins) else [origins], name=columns.time)
    cutoffs = np.sort(clock.count(times))
    first = np.flatnonzero(counts <= cutoffs[0])
    if not len(first):
        raise ValueError(f"X has no rows up to the first origin, {times.min()}.")
    recipe = prepare(forecaster, *(_safe_indexing(data, first) for data in (frame, y))).recipe
    history, _ = recipe.history(frame, y, clock)
    known = recipe.known_ahead(frame, history)
    codes = history.ids.codes(frame)
    tables = []
    for cutoff in cutoffs:
        rows = np.flatnonzero((counts > cutoff) & (counts <= cutoff + recipe.horizon))
        if not len(rows):
            raise ValueError(
                f"X has no rows up to {recipe.horizon} steps after the origin "
                f"{clock.times(np.array([cutoff]))[0]}. Append the rows to forecast, with missing "
                "labels."
            )
        moments = Moments(codes[rows], counts[rows], np.full(len(rows), cutoff))
        question = recipe.layout.question(recipe, history, moments, frame.iloc[rows], known)
        index = history.ids.frame(question.moments.codes)
        index[columns.time] = clock.times(question.moments.clock)
        index[_ORIGIN] = clock.times(question.moments.origins)
        tables.append(question.features.set_axis(pd.MultiIndex.from_frame(index), axis=0))
    return pd.concat(tables)

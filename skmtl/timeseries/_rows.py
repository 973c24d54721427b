"""The forecasts for some rows, with the truth and the scales for scoring."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from skmtl.answers import Answers, FittedModel, fitted_model_reading
from skmtl.panels import History, naive_errors, seasonal_naive
from skmtl.tables import as_frame
from skmtl.timeseries._metrics import quantile_columns
from skmtl.timeseries._numbers import are_numbers

FIXED = ("time", "cutoff", "step", "target", "truth", "forecast", "seasonal_naive", "mase_scale",
         "rmsse_scale")  # fmt: skip
"""The columns of a table of forecasts besides the ids and the quantiles."""


def forecast_rows(
    model: Any,
    X: Any,
    y: Any,
    truth: pd.DataFrame,
    past: History,
    origins: np.ndarray,
    season: int,
) -> pd.DataFrame:
    """Return a table with a row for each row of X and target that has a label.

    Parameters
    ----------
    model : fitted estimator
    X : table of shape (n_samples, n_features)
    y : labels of shape (n_samples, n_tasks)
    truth : DataFrame of shape (n_samples, n_targets)
        The labels as numbers; see `scored_numbers`.
    past : History
        The history of these targets, for the naive forecast and the scales.
    origins : ndarray of int64, shape (n_samples,)
        Origins of the naive forecast of each row.
    season : int

    Returns
    -------
    DataFrame
        With the columns ``row`` (position in X), those of the ids, ``time`` and the others of
        `FIXED` apart from cutoff and step, and one for each quantile.
    """
    frame = as_frame(X)
    reserved = {*FIXED, "row", *quantile_columns(frame[list(past.ids.names)]).values()}
    taken = [name for name in past.ids.names if name in reserved]
    if taken:
        raise ValueError(f"Rename the id columns {taken}: a table of forecasts has such columns.")
    codes = past.ids.codes(frame)
    clock = past.clock.count(frame[past.time])
    fitted, X_read = fitted_model_reading(model, X, y)
    answers = fitted.ask(X_read)
    tables = []
    for name in truth.columns:
        labels = truth[name].to_numpy()
        rows = np.flatnonzero(np.isfinite(labels))
        place = past.columns.index(name)
        naive = seasonal_naive(past.panel, place, codes[rows], clock[rows], origins[rows], season)
        errors = naive_errors(past.panel, place, season, 1)
        squares = naive_errors(past.panel, place, 1, 2)
        columns: dict[Any, Any] = {
            "row": rows,
            **{id: frame[id].iloc[rows].to_numpy() for id in past.ids.names},
            "time": frame[past.time].iloc[rows].array,
            "target": [name] * len(rows),
            "truth": labels[rows],
            "forecast": _forecast(fitted, answers, name)[rows],
            "seasonal_naive": naive,
            "mase_scale": _of_series(errors, codes[rows]),
            "rmsse_scale": np.sqrt(_of_series(squares, codes[rows])),
        }
        for level, values in _quantiles(fitted, answers, name).items():
            columns[f"q{level:g}"] = values[rows]
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def _forecast(model: FittedModel, answers: Answers, name: Hashable) -> np.ndarray:
    """Return the predicted number, or for two classes the mean of their labels.

    If they are not numbers, this is the probability of the second.
    """
    classes = model.classes.get(name)
    if classes is not None and len(classes) == 2:
        first, second = classes if are_numbers(classes) else (0, 1)
        chance = answers.probabilities(name)[:, 1]
        return first * (1 - chance) + second * chance
    if classes is not None and not are_numbers(classes):
        raise ValueError(
            f"The model knows only the class {classes[0]!r} of the target {name!r}. Choose later "
            "windows, in which it has both, or convert its labels to True and False."
        )
    return np.asarray(answers.predictions[name], dtype=np.float64)


def _quantiles(model: FittedModel, answers: Answers, name: Hashable) -> dict[float, np.ndarray]:
    levels = model.levels.get(name, ())
    return dict(zip(levels, answers.quantiles(name).T, strict=True)) if levels else {}


def _of_series(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    return np.where(codes >= 0, values[np.maximum(codes, 0)], np.nan)

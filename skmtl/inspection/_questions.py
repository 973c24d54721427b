"""Modify single columns of a table, to explain predictions."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from skmtl.answers import fitted_inside, fitted_model, says_its_tasks
from skmtl.tables import as_frame


def plain_table(X: Any) -> pd.DataFrame | np.ndarray:
    """Return X as an array or a pandas DataFrame, whose columns can be replaced."""
    return X if isinstance(X, np.ndarray | pd.DataFrame) else as_frame(X)


def feature_positions(
    estimator: Any, table: pd.DataFrame | np.ndarray, features: Sequence[Hashable] | None
) -> dict[Hashable, int]:
    """Return positions of columns by name; by default of all columns except the task ids.

    Raises
    ------
    ValueError
        If the table lacks a column.
    TypeError
        For a model that reads the past of series.
    """
    task_column = None
    if says_its_tasks(fitted_inside(estimator)):
        model = fitted_model(estimator)
        task_column = model.task_column
        if model.reads_history:
            raise TypeError(
                f"{type(fitted_inside(estimator)).__name__} forecasts from the past of series, "
                "which is not among the columns of X. Explain its estimator_, which reads the "
                "features of skmtl.timeseries.make_features."
            )
    names = list(table.columns) if isinstance(table, pd.DataFrame) else range(table.shape[1])
    positions: dict[Hashable, int] = {name: at for at, name in enumerate(names)}
    if features is None:
        return {name: at for name, at in positions.items() if name != task_column}
    unknown = [name for name in features if name not in positions]
    if unknown:
        raise ValueError(f"X has no columns {unknown}; its columns are {list(positions)[:20]}.")
    return {name: positions[name] for name in features}


def column_of(table: pd.DataFrame | np.ndarray, position: int) -> pd.Series:
    """Return one column with its dtype."""
    return (
        pd.Series(table[:, position]) if isinstance(table, np.ndarray) else table.iloc[:, position]
    )


def with_column(
    table: pd.DataFrame | np.ndarray, position: int, values: pd.Series
) -> pd.DataFrame | np.ndarray:
    """Return a copy with other values in one column."""
    if isinstance(table, np.ndarray):
        changed = table.astype(np.result_type(table, values.to_numpy()))
        changed[:, position] = values
        return changed
    frame = table.copy(deep=False)
    frame.isetitem(position, values.array)
    return frame

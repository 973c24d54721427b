"""Reading Y: whatever table of labels the user has becomes a DataFrame."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd


def label_frame(y: Any) -> pd.DataFrame:
    """Labels as a DataFrame with one column per task; nothing is copied needlessly.

    Parameters
    ----------
    y : DataFrame, Series, array of shape (n_samples,) or (n_samples, n_tasks), structured \
array, polars or pyarrow table
        Unnamed targets are called 0, 1, ...

    Raises
    ------
    ValueError
        For None, mappings, three-dimensional arrays, no column, or names used twice.
    """
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    frame = _to_frame(y)
    if frame.shape[1] == 0:
        raise ValueError("y has no column: at least one target is needed.")
    if not frame.columns.is_unique:
        twice = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]})
        raise ValueError(f"y has the column names {twice} more than once. Rename the targets.")
    for name in frame.columns:
        _refuse_strange(frame[name], name)
    return frame


def is_single(y: Any) -> bool:
    """Whether y is one target without a column axis, so that predictions are 1-D too."""
    if hasattr(y, "columns"):
        return False
    array = np.asarray(y)
    return array.ndim == 1 and array.dtype.names is None


def _to_frame(y: Any) -> pd.DataFrame:
    if isinstance(y, pd.DataFrame):
        return y
    if isinstance(y, pd.Series):
        return y.to_frame(0 if y.name is None else y.name)
    if isinstance(y, dict):
        raise ValueError(
            "y is a dict; give a DataFrame (pd.DataFrame(y)) so that rows can be matched with X."
        )
    native = nw.from_native(y, eager_only=True, allow_series=True, pass_through=True)
    if isinstance(native, nw.Series):
        return pd.DataFrame({native.name or 0: _column(native)})
    if isinstance(native, nw.DataFrame):
        return pd.DataFrame({name: _column(native[name]) for name in native.columns})
    return _array_frame(np.asarray(y))


def _column(series: nw.Series) -> pd.Series:
    """A column of another data frame library; text stays text, null becomes missing."""
    if series.dtype.is_numeric():
        values = series.to_numpy()
        return pd.Series(values)
    return pd.Series(series.to_list()).convert_dtypes(
        convert_integer=False, convert_floating=False
    )


def _array_frame(array: np.ndarray) -> pd.DataFrame:
    if array.dtype.names is not None:
        return pd.DataFrame({name: array[name] for name in array.dtype.names})
    if array.dtype.kind == "c":
        raise ValueError("Complex data not supported: y holds complex numbers.")
    if array.ndim not in (1, 2):
        raise ValueError(
            f"y must be 1-D or 2-D (one column per task), got an array of shape {array.shape}. "
            "bad input shape"
        )
    frame = pd.DataFrame(array.reshape(len(array), -1))
    return frame.infer_objects() if array.dtype == object else frame


def _refuse_strange(labels: pd.Series, name: Any) -> None:
    if labels.dtype.kind in "mM" or isinstance(labels.dtype, pd.PeriodDtype | pd.DatetimeTZDtype):
        raise ValueError(
            f"Task {name!r} has dates or durations as labels ({labels.dtype}). Convert them to "
            "numbers, for example seconds since a fixed date."
        )
    if labels.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: task {name!r} holds complex numbers.")

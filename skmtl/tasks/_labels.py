"""Reading Y: converting tables of labels of any type to a DataFrame."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray
from scipy.sparse import issparse

from skmtl._foreign_frames import as_pandas


def label_frame(y: Any) -> pd.DataFrame:
    """Convert labels to a DataFrame with one column per task, without needless copies.

    Parameters
    ----------
    y : DataFrame, Series, array of shape (n_samples,) or (n_samples, n_tasks), structured \
array, array of pandas, polars or pyarrow table
        Unnamed targets are called 0, 1, ...

    Raises
    ------
    ValueError
        For None, mappings, three-dimensional arrays, no columns, or duplicate names.
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


def is_named(y: Any) -> bool:
    """Whether the columns of a table have names, rather than only positions."""
    return hasattr(y, "columns") or getattr(getattr(y, "dtype", None), "names", None) is not None


def labels_of_tasks(y: Any, names: Sequence[Hashable]) -> pd.DataFrame:
    """Return labels with the names of a model's tasks, and in their order.

    Parameters
    ----------
    y : as in `label_frame`
        Named columns are matched by name, and some may be absent; others by position.
    names : sequence of hashable
        The tasks that the model was fitted on.
    """
    labels = label_frame(y)
    if is_named(y):
        unknown = [name for name in labels.columns if name not in names]
        if unknown:
            raise ValueError(
                f"y has the tasks {unknown}, which the model was not fitted on; it knows "
                f"{list(names)}."
            )
        return labels[[name for name in names if name in labels.columns]]
    if labels.shape[1] != len(names):
        raise ValueError(
            f"y has {labels.shape[1]} columns, but the model was fitted on the {len(names)} "
            f"tasks {list(names)}."
        )
    return labels.set_axis(list(names), axis=1)


def is_single(y: Any) -> bool:
    """Whether y is one target without a column axis, so that predictions are 1-D too."""
    if hasattr(y, "columns"):
        return False
    array = y if hasattr(y, "shape") else np.asarray(y)
    return len(array.shape) == 1 and not is_named(array)


def _to_frame(y: Any) -> pd.DataFrame:
    y = as_pandas(y, "y")
    if isinstance(y, pd.DataFrame):
        return y
    if isinstance(y, ExtensionArray):  # NumPy would take the parts of `EventTimes` for targets
        y = pd.Series(y)
    if isinstance(y, pd.Series):
        return y.to_frame(0 if y.name is None else y.name)
    if isinstance(y, np.ma.MaskedArray):
        return pd.DataFrame(y)  # masked values become missing
    if isinstance(y, dict):
        raise ValueError(
            "y is a dict; pass a DataFrame (pd.DataFrame(y)) so that rows can be matched with X."
        )
    if issparse(y):
        raise ValueError("y is sparse; pass a dense array, with NaN for missing labels.")
    try:
        array = np.asarray(y)
    except ValueError as error:
        raise ValueError("y must be a table, but its rows differ in length.") from error
    if array.dtype.kind in "US" and not hasattr(y, "dtype"):
        # In a list with text, NumPy would convert NaN and numbers to text.
        array = np.asarray(y, dtype=object)
    return _array_frame(array)


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
    frame = pd.DataFrame(array)
    return frame.infer_objects() if array.dtype == object else frame


# Results of pandas' `infer_dtype` for object columns with dates or durations.
_TIMES = {"date", "datetime", "datetime64", "period", "time", "timedelta", "timedelta64"}


def _refuse_strange(labels: pd.Series, name: Any) -> None:
    content = pd.api.types.infer_dtype(labels) if labels.dtype == object else ""
    if content in _TIMES or labels.dtype.kind in "mM" or isinstance(labels.dtype, pd.PeriodDtype):
        raise ValueError(
            f"Task {name!r} has dates or durations as labels ({content or labels.dtype}). Convert "
            "them to numbers, for example seconds since a fixed date."
        )
    if str(labels.dtype).startswith("histories"):
        raise ValueError(
            f"Task {name!r} holds histories, and not one label per row. Use "
            "skmtl.histories.landmarks(X, Y, at=..., horizon=...) to get a row for each moment."
        )
    if content == "complex" or labels.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: task {name!r} holds complex numbers.")
    if content == "mixed" and not all(isinstance(label, Hashable) for label in labels):
        raise ValueError(
            f"Task {name!r} has lists or arrays as labels; pass one number or class per row."
        )

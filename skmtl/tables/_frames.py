"""Convert any table to a pandas DataFrame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.utils.validation import check_array

from skmtl._foreign_frames import as_pandas


def as_frame(X: Any, *, name: str = "X", min_rows: int = 1) -> pd.DataFrame:
    """Convert any eager table to a pandas DataFrame.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)
        A pandas DataFrame (returned as it is), a polars or pyarrow table or another one that
        narwhals reads, a numeric, text, object or structured array, a torch tensor, or a list
        of rows.  Arrays and lists get the column labels 0 to n_features - 1; numbers keep
        their dtype, and the columns of an object array get the dtype of their cells.
    name : str, default="X"
        Name of the table in error messages.
    min_rows : int, default=1
        Minimum number of rows; 0 for a table to predict.

    Returns
    -------
    pandas.DataFrame of shape (n_samples, n_features)
        It may share memory with `X`, so do not modify it.

    Raises
    ------
    TypeError
        If `X` is sparse or lazy.
    ValueError
        If `X` is not two-dimensional, complex, empty, or has two columns of one name.

    Examples
    --------
    >>> from skmtl.tables import as_frame
    >>> as_frame([[1, "a"], [2, None]]).dtypes.astype(str).tolist()
    ['int64', 'str']
    """
    table = as_pandas(X, name)
    if isinstance(table, pd.Series):
        raise ValueError(
            f"Expected 2D array, got 1D array instead: {name} is a Series of length {len(X)}. "
            "Reshape your data: pass a table with one column if it is a single feature, or with "
            "one row if it is a single sample."
        )
    frame = table if isinstance(table, pd.DataFrame) else _from_array(table, name, min_rows)
    _check_not_empty(frame, name, min_rows)
    _check_unique_labels(frame, name)
    return frame


def _from_array(X: Any, name: str, min_rows: int) -> pd.DataFrame:
    if isinstance(X, dict) and not issparse(X):  # DOK matrices are dicts
        raise ValueError(f"{name} is a dict; pass a DataFrame: pd.DataFrame({name}).")
    if isinstance(X, np.ma.MaskedArray):
        return pd.DataFrame(X)
    array = _list_to_numpy(X, name) if isinstance(X, (list, tuple)) else _to_numpy(X)
    if array.dtype.names is not None:
        return pd.DataFrame(array)
    array = check_array(
        array,
        dtype=None,
        ensure_all_finite=False,
        ensure_min_samples=min_rows,
        input_name=name,
    )
    frame = pd.DataFrame(array, copy=False)
    return frame.infer_objects() if array.dtype == object else frame


def _to_numpy(X: Any) -> Any:
    if type(X).__module__.partition(".")[0] == "torch":
        tensor = X.detach().cpu()
        # NumPy does not support bfloat16.
        return (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()
    return X if hasattr(X, "dtype") else np.asarray(X)


def _list_to_numpy(rows: list[Any] | tuple[Any, ...], name: str) -> np.ndarray:
    try:
        array = np.asarray(rows)
    except ValueError as error:
        raise ValueError(f"{name} must be a table, but its rows differ in length.") from error
    # NumPy converts all numbers to text if one cell is text.
    return np.asarray(rows, dtype=object) if array.dtype.kind in "SU" else array


def _check_not_empty(frame: pd.DataFrame, name: str, min_rows: int) -> None:
    wanted = (("sample", min_rows), ("feature", 1))
    for found, (what, least) in zip(frame.shape, wanted, strict=True):
        if found < least:
            raise ValueError(
                f"Found array with 0 {what}(s) (shape={frame.shape}) while a minimum of 1 is "
                f"required: {name} is empty."
            )


def _check_unique_labels(frame: pd.DataFrame, name: str) -> None:
    if not frame.columns.is_unique:
        repeated = frame.columns[frame.columns.duplicated()].unique().tolist()
        raise ValueError(
            f"Column names of {name} must be unique, but these occur more than once: "
            f"{repeated}. Rename or drop them."
        )

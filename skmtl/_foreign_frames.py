"""Convert tables and columns of other data frame libraries to pandas."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from skmtl._text import text_array


def as_pandas(data: Any, name: str) -> Any:
    """Convert a table or column of another data frame library to pandas.

    Numbers and booleans keep their type, which is nullable if values are missing; decimals become
    floats. Text and categories become text, an enum an ordered categorical.

    Parameters
    ----------
    data : polars or pyarrow table or column, another one that narwhals reads, or anything else
    name : str
        Name of the table in error messages.

    Returns
    -------
    DataFrame or Series
        The data with a RangeIndex; a column without a name has the name None. Data of pandas, and
        other objects, are returned unchanged.

    Raises
    ------
    TypeError
        If `data` is lazy.
    """
    if isinstance(data, pd.DataFrame | pd.Series):
        return data
    table = nw.from_native(data, allow_series=True, pass_through=True)
    if isinstance(table, nw.LazyFrame):
        raise TypeError(
            f"{name} is a lazy {type(data).__name__}, which holds no rows yet: collect it first, "
            f"for example with {name}.collect()."
        )
    if isinstance(table, nw.Series):
        return pd.Series(_values(table), name=table.name or None)
    if isinstance(table, nw.DataFrame):
        columns = {column.name: _values(column) for column in table.iter_columns()}
        return pd.DataFrame(columns, index=pd.RangeIndex(len(table)))
    return data


def _values(column: Any) -> Any:
    """Return the values of a column via NumPy, because `to_pandas` of polars needs pyarrow."""
    dtype = column.dtype
    if dtype.is_integer() or dtype == nw.Boolean:
        # `to_numpy` returns floats or objects if a value is missing.
        array_class = pd.arrays.BooleanArray if dtype == nw.Boolean else pd.arrays.IntegerArray
        missing = column.is_null()
        if missing.any():
            return array_class(
                np.array(column.fill_null(0 if dtype.is_integer() else False).to_numpy()),
                np.array(missing.to_numpy()),
            )
    elif dtype.is_decimal():
        column = column.cast(nw.Float64)
    elif isinstance(dtype, nw.Enum):
        texts = column.cast(nw.String).to_list()
        return pd.Categorical(texts, dtype.categories, ordered=True)
    elif isinstance(dtype, nw.Categorical | nw.String):
        # Cast first, because `to_numpy` of a pyarrow dictionary loses missing values.
        return text_array(column.cast(nw.String).to_numpy())
    elif dtype == nw.Unknown or dtype.is_nested():
        # a column without values, or one that raises an error later, with its name
        return pd.Series(column.to_list(), dtype=object)
    return column.to_numpy()

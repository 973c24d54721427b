"""Columns of text, which pandas stores as ``str`` since version 3 and as objects before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def text_array(values: Any) -> Any:
    """Convert text to the array type of pandas, with NaN for missing values.

    Parameters
    ----------
    values : array-like of shape (n,)
        Text, None or NaN.

    Returns
    -------
    ArrowStringArray, StringArray or ndarray of shape (n,)
        An array of the dtype ``str``. Before pandas 3, where ``str`` is NumPy's type, in which
        a missing value would become the word "None", an array of objects.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl._text import text_array
    >>> pd.Series(text_array(["a", None])).isna().tolist()
    [False, True]
    """
    if isinstance(pd.api.types.pandas_dtype("str"), pd.StringDtype):
        return pd.array(values, dtype="str")
    objects = np.array(values, dtype=object)
    objects[pd.isna(objects)] = np.nan
    return objects


def holds_text(column: pd.Series) -> bool:
    """Whether all non-missing values of a column are text.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl._text import holds_text
    >>> holds_text(pd.Series(["a", None])), holds_text(pd.Series(["a", 1]))
    (True, False)
    """
    if isinstance(column.dtype, pd.StringDtype):
        return True
    has_cells = column.dtype == object or isinstance(column.dtype, pd.ArrowDtype)
    return has_cells and pd.api.types.infer_dtype(column) == "string"

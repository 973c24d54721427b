"""Determine the kinds of columns, and compare the columns of two frames."""

from __future__ import annotations

import datetime
import decimal
import numbers
from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from pandas.api import types

ColumnKind = Literal["numeric", "categorical"]

_TIME_TYPES = (
    datetime.date,
    datetime.time,
    datetime.timedelta,
    np.datetime64,
    np.timedelta64,
    pd.Period,
)


def column_kind(column: pd.Series, table: str = "X") -> ColumnKind:
    """Return whether a column is read as numbers or as categories.

    Numbers and booleans, nullable or not, are numeric; text and categories are categorical. For
    dtype object the cells decide; a column without any value is categorical, without known
    categories.

    Raises
    ------
    TypeError
        If a cell is neither text nor a number.
    ValueError
        If the column holds dates or times, complex numbers, or text among numbers.
    """
    dtype = column.dtype
    if str(dtype).startswith("histories"):
        raise _history_error(column, table)
    if isinstance(dtype, pd.SparseDtype):
        dtype = dtype.subtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "categorical"
    if types.is_object_dtype(dtype):
        return _object_kind(column, table)
    if types.is_complex_dtype(dtype):
        raise ValueError(f"Complex data not supported: column {column.name!r} of {table}.")
    # pandas does not consider pyarrow's decimals numeric
    if types.is_numeric_dtype(dtype) or types.is_bool_dtype(dtype) or "decimal" in str(dtype):
        return "numeric"
    if types.is_string_dtype(dtype) or str(dtype).startswith("dictionary"):
        return "categorical"
    if _is_time_dtype(dtype):
        raise _time_error(column, table, str(dtype))
    raise ValueError(
        f"Column {column.name!r} of {table} has dtype {dtype}, which is neither numbers nor "
        "categories: convert it, for example with .astype('category') or .astype(float)."
    )


def _object_kind(column: pd.Series, table: str) -> ColumnKind:
    observed = column[column.notna()]
    cell_types = set(map(type, observed))
    families = {_family(cell_type) for cell_type in cell_types}
    if families <= {"text"}:
        return "categorical"
    if families == {"number"}:
        return "numeric"
    names = sorted(cell_type.__name__ for cell_type in cell_types)
    if "time" in families:
        raise _time_error(column, table, f"objects of type {', '.join(names)}")
    if "complex" in families:
        raise ValueError(f"Complex data not supported: column {column.name!r} of {table}.")
    if "EventHistory" in names or _is_plain_history(observed.iloc[0]):
        raise _history_error(column, table)
    if "other" in families:
        raise TypeError(
            f"Column {column.name!r} of {table} holds {', '.join(names)}; every argument must "
            "be a string or a number. Convert the column, or make it a category with "
            ".astype('category')."
        )
    raise ValueError(
        f"Column {column.name!r} of {table} mixes numbers and text ({', '.join(names)}): choose "
        "one dtype, with pd.to_numeric(column, errors='coerce') for numbers or "
        "column.astype('str') for categories."
    )


def _is_plain_history(cell: object) -> bool:
    """Whether a cell is what files and other data frame libraries make of a history."""
    one = cell[0] if isinstance(cell, (list, np.ndarray)) and len(cell) else cell
    return isinstance(one, dict) and {"time", "variable", "value"} <= set(one)


def sorts_of(categories: pd.Index) -> set[str]:
    """Return the types of categories: "text", "numbers", or the names of other types.

    Numbers and booleans are one type, because 1, 1.0 and True are the same category.
    """
    if isinstance(categories.dtype, np.dtype) and categories.dtype.kind in "biuf":
        return {"numbers"}
    words = {"text": "text", "number": "numbers"}
    return {words.get(_family(kind), kind.__name__) for kind in set(map(type, categories))}


def _family(cell_type: type) -> str:
    if issubclass(cell_type, (str, bytes)):
        return "text"
    if issubclass(cell_type, _TIME_TYPES):
        return "time"
    if issubclass(cell_type, (numbers.Real, decimal.Decimal, np.bool_)):
        return "number"
    return "complex" if issubclass(cell_type, numbers.Complex) else "other"


def _is_time_dtype(dtype: object) -> bool:
    if isinstance(dtype, pd.ArrowDtype):
        return dtype.type is not None and issubclass(dtype.type, _TIME_TYPES)
    return isinstance(dtype, pd.PeriodDtype) or getattr(dtype, "kind", "") in {"M", "m"}


def _time_error(column: pd.Series, table: str, types_text: str) -> ValueError:
    if "delta" in types_text or "duration" in types_text:
        return ValueError(
            f"Column {column.name!r} of {table} holds durations ({types_text}), whose unit is "
            "up to you: replace it by numbers, such as days, "
            "pd.to_timedelta(column).dt.total_seconds() / 86400."
        )
    return ValueError(
        f"Column {column.name!r} of {table} holds dates or times ({types_text}), which could be "
        "read in many ways: replace it by meaningful numbers, such as .dt.hour, .dt.dayofweek, or "
        "seconds since a date, (column - pd.Timestamp('2020-01-01')).dt.total_seconds()."
    )


def _history_error(column: pd.Series, table: str) -> ValueError:
    return ValueError(
        f"Column {column.name!r} of {table} holds histories, which a transformer must convert to "
        "numbers first: make_pipeline(skmtl.histories.SeriesSummary(), model). A network reads "
        f"them itself if it is told how: MultiTab(series={{{column.name!r}: 'events'}})."
    )


def check_same_columns(learnt: Sequence[Hashable], labels: Sequence[Hashable]) -> None:
    """Raise a ValueError if the columns differ from the learnt ones or their order.

    If one of the two has no names (integer labels, as for arrays), only the number of columns is
    compared, as in scikit-learn. The messages are scikit-learn's as well.
    """
    if labels == learnt:
        return
    if len(labels) != len(learnt) and not (_are_names(labels) and _are_names(learnt)):
        raise ValueError(
            f"X has {len(labels)} features, but TableEncoder is expecting {len(learnt)} features "
            "as input."
        )
    if _are_names(labels) == _are_names(learnt):
        raise ValueError(_names_message(learnt, labels))


def _are_names(labels: Sequence[Hashable]) -> bool:
    return not all(isinstance(label, numbers.Integral) for label in labels)


def _names_message(learnt: Sequence[Hashable], labels: Sequence[Hashable]) -> str:
    lines = ["The feature names should match those that were passed during fit."]
    learnt_set, seen = set(learnt), set(labels)
    unseen = [label for label in labels if label not in learnt_set]
    missing = [label for label in learnt if label not in seen]
    if unseen:
        lines += ["Feature names unseen at fit time:", *_bullets(unseen)]
    if missing:
        lines += ["Feature names seen at fit time, yet now missing:", *_bullets(missing)]
    if not unseen and not missing:
        lines += ["Feature names must be in the same order as they were in fit."]
    return "\n".join(lines) + "\n"


def _bullets(labels: Sequence[Hashable], limit: int = 5) -> list[str]:
    return [f"- {label}" for label in labels[:limit]] + ["- ..."] * (len(labels) > limit)

"""What kind of column each column of a frame is, and whether two frames have the same columns."""

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
    """Tell whether a column is read as numbers or as categories.

    Numbers and booleans, nullable or not, are numeric; text and categories are categorical.
    A column of dtype object is judged by its cells; one without any value is categorical,
    with no category known.

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
    # pyarrow's decimal is not numeric to pandas
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
    if "EventHistory" in names:
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


def sorts_of(categories: pd.Index) -> set[str]:
    """What categories are: "text", "numbers", or the names of other types.

    Numbers and booleans are of one sort, for 1, 1.0 and True are the same category.
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


def _time_error(column: pd.Series, table: str, found: str) -> ValueError:
    if "delta" in found or "duration" in found:
        return ValueError(
            f"Column {column.name!r} of {table} holds lengths of time ({found}), whose unit is "
            "yours to choose: replace it by numbers, such as days, "
            "pd.to_timedelta(column).dt.total_seconds() / 86400."
        )
    return ValueError(
        f"Column {column.name!r} of {table} holds dates or times ({found}), which could be read "
        "in many ways: replace it by numbers that matter, such as .dt.hour, .dt.dayofweek, or "
        "seconds since a date, (column - pd.Timestamp('2020-01-01')).dt.total_seconds()."
    )


def _history_error(column: pd.Series, table: str) -> ValueError:
    return ValueError(
        f"Column {column.name!r} of {table} holds histories, which a transformer has to turn into "
        "numbers first: make_pipeline(skmtl.histories.SeriesSummary(), model). A network reads "
        f"them itself if it is told how: MultiTab(series={{{column.name!r}: 'events'}})."
    )


def check_same_columns(learnt: Sequence[Hashable], given: Sequence[Hashable]) -> None:
    """Raise ValueError unless the given columns are the learnt ones in the learnt order.

    Where one of the two has no names (columns labelled by integers, as those of an array),
    only their number is compared, as scikit-learn does.  The wording is scikit-learn's too.
    """
    if given == learnt:
        return
    if len(given) != len(learnt) and not (_are_names(given) and _are_names(learnt)):
        raise ValueError(
            f"X has {len(given)} features, but TableEncoder is expecting {len(learnt)} features "
            "as input."
        )
    if _are_names(given) == _are_names(learnt):
        raise ValueError(_names_message(learnt, given))


def _are_names(labels: Sequence[Hashable]) -> bool:
    return not all(isinstance(label, numbers.Integral) for label in labels)


def _names_message(learnt: Sequence[Hashable], given: Sequence[Hashable]) -> str:
    lines = ["The feature names should match those that were passed during fit."]
    known, seen = set(learnt), set(given)
    unseen = [label for label in given if label not in known]
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

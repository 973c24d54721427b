"""Check the validation rows passed to `fit`."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sized
from typing import Any

import numpy as np
import pandas as pd

from skmtl.reading import CheckedTable
from skmtl.tables import Chunk

_FEWEST_ROWS = 5  # needed to compare ranges
_REMEDY = (
    "Where steps of a pipeline come before the model, pass the rows as X_val= and y_val=, with "
    "Pipeline(..., transform_input=['X_val']) and metadata routing, so that the steps transform "
    "them like X."
)


def chosen_eval_set(eval_set: Any, X_val: Any, y_val: Any, sample_weight_val: Any) -> Chunk | None:
    """Return the validation rows, which can be passed in two forms; None if there are none.

    Raises
    ------
    ValueError
        If both forms are passed, or one of them is incomplete.
    """
    if X_val is None and y_val is None and sample_weight_val is None:
        return None if eval_set is None else _eval_chunk(eval_set)
    if eval_set is not None:
        raise ValueError("Pass validation rows as eval_set= or as X_val= and y_val=, not both.")
    if X_val is None or y_val is None:
        absent = "X_val" if X_val is None else "y_val"
        raise ValueError(f"X_val and y_val go together, but {absent} is missing.")
    return Chunk(X_val, y_val, sample_weight_val)


def _eval_chunk(eval_set: Any) -> Chunk:
    parts = eval_set[0] if isinstance(eval_set, list) and len(eval_set) == 1 else eval_set
    if not isinstance(parts, tuple) or len(parts) not in (2, 3):
        length = f" of length {len(parts)}" if isinstance(parts, Sized) else ""
        raise ValueError(
            "eval_set must be a tuple (X, y) or (X, y, sample_weight), got "
            f"a {type(eval_set).__name__}{length}."
        )
    return Chunk(*(*parts, None)[:3])


def check_names(learnt: pd.DataFrame, judged: pd.DataFrame) -> None:
    """Refuse validation rows with column names if X has none."""
    if not _is_named(learnt) and _is_named(judged):
        raise ValueError(
            f"its columns have names ({', '.join(judged.columns[:3])}, ...), those of X have "
            f"none, as if they had been transformed. {_REMEDY} Otherwise pass both as arrays."
        )


def warn_of_other_ranges(learnt: CheckedTable, judged: CheckedTable) -> None:
    """Warn about validation rows with numbers outside the range of those in X or y."""
    if min(len(learnt), len(judged)) < _FEWEST_ROWS:
        return
    outside = _columns_outside(learnt.rows.features, judged.rows.features)
    if outside and 2 * len(outside) >= len(_number_columns(learnt.rows.features)):
        _warn("column", outside, "X")
    targets = _columns_outside(learnt.Y, judged.Y)
    if targets:
        _warn("target", targets, "y")


def _warn(what: str, names: list[Hashable], table: str) -> None:
    warnings.warn(
        f"In more than half of the validation rows, {what} {names[0]!r} is outside its range in "
        f"{table}, as if only one of the two had been transformed: such rows stop the training "
        f"immediately. {_REMEDY}",
        UserWarning,
        stacklevel=2,
    )


def _is_named(frame: pd.DataFrame) -> bool:
    return all(isinstance(name, str) for name in frame.columns)


def _number_columns(frame: pd.DataFrame) -> list[Hashable]:
    """Return numeric columns that are not constant."""
    numeric = frame.select_dtypes("number")
    return [name for name in numeric.columns if numeric[name].nunique() > 1]


def _columns_outside(learnt: pd.DataFrame, judged: pd.DataFrame) -> list[Hashable]:
    """Return columns with most numbers outside the range of the training rows."""
    outside = []
    for name in _number_columns(learnt):
        if name not in judged or not pd.api.types.is_numeric_dtype(judged[name]):
            continue
        values = judged[name].dropna().to_numpy(dtype=np.float64)
        low, high = float(learnt[name].min()), float(learnt[name].max())
        if len(values) and np.mean((values < low) | (values > high)) > 0.5:
            outside.append(name)
    return outside

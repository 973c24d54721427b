"""Detect data for which held-out rows are easier to predict than new rows."""

from __future__ import annotations

import re
import warnings
from collections.abc import Hashable

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from skmtl._text import holds_text
from skmtl.reading._repeated_pairs import RepeatedPair, repeated_pair
from skmtl.reading._roles import RowsOfX
from skmtl.tables import column_kind

_FEWEST_ROWS = 100  # in fewer rows, values differ or repeat by chance
_MOST_ROWS = 20_000  # sample size of the search for similar rows
_ASKED_POINTS, _NEIGHBOURS = 64, 50
_FEWEST_VALUES = 20  # in columns with fewer values, equal values are due to chance
_GAP = 2.5  # random columns have 0.7 to 1.5
_NUMBERED = (
    "account|author|client|customer|device|item|member|merchant|movie|order|patient|product|"
    "session|shop|song|store|user|video"
)
_NUMBERED_NAME = re.compile(rf"(?i:(^|[\W_])(id|uuid|guid|uid|sku)$|({_NUMBERED})id$)|[a-z]I[dD]$")
_ID_NAME = re.compile(r"(?i:(^|[\W_])(id|key|uuid|index|nr)$)|[a-z]I[dD]$|^Unnamed: 0$")


def warn_of_row_ids(features: pd.DataFrame) -> None:
    """Warn about columns that identify single rows.

    These are text columns with a different value in every row, and integer columns that are called
    an id or are consecutive and unordered, unlike a count of days.
    """
    if len(features) < _FEWEST_ROWS:
        return
    ids = [name for name in features.columns if _names_rows(features[name], name)]
    if ids:
        warnings.warn(
            f"Column {ids[0]!r} of X has a different value in every row, as an id has"
            + (f" (so have {ids[1:]})" if len(ids) > 1 else "")
            + ": what a model learns from it does not apply to new rows. Remove it from X.",
            UserWarning,
            stacklevel=2,
        )


def warn_of_numeric_ids(features: pd.DataFrame) -> None:
    """Warn about integer columns whose name suggests that they are ids."""
    ids = [name for name in features.columns if _are_numeric_ids(features[name], name)]
    if ids:
        warnings.warn(
            f"Column {ids[0]!r} of X has integers and is called an id"
            + (f" (so are {ids[1:]})" if len(ids) > 1 else "")
            + ": it is read as a number, as if neighbouring ids were similar. Convert it to a "
            f"category, X[{ids[0]!r}].astype('category'), or remove it.",
            UserWarning,
            stacklevel=2,
        )


def _are_numeric_ids(column: pd.Series, name: Hashable) -> bool:
    if _NUMBERED_NAME.search(str(name)) is None or column_kind(column) != "numeric":
        return False
    values = pd.Series(column.dropna().unique()).astype(np.float64)
    # If all rows differ, `warn_of_row_ids` has warned already.
    return _FEWEST_VALUES < len(values) < len(column) and bool((values % 1 == 0).all())


def _names_rows(column: pd.Series, name: Hashable) -> bool:
    is_integer = pd.api.types.is_integer_dtype(column)
    # Cheap tests first: testing for duplicates takes long for histories.
    if not (is_integer or _is_text(column)) or not column.is_unique or column.isna().any():
        return False
    if is_integer:
        has_no_gap = int(column.max()) - int(column.min()) == len(column) - 1
        is_shuffled = not (column.is_monotonic_increasing or column.is_monotonic_decreasing)
        return (has_no_gap and is_shuffled) or _ID_NAME.search(str(name)) is not None
    return True


def _is_text(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.CategoricalDtype) or holds_text(column)


def warn_of_near_copies(rows: RowsOfX) -> None:
    """Warn about rows that belong together, judging by column pairs or by their similarity.

    Parameters
    ----------
    rows : RowsOfX
    """
    features = rows.features
    if len(features) < _FEWEST_ROWS:
        return
    # Encoders refuse these columns by name.
    features = features.select_dtypes(exclude=[np.complexfloating, np.timedelta64])
    pair = repeated_pair(features, rows.ids)
    if pair is not None:
        _warn_of_pair(pair)
    elif len(features) <= _MOST_ROWS and _are_near_copies(features):
        warnings.warn(
            "Most rows of X are near copies of a few others, as visits of one patient are. Rows "
            "held out by chance then say little about new ones, and training stops too late. Pass "
            "groups= to fit, name the column with the entity in group_column= with "
            "validation='group', or set validation='time'.",
            UserWarning,
            stacklevel=2,
        )


def _warn_of_pair(pair: RepeatedPair) -> None:
    a, b = pair.columns
    groups = f"groups=X.groupby([{a!r}, {b!r}], dropna=False).ngroup()"
    warnings.warn(
        f"Columns {a!r} and {b!r} of X repeat together: {pair.n_groups} pairs of values in "
        f"{len(pair.group)} rows, as the weather of a place does. If new rows will be about other "
        "places, rows held out by chance say little about them, and training stops too late: pass "
        f"{groups} to fit, name the column that says which rows belong together in group_column= "
        "with validation='group', or set validation='time'. If they will be about the same ones, "
        "nothing needs to change.",
        UserWarning,
        stacklevel=2,
    )


def _are_near_copies(features: pd.DataFrame) -> bool:
    """Whether the distances from rows to their neighbours have a gap between near and far.

    The gap is compared with that of shuffled columns, which have the same number of ties.
    """
    numeric = features.select_dtypes("number")
    columns = [name for name in numeric if numeric[name].nunique() > _FEWEST_VALUES]
    if len(columns) < 2:  # shuffling a single column changes nothing
        return False
    ranks = numeric[columns].rank(pct=True).fillna(0.5).to_numpy(dtype=np.float64)
    shuffled = np.random.default_rng(0).permuted(ranks, axis=0)
    return _gap(ranks) > _GAP * _gap(shuffled)


def _gap(points: np.ndarray) -> float:
    """Return the median over points of the largest ratio of distances to successive neighbours."""
    sample = points[np.linspace(0, len(points) - 1, _ASKED_POINTS).astype(int)]
    # scikit-learn's neighbours use threads, for which a forked process would wait forever.
    nearest = np.sort(np.partition(cdist(sample, points), _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS])
    distances = np.maximum(nearest[:, 1:], 1e-9)  # without the point itself
    return float(np.median((distances[:, 1:] / distances[:, :-1]).max(axis=1)))

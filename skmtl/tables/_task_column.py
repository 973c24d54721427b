"""The column of long data that names the task of each row."""

from __future__ import annotations

import numbers
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl._storable import storable
from skmtl.tables._categories import encode_categories, index_of, learn_categories
from skmtl.tables._frames import as_frame


def split_task_column(
    X: Any, task: Hashable, parameter: str = "task_column"
) -> tuple[pd.DataFrame, pd.Series]:
    """Split the column with the task ids off a table.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)
        Anything `as_frame` reads.
    task : label or int
        The column's name, or its position if no column has this integer as its name.
    parameter : str, default="task_column"
        Name of the parameter in error messages.

    Returns
    -------
    features : pandas.DataFrame of shape (n_samples, n_features - 1)
    ids : pandas.Series of shape (n_samples,)

    Raises
    ------
    ValueError
        If there is no such column, if it is the only one, or if an id is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.tables import split_task_column
    >>> X = pd.DataFrame({"hours": [3.0, 5.0], "school": ["north", "south"]})
    >>> features, ids = split_task_column(X, "school")
    >>> features.columns.tolist(), ids.tolist()
    (['hours'], ['north', 'south'])
    """
    frame = as_frame(X, min_rows=0)
    ids = task_ids(frame, task, parameter)
    if frame.shape[1] == 1:
        raise ValueError(f"X has no column besides the task ids {ids.name!r}.")
    return frame.drop(columns=ids.name), ids


def task_ids(X: Any, task: Hashable, parameter: str = "task_column") -> pd.Series:
    """Return only the task ids of a table; see `split_task_column`."""
    frame = as_frame(X, min_rows=0)
    return complete_ids(frame.iloc[:, column_position(frame, task, parameter)])


def complete_ids(column: pd.Series) -> pd.Series:
    """Return the column; raise a ValueError if a task id is missing."""
    missing = np.flatnonzero(column.isna())
    if len(missing):
        raise ValueError(
            f"{len(missing)} of {len(column)} rows have no task id in column {column.name!r} (the "
            f"first at positions {missing[:5].tolist()}): drop these rows or give them an id."
        )
    return column


def task_position(frame: pd.DataFrame, task: Hashable) -> int:
    """Return the position of the task column; see `split_task_column`."""
    return column_position(frame, task, "task_column")


def column_position(frame: pd.DataFrame, column: Hashable, parameter: str) -> int:
    """Return the position of a column, given its name or position.

    An integer is a position if no column has it as its name.
    """
    labels = frame.columns.tolist()
    if column in labels:
        return labels.index(column)
    n_columns = len(labels)
    if isinstance(column, numbers.Integral) and -n_columns <= int(column) < n_columns:
        return int(column) % n_columns
    shown = repr(labels[:20])[1:-1] + ", ..." * (n_columns > 20)
    raise ValueError(
        f"{parameter}={column!r} is not a column of X; its {n_columns} columns are {shown}."
    )


@storable
class TaskIds:
    """Number the task ids of long data.

    Attributes
    ----------
    ids_ : list
        The ids in sorted order; the id at position k has index k.

    Examples
    --------
    >>> from skmtl.tables import TaskIds
    >>> task_ids = TaskIds().fit(["b", "a", "b"])
    >>> task_ids.ids_, task_ids.transform(["a", "b", "c"])
    (['a', 'b'], array([ 0,  1, -1]))
    """

    def fit(self, ids: Any) -> TaskIds:
        """Learn the ids that occur in `ids`, of shape (n_samples,)."""
        self._index, _ = learn_categories(_series(ids), rows=None)
        self.ids_ = self._index.tolist()
        return self

    def transform(self, ids: Any) -> NDArray[np.int64]:
        """Return the index of each id in `ids_`, -1 for an unseen one; shape (n_samples,)."""
        # codes 0 and 1 stand for unknown and missing
        return np.maximum(encode_categories(_series(ids), self._index) - 2, -1)

    def __getstate__(self) -> dict[str, Any]:
        """Store the ids as an array; see `ColumnEncoder.__getstate__`."""
        state = dict(vars(self))
        if "_index" in state:
            state["_index"] = state["_index"].to_numpy()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if "_index" in state:
            self._index = index_of(state["_index"])


def _series(ids: Any) -> pd.Series:
    if isinstance(ids, pd.Series):
        return ids
    return pd.Series(ids if hasattr(ids, "dtype") else list(ids))

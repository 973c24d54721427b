"""The columns that a model reads, and how it interprets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.utils.validation import check_is_fitted

from skmtl.answers import CellType, fitted_model, reads_table_itself
from skmtl.tables import TaskIds


@dataclass(frozen=True)
class ReadColumns:
    """The columns of X, in the order in which the model reads them.

    Attributes
    ----------
    names : list of str
    labels : list
        Their labels in the data frame for the model: the numbers 0, 1, ... if it was fitted on
        data without names.
    cell_types : list of CellType, or None
        How the model interprets each column; None if there are steps before the model.
    task : int or None
        Position of the column with the task ids of long data.
    known_ids : TaskIds or None
        The ids of `fit`, if the model raises an error for others.
    texts : dict of str to set of str
        The known texts of each column that the model may read as text.
    hidden : frozenset of str
        The names that a table may lack, since the model does not read these columns.
    """

    names: list[Any]
    labels: list[Any]
    cell_types: list[CellType] | None
    task: int | None
    known_ids: TaskIds | None
    texts: dict[Any, set[str]]
    hidden: frozenset[Any] = frozenset()

    def lacking(self, there: Sequence[Any]) -> list[Any]:
        """Return the columns that the model reads and a table does not have."""
        return [name for name in self.names if name not in there and name not in self.hidden]


def feature_names(
    model: Any, columns: Sequence[Any] | None, keep: Sequence[Any], available: Sequence[Any]
) -> list[Any]:
    """Return the columns of X: those passed, those of `fit`, or all that are not kept.

    Raises
    ------
    ValueError
        If some are not `available`, or their number differs from that of `fit`.
    """
    check_is_fitted(model)
    seen = getattr(model, "feature_names_in_", None)
    if columns is not None:
        names = list(columns)
    elif seen is not None:
        names = list(seen)
    else:
        names = [name for name in available if name not in keep]
    n_seen = getattr(model, "n_features_in_", len(names))
    if len(names) != n_seen:
        raise ValueError(
            f"The model reads {n_seen} columns, and there are {len(names)}: {names[:20]}. Name "
            "them with columns=[...], in the order of fit."
        )
    if seen is not None and set(names) != set(seen):
        unknown = [name for name in names if name not in set(seen)]
        raise ValueError(
            f"columns names {unknown[:5]}, which fit has not seen; it saw {list(seen)[:20]}."
        )
    return names if seen is None else list(seen)


def read_columns(model: Any, names: Sequence[Any]) -> ReadColumns:
    """Return the columns that a model reads, under these names."""
    named = getattr(model, "feature_names_in_", None) is not None
    labels = list(names) if named else list(range(len(names)))
    columns = fitted_model(model).input_columns(labels) if reads_table_itself(model) else None
    if columns is None:
        return ReadColumns(list(names), labels, None, None, None, {name: set() for name in names})
    kinds = columns.cell_types
    texts = zip(names, kinds, columns.texts, strict=True)
    texts_by_name = {name: of_column for name, kind, of_column in texts if kind in ("text", "any")}
    hidden = frozenset(names[at] for at in columns.hidden) if named else frozenset()
    return ReadColumns(
        list(names), labels, kinds, columns.task, columns.known_ids, texts_by_name, hidden
    )


def check_keep(keep: Sequence[Any], outputs: Sequence[str]) -> list[Any]:
    """Check the kept columns; raise a ValueError if one is also an output or occurs twice."""
    if isinstance(keep, str):
        raise ValueError(f"keep must be a list of columns, such as [{keep!r}].")
    conflicting = [name for name in keep if name in outputs]
    if conflicting:
        raise ValueError(
            f"keep names {conflicting[0]!r}, which is also the name of an output. Rename the "
            "column, or the task."
        )
    if len(set(keep)) < len(keep):
        raise ValueError(f"keep names a column twice: {list(keep)}.")
    return list(keep)

"""Read the user's X for engines."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Protocol

import numpy as np
import pandas as pd

from skmtl._storable import storable
from skmtl.reading._roles import Roles
from skmtl.tables import CellCounts, FrameEncoder, TaskIds

# The first rows to look at; they usually show that no column is empty.
_GLANCE = 20


@dataclass(frozen=True)
class RowsToScore:
    """Rows of X that are encoded on demand.

    Attributes
    ----------
    features : DataFrame of shape (n_samples, n_features)
    encoder : FrameEncoder
    group : int64 ndarray of shape (n_samples,), or None
        Index of the row's task in long data; -1 for an unseen task.
    ids : Series of shape (n_samples,), or None
        The task ids themselves.
    """

    features: pd.DataFrame
    encoder: FrameEncoder
    group: np.ndarray | None
    ids: pd.Series | None

    def __len__(self) -> int:
        return len(self.features)

    def encoded(self) -> Any:
        """Encode all rows at once."""
        return self.encoder.transform(self.features)

    def cell_counts(self) -> CellCounts:
        """Count missing cells and unknown categories by column."""
        return self.encoder.count_cells(self.features)

    def may_lack_columns(self) -> bool:
        """Whether a column may be without any value; quicker than counting."""
        if len(self) == 1:  # a single row says nothing about columns
            return False
        return bool(self.encoder.count_cells(self.features.head(_GLANCE)).empty.any())

    def chunks(
        self, size: int, *, by_group: bool = False
    ) -> Iterator[tuple[np.ndarray, Any, np.ndarray | None]]:
        """Iterate over positions, encoded features and groups of the rows in chunks.

        Parameters
        ----------
        size : int
        by_group : bool, default=False
            Whether to order the rows by group instead of keeping the order of X.

        Yields
        ------
        positions : int ndarray
        features : as `encoded`
        group : int64 ndarray, or None
        """
        n_rows = len(self.features)
        sort = by_group and self.group is not None
        order = np.argsort(self.group, kind="stable") if sort else None  # type: ignore[arg-type]
        # Yield at least one chunk, so that a table without rows is checked as well.
        for start in range(0, max(n_rows, 1), size):
            part = slice(start, min(start + size, n_rows))
            rows = np.arange(part.start, part.stop) if order is None else order[part]
            chosen = self.features
            if n_rows > 1:
                # A slice avoids a copy.
                chosen = chosen.iloc[part if order is None else rows]
            group = None if self.group is None else self.group[rows]
            yield rows, self.encoder.transform(chosen), group


class ScorableRows(Protocol):
    """Rows that an engine can score: `RowsToScore` or `EncodedRows`."""

    @property
    def group(self) -> np.ndarray | None: ...

    def __len__(self) -> int: ...

    def encoded(self) -> Any: ...

    def chunks(
        self, size: int, *, by_group: bool = False
    ) -> Iterator[tuple[np.ndarray, Any, np.ndarray | None]]: ...


@storable
class TableReader:
    """Reads X as it was read in `fit`: encodes features, and numbers task ids.

    Parameters
    ----------
    roles : Roles
        Which columns of X are not features.
    encoder : FrameEncoder
        The encoder of the engine's features.

    Attributes
    ----------
    ids : TaskIds or None
        The task ids of long data.
    task_label : hashable
        Label of the column with the task ids.
    role_positions : dict of int to str
        Role of each column of X that is not a feature, by its position in `fit`.
    """

    def __init__(self, roles: Roles, encoder: FrameEncoder) -> None:
        self.roles = roles
        self.encoder = encoder
        self.ids: TaskIds | None = None
        self.task_label: Hashable = None
        self.role_positions: dict[int, str] = {}

    def with_encoder(self, encoder: FrameEncoder) -> TableReader:
        """Return a reader of the same columns and ids with another encoder."""
        reader = copy.copy(self)
        reader.encoder = encoder
        return reader

    def wider(self, frame: pd.DataFrame, encoder: FrameEncoder) -> TableReader:
        """Return a reader for a table with additional columns and the same ids.

        Raises
        ------
        ValueError
            If the position of the ids now refers to another column than before.
        """
        reader = self.with_encoder(encoder)
        reader.role_positions = self.roles.by_position(frame)
        for position, role in reader.role_positions.items():
            if role == "task" and frame.columns[position] != self.task_label:
                raise ValueError(
                    f"task_column={self.roles.task!r} is {frame.columns[position]!r} now, and "
                    f"was {self.task_label!r} in the last fit. Name the column, or put new ones "
                    "behind the others."
                )
        return reader

    def fit(self, frame: pd.DataFrame, ids: pd.Series | None) -> None:
        """Learn the positions of roles, and the task ids of training and validation rows."""
        self.role_positions = self.roles.by_position(frame)
        if ids is not None:
            self.ids = TaskIds().fit(ids)
            self.task_label = ids.name

    def restore_task_column(self, names: Sequence[Hashable] | None, n_features: int) -> None:
        """Restore name and position of the task column in models of version 0.1.0.

        Parameters
        ----------
        names : sequence of hashable, or None
            Names of the columns of X, if all of them are text.
        n_features : int
        """
        task = self.roles.task
        columns = list(range(n_features) if names is None else names)
        if task in columns:
            self.restore_roles(task, columns.index(task))
        elif isinstance(task, Integral) and -n_features <= task < n_features:
            position = int(task) % n_features
            self.restore_roles(columns[position], position)
        else:
            self.task_label = task

    def restore_roles(self, task_label: Hashable, task_position: int) -> None:
        """Set the task column of a model of version 0.1.0; None for wide data."""
        self.task_label = task_label
        self.role_positions = {} if self.roles.task is None else {task_position: "task"}

    def group(self, ids: pd.Series | None) -> np.ndarray | None:
        """Return the index of each row's task id, -1 for unseen ids."""
        return None if self.ids is None else self.ids.transform(ids)

    def read(self, frame: pd.DataFrame) -> RowsToScore:
        """Return the rows of X, to be encoded on demand."""
        rows = self.roles.split(frame)
        return RowsToScore(rows.features, self.encoder, self.group(rows.ids), rows.ids)

    @property
    def task_ids(self) -> list:
        """The ids of long data, in the order of their indices; empty for wide data."""
        return [] if self.ids is None else self.ids.ids_

    @property
    def n_groups(self) -> int:
        return len(self.task_ids)

    def roles_of(self, labels: Sequence[Hashable]) -> dict[int, str]:
        """Return the roles of columns that are not features, by position among the labels."""
        return self.roles.by_position(pd.DataFrame(columns=list(labels)))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the state, including that of version 0.1.0, whose only role was the task."""
        state = dict(state)
        if "task" in state:
            state["roles"] = Roles(task=state.pop("task"))
        vars(self).update(state)
        absent: dict[str, Any] = {"task_label": None, "role_positions": {}}
        for name, value in absent.items():
            vars(self).setdefault(name, value)

"""From the user's X to what engines read."""

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

# Rows that tell at once whether a column may be empty.
_GLANCE = 20


@dataclass(frozen=True)
class RowsToScore:
    """Rows of X that are encoded when an engine asks for them.

    Attributes
    ----------
    features : DataFrame of shape (n_samples, n_features)
    encoder : FrameEncoder
    group : int64 ndarray of shape (n_samples,), or None
        Number of the row's task in long data; -1 for one that `fit` did not see.
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
        """All rows at once, as the encoder transforms them."""
        return self.encoder.transform(self.features)

    def cell_counts(self) -> CellCounts:
        """Missing cells and unknown categories by column."""
        return self.encoder.count_cells(self.features)

    def may_lack_columns(self) -> bool:
        """Whether a column may be without any value; quicker than counting."""
        if len(self) == 1:  # a row is not a column
            return False
        return bool(self.encoder.count_cells(self.features.head(_GLANCE)).empty.any())

    def chunks(
        self, size: int, *, by_group: bool = False
    ) -> Iterator[tuple[np.ndarray, Any, np.ndarray | None]]:
        """Positions, encoded features and group of the rows, `size` of them at a time.

        Parameters
        ----------
        size : int
        by_group : bool, default=False
            In the order of their groups rather than in that of X.

        Yields
        ------
        positions : int ndarray
        features : as `encoded`
        group : int64 ndarray, or None
        """
        n_rows = len(self.features)
        sort = by_group and self.group is not None
        order = np.argsort(self.group, kind="stable") if sort else None  # type: ignore[arg-type]
        # At least one chunk: a table without rows is checked as well.
        for start in range(0, max(n_rows, 1), size):
            part = slice(start, min(start + size, n_rows))
            rows = np.arange(part.start, part.stop) if order is None else order[part]
            chosen = self.features
            if n_rows > 1:
                # A slice is not a copy.
                chosen = chosen.iloc[part if order is None else rows]
            group = None if self.group is None else self.group[rows]
            yield rows, self.encoder.transform(chosen), group


class ScorableRows(Protocol):
    """Rows as an engine scores them: `RowsToScore`, or `EncodedRows`."""

    @property
    def group(self) -> np.ndarray | None: ...

    def __len__(self) -> int: ...

    def encoded(self) -> Any: ...

    def chunks(
        self, size: int, *, by_group: bool = False
    ) -> Iterator[tuple[np.ndarray, Any, np.ndarray | None]]: ...


@storable
class TableReader:
    """Reads X the way it was read in `fit`: features encoded, task ids numbered.

    Parameters
    ----------
    roles : Roles
        Which columns of X are not features.
    encoder : FrameEncoder
        What the engine reads features with.

    Attributes
    ----------
    ids : TaskIds or None
        Of long data.
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
        """A reader of the same columns and ids, for an engine that reads another form."""
        reader = copy.copy(self)
        reader.encoder = encoder
        return reader

    def wider(self, frame: pd.DataFrame, encoder: FrameEncoder) -> TableReader:
        """A reader of a table with more columns, and the same ids.

        Raises
        ------
        ValueError
            If another column than before is that of the ids, as its position says.
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
        """Learn where the roles stand, and the task ids of training and validation rows alike."""
        self.role_positions = self.roles.by_position(frame)
        if ids is not None:
            self.ids = TaskIds().fit(ids)
            self.task_label = ids.name

    def restore_task_column(self, names: Sequence[Hashable] | None, n_features: int) -> None:
        """Find name and position of the task column in models of version 0.1.0.

        Parameters
        ----------
        names : sequence of hashable, or None
            Names of the columns of X, where all of them are text.
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
        """Take over what a model of version 0.1.0 knows of its task column; None for wide data."""
        self.task_label = task_label
        self.role_positions = {} if self.roles.task is None else {task_position: "task"}

    def group(self, ids: pd.Series | None) -> np.ndarray | None:
        """Number of each row's task id, -1 for one that `fit` did not see."""
        return None if self.ids is None else self.ids.transform(ids)

    def read(self, frame: pd.DataFrame) -> RowsToScore:
        """The rows of X, to be encoded."""
        rows = self.roles.split(frame)
        return RowsToScore(rows.features, self.encoder, self.group(rows.ids), rows.ids)

    @property
    def task_ids(self) -> list:
        """The ids of long data, in the order of their numbers; none in wide data."""
        return [] if self.ids is None else self.ids.ids_

    @property
    def n_groups(self) -> int:
        return len(self.task_ids)

    def roles_of(self, labels: Sequence[Hashable]) -> dict[int, str]:
        """Role of the columns that are not features, by their position among these labels."""
        return self.roles.by_position(pd.DataFrame(columns=list(labels)))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state, also of version 0.1.0, where the only role was that of the task."""
        state = dict(state)
        if "task" in state:
            state["roles"] = Roles(task=state.pop("task"))
        vars(self).update(state)
        absent: dict[str, Any] = {"task_label": None, "role_positions": {}}
        for name, value in absent.items():
            vars(self).setdefault(name, value)

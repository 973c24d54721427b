"""Training rows: checked and encoded."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from skmtl.reading._roles import RowsOfX
from skmtl.reading._weights import weights_by_task
from skmtl.tasks import Labels

NO_LABEL_COUNTS = (
    "it has no label that counts: every value of its y is missing, or of a task whose "
    "task_weight is 0."
)


@dataclass(frozen=True)
class CheckedTable:
    """Checked rows of X, y and weights, without rows of zero weight.

    Attributes
    ----------
    rows : RowsOfX
    Y : DataFrame of shape (n_samples, n_tasks)
    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_tasks), or None
        With weights by task, Y only has labels of positive weight.
    """

    rows: RowsOfX
    Y: pd.DataFrame
    sample_weight: np.ndarray | None

    @property
    def row_weight(self) -> np.ndarray | None:
        """The weight of each row."""
        return _largest_by_row(self.sample_weight)

    def __len__(self) -> int:
        return len(self.Y)

    def take(self, rows: np.ndarray) -> CheckedTable:
        """Return the rows at ascending positions; the table itself if these are all rows."""
        if len(rows) == len(self):
            return self
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        return CheckedTable(self.rows.take(rows), self.Y.iloc[rows], weight)

    def labelled(self, tasks: list[Hashable]) -> np.ndarray:
        """Return the positions of rows with a label of one of the tasks."""
        return np.flatnonzero(self.Y[tasks].notna().any(axis=1))

    def without_features(self) -> CheckedTable:
        """Return the rows without their features, to save memory."""
        return replace(self, rows=replace(self.rows, features=self.rows.features.head(0)))

    def check_two_rows(self) -> None:
        """Raise an error if there are fewer than two rows."""
        if len(self) < 2:
            raise ValueError(
                f"n_samples={len(self)}: at least two rows of positive weight are needed."
            )


def joined_tables(tables: Sequence[CheckedTable]) -> CheckedTable:
    """Concatenate tables."""
    parts = [table.rows for table in tables]
    rows = {
        name: _joined([getattr(part, name) for part in parts])
        for name in ("features", "ids", "groups", "times", "raters")
    }
    weights = [table.sample_weight for table in tables]
    return CheckedTable(
        RowsOfX(**rows),
        pd.concat([table.Y for table in tables]),
        None if weights[0] is None else np.concatenate(weights),  # type: ignore[arg-type]
    )


def _joined(columns: Sequence[Any]) -> Any:
    return None if columns[0] is None else pd.concat(columns)


def _largest_by_row(weight: np.ndarray | None) -> np.ndarray | None:
    """Return weights of rows; for weights by task, the largest."""
    return weight if weight is None or weight.ndim == 1 else weight.max(axis=1)


@dataclass(frozen=True)
class EncodedRows:
    """Encoded rows for an engine.

    Attributes
    ----------
    features : array or EncodedTable
        The rows, as encoded by the engine's encoder.
    group : int64 ndarray of shape (n_samples,), or None
        Index of the row's task in long data.
    labels : Labels
    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_tasks), or None
    raters : Series of shape (n_samples,), or None
        The rater of each row.
    order : int64 ndarray of shape (n_samples,), or None
        Numbers that order the rows by entity or time; None for the order of the table.
    """

    features: Any
    group: np.ndarray | None
    labels: Labels
    sample_weight: np.ndarray | None
    raters: pd.Series | None = None
    order: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels.mask)

    @property
    def weight(self) -> np.ndarray:
        """Weight of each label, 0 if it is missing; float32 (n_samples, n_tasks)."""
        return weights_by_task(self.labels, self.sample_weight)

    @property
    def row_weight(self) -> np.ndarray | None:
        """The weight of each row."""
        return _largest_by_row(self.sample_weight)

    def encoded(self) -> Any:
        """Return the features of all rows; see `RowsToScore`."""
        return self.features

    def chunks(
        self, size: int, *, by_group: bool = False
    ) -> Iterator[tuple[np.ndarray, Any, np.ndarray | None]]:
        """Iterate over positions, features and groups of the rows; see `RowsToScore`."""
        n_rows, group = len(self), self.group
        order = np.arange(n_rows)
        if by_group and group is not None:
            order = np.argsort(group, kind="stable")
        for start in range(0, max(n_rows, 1), size):
            rows = order[start : start + size]
            yield rows, self.features[rows], None if group is None else group[rows]

    def take(self, rows: np.ndarray) -> EncodedRows:
        """The rows at some positions."""
        return EncodedRows(
            self.features[rows],
            None if self.group is None else self.group[rows],
            self.labels.take(rows),
            None if self.sample_weight is None else self.sample_weight[rows],
            None if self.raters is None else self.raters.iloc[rows],
            None if self.order is None else self.order[rows],
        )


@contextmanager
def naming_eval_set() -> Iterator[None]:
    """Mention in errors that they concern the eval_set."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"eval_set cannot be used: {error}") from error

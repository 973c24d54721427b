"""Roles of columns of X other than features."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from skmtl._storable import storable
from skmtl.tables import as_frame, column_position, complete_ids

_WORDS = {"task": "task ids", "group": "groups", "time": "times", "rater": "raters"}


@dataclass(frozen=True)
class RowsOfX:
    """The rows of X, split into features and columns with another role.

    Attributes
    ----------
    features : DataFrame of shape (n_samples, n_features)
    ids : Series of shape (n_samples,), or None
        The task of each row in long data.
    groups, times : Series of shape (n_samples,), or None
        The entity and the time of each row.
    raters : Series of shape (n_samples,), or None
        The rater of each row.
    """

    features: pd.DataFrame
    ids: pd.Series | None = None
    groups: pd.Series | None = None
    times: pd.Series | None = None
    raters: pd.Series | None = None

    @property
    def order(self) -> np.ndarray | None:
        """Numbers that order the rows by entity or time, (n_samples,); None without either."""
        if self.groups is not None:
            return pd.factorize(self.groups)[0]
        return None if self.times is None else pd.factorize(self.times, sort=True)[0]

    def take(self, rows: np.ndarray) -> RowsOfX:
        """Return the rows at some positions."""
        columns = (self.ids, self.groups, self.times, self.raters)
        selected = (None if column is None else column.iloc[rows] for column in columns)
        return RowsOfX(self.features.iloc[rows], *selected)


@storable
@dataclass(frozen=True)
class Roles:
    """Names or positions of columns of X that have a role.

    Parameters
    ----------
    task : hashable, optional
        The task of a row in long data.
    weight : hashable, optional
        The weight of a row. Unlike the others it is also a feature.
    group : hashable, optional
        The entity of a row. Rows of an entity are held out together.
    time : hashable, optional
        The time of a row.
    rater : hashable, optional
        The rater of a row. Rows to score do not have this column.
    ids_suffice : bool, default=False
        Whether there may be no feature besides the columns with a role.
    """

    task: Hashable | None = None
    weight: Hashable | None = None
    group: Hashable | None = None
    time: Hashable | None = None
    rater: Hashable | None = None
    ids_suffice: bool = False

    def split(self, frame: pd.DataFrame) -> RowsOfX:
        """Take the columns with a role, other than the weight, out of the features.

        Raises
        ------
        ValueError
            If there is no such column, a column has two roles, no feature is left, or a task id
            is missing.
        """
        roles, frame, raters = self.without_raters(frame)
        if roles.task is None and roles.group is None and roles.time is None:
            return RowsOfX(frame, raters=raters)
        positions = roles._positions(frame)
        columns = {role: frame.iloc[:, position] for role, position in positions.items()}
        ids = complete_ids(columns["task"]) if "task" in columns else None
        features = frame.copy(deep=False)
        for column in columns.values():
            del features[column.name]  # three times as fast as `drop`
        if features.shape[1] == 0 and not self.ids_suffice:
            taken = " and the ".join(
                f"{_WORDS[role]} {column.name!r}" for role, column in columns.items()
            )
            raise ValueError(f"X has no column besides the {taken}.")
        return RowsOfX(features, ids, columns.get("group"), columns.get("time"), raters)

    def without_raters(self, frame: pd.DataFrame) -> tuple[Roles, pd.DataFrame, pd.Series | None]:
        """Return roles and columns of rows to score, which have no rater, and the raters."""
        if self.rater is None:
            return self, frame, None
        positions = self._positions(frame)
        at = positions.pop("rater")
        remaining = frame.drop(columns=frame.columns[at])
        if frame.columns.tolist() == list(range(frame.shape[1])):
            remaining.columns = pd.RangeIndex(remaining.shape[1])
        labels: dict[str, Any] = {
            role: remaining.columns[position - (position > at)]
            for role, position in positions.items()
        }
        return replace(self, rater=None, **labels), remaining, frame.iloc[:, at]

    def by_position(self, frame: pd.DataFrame) -> dict[int, str]:
        """Return the role of each column that is not a feature, by position."""
        return {position: role for role, position in self._positions(frame).items()}

    def weights(self, X: Any) -> np.ndarray | None:
        """Return the weights of the rows, float64 (n_samples,); None without a weight column.

        Raises
        ------
        ValueError
            If a weight is missing, infinite or negative.
        """
        if self.weight is None:
            return None
        frame = as_frame(X)
        column = frame.iloc[:, column_position(frame, self.weight, "weight_column")]
        numbers = pd.to_numeric(column, errors="coerce")
        weight = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
        if not (np.isfinite(weight).all() and (weight >= 0).all()):
            raise ValueError(
                f"The weight column {column.name!r} has missing, infinite "
                "or negative values. Fill them in, or choose another weight_column."
            )
        return weight

    def _positions(self, frame: pd.DataFrame) -> dict[str, int]:
        positions = {
            role: column_position(frame, column, parameter)
            for role, column, parameter in self._taken_out()
        }
        if len(set(positions.values())) < len(positions):
            raise ValueError(
                "A column of X has two roles: "
                + ", ".join(
                    f"{parameter}={column!r}" for _, column, parameter in self._taken_out()
                )
                + ". Copy it under another name. (Tasks of long data cannot be held out as whole "
                "groups: nothing would be learnt about them.)"
            )
        return positions

    def _taken_out(self) -> Iterator[tuple[str, Hashable, str]]:
        """Iterate over role, column and parameter of each column that is not a feature."""
        roles = (
            ("task", self.task, "task_column"),
            ("group", self.group, "group_column"),
            ("time", self.time, "time_column"),
            ("rater", self.rater, "rater_column"),
        )
        return (role for role in roles if role[1] is not None)

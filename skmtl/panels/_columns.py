"""The roles of the columns of a panel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from skmtl._storable import storable
from skmtl._suggestions import did_you_mean
from skmtl.tables import as_frame

Columns = Hashable | Sequence[Hashable] | None
"""One column, several columns, or none."""


@storable
@dataclass(frozen=True)
class PanelColumns:
    """The columns of a panel by their role.

    Attributes
    ----------
    id : tuple of hashable
        Columns that together identify a series; empty if the table is one series.
    time : hashable
    known : tuple of hashable
        Covariates that are known in advance, such as holidays and planned prices.
    past : tuple of hashable
        Covariates that are known once their time has come, such as the weather.
    static : tuple of hashable
        Covariates that are the same at all times of a series.
    """

    id: tuple[Hashable, ...]
    time: Hashable
    known: tuple[Hashable, ...] = ()
    past: tuple[Hashable, ...] = ()
    static: tuple[Hashable, ...] = ()

    @classmethod
    def read(
        cls,
        id: Columns,
        time: Hashable,
        known: Columns = None,
        past: Columns = None,
        static: Columns = None,
    ) -> PanelColumns:
        """Create the roles from parameters: a name, a sequence of names or None each.

        Raises
        ------
        ValueError
            If a column has two roles, or if there is no time column.
        """
        if time is None:
            raise ValueError("Name the column of the times, for example time='date'.")
        columns = cls(as_names(id), time, as_names(known), as_names(past), as_names(static))
        twice = [name for name, times in Counter(columns.all_names).items() if times > 1]
        if twice:
            raise ValueError(f"These columns have two roles: {twice}. Each needs exactly one.")
        return columns

    @property
    def all_names(self) -> tuple[Hashable, ...]:
        return (*self.id, self.time, *self.known, *self.past, *self.static)

    def role(self, name: Hashable) -> str:
        """Return the role of a column."""
        roles = ("id", "known", "past", "static")
        return next((role for role in roles if name in getattr(self, role)), "time")

    def frame(self, X: Any, *, min_rows: int = 1) -> pd.DataFrame:
        """Return X as a frame, with columns in the order of their roles.

        Raises
        ------
        ValueError
            If a column is missing or has no role.
        """
        self._refuse_index(X)
        frame = as_frame(X, min_rows=min_rows)
        taken = self.taken_from(frame)
        without = [name for name in frame.columns if name not in self.all_names]
        if without:
            raise ValueError(
                f"These columns of X have no role: {without}. Add each to known=[...] (known "
                "in advance, used at the forecast time), past=[...] (used up to the origin), "
                "static=[...] (the same at all times) or id=[...], or drop it."
            )
        return taken

    def frame_to_forecast(self, X: Any) -> pd.DataFrame:
        """Return X as `frame` does, for any number of rows; past columns may be absent."""
        self._refuse_index(X)
        frame = as_frame(X, min_rows=0)
        unread = [name for name in self.past if name not in frame.columns]
        empty = pd.DataFrame(np.nan, index=frame.index, columns=pd.Index(unread))
        return self.frame(pd.concat([frame, empty], axis=1) if unread else frame, min_rows=0)

    def _refuse_index(self, X: Any) -> None:
        """Raise an error if the index of a frame holds columns that have a role."""
        if isinstance(X, pd.DataFrame):
            names = [name for name in X.index.names if name in self.all_names]
            if not set(names) <= set(X.columns):
                raise ValueError(
                    f"{names} are in the index of X, but must be columns: pass X.reset_index()."
                )

    def taken_from(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the columns that have a role, ignoring all others.

        Raises
        ------
        ValueError
            If a column is missing.
        """
        for name in self.all_names:
            if name not in frame.columns:
                raise ValueError(
                    f"X has no column {name!r}.{did_you_mean(name, frame.columns)} Its columns "
                    f"are {frame.columns.tolist()}."
                )
        return frame[list(self.all_names)]


def as_names(columns: Columns) -> tuple[Hashable, ...]:
    """Convert one name or several names to a tuple.

    Raises
    ------
    ValueError
        If names are in a set or a mapping, which has no order of columns.
    """
    if columns is None:
        return ()
    if isinstance(columns, Set | Mapping):
        raise ValueError(f"Pass the columns {columns!r} as a list, so that they have an order.")
    names: Any = columns if pd.api.types.is_list_like(columns) else (columns,)
    return tuple(names)

"""What each column of a panel is for."""

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
"""One column, several of them, or none."""


@storable
@dataclass(frozen=True)
class PanelColumns:
    """The columns of a panel by their role.

    Attributes
    ----------
    id : tuple of hashable
        Together they name a series; without any, the table is one series.
    time : hashable
    known : tuple of hashable
        Known ahead, such as holidays and planned prices.
    past : tuple of hashable
        Known once their time has come, such as the weather.
    static : tuple of hashable
        The same at all times of a series.
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
        """From what users write: a name, a sequence of names or None.

        Raises
        ------
        ValueError
            If a column has two roles, or there is no time.
        """
        if time is None:
            raise ValueError("Name the column of the times: time='date'.")
        columns = cls(as_names(id), time, as_names(known), as_names(past), as_names(static))
        twice = [name for name, times in Counter(columns.all_names).items() if times > 1]
        if twice:
            raise ValueError(f"These columns have two roles: {twice}. Each needs exactly one.")
        return columns

    @property
    def all_names(self) -> tuple[Hashable, ...]:
        return (*self.id, self.time, *self.known, *self.past, *self.static)

    def role(self, name: Hashable) -> str:
        """What a column is for."""
        roles = ("id", "known", "past", "static")
        found = (role for role in roles if name in getattr(self, role))
        return next(found, "time")

    def frame(self, X: Any, *, min_rows: int = 1) -> pd.DataFrame:
        """X with the columns that have a role, in the order of roles.

        Raises
        ------
        ValueError
            If a column is missing, or has no role.
        """
        frame = as_frame(X, min_rows=min_rows)
        taken = self.taken_from(frame)
        without = [name for name in frame.columns if name not in self.all_names]
        if without:
            raise ValueError(
                f"These columns of X have no role: {without}. Name each as known=[...] (known "
                "ahead, read at the time of the forecast), past=[...] (read up to the origin), "
                "static=[...] (the same at all times) or id=[...], or drop it."
            )
        return taken

    def frame_to_forecast(self, X: Any) -> pd.DataFrame:
        """As `frame`, of any number of rows, which may lack the past columns."""
        frame = as_frame(X, min_rows=0)
        unread = [name for name in self.past if name not in frame.columns]
        empty = pd.DataFrame(np.nan, index=frame.index, columns=pd.Index(unread))
        return self.frame(pd.concat([frame, empty], axis=1) if unread else frame, min_rows=0)

    def taken_from(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The columns that have a role, whatever others there are.

        Raises
        ------
        ValueError
            If one is missing.
        """
        for name in self.all_names:
            if name not in frame.columns:
                raise ValueError(
                    f"X has no column {name!r}.{did_you_mean(name, frame.columns)} Its columns "
                    f"are {frame.columns.tolist()}."
                )
        return frame[list(self.all_names)]


def as_names(columns: Columns) -> tuple[Hashable, ...]:
    """One name or several as a tuple.

    Raises
    ------
    ValueError
        If they are a set or a mapping, whose order is not that of the columns.
    """
    if columns is None:
        return ()
    if isinstance(columns, Set | Mapping):
        raise ValueError(f"Name the columns {columns!r} in a list, so that they have an order.")
    names: Any = columns if pd.api.types.is_list_like(columns) else (columns,)
    return tuple(names)

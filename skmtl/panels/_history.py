"""The known past of the series."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from skmtl._storable import storable
from skmtl.panels._clock import PanelClock
from skmtl.panels._panel import Panel
from skmtl.panels._series_ids import SeriesIds


@storable
@dataclass(frozen=True)
class History:
    """A panel with the ids of its series and the clock of its times.

    Attributes
    ----------
    ids : SeriesIds
    time : hashable
        The column of the times.
    clock : PanelClock
    columns : tuple of hashable
        The columns of the panel's values.
    panel : Panel
    """

    ids: SeriesIds
    time: Hashable
    clock: PanelClock
    columns: tuple[Hashable, ...]
    panel: Panel

    @classmethod
    def read(
        cls,
        frame: pd.DataFrame,
        values: pd.DataFrame,
        id: Sequence[Hashable],
        time: Hashable,
        clock: PanelClock,
    ) -> tuple[History, np.ndarray]:
        """Create a history from rows in any order.

        Parameters
        ----------
        frame : DataFrame
            A frame with the id and time columns.
        values : DataFrame of float64
        id : sequence of hashable
        time : hashable
        clock : PanelClock

        Returns
        -------
        history : History
        order : ndarray of int64
            The row at each position of the panel.

        Raises
        ------
        ValueError
            If two rows have the same id and time.
        """
        ids = SeriesIds.learn(frame, id)
        panel, order = Panel.sorted(
            ids.codes(frame),
            clock.count(frame[time]),
            values.to_numpy(dtype=np.float64),
            ids.n_series,
        )
        history = cls(ids, time, clock, tuple(values.columns), panel)
        history.check()
        return history, order

    def check(self) -> None:
        """Raise if two rows have the same id and time, or if the time span is too long."""
        clock = self.panel.clock
        n_steps = int(clock.max()) - int(clock.min()) + 1 if len(clock) else 0
        if self.panel.n_series * (n_steps + 2) >= 2**63:
            raise ValueError(
                f"The column {self.time!r} spans {n_steps:,} steps, too many for "
                f"{self.panel.n_series:,} series. Choose the freq of the data, or use timestamps."
            )
        twice = self.panel.repeated()
        if not len(twice):
            return
        shown = ", ".join(
            f"{self.ids.label(int(self.panel.codes[place]))} at {self.time_at(place)}"
            for place in twice[:3]
        )
        raise ValueError(
            f"Rows repeat an id and a time ({len(twice)} in all): {shown}. Keep one row for each, "
            f"for example with X.drop_duplicates({[*self.ids.names, self.time]!r}), or their sum "
            "with groupby. If hours repeat when clocks are set back, use times with a time zone."
        )

    def time_at(self, place: int) -> Any:
        """Return the time of the row at a position, with the dtype of the column."""
        return self.clock.times(self.panel.clock[place : place + 1])[0]

    def extended(self, frame: pd.DataFrame, values: pd.DataFrame) -> History:
        """Return a history with additional rows, of the same series or of new ones.

        Raises
        ------
        ValueError
            If a row has the same id and time as another one.
        """
        ids = self.ids.extended(frame)
        more = values[list(self.columns)].to_numpy(dtype=np.float64)
        codes, clock = ids.codes(frame), self.clock.count(frame[self.time])
        known = np.flatnonzero(self.panel.at(self.ids.codes(frame), clock) >= 0)
        if len(known):
            raise ValueError(
                f"{len(known)} rows have an id and a time that are part of the history: "
                f"{frame[self.time].iloc[known[0]]} of {ids.labels(codes[known])}. Pass only new "
                "rows."
            )
        panel, _ = Panel.sorted(
            np.concatenate([self.panel.codes, codes]),
            np.concatenate([self.panel.clock, clock]),
            np.concatenate([self.panel.values, more]),
            ids.n_series,
        )
        history = History(ids, self.time, self.clock, self.columns, panel)
        history.check()
        return history

    def part(self, first: int, last: int) -> History:
        """Return the history of the series from `first` to `last`, numbered from 0."""
        panel = self.panel.part(first, last)
        return History(self.ids, self.time, self.clock, self.columns, panel)

    def forgotten(self) -> History:
        """Return an empty history with the same columns and clock."""
        ids = SeriesIds(self.ids.names, [[] for _ in self.ids.names], 0 if self.ids.names else 1)
        none = np.empty(0, dtype=np.int64)
        panel = Panel(none, none, np.empty((0, len(self.columns))), ids.n_series)
        return History(ids, self.time, self.clock, self.columns, panel)

    def of_values(self, columns: Mapping[Hashable, np.ndarray]) -> History:
        """Return a history of the same rows with other columns, each of shape (n_rows,)."""
        values = np.reshape(list(columns.values()), (len(columns), len(self.panel.codes))).T
        panel = Panel(self.panel.codes, self.panel.clock, values, self.ids.n_series)
        return History(self.ids, self.time, self.clock, tuple(columns), panel)

    def up_to(self, count: int) -> History:
        """Return the history up to a time of the clock."""
        kept = self.panel.clock <= count
        panel = Panel(
            self.panel.codes[kept],
            self.panel.clock[kept],
            self.panel.values[kept],
            self.ids.n_series,
        )
        return History(self.ids, self.time, self.clock, self.columns, panel)

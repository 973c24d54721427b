"""Covariates that are known in advance, for the times after an origin."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from skmtl.panels import History, PanelClock, SeriesIds


class KnownAhead:
    """The known columns of some rows, looked up by series and time.

    Parameters
    ----------
    rows : DataFrame
        A frame with the id and time columns.
    ids : sequence of hashable
    time : hashable
    names : sequence of hashable
        The columns that are known in advance.
    clock : PanelClock
    """

    def __init__(
        self,
        rows: pd.DataFrame,
        ids: Sequence[Hashable],
        time: Hashable,
        names: Sequence[Hashable],
        clock: PanelClock,
    ) -> None:
        self._rows, self._names = rows, list(names)
        self._ids, self._time, self._clock = ids, time, clock

    def series(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the numbers of the series of some of the rows."""
        return self._series_ids.codes(rows)

    def has(self, series: np.ndarray, clock: np.ndarray) -> np.ndarray:
        """Return whether there is a row at some times of some series."""
        return self._positions.panel.at(series, clock) >= 0

    def at(self, series: np.ndarray, clock: np.ndarray) -> pd.DataFrame:
        """Return the columns at some times of some series, missing where there is no row.

        Raises
        ------
        ValueError
            If two rows have the same id and time.
        """
        panel = self._positions.panel
        positions = np.nan_to_num(panel.take(panel.at(series, clock), 0), nan=-1).astype(np.int64)
        return self._columns.reindex(positions).reset_index(drop=True)

    @cached_property
    def _series_ids(self) -> SeriesIds:
        return SeriesIds.learn(self._rows, self._ids)

    @cached_property
    def _positions(self) -> History:
        """The positions of rows by series and time."""
        positions = pd.DataFrame({"position": np.arange(len(self._rows), dtype=np.float64)})
        return History.read(self._rows, positions, self._ids, self._time, self._clock)[0]

    @cached_property
    def _columns(self) -> pd.DataFrame:
        columns = self._rows[self._names].reset_index(drop=True)
        truths = [name for name in columns if pd.api.types.is_bool_dtype(columns[name].dtype)]
        return columns.astype(dict.fromkeys(truths, "float64"))  # where some are missing

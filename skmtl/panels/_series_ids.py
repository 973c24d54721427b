"""The ids of the series of a panel, and their numbers."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from skmtl._storable import storable


@storable
@dataclass(frozen=True)
class SeriesIds:
    """The distinct ids of a panel, and their numbers.

    Attributes
    ----------
    names : tuple of hashable
        The id columns.
    columns : list of list
        Values of each id column, one per series; empty if the table is one series.
    n_series : int
    """

    names: tuple[Hashable, ...]
    columns: list[list[Any]]
    n_series: int

    @classmethod
    def learn(cls, frame: pd.DataFrame, names: Sequence[Hashable]) -> SeriesIds:
        """Return the ids of a frame, sorted if possible.

        Raises
        ------
        ValueError
            If an id is missing.
        """
        if not names:
            return cls((), [], 1)
        distinct = _id_frame(frame, names).drop_duplicates()
        with suppress(TypeError):  # ids of several types keep their order of appearance
            distinct = distinct.sort_values(list(distinct.columns))
        return cls(
            tuple(names), [distinct[name].tolist() for name in distinct.columns], len(distinct)
        )

    def codes(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the number of each row's series, -1 for unknown ids.

        Raises
        ------
        ValueError
            If ids are missing, or if all are unknown because only one side is text.
        """
        if not self.names:
            return np.zeros(len(frame), dtype=np.int64)
        ids = _id_frame(frame, self.names)
        codes = self._index.get_indexer(_as_index(ids)).astype(np.int64)
        if (codes < 0).all():
            for name, known in zip(self.names, self.columns, strict=True):
                _check_types(ids[name], known, name)
        return codes

    def label(self, code: int) -> str:
        """Return the name of a series in messages."""
        if not self.names:
            return "the only series"
        values = [column[code] for column in self.columns]
        return repr(values[0] if len(values) == 1 else tuple(values))

    def labels(self, codes: np.ndarray, most: int = 3) -> str:
        """Return the names of some series in messages."""
        distinct = np.unique(codes)
        named = ", ".join(self.label(int(code)) for code in distinct[:most])
        rest = len(distinct) - most
        return named if rest <= 0 else f"{named} and {rest} more"

    def extended(self, frame: pd.DataFrame) -> SeriesIds:
        """Append the new ids of a frame."""
        if not self.names:
            return self
        new = frame.loc[self.codes(frame) < 0, list(self.names)]
        if new.empty:
            return self
        added = SeriesIds.learn(new, self.names)
        columns = [old + more for old, more in zip(self.columns, added.columns, strict=True)]
        return SeriesIds(self.names, columns, self.n_series + added.n_series)

    def frame(self, codes: np.ndarray) -> pd.DataFrame:
        """Return the id columns of some series."""
        return pd.DataFrame(
            {
                name: pd.Series(values).take(codes).to_numpy()
                for name, values in zip(self.names, self.columns, strict=True)
            },
            index=pd.RangeIndex(len(codes)),
        )

    @cached_property
    def _index(self) -> pd.Index:
        return _as_index(pd.DataFrame(dict(zip(self.names, self.columns, strict=True))))

    def __getstate__(self) -> dict[str, object]:
        """Return the state without cached values."""
        return {name: vars(self)[name] for name in ("names", "columns", "n_series")}


def _as_index(ids: pd.DataFrame) -> pd.Index:
    return pd.Index(ids.iloc[:, 0]) if ids.shape[1] == 1 else pd.MultiIndex.from_frame(ids)


def _id_frame(frame: pd.DataFrame, names: Sequence[Hashable]) -> pd.DataFrame:
    for name in names:
        missing = int(frame[name].isna().sum())
        if missing:
            raise ValueError(
                f"{missing} rows have no id in the column {name!r}. Drop or complete them."
            )
    return pd.DataFrame({name: _plain(frame[name]) for name in names})


def _plain(column: pd.Series) -> Any:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    return column.to_numpy()


def _check_types(column: pd.Series, known: list[Any], name: Hashable) -> None:
    now, then = (
        {"text" if isinstance(value, str) else "not text" for value in values}
        for values in (column, known)
    )
    if len(now) == len(then) == 1 and now != then:
        raise ValueError(
            f"The ids in the column {name!r} are {now.pop()}, but those of fit are {then.pop()}, "
            "so that all would be unknown. Convert them to the same type."
        )

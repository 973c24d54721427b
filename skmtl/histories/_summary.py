"""Histories as one row of numbers each: what was measured, how often, how long ago."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmtl._suggestions import did_you_mean
from skmtl.histories._array import Histories
from skmtl.histories._groups import OF_NOTHING, STATISTICS, EventGroups
from skmtl.histories._store import positions
from skmtl.histories._transformer import HistoryTransformer, portions

_OF_CODES = ("count", "since")


class SeriesSummary(HistoryTransformer):
    """Summaries of histories, by variable: how often, how much, how long ago, and what is missing.

    All features come from one pass over the events, and serve all labels. A variable that has
    values gets the `statistics`; a code, which never has a value, such as a diagnosis or a text,
    its count and the time since it was last there. Before them come the number of all events and
    the time from the first one to the end of the history. Other columns of X pass through.

    Parameters
    ----------
    windows : sequence of float, default=()
        Lengths of time, in the unit of the histories, over which the last values are summarised
        once more: ``(6, 24)`` for the last 6 and the last 24 hours.
    statistics : sequence of str, default=None
        Of whole histories, None for all: "count", "missing" (1 where nothing was measured, else
        0), "mean", "sd" (divided by the count), "min", "max", "first", "last", "since" (time from
        the last value to the end of the history) and "slope" (of the least squares line, per unit
        of time). Where nothing was measured they are NaN, and the count is 0.
    window_statistics : sequence of str, default=("count", "mean")
        Those of each window; codes get their count.
    columns : sequence, default=None
        The columns of histories to summarise; None for all.
    max_codes : int, default=100
        The codes that most histories have get features of their own; the others are counted
        together, as "other codes".
    n_jobs : int, default=None
        Processes of joblib; None is one, unless a ``joblib.parallel_config`` says otherwise.

    Attributes
    ----------
    learnt_ : dict
        By column of histories, the variables and codes that `fit` saw.

    Notes
    -----
    A portion of events is read at a time, so memory is that of the result. A new variable is
    reported when it is met in `transform`, and left out.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.histories import Histories, SeriesSummary
    >>> X = pd.DataFrame({"flow": Histories.from_list([[1.0, 2.0, 3.0], [5.0]])})
    >>> SeriesSummary(statistics=["mean", "slope"]).fit_transform(X)
       flow events  flow length  flow 0 mean  flow 0 slope
    0          3.0          2.0          2.0           1.0
    1          1.0          0.0          5.0           NaN
    """

    def __init__(
        self,
        windows: Sequence[float] = (),
        *,
        statistics: Sequence[str] | None = None,
        window_statistics: Sequence[str] = ("count", "mean"),
        columns: Sequence[Hashable] | None = None,
        max_codes: int = 100,
        n_jobs: int | None = None,
    ) -> None:
        self.windows = windows
        self.statistics = statistics
        self.window_statistics = window_statistics
        self.columns = columns
        self.max_codes = max_codes
        self.n_jobs = n_jobs

    def _learn(self, histories: Histories, y: Any) -> LearntSummary:
        windows = list(dict.fromkeys(float(window) for window in np.atleast_1d(self.windows)))
        if not all(window > 0 for window in windows):
            raise ValueError(f"windows must be positive lengths of time, got {self.windows!r}.")
        if not self.max_codes >= 0:
            raise ValueError(f"max_codes must be at least 0, got {self.max_codes!r}.")
        statistics = tuple(
            dict.fromkeys(STATISTICS if self.statistics is None else self.statistics)
        )
        of_windows = tuple(dict.fromkeys(self.window_statistics))
        chosen = {"statistics": statistics, "window_statistics": of_windows}
        for parameter, names in chosen.items():
            for name in names:
                if name not in STATISTICS:
                    raise ValueError(
                        f"{parameter} must be some of {list(STATISTICS)}, got {name!r}."
                        f"{did_you_mean(name, STATISTICS)}"
                    )
        numbers, codes = _occurring(histories)
        most = sorted(codes, key=lambda name: (-codes[name], name))[: self.max_codes]
        periods = [
            Period(None, statistics, _OF_CODES),
            *(Period(w, of_windows, ("count",)) for w in windows),
        ]
        return LearntSummary(numbers, sorted(most), sorted(set(codes) - set(most)), periods)


class Period(NamedTuple):
    """What is computed over the whole of the histories, or over the end of them."""

    window: float | None
    of_numbers: tuple[str, ...]
    of_codes: tuple[str, ...]

    def name(self, statistic: str) -> str:
        """What a statistic over this period is called."""
        return statistic if self.window is None else f"{statistic} {self.window:g}"


@dataclass(frozen=True)
class LearntSummary:
    """The variables of a column of histories, and the statistics of each.

    Attributes
    ----------
    numbers, codes : list of str
        Variables that have values, and events that have none.
    others : list of str
        Codes that are counted together.
    periods : list of Period
    """

    numbers: list[str]
    codes: list[str]
    others: list[str]
    periods: list[Period]

    @property
    def variables(self) -> list[str]:
        """All that `fit` saw."""
        return [*self.numbers, *self.codes, *self.others]

    @property
    def names(self) -> list[str]:
        """The features, by variable."""
        names = ["events", "length"]
        for period in self.periods:
            names += [f"{v} {period.name(s)}" for v in self.numbers for s in period.of_numbers]
            names += [f"{v} {period.name(s)}" for v in self._coded for s in period.of_codes]
        return names

    @property
    def _coded(self) -> list[str]:
        return [*self.codes, *(["other codes"] if self.others else [])]

    def table(self, histories: Histories) -> NDArray[np.float64]:
        """The features of shape (n, n_features)."""
        n_numbers = len(self.numbers)
        events = _Flat.of(histories, self._places(histories), n_numbers)
        blocks = [_lengths(histories)]
        for period in self.periods:
            shown = events if period.window is None else events.of_last(period.window)
            groups = shown.groups()
            blocks += [
                _block(groups, period.of_numbers, 0, n_numbers, len(histories)),
                _block(groups, period.of_codes, n_numbers, len(self._coded), len(histories)),
            ]
        table = np.concatenate(blocks, axis=1)
        table[histories.isna()] = np.nan
        return table

    def _places(self, histories: Histories) -> NDArray[np.int64]:
        """The position of each variable of the histories among those with features, or -1."""
        places = {name: i for i, name in enumerate([*self.numbers, *self.codes])}
        places |= dict.fromkeys(self.others, len(places))
        names = histories.parts.store.variables
        return np.array([places.get(name, -1) for name in names], dtype=np.int64)


class _Flat(NamedTuple):
    """The events of some histories, one history after another."""

    row: NDArray[np.int64]
    variable: NDArray[np.int64]
    time: NDArray[np.float64]
    value: NDArray[np.float64]
    end: NDArray[np.float64]

    @classmethod
    def of(cls, histories: Histories, places: NDArray[np.int64], n_numbers: int) -> _Flat:
        """Those of known variables, and of variables with values only those that have one."""
        store, lengths = histories.parts.store, histories.n_events
        where = positions(histories.parts.rows["start"], lengths)
        row = np.repeat(np.arange(len(histories)), lengths)
        variable, value = places[store.code[where]], store.value[where].astype(np.float64)
        used = (variable >= n_numbers) | ((variable >= 0) & ~np.isnan(value))
        if not used.all():
            row, variable, value, where = row[used], variable[used], value[used], where[used]
        return cls(row, variable, store.time[where], value, histories.end)

    def of_last(self, window: float) -> _Flat:
        """The events of the last time, as long as a window."""
        late = self.time > self.end[self.row] - window
        return _Flat(
            self.row[late], self.variable[late], self.time[late], self.value[late], self.end
        )

    def groups(self) -> EventGroups:
        """By history and variable."""
        return EventGroups(*self)


def _block(
    groups: EventGroups, statistics: Sequence[str], first: int, n_variables: int, n_rows: int
) -> NDArray[np.float64]:
    """Statistics of some variables, of shape (n_rows, n_variables * n_statistics)."""
    block = np.empty((n_rows, n_variables, len(statistics)))
    here = (groups.variable >= first) & (groups.variable < first + n_variables)
    cells = groups.row[here], groups.variable[here] - first
    for i, name in enumerate(statistics):
        block[..., i] = OF_NOTHING.get(name, np.nan)
        block[(*cells, i)] = groups.statistic(name)[here]
    return block.reshape(n_rows, n_variables * len(statistics))


def _lengths(histories: Histories) -> NDArray[np.float64]:
    """Number of events, and the time from the first one to the end, of shape (n, 2)."""
    rows, store = histories.parts.rows, histories.parts.store
    first = np.full(len(rows), np.nan)
    filled = np.flatnonzero(histories.n_events)
    first[filled] = store.time[rows["start"][filled]]
    return np.stack([histories.n_events.astype(np.float64), histories.end - first], axis=1)


def _occurring(histories: Histories) -> tuple[list[str], dict[str, int]]:
    """The variables that have values, and in how many histories each code occurs."""
    names = histories.parts.store.variables
    n_values = np.zeros(len(names), dtype=np.int64)
    n_rows = np.zeros(len(names), dtype=np.int64)
    for part in portions(histories):
        store, lengths = part.parts.store, part.n_events
        where = positions(part.parts.rows["start"], lengths)
        code = store.code[where].astype(np.int64)
        n_values += np.bincount(code[~np.isnan(store.value[where])], minlength=len(names))
        row = np.repeat(np.arange(len(part)), lengths)
        pairs = np.unique(row * len(names) + code)
        n_rows += np.bincount(pairs % max(len(names), 1), minlength=len(names))
    numbers = sorted(name for name, n in zip(names, n_values, strict=True) if n)
    codes = {
        name: int(n) for name, n, v in zip(names, n_rows, n_values, strict=True) if n and not v
    }
    return numbers, codes

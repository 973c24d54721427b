"""Summary statistics of histories: what was measured, how often, and how long ago."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pandas.api.types import is_list_like

from skmtl._suggestions import did_you_mean
from skmtl.histories._array import Histories
from skmtl.histories._clock import positive_length
from skmtl.histories._groups import OF_NOTHING, STATISTICS, EventGroups
from skmtl.histories._store import positions
from skmtl.histories._transformer import HistoryTransformer, portions

_OF_CODES = ("count", "since")


class SeriesSummary(HistoryTransformer):
    """Summary statistics of histories by variable, such as counts, means and times since.

    All features are computed in one pass over the events, and are the same for all labels. A
    variable with values has the `statistics`. A code, which never has a value, such as a diagnosis
    or a text, has its count and the time since its last occurrence. Before these features come the
    number of all events and the time from the first event to the end of the history. Other columns
    of X pass through.

    Parameters
    ----------
    windows : sequence of float, default=()
        Lengths of windows at the end of the histories, in their unit, to summarise in addition:
        ``(6, 24)`` for the last 6 and the last 24 hours.
    statistics : sequence of str, default=None
        Statistics of whole histories; None for all of "count", "missing" (1 if nothing was
        measured, else 0), "mean", "sd" (with divisor n), "min", "max", "first", "last", "since"
        (time from the last value to the end of the history) and "slope" (of the least squares
        line, per unit of time). If nothing was measured, the count is 0, and the others are NaN.
    window_statistics : sequence of str, default=("count", "mean")
        Statistics of each window; for codes, it is the count.
    columns : sequence, default=None
        The columns of histories to summarise; None for all.
    max_codes : int, default=100
        Maximum number of codes with their own features, which are those that occur in most
        histories. All others are counted together as "other codes".
    n_jobs : int, default=None
        Number of joblib processes; None means 1 unless in a ``joblib.parallel_config`` context.

    Attributes
    ----------
    learnt_ : dict
        The variables and codes that were seen in `fit`, by column of histories.

    Notes
    -----
    Events are processed in portions, so that little memory is needed besides the result. In
    `transform`, new variables are ignored with a warning.

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
        given = self.windows if is_list_like(self.windows) else [self.windows]
        windows = list(dict.fromkeys(positive_length(one, "a window in windows") for one in given))
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
    """Statistics over whole histories (`window` is None) or over a window at their end."""

    window: float | None
    of_numbers: tuple[str, ...]
    of_codes: tuple[str, ...]

    def name(self, statistic: str) -> str:
        """Return the name of a statistic over this period."""
        return statistic if self.window is None else f"{statistic} {self.window:g}"


@dataclass(frozen=True)
class LearntSummary:
    """The variables of a column of histories, and their statistics.

    Attributes
    ----------
    numbers, codes : list of str
        Variables with values, and variables without.
    others : list of str
        Codes that are counted together.
    periods : list of Period
    """

    numbers: list[str]
    codes: list[str]
    others: list[str]
    periods: list[Period]

    @property
    def names(self) -> list[str]:
        """Names of the features by variable."""
        names = ["events", "length"]
        for period in self.periods:
            names += [f"{v} {period.name(s)}" for v in self.numbers for s in period.of_numbers]
            names += [f"{v} {period.name(s)}" for v in self._coded for s in period.of_codes]
        return names

    @property
    def _coded(self) -> list[str]:
        return [*self.codes, *(["other codes"] if self.others else [])]

    def table(self, histories: Histories) -> NDArray[np.float64]:
        """Compute the features, (n, n_features)."""
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
        """Return the position of each variable among those with features, or -1."""
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
        """Return the events of known variables, without those whose value is missing."""
        store, lengths = histories.parts.store, histories.n_events
        where = positions(histories.parts.rows["start"], lengths)
        row = np.repeat(np.arange(len(histories)), lengths)
        variable, value = places[store.code[where]], store.value[where].astype(np.float64)
        used = (variable >= n_numbers) | ((variable >= 0) & ~np.isnan(value))
        if not used.all():
            row, variable, value, where = row[used], variable[used], value[used], where[used]
        return cls(row, variable, store.time[where], value, histories.end)

    def of_last(self, window: float) -> _Flat:
        """Return the events in a window at the end of each history."""
        late = self.time > self.end[self.row] - window
        return _Flat(
            self.row[late], self.variable[late], self.time[late], self.value[late], self.end
        )

    def groups(self) -> EventGroups:
        """Group the events by history and variable."""
        return EventGroups(*self)


def _block(
    groups: EventGroups, statistics: Sequence[str], first: int, n_variables: int, n_rows: int
) -> NDArray[np.float64]:
    """Compute statistics of some variables, (n_rows, n_variables * n_statistics)."""
    block = np.empty((n_rows, n_variables, len(statistics)))
    here = (groups.variable >= first) & (groups.variable < first + n_variables)
    cells = groups.row[here], groups.variable[here] - first
    for i, name in enumerate(statistics):
        block[..., i] = OF_NOTHING.get(name, np.nan)
        block[(*cells, i)] = groups.statistic(name)[here]
    return block.reshape(n_rows, n_variables * len(statistics))


def _lengths(histories: Histories) -> NDArray[np.float64]:
    """Return the number of events and the time from the first one to the end, (n, 2)."""
    rows, store = histories.parts.rows, histories.parts.store
    first = np.full(len(rows), np.nan)
    filled = np.flatnonzero(histories.n_events)
    first[filled] = store.time[rows["start"][filled]]
    return np.stack([histories.n_events.astype(np.float64), histories.end - first], axis=1)


def _occurring(histories: Histories) -> tuple[list[str], dict[str, int]]:
    """Return the variables with values, and the number of histories with each code."""
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

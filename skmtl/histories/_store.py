"""Events of many histories as flat arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class EventStore:
    """The events of histories, one history after another, in order of time within a history.

    Histories are ranges of a store. Events are only ever appended, so several columns can share a
    store without seeing each other's additions.

    Parameters
    ----------
    time : ndarray of float64, shape (n_events,)
    code : ndarray of int, shape (n_events,)
        Positions in `variables`.
    value : ndarray of float, shape (n_events,)
        NaN for an event without a value, such as a diagnosis.
    variables : sequence of str
    """

    def __init__(
        self,
        time: NDArray[np.float64],
        code: NDArray[np.integer],
        value: NDArray[np.floating],
        variables: Sequence[str],
    ) -> None:
        self.time, self.value = time, value
        self.variables = tuple(variables)
        self.code = code.astype(_code_type(len(self.variables)), copy=False)

    @classmethod
    def empty(cls) -> EventStore:
        """Return a store without events."""
        return cls(np.empty(0), np.empty(0, dtype=np.int8), np.empty(0), ())

    @classmethod
    def joined(cls, stores: Sequence[EventStore]) -> EventStore:
        """Concatenate the events of several stores."""
        places = {name: i for i, name in enumerate(dict.fromkeys(_all_names(stores)))}
        codes = [_renumbered(store, places) for store in stores]
        return cls(
            np.concatenate([np.empty(0), *(store.time for store in stores)]),
            np.concatenate([np.empty(0, dtype=np.int8), *codes]),
            # Without an empty float64 array in front, so that float32 values keep their type.
            np.concatenate([store.value for store in stores]) if stores else np.empty(0),
            tuple(places),
        )

    def __len__(self) -> int:
        return len(self.time)

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self.time.nbytes + self.code.nbytes + self.value.nbytes

    def take(self, places: NDArray[np.int64] | slice) -> EventStore:
        """Return the events at some positions."""
        return EventStore(self.time[places], self.code[places], self.value[places], self.variables)

    def add(self, other: EventStore) -> int:
        """Append the events of another store, and return the position of the first one."""
        start = len(self)
        both = EventStore.joined([self, other])
        self.time, self.code, self.value = both.time, both.code, both.value
        self.variables = both.variables
        return start

    def up_to(
        self, starts: NDArray[np.int64], stops: NDArray[np.int64], times: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Return the position after the last event up to a time, for each range of events.

        Parameters
        ----------
        starts, stops : ndarray of int64, shape (n,)
        times : ndarray of float64, shape (n,)
        """
        low, high = starts.copy(), stops.copy()
        # A binary search in all ranges at once.
        while (unsure := np.flatnonzero(low < high)).size:
            middle = (low[unsure] + high[unsure]) // 2
            earlier = self.time[middle] <= times[unsure]
            low[unsure[earlier]] = middle[earlier] + 1
            high[unsure[~earlier]] = middle[~earlier]
        return low


def positions(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return all positions of some ranges, concatenated."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - (ends - lengths), lengths)


def _all_names(stores: Sequence[EventStore]) -> list[str]:
    return [name for store in stores for name in store.variables]


def _renumbered(store: EventStore, places: dict[str, int]) -> NDArray[np.integer]:
    new = np.array([places[name] for name in store.variables], dtype=_code_type(len(places)))
    if np.array_equal(new, np.arange(len(new))):
        return store.code
    return new[store.code]


def _code_type(n_variables: int) -> np.dtype:
    """Return the smallest signed type: with 10^8 events, each byte costs 0.1 GB."""
    return np.min_scalar_type(-max(n_variables, 1))

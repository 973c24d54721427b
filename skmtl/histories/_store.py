"""Events of many histories as flat arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class EventStore:
    """The events that histories are views of, one history after another, each in order of time.

    Events are only ever added at the end, so histories can share a store: none of them sees what
    another one adds.

    Parameters
    ----------
    time : ndarray of float64, shape (n_events,)
    code : ndarray of int, shape (n_events,)
        Positions in `variables`.
    value : ndarray of float, shape (n_events,)
        NaN for an event that has no value, such as a diagnosis.
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
        """A store without events."""
        return cls(np.empty(0), np.empty(0, dtype=np.int8), np.empty(0), ())

    @classmethod
    def joined(cls, stores: Sequence[EventStore]) -> EventStore:
        """The events of several stores, one store after another."""
        places = {name: i for i, name in enumerate(dict.fromkeys(_all_names(stores)))}
        codes = [_renumbered(store, places) for store in stores]
        return cls(
            np.concatenate([np.empty(0), *(store.time for store in stores)]),
            np.concatenate([np.empty(0, dtype=np.int8), *codes]),
            # Without a float64 array in front: values of float32 stay as they are.
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
        """The events at some positions."""
        return EventStore(self.time[places], self.code[places], self.value[places], self.variables)

    def add(self, other: EventStore) -> int:
        """Add the events of another store; returns the position of the first of them."""
        start = len(self)
        both = EventStore.joined([self, other])
        self.time, self.code, self.value = both.time, both.code, both.value
        self.variables = both.variables
        return start

    def up_to(
        self, starts: NDArray[np.int64], stops: NDArray[np.int64], times: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """For each range of events, the position after the last one that is not later than a time.

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
    """All positions of some ranges, one range after another."""
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
    """The smallest signed type: of 10^8 events, a byte each is a tenth of a gigabyte."""
    return np.min_scalar_type(-max(n_variables, 1))

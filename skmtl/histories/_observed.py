"""Values of histories, as observations of a Gaussian process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmtl.histories._array import Histories
from skmtl.histories._store import positions


class ObservedValues(NamedTuple):
    """Values of variables, in order of time."""

    time: NDArray[np.float64]
    variable: NDArray[np.int64]
    value: NDArray[np.float64]

    @classmethod
    def of(cls, histories: Histories, variables: Sequence[str]) -> ObservedValues:
        """Return all values of some histories."""
        store = histories.parts.store
        places = {name: i for i, name in enumerate(variables)}
        known = np.array([places.get(name, -1) for name in store.variables], dtype=np.int64)
        where = positions(histories.parts.rows["start"], histories.n_events)
        where = where[(known[store.code[where]] >= 0) & ~np.isnan(store.value[where])]
        value = store.value[where].astype(np.float64)
        return cls(store.time[where], known[store.code[where]], value)

    def units(self, n_variables: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and standard deviation of each variable; the latter is 1 for constants."""
        n = np.bincount(self.variable, minlength=n_variables)
        mean = np.bincount(self.variable, self.value, n_variables) / n
        around = (self.value - mean[self.variable]) ** 2
        sd = np.sqrt(np.bincount(self.variable, around, n_variables) / n)
        return mean, np.where(sd > 0, sd, 1.0)

    def scaled(self, centre: NDArray[np.float64], scale: NDArray[np.float64]) -> ObservedValues:
        value = (self.value - centre[self.variable]) / scale[self.variable]
        return self._replace(value=value)

    def last(self, n: int) -> ObservedValues:
        late = slice(-n, None)
        return ObservedValues(self.time[late], self.variable[late], self.value[late])

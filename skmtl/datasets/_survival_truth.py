"""The truth behind `make_survival`: curves in closed form, incidences by quadrature."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

_Array = NDArray[np.float64]

# Cumulative hazard as a function of u = rate * (time / scale) ** shape, and its inverse.
_CUMULATIVE: dict[str, Callable[[_Array], _Array]] = {
    "weibull": lambda u: u,
    "log-logistic": np.log1p,
}
_INVERSE: dict[str, Callable[[_Array], _Array]] = {
    "weibull": lambda hazard: hazard,
    "log-logistic": np.expm1,
}
# Derivative of the cumulative hazard by log(u).
_SLOPE: dict[str, Callable[[_Array], _Array]] = {
    "weibull": lambda u: u,
    "log-logistic": lambda u: u / (1 + u),
}
FAMILIES = tuple(_CUMULATIVE)

# Incidences are integrals over log(time). Below exp(-28) of the upper end a cause with shape 1
# has 1e-12 of its hazard; 12 panels of 20 Gauss points get the rest to 1e-9.
_DEPTH, _PANELS, _POINTS = 28.0, 12, 20


@dataclass(frozen=True, eq=False, repr=False)  # the repr of the data frames would not be helpful
class SurvivalTruth:
    """What `make_survival` planted in a table.

    Attributes
    ----------
    family : {"weibull", "log-logistic"}
        Distribution of the time to each event.
    kind : {"single", "competing", "several"}
        What the targets are.
    weights : DataFrame of shape (n_events, n_features)
        Effect of each feature on the log rate (Weibull: log hazard; log-logistic: log odds).
    shape, scale : Series of shape (n_events,)
        Parameters of each event's distribution at a log rate of 0.
    log_rate : DataFrame of shape (n_samples, n_events)
        Log rate of each row: the best possible risk score.
    event_time : DataFrame of shape (n_samples, n_events)
        Time at which each event would happen if nothing else happened before; empty in a truth for
        other rows.
    censoring_time : Series of shape (n_samples,)
        Time at which the row leaves the study; empty in a truth for other rows.
    """

    family: str
    kind: str
    weights: pd.DataFrame
    shape: pd.Series
    scale: pd.Series
    log_rate: pd.DataFrame
    event_time: pd.DataFrame
    censoring_time: pd.Series

    def at(self, X: pd.DataFrame) -> SurvivalTruth:
        """Return the truth for other rows with the same columns.

        Parameters
        ----------
        X : DataFrame of shape (n_samples, n_features)

        Returns
        -------
        SurvivalTruth
            The curves for these rows. No times are drawn.
        """
        log_rate = X[self.weights.columns] @ self.weights.T
        return replace(
            self,
            log_rate=log_rate,
            event_time=self.event_time.iloc[:0],
            censoring_time=self.censoring_time.iloc[:0],
        )

    def cumulative_hazard(self, times: ArrayLike, event: Hashable | None = None) -> _Array:
        """Return the cumulative hazard of one event, or of all causes together.

        Parameters
        ----------
        times : array-like of shape (n_times,)
        event : label, default=None
            The event; None for the only one, or for the sum over competing causes.

        Returns
        -------
        ndarray of shape (n_samples, n_times)
        """
        grid = _read_times(times)
        if event is None and self.kind == "several":
            raise ValueError(f"Name the event; choose from {list(self.weights.index)}.")
        chosen = list(self.weights.index) if event is None else [event]
        return np.sum([_CUMULATIVE[self.family](self._u(grid, name)) for name in chosen], axis=0)

    def survival_function(self, times: ArrayLike, event: Hashable | None = None) -> _Array:
        """Return the probability that the event has not happened by each time.

        Parameters
        ----------
        times : array-like of shape (n_times,)
        event : label, default=None
            As in `cumulative_hazard`. With competing causes, None is the probability that none of
            them has happened.

        Returns
        -------
        ndarray of shape (n_samples, n_times)
        """
        return np.exp(-self.cumulative_hazard(times, event))

    def cumulative_incidence(self, times: ArrayLike) -> dict[Hashable, _Array]:
        r"""Return the probability that each cause has happened first, by each time.

        :math:`F_k(t) = \int_0^t \lambda_k(u) \prod_j S_j(u)\,du`, exact to 1e-9. With the
        survival function they sum to one.

        Parameters
        ----------
        times : array-like of shape (n_times,)

        Returns
        -------
        dict of cause to ndarray of shape (n_samples, n_times)
        """
        if self.kind != "competing":
            raise ValueError(f"Only competing causes have incidences, not kind={self.kind!r}.")
        grid = _read_times(times)
        nodes, node_weights = _quadrature(_DEPTH / min(1.0, float(self.shape.min())))
        incidence = {
            name: np.zeros((len(self.log_rate), len(grid))) for name in self.weights.index
        }
        for node, weight in zip(nodes, node_weights, strict=True):
            at = grid * np.exp(-node)
            alive = self.survival_function(at)
            for name in self.weights.index:
                slope = _SLOPE[self.family](self._u(at, name)) * self.shape[name]
                incidence[name] += weight * slope * alive
        return incidence

    def _u(self, times: _Array, event: Any) -> _Array:
        rate = np.exp(self.log_rate[event].to_numpy())
        return rate[:, None] * (times / self.scale[event]) ** self.shape[event]

    def draw(self, rng: np.random.RandomState) -> _Array:
        """Draw independent event times of shape (n_samples, n_events)."""
        u = _INVERSE[self.family](rng.standard_exponential(self.log_rate.shape))
        rate = np.exp(self.log_rate.to_numpy())
        return (u / rate) ** (1 / self.shape.to_numpy()) * self.scale.to_numpy()


def _quadrature(depth: float) -> tuple[_Array, _Array]:
    """Return nodes and weights on [0, depth], denser near 0, where most of the mass is."""
    points, weights = np.polynomial.legendre.leggauss(_POINTS)
    edges = depth * np.linspace(0, 1, _PANELS + 1) ** 2
    half = np.diff(edges) / 2
    nodes = edges[:-1, None] + half[:, None] * (points + 1)
    return nodes.ravel(), (half[:, None] * weights).ravel()


def _read_times(times: ArrayLike) -> _Array:
    grid = np.asarray(times, dtype=np.float64)
    if grid.ndim != 1 or not np.isfinite(grid).all() or (grid < 0).any():
        raise ValueError(f"times must be finite numbers from 0 in one dimension, got {times!r}.")
    return grid

"""The posterior of a Gaussian process, given irregular events."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize
from sklearn.utils import check_random_state

from skmtl.histories._array import Histories
from skmtl.histories._columns import as_histories
from skmtl.histories._grid import Grid, grid_names
from skmtl.histories._store import positions
from skmtl.histories._transformer import HistoryTransformer
from skmtl.tables import as_frame

# Added to every noise, in units of the variance of a variable, so that kernels are invertible.
_LEAST_NOISE = 1e-4


class GaussianProcessGrid(HistoryTransformer):
    """Means and standard deviations of all variables on a grid, given the events.

    A joint Gaussian process of all variables: an Ornstein-Uhlenbeck kernel in time, times a full
    covariance between variables, plus noise for each variable. A variable that was not measured
    for hours is thus estimated from its past and from related variables, with a standard
    deviation. In `fit`, the length scale, the covariance and the noise maximise the marginal
    likelihood of a sample of histories. Other columns of X pass through.

    Parameters
    ----------
    every : float
        Step of the grid, in the unit of the histories.
    n_steps : int, default=8
        Number of points of the grid, counted back from the end of the history.
    max_events : int, default=300
        If a history has more events, those of a variable within a step are averaged, and their
        noise is divided by their number. The cost is cubic in the number of events.
    n_histories : int, default=100
        Number of histories whose likelihood is maximised, with their last 100 events.
    columns : sequence, default=None
        The columns of histories; None for all.
    random_state : int, RandomState or None, default=None
        Determines the histories whose likelihood is maximised.
    n_jobs : int, default=None
        Number of joblib processes.

    Notes
    -----
    As input of networks, it was slower than an imputed grid and not better (physionet2012). It is
    meant for few, irregular events of related variables.

    References
    ----------
    E. Bonilla, K. Chai, C. Williams, Multi-task Gaussian process prediction, NeurIPS 2007.
    M. Moor et al., Early recognition of sepsis with Gaussian process temporal convolutional
    networks, MLHC 2019.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.histories import GaussianProcessGrid, Histories
    >>> X = pd.DataFrame({"x": Histories.from_list([[1.0, 2.0, 3.0], [5.0, 4.0]])})
    >>> GaussianProcessGrid(1.0, n_steps=2, random_state=0).fit_transform(X).columns.tolist()
    ['x 0 mean -0', 'x 0 sd -0', 'x 0 mean -1', 'x 0 sd -1']
    """

    def __init__(
        self,
        every: float,
        *,
        n_steps: int = 8,
        max_events: int = 300,
        n_histories: int = 100,
        columns: Sequence[Hashable] | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.every = every
        self.n_steps = n_steps
        self.max_events = max_events
        self.n_histories = n_histories
        self.columns = columns
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _learn(self, histories: Histories, y: Any) -> LearntProcess:
        for name in ("n_steps", "max_events", "n_histories"):
            if not getattr(self, name) >= 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)!r}.")
        grid = Grid.of(histories, self.every)
        random = check_random_state(self.random_state)
        chosen = random.permutation(np.flatnonzero(histories.n_events))[: self.n_histories]
        whole = _Observed.of(histories, grid.variables)
        centre, scale = whole.units(len(grid.variables))
        sample = [
            _Observed.of(histories[[row]], grid.variables).scaled(centre, scale).last(100)
            for row in chosen
        ]
        kernel = _most_likely([one for one in sample if len(one.time)], len(centre), grid.step)
        return LearntProcess(grid, centre, scale, kernel, int(self.n_steps), int(self.max_events))

    def draw(self, X: Any, random_state: int | np.random.RandomState) -> pd.DataFrame:
        """Return the features with a draw from the posterior instead of each mean.

        To train on draws, as MGP-TCN does, concatenate several tables with the same labels. To
        predict, average the predictions for several draws. All times and variables of a row are
        drawn jointly, without measurement noise. The standard deviations are unchanged.

        Parameters
        ----------
        X : table of shape (n_samples, n_columns)
        random_state : int or RandomState
            With a RandomState, each call draws new values.

        Returns
        -------
        DataFrame of shape (n_samples, n_features_out)
            A table with the columns of `transform`.
        """
        table, frame = self.transform(X), as_frame(X, min_rows=0)
        random = check_random_state(random_state)
        for name, learnt in self.learnt_.items():
            means = [f"{name} {feature}" for feature in learnt.names[::2]]
            process = cast(LearntProcess, learnt)
            table[means] = process.draws(as_histories(frame[name]), random)
        return table


class _Observed(NamedTuple):
    """Observed values of the variables, each of which is the mean of `weight` values."""

    time: NDArray[np.float64]
    variable: NDArray[np.int64]
    value: NDArray[np.float64]
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, histories: Histories, variables: Sequence[str]) -> _Observed:
        """Return all values of some histories."""
        store = histories.parts.store
        places = {name: i for i, name in enumerate(variables)}
        known = np.array([places.get(name, -1) for name in store.variables], dtype=np.int64)
        where = positions(histories.parts.rows["start"], histories.n_events)
        where = where[(known[store.code[where]] >= 0) & ~np.isnan(store.value[where])]
        value = store.value[where].astype(np.float64)
        return cls(store.time[where], known[store.code[where]], value, np.ones(len(where)))

    def units(self, n_variables: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and standard deviation of each variable; the latter is 1 for constants."""
        n = np.bincount(self.variable, minlength=n_variables)
        mean = np.bincount(self.variable, self.value, n_variables) / n
        around = (self.value - mean[self.variable]) ** 2
        sd = np.sqrt(np.bincount(self.variable, around, n_variables) / n)
        return mean, np.where(sd > 0, sd, 1.0)

    def scaled(self, centre: NDArray[np.float64], scale: NDArray[np.float64]) -> _Observed:
        value = (self.value - centre[self.variable]) / scale[self.variable]
        return self._replace(value=value)

    def last(self, n: int) -> _Observed:
        late = slice(-n, None)
        return _Observed(self.time[late], self.variable[late], self.value[late], self.weight[late])

    def merged(self, step: float, end: float) -> _Observed:
        """Average the values of a variable within a step, and their times."""
        cell = np.floor((end - self.time) / step).astype(np.int64)
        pairs = np.stack([cell, self.variable])
        (_, variable), which = np.unique(pairs, axis=1, return_inverse=True)
        which = which.ravel()
        n = np.bincount(which, self.weight).astype(np.float64)
        time = np.bincount(which, self.time * self.weight) / n
        return _Observed(time, variable, np.bincount(which, self.value * self.weight) / n, n)


@dataclass(frozen=True)
class ProcessKernel:
    """A kernel in time and variables.

    Attributes
    ----------
    length : float
        Time after which correlations fall to 1 / e.
    covariance : ndarray of float64, shape (n_variables, n_variables)
    noise : ndarray of float64, shape (n_variables,)
        Variances of the noise.
    """

    length: float
    covariance: NDArray[np.float64]
    noise: NDArray[np.float64]

    def factor(self, seen: _Observed) -> Any:
        """Return the Cholesky factor of the covariance of observed values."""
        gap = np.abs(seen.time[:, None] - seen.time)
        matrix = np.exp(-gap / self.length) * self.covariance[np.ix_(seen.variable, seen.variable)]
        matrix[np.diag_indices(len(matrix))] += self.noise[seen.variable] / seen.weight
        return cho_factor(matrix, lower=True)

    def posterior(
        self, seen: _Observed, times: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return posterior means and standard deviations without noise, (n_times, n_variables)."""
        n_variables = len(self.noise)
        prior = np.broadcast_to(np.diag(self.covariance), (len(times), n_variables))
        if not len(seen.time):
            return np.zeros(prior.shape), np.sqrt(prior)
        mean, half = self._given(seen, times)
        known = (half**2).sum(axis=0).reshape(prior.shape)
        return mean, np.sqrt(np.maximum(prior - known, 0.0))

    def draw(
        self, seen: _Observed, times: NDArray[np.float64], random: np.random.RandomState
    ) -> NDArray[np.float64]:
        """Draw from the joint posterior of all values, (n_times, n_variables)."""
        decay = np.exp(-np.abs(times[:, None] - times) / self.length)
        covariance = np.kron(decay, self.covariance)
        mean = np.zeros((len(times), len(self.noise)))
        if len(seen.time):
            mean, half = self._given(seen, times)
            covariance = covariance - half.T @ half
        # By eigenvalues, because the covariance is singular where values are known.
        variances, axes = np.linalg.eigh(covariance)
        along = np.sqrt(np.maximum(variances, 0.0)) * random.normal(size=len(variances))
        return mean + (axes @ along).reshape(mean.shape)

    def _given(
        self, seen: _Observed, times: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the posterior mean (n_times, n_variables) and a root of the explained covariance.

        The explained covariance, ``root.T @ root``, is subtracted from the prior covariance.
        """
        factor = self.factor(seen)
        decay = np.exp(-np.abs(times[:, None] - seen.time) / self.length)
        across = decay[:, None, :] * self.covariance[:, seen.variable]
        across = across.reshape(len(times) * len(self.noise), -1)
        mean = (across @ cho_solve(factor, seen.value)).reshape(len(times), -1)
        return mean, solve_triangular(factor[0], across.T, lower=True)


def _most_likely(sample: Sequence[_Observed], n_variables: int, step: float) -> ProcessKernel:
    """Return the kernel with maximum marginal likelihood."""
    lower = np.tril_indices(n_variables)

    def unpack(x: NDArray[np.float64]) -> tuple[ProcessKernel, NDArray[np.float64]]:
        root = np.zeros((n_variables, n_variables))
        root[lower] = x[1 + n_variables :]
        noise = np.exp(x[1 : 1 + n_variables]) + _LEAST_NOISE
        return ProcessKernel(float(np.exp(x[0])), root @ root.T, noise), root

    def loss(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        kernel, root = unpack(x)
        total, by_length = 0.0, 0.0
        by_noise, by_covariance = np.zeros(n_variables), np.zeros((n_variables, n_variables))
        for seen in sample:
            factor = kernel.factor(seen)
            pull = cho_solve(factor, seen.value)
            total += seen.value @ pull / 2 + np.log(np.diag(factor[0])).sum()
            inverse = cho_solve(factor, np.eye(len(pull)))
            slope = (inverse - np.outer(pull, pull)) / 2  # gradient by the covariance of values
            gap = np.abs(seen.time[:, None] - seen.time) / kernel.length
            decay = np.exp(-gap)
            pairs = kernel.covariance[np.ix_(seen.variable, seen.variable)]
            by_length += (slope * pairs * decay * gap).sum()
            np.add.at(by_noise, seen.variable, np.diag(slope) / seen.weight)
            choice = np.eye(n_variables)[seen.variable]
            by_covariance += choice.T @ (slope * decay) @ choice
        by_root = (2 * by_covariance @ root)[lower]
        noise = np.exp(x[1 : 1 + n_variables])
        n = sum(len(seen.time) for seen in sample)
        return total / n, np.concatenate([[by_length], by_noise * noise, by_root]) / n

    # Start from uncorrelated variables with little noise.
    begin = np.concatenate(
        [[np.log(4 * step)], np.full(n_variables, np.log(0.3)), 0.8 * np.eye(n_variables)[lower]]
    )
    bounds = [
        (np.log(step / 100), np.log(step * 1e4)),
        *[(-10.0, 3.0)] * n_variables,
        *[(-10.0, 10.0)] * len(lower[0]),
    ]
    options = {"maxiter": 100}
    result = minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return unpack(result.x)[0]


@dataclass
class LearntProcess:
    """A fitted process, with the mean and the scale of its variables.

    Attributes
    ----------
    grid : Grid
    centre, scale : ndarray of float64, shape (n_variables,)
    kernel : ProcessKernel
        Kernel of the scaled variables.
    n_steps, max_events : int
    """

    grid: Grid
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    kernel: ProcessKernel
    n_steps: int
    max_events: int

    @property
    def variables(self) -> list[str]:
        """Variables with values."""
        return self.grid.variables

    @property
    def names(self) -> list[str]:
        """Names of the features, by variable and time before the end."""
        before = [f"-{i * self.grid.step:g}" for i in range(self.n_steps)]
        return grid_names(self.variables, [f"{s} {t}" for t in before for s in ("mean", "sd")])

    def table(self, histories: Histories) -> NDArray[np.float64]:
        """Compute the features, (n, n_features)."""
        shape = (len(histories), len(self.variables), self.n_steps, 2)
        table = np.full(shape, np.nan)
        for row, seen, times in self._seen(histories):
            mean, sd = self.kernel.posterior(seen, times)
            table[row, ..., 0] = (self.centre + self.scale * mean).T
            table[row, ..., 1] = (self.scale * sd).T
        return table.reshape(len(histories), len(self.names))

    def draws(self, histories: Histories, random: np.random.RandomState) -> NDArray[np.float64]:
        """Draw from the posterior of each history, (n, n_variables * n_steps)."""
        table = np.full((len(histories), len(self.variables), self.n_steps), np.nan)
        for row, seen, times in self._seen(histories):
            drawn = self.kernel.draw(seen, times, random)
            table[row] = (self.centre + self.scale * drawn).T
        return table.reshape(len(histories), len(self.variables) * self.n_steps)

    def _seen(
        self, histories: Histories
    ) -> Iterator[tuple[np.intp, _Observed, NDArray[np.float64]]]:
        """Yield the values of each history that is not missing, and the times of its grid."""
        back = self.grid.step * np.arange(self.n_steps)
        for row in np.flatnonzero(~histories.isna()):
            one = histories[[row]]
            end = one.end[0]
            seen = _Observed.of(one, self.variables).scaled(self.centre, self.scale)
            if len(seen.time) > self.max_events:
                seen = seen.merged(self.grid.step, end)
            yield row, seen, end - back

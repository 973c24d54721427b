"""The posterior of a Gaussian process, given irregular events."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skmtl.histories._array import Histories
from skmtl.histories._grid import Grid, grid_names
from skmtl.histories._markov_process import MarkovProcess
from skmtl.histories._observed import ObservedValues
from skmtl.histories._process_kernel import ProcessKernel, most_likely
from skmtl.histories._transformer import HistoryTransformer
from skmtl.tables import as_frame


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
        Number of values up to which the posterior of a history is computed from the covariance of
        all its values, in cubic time. Histories with more values are filtered, in linear time (see
        Notes). Both are exact, and take about the same time for 500 values.
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
    Long histories need no inducing points, which approximate a posterior: an Ornstein-Uhlenbeck
    kernel is Markovian, so two Kalman filters, one from the first event on and one from the last
    event backwards, meet at a time of the grid and give its exact posterior. For n values of V
    variables they take O(n V^2) time and O(V^2) memory.

    As input of networks, it was slower than an imputed grid and not better (physionet2012). It is
    meant for few, irregular events of related variables.

    References
    ----------
    E. Bonilla, K. Chai, C. Williams, Multi-task Gaussian process prediction, NeurIPS 2007.
    M. Moor et al., Early recognition of sepsis with Gaussian process temporal convolutional
    networks, MLHC 2019.
    J. Hartikainen, S. Särkkä, Kalman filtering and smoothing solutions to temporal Gaussian
    process regression models, MLSP 2010.

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
        whole = ObservedValues.of(histories, grid.variables)
        centre, scale = whole.units(len(grid.variables))
        sample = [
            ObservedValues.of(histories[[row]], grid.variables).scaled(centre, scale).last(100)
            for row in chosen
        ]
        kernel = most_likely([one for one in sample if len(one.time)], len(centre), grid.step)
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
            table[means] = process.draws(self._histories(frame, name), random)
        return table

    def draw_histories(self, X: Any, random_state: int | np.random.RandomState) -> pd.DataFrame:
        """Return X with a draw from the posterior, on the grid, in place of each history.

        For networks of regular series, such as ``series={"vitals": "tcn"}``, which together with
        this process are MGP-TCN. The draws are those of `draw` with the same `random_state`.

        Parameters
        ----------
        X : table of shape (n_samples, n_columns)
        random_state : int or RandomState
            See `draw`.

        Returns
        -------
        DataFrame of shape (n_samples, n_columns)
            Histories with all variables at all times of the grid, which are counted from the end
            of the history: the last one is 0. Missing histories stay missing.

        Examples
        --------
        >>> import pandas as pd
        >>> from skmtl.histories import GaussianProcessGrid, Histories
        >>> X = pd.DataFrame({"x": Histories.from_list([[1.0, 2.0, 3.0], [5.0, 4.0]])})
        >>> process = GaussianProcessGrid(0.5, n_steps=4, random_state=0).fit(X)
        >>> process.draw_histories(X, random_state=0)
                                x
        0  4 events of 1, -1.5 to 0
        1  4 events of 1, -1.5 to 0
        """
        check_is_fitted(self)
        frame = as_frame(X, min_rows=0).copy()
        random = check_random_state(random_state)
        for name, learnt in self.learnt_.items():
            process, histories = cast(LearntProcess, learnt), self._histories(frame, name)
            shape = (len(frame), len(process.variables), process.n_steps)
            drawn = process.draws(histories, random).reshape(shape)[..., ::-1]
            times = 0.0 - process.back[::-1]
            series = Histories.from_array(drawn, times=times, variables=process.variables)
            series[histories.isna()] = pd.NA
            frame[name] = series
        return frame


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
        before = [f"-{time:g}" for time in self.back]
        return grid_names(self.variables, [f"{s} {t}" for t in before for s in ("mean", "sd")])

    @property
    def back(self) -> NDArray[np.float64]:
        """Times of the grid, counted back from the end of the history."""
        return self.grid.step * np.arange(self.n_steps, dtype=np.float64)

    def table(self, histories: Histories) -> NDArray[np.float64]:
        """Compute the features, (n, n_features)."""
        shape = (len(histories), len(self.variables), self.n_steps, 2)
        table = np.full(shape, np.nan)
        for row, process, seen, times in self._processes(histories):
            mean, sd = process.posterior(seen, times)
            table[row, ..., 0] = (self.centre + self.scale * mean).T
            table[row, ..., 1] = (self.scale * sd).T
        return table.reshape(len(histories), len(self.names))

    def draws(self, histories: Histories, random: np.random.RandomState) -> NDArray[np.float64]:
        """Draw from the posterior of each history, (n, n_variables * n_steps)."""
        table = np.full((len(histories), len(self.variables), self.n_steps), np.nan)
        for row, process, seen, times in self._processes(histories):
            drawn = process.draw(seen, times, random)
            table[row] = (self.centre + self.scale * drawn).T
        return table.reshape(len(histories), len(self.variables) * self.n_steps)

    def _processes(
        self, histories: Histories
    ) -> Iterator[
        tuple[np.intp, ProcessKernel | MarkovProcess, ObservedValues, NDArray[np.float64]]
    ]:
        """Yield how to compute each history that is not missing, its values and its grid."""
        short, long = self.kernel, MarkovProcess(self.kernel)
        for row in np.flatnonzero(~histories.isna()):
            one = histories[[row]]
            seen = ObservedValues.of(one, self.variables).scaled(self.centre, self.scale)
            process = long if len(seen.time) > self.max_events else short
            # Without events and a known end, any end will do: the prior is the same at all times.
            yield row, process, seen, np.nan_to_num(one.end[0]) - self.back

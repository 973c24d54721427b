"""Nearest neighbours of series by dynamic time warping."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length

from skmtl.histories._array import Histories
from skmtl.histories._grid import Grid
from skmtl.histories._transformer import HistoryTransformer, LearntFeatures
from skmtl.tasks import EventTimesDtype, label_frame

# Pairs of series whose distances are computed together.
_PAIRS = 2**14


class DTWNeighbours(HistoryTransformer):
    """Distances to training series by dynamic time warping, and labels of the nearest ones.

    Some training series are stored as references. The features of a series are its distance to the
    nearest reference and the mean labels of the nearest references. For a label with more than two
    classes, they are the proportions of the classes. `EventTimes` have no mean and are left out.
    With ``all_distances=True``, the distances to all references are features as well, from
    which a model can learn what a series resembles. Other columns of X pass through.

    `fit_transform`, which pipelines call in `fit`, does not use a reference as its own neighbour,
    so that labels do not leak into the features of the rows that they come from.
    ``fit(X).transform(X)`` has this leak.

    Parameters
    ----------
    n_references : int, default=100
        Number of training series to compare with. The time is proportional to it.
    n_neighbours : int, default=5
        Number of nearest references whose labels are averaged.
    window : float, default=0.1
        Maximum warping, as a fraction of the length (Sakoe-Chiba band).
    length : int, default=50
        Number of points to which all series are resampled; the time grows with its square.
    every : float, default=None
        Step of the grid on which series are resampled, in the unit of the histories. None is the
        median time between two events.
    columns : sequence, default=None
        The columns of histories; None for all.
    all_distances : bool, default=False
        Whether the distances to all references are features. That to the series in row i of the
        training table is called "distance to i". It is NaN in that row itself in `fit_transform`.
    random_state : int, RandomState or None, default=None
        Determines the references.
    n_jobs : int, default=None
        Number of joblib processes.

    References
    ----------
    H. Sakoe, S. Chiba, Dynamic programming algorithm optimization for spoken word recognition,
    IEEE Transactions on Acoustics, Speech and Signal Processing 26, 1978.
    R. Kate, Using dynamic time warping distances as features for improved time series
    classification, Data Mining and Knowledge Discovery 30, 2016.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.histories import DTWNeighbours, Histories
    >>> X = pd.DataFrame({"x": Histories.from_list([[0.0, 0, 5, 0], [0.0, 5, 0, 0], [9.0] * 4])})
    >>> y = pd.Series([1.0, 1.0, 7.0], name="load")
    >>> model = DTWNeighbours(n_neighbours=1, window=0.5, random_state=0)
    >>> model.fit_transform(X, y)["x nearest load"].tolist()
    [1.0, 1.0, 1.0]
    """

    def __init__(
        self,
        n_references: int = 100,
        *,
        n_neighbours: int = 5,
        window: float = 0.1,
        length: int = 50,
        every: float | None = None,
        all_distances: bool = False,
        columns: Sequence[Hashable] | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_references = n_references
        self.n_neighbours = n_neighbours
        self.window = window
        self.length = length
        self.every = every
        self.all_distances = all_distances
        self.columns = columns
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> pd.DataFrame:
        """Fit, and return the features of the same rows, none of which is its own neighbour.

        Parameters
        ----------
        X : table of shape (n_samples, n_columns)
        y : table of shape (n_samples, n_tasks), default=None
            The labels; without them, the only features are distances.
        **fit_params : none

        Returns
        -------
        DataFrame of shape (n_samples, n_features_out)
        """
        learnt: dict[Any, Any] = self.fit(X, y).learnt_
        self.learnt_ = {name: replace(one, leaves_out=True) for name, one in learnt.items()}
        try:
            return self.transform(X)
        finally:
            self.learnt_ = learnt

    def _table(self, histories: Histories, learnt: LearntFeatures) -> NDArray[np.floating]:
        table, neighbours = super()._table(histories, learnt), cast(LearntNeighbours, learnt)
        if neighbours.leaves_out:
            table[neighbours.rows] = neighbours.of_references()
        return table

    def _learn(self, histories: Histories, y: Any) -> LearntNeighbours:
        for name in ("n_references", "n_neighbours", "length"):
            if not getattr(self, name) >= 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)!r}.")
        if not 0 <= self.window <= 1:
            raise ValueError(f"window must be between 0 and 1, got {self.window!r}.")
        grid = Grid.of(histories, self.every)
        random = check_random_state(self.random_state)
        raw = _stretched(grid, histories, int(self.length))
        filled = np.flatnonzero(~np.isnan(raw).all(axis=(1, 2)))
        chosen = np.sort(random.permutation(filled)[: self.n_references])
        centre = np.nan_to_num(np.nanmean(raw, axis=(0, 2)))
        spread = np.nanstd(raw, axis=(0, 2))
        scale = np.where(np.nan_to_num(spread) > 0, spread, 1.0)
        labels = pd.DataFrame(index=range(len(histories)))
        if y is not None:
            check_consistent_length(histories, y)
            labels = _numbers(label_frame(y).reset_index(drop=True))
        series = np.nan_to_num((raw[chosen] - centre[:, None]) / scale[:, None])
        return LearntNeighbours(
            grid,
            centre,
            scale,
            chosen,
            series,
            labels.columns.tolist(),
            labels.to_numpy(float)[chosen],
            min(int(self.n_neighbours), len(chosen)),
            float(self.window),
            bool(self.all_distances),
        )


def _numbers(labels: pd.DataFrame) -> pd.DataFrame:
    """Encode labels as numbers, with an indicator for each class (one of them for two classes)."""
    columns = {}
    for name in labels:
        values = labels[name]
        if isinstance(values.dtype, EventTimesDtype):
            continue
        if pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
            columns[str(name)] = (
                pd.to_numeric(values).astype("Float64").to_numpy(float, na_value=np.nan)
            )
            continue
        classes = sorted(pd.unique(values.dropna()), key=str)
        for one in classes[1:] if len(classes) == 2 else classes:
            columns[f"{name}={one}"] = np.where(values.isna(), np.nan, values == one)
    return pd.DataFrame(columns, index=labels.index)


def _stretched(grid: Grid, histories: Histories, length: int) -> NDArray[np.float64]:
    """Resample series to one length, (n, n_variables, length); NaN for missing series."""
    series = np.full((len(histories), len(grid.variables), length), np.nan)
    for batch in grid.batches(histories):
        n = batch.values.shape[-1]
        place = np.linspace(0, n - 1, length)
        low = np.minimum(place.astype(np.int64), max(n - 2, 0))
        share = place - low
        high = np.minimum(low + 1, n - 1)
        series[batch.rows] = (1 - share) * batch.values[..., low] + share * batch.values[..., high]
    return series


def warped_distances(
    one: NDArray[np.float64], other: NDArray[np.float64], band: int
) -> NDArray[np.float64]:
    """Return distances between pairs of series by dynamic time warping, for all pairs at once.

    Parameters
    ----------
    one, other : ndarray of shape (n, n_variables, length)
    band : int
        Maximum warping in steps.

    Returns
    -------
    ndarray of shape (n,)
        Roots of the minimal sums of squares.
    """
    n, _, length = one.shape
    before = np.full((length + 1, n), np.inf)
    before[0] = 0.0
    for i in range(length):
        row = np.full((length + 1, n), np.inf)
        for j in range(max(i - band, 0), min(i + band + 1, length)):
            gap = ((one[..., i] - other[..., j]) ** 2).sum(axis=1)
            row[j + 1] = gap + np.minimum(np.minimum(before[j], before[j + 1]), row[j])
        before = row
    return np.sqrt(before[length])


@dataclass
class LearntNeighbours:
    """References and their labels.

    Attributes
    ----------
    grid : Grid
    centre, scale : ndarray of float64, shape (n_variables,)
    rows : ndarray of int64, shape (n_references,)
        Positions of the references among the training rows.
    series : ndarray of float64, shape (n_references, n_variables, length)
    targets : list of str
    labels : ndarray of float64, shape (n_references, n_targets)
    n_neighbours : int
    window : float
    all_distances : bool
        Whether the distances to all references are features.
    leaves_out : bool
        Whether the rows are those of `fit`, where no reference is its own neighbour.
    """

    grid: Grid
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    rows: NDArray[np.int64]
    series: NDArray[np.float64]
    targets: list[str]
    labels: NDArray[np.float64]
    n_neighbours: int
    window: float
    all_distances: bool
    leaves_out: bool = False

    @property
    def names(self) -> list[str]:
        """Names of the features: the least distance, the labels of the nearest, all distances."""
        nearest = [f"nearest {target}" for target in self.targets]
        every = [f"distance to {row}" for row in self.rows] if self.all_distances else []
        return ["distance", *nearest, *every]

    def table(self, histories: Histories) -> NDArray[np.float64]:
        """Compute the features, (n, n_features)."""
        table = np.full((len(histories), len(self.names)), np.nan)
        length = self.series.shape[-1]
        raw = _stretched(self.grid, histories, length)
        filled = np.flatnonzero(~np.isnan(raw).all(axis=(1, 2)))
        series = np.nan_to_num((raw[filled] - self.centre[:, None]) / self.scale[:, None])
        table[filled] = self._features(self._distances(series))
        return table

    def of_references(self) -> NDArray[np.float64]:
        """Compute the features of the references, none of which is its own neighbour."""
        distances = self._distances(self.series)
        np.fill_diagonal(distances, np.inf)
        return self._features(distances)

    def _distances(self, series: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the distances of series to all references, (n, n_references)."""
        n_references = len(self.series)
        band = int(np.ceil(self.window * self.series.shape[-1]))
        distances = np.empty((len(series), n_references))
        size = max(_PAIRS // n_references, 1)
        for start in range(0, len(series), size):
            some = series[start : start + size]
            pairs = np.repeat(some, n_references, axis=0), np.tile(self.series, (len(some), 1, 1))
            found = warped_distances(*pairs, band).reshape(len(some), n_references)
            distances[start : start + size] = found
        return distances

    def _features(self, distances: NDArray[np.float64]) -> NDArray[np.float64]:
        nearest = np.argsort(distances, axis=1, kind="stable")[:, : self.n_neighbours]
        smallest = np.take_along_axis(distances, nearest, axis=1)
        labels = np.where(np.isinf(smallest)[..., None], np.nan, self.labels[nearest])
        known = ~np.isnan(labels)
        total = np.where(known, labels, 0.0).sum(axis=1)
        mean = np.divide(
            total, known.sum(axis=1), out=np.full(total.shape, np.nan), where=known.any(axis=1)
        )
        distances[np.isinf(distances)] = np.nan
        closest = np.where(np.isinf(smallest[:, :1]), np.nan, smallest[:, :1])
        every = distances if self.all_distances else distances[:, :0]
        return np.concatenate([closest, mean, every], axis=1)

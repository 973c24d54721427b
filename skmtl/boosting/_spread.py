"""Trees grown by several workers with LightGBM's distributed learner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np

from skmtl.boosting._ensemble import Ensemble, binned
from skmtl.boosting._gaps import Gaps
from skmtl.boosting._leaves import Refit
from skmtl.boosting._options import Features


@dataclass(frozen=True)
class WorkerNetwork:
    """Addresses of the workers for LightGBM.

    Attributes
    ----------
    machines : sequence of str
        Address and port of each worker, such as "10.0.0.7:12400".
    port : int
        Port of this worker.
    """

    machines: tuple[str, ...]
    port: int

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Connect LightGBM in this thread with the other workers within this context."""
        if len(self.machines) == 1:
            yield
            return
        # The network belongs to the thread, so any Booster can set it.
        booster = lgb.Booster({"verbosity": -1}, lgb.Dataset(np.zeros((2, 1))))
        booster.set_network(",".join(self.machines), self.port, num_machines=len(self.machines))
        try:
            yield
        finally:
            booster.free_network()


@dataclass(frozen=True)
class SpreadFeatures(Features):
    """Features of a worker's own rows, followed by those of a sample that all workers have.

    The sample determines the bins, which are therefore the same on all workers. Trees do not grow
    on its rows, but their scores are computed, so that all workers make the same decisions.

    Attributes
    ----------
    sample : lightgbm.Dataset
        The binned sample.
    n_own : int
        Number of the worker's own rows.
    n_workers : int
    """

    sample: lgb.Dataset
    n_own: int
    n_workers: int

    @classmethod
    def from_rows(
        cls,
        own_rows: np.ndarray,
        sample: np.ndarray,
        numeric: np.ndarray,
        categorical: np.ndarray,
        parameters: Mapping[str, Any],
        n_workers: int,
    ) -> SpreadFeatures:
        data = binned(sample, categorical.tolist(), parameters)
        return cls(
            matrix=np.concatenate([own_rows, sample]),
            numeric=numeric,
            categorical=categorical,
            data=binned_like(data, own_rows),
            sample=data,
            n_own=len(own_rows),
            n_workers=n_workers,
        )

    def with_columns(self, columns: np.ndarray, parameters: Mapping[str, Any]) -> SpreadFeatures:
        n = self.n_own
        sample = binned(self.matrix[n:], self.categorical.tolist(), parameters, columns[n:])
        data = binned_like(sample, np.column_stack([self.matrix[:n], columns[:n]]))
        return replace(self, data=data, sample=sample)

    def gaps(self, rows: np.ndarray) -> Gaps:
        """Return the missing values of the sample, since others have no bin on any worker."""
        return Gaps.of_rows(self.matrix, np.arange(self.n_own, len(self.matrix)))

    def ensemble(self, parameters: Mapping[str, Any], n_trees: int) -> Ensemble:
        return _SpreadEnsemble(self, parameters, n_trees)


def binned_like(data: lgb.Dataset, matrix: np.ndarray) -> lgb.Dataset:
    """Bin a matrix with the bins of another dataset."""
    label = np.zeros(len(matrix), dtype=np.float32)
    return data.create_valid(matrix, label=label, params=data.get_params()).construct()


class _SpreadEnsemble(Ensemble):
    """Grows on the own rows of all workers, and scores own rows and the sample."""

    def __init__(
        self, features: SpreadFeatures, parameters: Mapping[str, Any], n_trees: int
    ) -> None:
        spread = {"tree_learner": "data", "num_machines": features.n_workers}
        super().__init__(features.data, {**parameters, **spread}, n_trees)
        self._trees.watch(features.sample, "sample")
        self._n_own = features.n_own

    def grow(self, gradient: np.ndarray, hessian: np.ndarray, refit: Refit | None = None) -> None:
        super().grow(gradient[: self._n_own], hessian[: self._n_own], refit)

    def _lightgbm_scores(self) -> np.ndarray:
        return np.concatenate([self._trees.scores(), self._trees.scores(watched=1)])

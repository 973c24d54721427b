"""An engine that skmtl does not have: ridge regression for each target."""

from dataclasses import dataclass

import numpy as np

from skmtl.engines import BagByBagEngine
from skmtl.files import storable
from skmtl.models import MultiTaskEstimator
from skmtl.reading import ColumnTargets
from skmtl.tables import TreeEncoder
from skmtl.tasks import TasksLike, number_kind


@dataclass(frozen=True)
class RidgeEngine(BagByBagEngine):
    """Weighted least squares on the columns as numbers, with a penalty."""

    alpha: float

    def make_encoder(self):
        return TreeEncoder()

    def n_bags(self, n_rows):
        return 1

    def check_tasks(self, tasks):
        for name, kind in tasks.kinds.items():
            if kind != "regression":
                raise ValueError(f"Task {name!r} has kind {kind!r}; ridge learns 'regression'.")

    def fit_bag(self, problem, training, validation, random_state):
        x, targets = _inputs(training.features, training.group), training.labels.target
        penalty = self.alpha * np.diag(np.arange(x.shape[1]) > 0)
        return np.column_stack(
            [
                np.linalg.solve(x.T @ (w[:, None] * x) + penalty, x.T @ (w * z))
                for z, w in zip(targets.T, training.weight.T, strict=True)
            ]
        )

    def bag_scores(self, bag, features, group):
        return _inputs(features, group) @ bag


def _inputs(features, group):
    """A constant, the columns, and the number of the task of long data."""
    task = [] if group is None else [group]
    return np.column_stack([np.ones(len(features)), np.nan_to_num(features), *task])


@storable
@dataclass(kw_only=True, eq=False, repr=False)
class Ridge(MultiTaskEstimator):
    """The estimator: a parameter of its own, and how it becomes an engine."""

    tasks: TasksLike = None
    alpha: float = 1.0

    def _engine(self):
        return RidgeEngine(self.alpha)

    def _targets(self):
        return ColumnTargets(self.tasks, number_kind, False, type(self).__name__)

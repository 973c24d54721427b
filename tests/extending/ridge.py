"""An engine that skmtl does not have: ridge regression in closed form, task by task."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skmtl.engines import BagByBagEngine
from skmtl.files import storable
from skmtl.models import Check, MultiTaskEstimator, real
from skmtl.reading import ColumnTargets
from skmtl.tables import TableEncoder
from skmtl.tasks import Regression, TasksLike, number_kind


@storable
class RidgeEncoder(TableEncoder):
    """Scaled numbers, 0 where they are missing, and a column for each category."""

    def transform(self, frame):
        table = super().transform(frame)
        dummies = [
            codes[:, None] == np.arange(n)
            for codes, n in zip(table.codes.T, self.cardinalities_, strict=True)
        ]
        return np.hstack([np.nan_to_num(table.numeric), *dummies]).astype(np.float64)


@dataclass(frozen=True)
class RidgeEngine(BagByBagEngine):
    alpha: float

    encodes_by_training_rows: ClassVar[bool] = True

    def make_encoder(self):
        return RidgeEncoder()

    def check_tasks(self, tasks):
        for name, head in tasks.by_name.items():
            if not (isinstance(head, Regression) and head.loss_name == "squared"):
                raise ValueError(
                    f"Task {name!r} is {head!r}, but ridge regression has a squared loss. Use "
                    "Regression()."
                )

    def n_bags(self, n_rows, n_targets):
        return 1

    def fit_bag(self, problem, training, validation, random_state):
        design = _design(training.features, training.group, len(problem.task_ids))
        penalty = self.alpha * np.eye(design.shape[1])
        penalty[-1] = 0  # of the constant
        weight, target = training.weight, training.labels.target
        return np.column_stack(
            [
                np.linalg.solve(design.T @ (design * w[:, None]) + penalty, design.T @ (w * y))
                for w, y in zip(weight.T, target.T, strict=True)
            ]
        )

    def bag_scores(self, bag, features, group):
        return _design(features, group, len(bag) - features.shape[1] - 1) @ bag


def _design(features, group, n_groups):
    """Features, an indicator of each known task id, and a constant."""
    ids = np.empty((len(features), 0)) if group is None else group[:, None] == np.arange(n_groups)
    return np.hstack([features, ids, np.ones((len(features), 1))])


@storable
@dataclass(kw_only=True, eq=False, repr=False)
class Ridge(MultiTaskEstimator):
    """An estimator of numbers."""

    tasks: TasksLike = None
    alpha: float = 1.0

    _parameter_checks: ClassVar[dict[str, Check]] = {"alpha": real(0, open_low=True)}

    def _engine(self):
        return RidgeEngine(self.alpha)

    def _targets(self):
        return ColumnTargets(self.tasks, number_kind, False, type(self).__name__)

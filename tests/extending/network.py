"""A network that skmtl does not have: a hidden layer for all, a linear answer for each task."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from skmtl.files import storable
from skmtl.models import Check, integer, real
from skmtl.models.network import NetworkEstimator
from skmtl.networks import FeatureTokens, Linear, NetworkOutput, matrix, parameter
from skmtl.reading import ColumnTargets
from skmtl.tasks import TasksLike, mixed_kind


class SharedBottomNet(nn.Module):
    def __init__(self, plan):
        super().__init__()
        self.register_buffer("base_scores", torch.tensor(plan.base_scores, dtype=torch.float32))
        self.task_of_score = [t for t, n in enumerate(plan.n_scores) for _ in range(n)]
        self.n_groups, self.sparsity = plan.n_groups, plan.sparsity
        no_bins = [torch.zeros(0)] * plan.n_numeric
        self.tokens = FeatureTokens(no_bins, plan.cardinalities, plan.size, "linear")
        self.trunk = Linear(self.tokens.n_features * plan.size, plan.size)
        self.towers = matrix(len(self.base_scores), plan.size, fan_in=plan.size)
        self.by_group = parameter(plan.n_groups + 1, len(self.base_scores))  # the last: unseen

    def represent(self, batch):
        tokens = self.tokens(batch.numeric, batch.codes)
        return (torch.relu(self.trunk(tokens.flatten(1)))[None],)

    def answer(self, representation, batch):
        (shared,) = representation  # (n_targets, batch, size)
        scores = (shared[self.task_of_score] * self.towers[:, None]).sum(dim=-1).T
        if batch.group is not None:
            scores = scores + self.by_group[batch.group]
        auxiliary = {"sparsity": self.sparsity * shared.abs().mean()}
        return NetworkOutput((scores + self.base_scores)[:, None], auxiliary)

    def forward(self, batch):
        (shared,) = self.represent(batch)
        return self.answer((shared.expand(max(self.task_of_score) + 1, -1, -1),), batch)


@storable
@dataclass(frozen=True)
class SharedBottomPlan:
    """All that the network is built from."""

    n_numeric: int
    cardinalities: tuple[int, ...]
    n_scores: tuple[int, ...]
    n_groups: int
    base_scores: np.ndarray
    size: int
    sparsity: float

    def build(self):
        return SharedBottomNet(self)


@dataclass(frozen=True)
class SharedBottomSettings:
    """What users choose."""

    size: int
    sparsity: float

    def describe(self, problem, training, base_scores, seed):
        return SharedBottomPlan(
            n_numeric=len(problem.encoder.numeric_),
            cardinalities=tuple(problem.encoder.cardinalities_),
            n_scores=tuple(head.n_scores for head in problem.tasks.heads),
            n_groups=len(problem.task_ids),
            base_scores=base_scores,
            size=self.size,
            sparsity=self.sparsity,
        )


@storable
@dataclass(kw_only=True, eq=False, repr=False)
class SharedBottom(NetworkEstimator):
    """An estimator of mixed kinds."""

    tasks: TasksLike = None
    size: int = 16
    sparsity: float = 0.0

    _parameter_checks: ClassVar[dict[str, Check]] = {"size": integer(1), "sparsity": real(0)}
    _SHAPING: ClassVar[tuple[str, ...]] = (*NetworkEstimator._SHAPING, "size", "sparsity")

    def _architecture(self) -> Any:
        return SharedBottomSettings(self.size, self.sparsity)

    def _targets(self):
        return ColumnTargets(self.tasks, mixed_kind, None, type(self).__name__)

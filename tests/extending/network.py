"""A network that skmtl does not have: a hidden layer for all, a linear answer for each target."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from skmtl.engines.network import Planned, TablePlan
from skmtl.files import storable
from skmtl.models import Check, integer, real
from skmtl.models.network import NetworkEstimator
from skmtl.networks import NetworkOutput, parameter
from skmtl.reading import ColumnTargets
from skmtl.tasks import TasksLike, mixed_kind


class SharedBottomNet(nn.Module):
    def __init__(self, plan):
        super().__init__()
        self.n_groups, self.sparsity = plan.n_groups, plan.sparsity
        self.register_buffer("base_scores", plan.base)
        self.tokens = plan.feature_tokens(plan.size)
        self.trunk = nn.Linear(self.tokens.n_features * plan.size, plan.size)
        self.towers = nn.ModuleList(nn.Linear(plan.size, n) for n in plan.n_scores)
        self.by_group = parameter(plan.n_groups + 1, len(plan.base))  # the last: unseen

    def represent(self, batch):
        tokens = self.tokens(batch.numeric, batch.codes)
        return (torch.relu(self.trunk(tokens.flatten(1)))[None],)

    def answer(self, representation, batch):
        (shared,) = representation  # (n_targets, batch, size)
        scores = torch.cat([tower(shared[t]) for t, tower in enumerate(self.towers)], dim=-1)
        if batch.group is not None:
            scores = scores + self.by_group[batch.group]
        auxiliary = {"sparsity": self.sparsity * shared.abs().mean()}
        return NetworkOutput((scores + self.base_scores)[:, None], auxiliary)

    def forward(self, batch):
        (shared,) = self.represent(batch)
        return self.answer((shared.expand(len(self.towers), -1, -1),), batch)


@storable
@dataclass(frozen=True)
class SharedBottomPlan(TablePlan):
    """All that the network is built from."""

    size: int
    sparsity: float

    def build(self):
        return SharedBottomNet(self)


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
        return Planned(SharedBottomPlan, {"size": self.size, "sparsity": self.sparsity})

    def _targets(self):
        return ColumnTargets(self.tasks, mixed_kind, None, type(self).__name__)

"""A network that skmtl does not have: a perceptron that all targets share."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from skmtl.files import storable
from skmtl.models.network import NetworkEstimator
from skmtl.networks import NetworkOutput
from skmtl.reading import ColumnTargets
from skmtl.tasks import TasksLike, mixed_kind


class PerceptronNet(nn.Module):
    """Hidden units that all targets share, and a linear map from these for each score."""

    def __init__(self, base_scores, n_numeric, cardinalities, score_sizes, n_groups, size):
        super().__init__()
        self.n_groups, self.cardinalities = n_groups, [*cardinalities, n_groups + 1]
        self.hidden = nn.Linear(2 * n_numeric + sum(self.cardinalities), size)
        self.heads = nn.ModuleList(nn.Linear(size, n_scores) for n_scores in score_sizes)
        self.register_buffer("base_scores", torch.tensor(base_scores, dtype=torch.float32))

    def represent(self, batch):
        missing = batch.numeric.isnan()
        group = torch.full_like(batch.numeric[:, 0], -1) if batch.group is None else batch.group
        codes = torch.column_stack([batch.codes, group.long() + 1])
        marks = [
            nn.functional.one_hot(c, n) for c, n in zip(codes.T, self.cardinalities, strict=True)
        ]
        inputs = [batch.numeric.nan_to_num(), missing, *marks]
        return (torch.tanh(self.hidden(torch.column_stack(inputs).float()))[None],)

    def answer(self, representation, batch):
        copies = representation[0].expand(len(self.heads), -1, -1)
        scores = [head(copy) for head, copy in zip(self.heads, copies, strict=True)]
        return (self.base_scores + torch.column_stack(scores))[:, None]

    def forward(self, batch):
        shared = self.represent(batch)
        sizes = {"size": 1e-3 * shared[0].square().mean()}
        return NetworkOutput(self.answer(shared, batch), sizes)


@storable
@dataclass(frozen=True)
class PerceptronDescription:
    """What the network is built from."""

    base_scores: np.ndarray
    n_numeric: int
    cardinalities: list
    score_sizes: list
    n_groups: int
    size: int

    def build(self):
        return PerceptronNet(**vars(self))


@dataclass(frozen=True)
class PerceptronSettings:
    """The architecture: how many hidden units."""

    size: int

    def describe(self, problem, training, base_scores, seed):
        sizes = [head.n_scores for head in problem.tasks.heads]
        n_numeric = training.inputs.numeric.shape[1]
        cardinalities = problem.encoder.cardinalities_
        n_groups = len(problem.task_ids)
        return PerceptronDescription(
            base_scores, n_numeric, cardinalities, sizes, n_groups, self.size
        )


@storable
@dataclass(kw_only=True, eq=False, repr=False)
class Perceptron(NetworkEstimator):
    """The estimator: a parameter of its own, and how it becomes a network."""

    _SHAPING = (*NetworkEstimator._SHAPING, "size")

    tasks: TasksLike = None
    size: int = 16

    def _architecture(self):
        return PerceptronSettings(self.size)

    def _targets(self):
        return ColumnTargets(self.tasks, mixed_kind, None, type(self).__name__)

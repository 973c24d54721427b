"""Which tasks are balanced: the targets of wide data, the ids of long data.

Losses and gradients come by target and row. Here they become those of the tasks that a balancer
compares, and its weights become weights by target and row again.
"""

from __future__ import annotations

from typing import Protocol, cast

from torch import Tensor

from skmtl.networks import n_groups_of
from skmtl.training._data import Samples, TrainingRows
from skmtl.training._objective import Objective


class BalancedTasks(Protocol):
    """Between targets and rows, and the tasks that are balanced.

    Attributes
    ----------
    n_tasks : int
    share : tensor of shape (n_tasks,)
        Share of each task's mean loss in the objective; they sum to 1.
    """

    n_tasks: int
    share: Tensor

    def sums(self, by_row: Tensor, samples: Samples) -> Tensor:
        """Sums over the rows of each task, (n_tasks,), of values (batch, n_targets)."""
        ...

    def losses(self, by_row: Tensor, samples: Samples) -> Tensor:
        """Estimates of the tasks' mean losses, (n_tasks,), from those by row and target."""
        ...

    def present(self, samples: Samples) -> Tensor:
        """Whether the batch has labels of the task that count, bool (n_tasks,)."""
        ...

    def vectors(self, gradients: Tensor, samples: Samples) -> Tensor:
        """Gradients to compare, (n_tasks, n), from (n_targets, batch, n_numbers)."""
        ...

    def by_row(self, weights: Tensor, samples: Samples) -> Tensor:
        """Weights (n_tasks,) as weights (n_targets, batch), or (n_targets, 1) for all rows."""
        ...


class TargetTasks:
    """Wide data: the targets. Their gradients are compared row by row, as one long vector."""

    def __init__(self, objective: Objective) -> None:
        self.share = objective.share
        self.n_tasks = len(self.share)

    def sums(self, by_row: Tensor, samples: Samples) -> Tensor:
        return by_row.sum(dim=0)

    def losses(self, by_row: Tensor, samples: Samples) -> Tensor:
        return by_row.sum(dim=0)

    def present(self, samples: Samples) -> Tensor:
        return (samples.weight > 0).any(dim=0) & (self.share > 0)

    def vectors(self, gradients: Tensor, samples: Samples) -> Tensor:
        return gradients.flatten(1)

    def by_row(self, weights: Tensor, samples: Samples) -> Tensor:
        return weights[:, None]


class IdTasks:
    """Long data: every id, with each of the targets; the task of id g and target t is g * n + t.

    No two of them have a row in common, so that row by row their gradients could not conflict.
    They are summed over the rows of the batch: what is compared is the way in which each task
    would shift the representation of all rows.
    """

    def __init__(self, objective: Objective, training: TrainingRows, n_groups: int) -> None:
        self._n_targets = len(objective.share)
        self._n_groups = n_groups
        self.n_tasks = n_groups * self._n_targets
        by_id = training.mean_weight_by_group(n_groups)
        if by_id[-1].any():
            raise ValueError(
                f"Tasks cannot be balanced where rows belong to none of the {n_groups} ids that "
                "the network knows. Start over where warm_start=True, raise rows_in_memory of a "
                "table on disk, or use balance='equal'."
            )
        by_id = by_id[:-1]
        of_target = objective.label_weight
        # A task counts by its weight among the rows: without balancing, rows count the same.
        self.share = (objective.share * by_id / of_target).flatten()
        self._scale = (of_target / by_id.clamp_min(1e-12)).flatten()

    def sums(self, by_row: Tensor, samples: Samples) -> Tensor:
        return self._sum(by_row, cast(Tensor, samples.inputs.group)).flatten()

    def losses(self, by_row: Tensor, samples: Samples) -> Tensor:
        return self.sums(by_row, samples) * self._scale

    def present(self, samples: Samples) -> Tensor:
        return (self.sums(samples.weight, samples) > 0) & (self.share > 0)

    def vectors(self, gradients: Tensor, samples: Samples) -> Tensor:
        return self._sum(gradients.transpose(0, 1), cast(Tensor, samples.inputs.group)).flatten(
            0, 1
        )

    def by_row(self, weights: Tensor, samples: Samples) -> Tensor:
        return weights.view(self._n_groups, self._n_targets)[cast(Tensor, samples.inputs.group)].T

    def _sum(self, values: Tensor, group: Tensor) -> Tensor:
        """Sums by group, (n_groups, ...), of values (batch, ...)."""
        return values.new_zeros(self._n_groups, *values.shape[1:]).index_add(0, group, values)


def balanced_tasks(objective: Objective, training: TrainingRows) -> BalancedTasks:
    """The tasks to balance where these rows are learnt."""
    n_groups = n_groups_of(objective.network)
    return IdTasks(objective, training, n_groups) if n_groups else TargetTasks(objective)

"""The tasks to balance: targets of wide data, or targets by id in long data.

Losses and gradients are computed by target and row. This module aggregates them to those of the
tasks that a balancer compares, and expands its weights to targets and rows.
"""

from __future__ import annotations

from typing import Protocol, cast

from torch import Tensor

from skmtl.networks import n_groups_of
from skmtl.training._data import Samples, TrainingRows
from skmtl.training._objective import Objective


class BalancedTasks(Protocol):
    """Conversion between targets and rows on one side, and balanced tasks on the other.

    Attributes
    ----------
    n_tasks : int
    share : tensor of shape (n_tasks,)
        Share of each task's mean loss in the objective; they sum to 1.
    """

    n_tasks: int
    share: Tensor

    def sums(self, by_row: Tensor, samples: Samples) -> Tensor:
        """Sum values (batch, n_targets) over the rows of each task, (n_tasks,)."""
        ...

    def losses(self, by_row: Tensor, samples: Samples) -> Tensor:
        """Estimate the tasks' mean losses, (n_tasks,), from losses by row and target."""
        ...

    def present(self, samples: Samples) -> Tensor:
        """Return whether the batch has labels of each task with positive weight, (n_tasks,)."""
        ...

    def vectors(self, gradients: Tensor, samples: Samples) -> Tensor:
        """Return the gradients to compare, (n_tasks, n), from (n_targets, batch, n_numbers)."""
        ...

    def by_row(self, weights: Tensor, samples: Samples) -> Tensor:
        """Expand weights (n_tasks,) to (n_targets, batch), or (n_targets, 1) for all rows."""
        ...


class TargetTasks:
    """Wide data: the tasks are the targets.

    The gradients of all rows are compared as one long vector.
    """

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
    """Long data: the tasks are pairs of an id and a target, numbered id * n_targets + target.

    Tasks of different ids have no rows in common, so their gradients cannot conflict row by row.
    Gradients are therefore summed over the rows of the batch, and compared by how each task would
    shift the representation of all rows.
    """

    def __init__(self, objective: Objective, training: TrainingRows, n_groups: int) -> None:
        self._n_targets = len(objective.share)
        self._n_groups = n_groups
        self.n_tasks = n_groups * self._n_targets
        by_id = training.mean_weight_by_group(n_groups)
        if by_id[-1].any():
            raise ValueError(
                "Tasks cannot be balanced, because some rows belong to none of the "
                f"{n_groups} ids that the network knows. With warm_start=True, start over; for a "
                "table on disk, raise rows_in_memory; or use balance='equal'."
            )
        by_id = by_id[:-1]
        of_target = objective.label_weight
        # The share of a task is its share of the weight, as it would be without balancing.
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
        """Sum values (batch, ...) by group, (n_groups, ...)."""
        return values.new_zeros(self._n_groups, *values.shape[1:]).index_add(0, group, values)


def balanced_tasks(objective: Objective, training: TrainingRows) -> BalancedTasks:
    """Return the tasks to balance in training on these rows."""
    n_groups = n_groups_of(objective.network)
    return IdTasks(objective, training, n_groups) if n_groups else TargetTasks(objective)

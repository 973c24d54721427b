"""Encoded rows as tensors on one device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, cast

import torch
from torch import Tensor

from skmtl.networks import Batch, concatenated


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs, labels and weights of rows.

    Attributes
    ----------
    inputs : Batch
        Inputs of the network.
    target : float32 tensor of shape (n_samples, target_width)
        Concatenated encoded labels of the tasks, 0 where missing.
    weight : float32 tensor of shape (n_samples, n_tasks)
        Weight of the row in each task, 0 where the label is missing.
    """

    inputs: Batch
    target: Tensor
    weight: Tensor

    def __len__(self) -> int:
        return len(self.target)

    @property
    def device(self) -> torch.device:
        return self.target.device

    def take(self, rows: Tensor | slice) -> Samples:
        """Return some of the rows."""
        return Samples(self.inputs.take(rows), self.target[rows], self.weight[rows])

    def to(self, device: torch.device) -> Samples:
        """Return the rows on a device."""
        return Samples(self.inputs.to(device), self.target.to(device), self.weight.to(device))

    def in_memory(self) -> Samples:
        """Return all rows, since they are in memory."""
        return self

    def mean_weight(self) -> Tensor:
        """Return the mean weight of the rows in each task, (n_tasks,)."""
        return self.weight.mean(dim=0)

    def mean_weight_by_group(self, n_groups: int) -> Tensor:
        """Return the weights of each group over the number of all rows, (n_groups + 1, n_tasks).

        The last entry is for rows without a known group.
        """
        return (weight_sums(self, n_groups) / len(self)).to(self.weight.dtype)

    def batches(self, size: int, generator: torch.Generator) -> Iterator[Samples]:
        """Yield all rows in a new random order, in batches of about `size`."""
        n = len(self)
        order = torch.randperm(n, generator=generator, device=self.device)
        for rows in order.tensor_split(max(1, round(n / size))):
            yield self.take(rows)


def weight_sums(rows: Samples, n_groups: int) -> Tensor:
    """Sum the weights by group, (n_groups + 1, n_tasks); group -1 is the last entry."""
    sums = rows.weight.new_zeros(n_groups + 1, rows.weight.shape[1], dtype=torch.float64)
    group = cast(Tensor, rows.inputs.group) % (n_groups + 1)
    return sums.index_add(0, group, rows.weight.double())


def concatenated_samples(parts: Sequence[Samples]) -> Samples:
    """Concatenate the rows of several parts."""
    return Samples(
        concatenated([part.inputs for part in parts]),
        torch.cat([part.target for part in parts]),
        torch.cat([part.weight for part in parts]),
    )


class TrainingRows(Protocol):
    """Training rows in memory (`Samples`) or on disk."""

    @property
    def device(self) -> torch.device: ...

    def __len__(self) -> int: ...

    def to(self, device: torch.device) -> Self: ...

    def in_memory(self) -> Samples:
        """Return all rows or a sample of them, to compute statistics from."""
        ...

    def mean_weight(self) -> Tensor: ...

    def mean_weight_by_group(self, n_groups: int) -> Tensor: ...

    def batches(self, size: int, generator: torch.Generator) -> Iterator[Samples]: ...

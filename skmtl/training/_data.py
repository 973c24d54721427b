"""Encoded rows as tensors on one device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol, Self, TypeVar, cast

import torch
from torch import Tensor

Rows = TypeVar("Rows", bound="Inputs")


@dataclass(frozen=True)
class Inputs:
    """What a network reads.

    Attributes
    ----------
    numeric : float32 tensor of shape (n_samples, n_numeric)
        NaN where missing.
    codes : int64 tensor of shape (n_samples, n_categorical)
    group : int64 tensor of shape (n_samples,), or None
        The row's task in long data, -1 where it was not seen in fit.
    """

    numeric: Tensor
    codes: Tensor
    group: Tensor | None

    def __len__(self) -> int:
        return len(self.numeric)

    @property
    def device(self) -> torch.device:
        return self.numeric.device

    def take(self: Rows, rows: Tensor | slice) -> Rows:
        return self._map(lambda tensor: tensor[rows])

    def to(self: Rows, device: torch.device) -> Rows:
        return self._map(lambda tensor: tensor.to(device))

    def _map(self: Rows, function: Callable[[Tensor], Tensor]) -> Rows:
        tensors = {field.name: getattr(self, field.name) for field in fields(self)}
        changed: dict[str, Any] = {
            name: None if tensor is None else function(tensor) for name, tensor in tensors.items()
        }
        return replace(self, **changed)


@dataclass(frozen=True)
class Samples(Inputs):
    """What a network learns from.

    Attributes
    ----------
    target : float32 tensor of shape (n_samples, target_width)
        The tasks' encoded labels side by side, 0 where missing.
    weight : float32 tensor of shape (n_samples, n_tasks)
        The row's weight in each task; 0 where the label is missing.
    """

    target: Tensor
    weight: Tensor

    def in_memory(self) -> Samples:
        """All rows: they are in memory."""
        return self

    def mean_weight(self) -> Tensor:
        """Mean weight of the rows in each task, (n_tasks,)."""
        return self.weight.mean(dim=0)

    def mean_weight_by_group(self, n_groups: int) -> Tensor:
        """Weights of each group over the number of all rows, (n_groups + 1, n_tasks).

        The last row is of those without a known group.
        """
        return (weight_sums(self, n_groups) / len(self)).to(self.weight.dtype)

    def batches(self, size: int, generator: torch.Generator) -> Iterator[Samples]:
        """All rows in another order each time, in batches of about `size`."""
        n = len(self)
        order = torch.randperm(n, generator=generator, device=self.device)
        for rows in order.tensor_split(max(1, round(n / size))):
            yield self.take(rows)


def weight_sums(rows: Samples, n_groups: int) -> Tensor:
    """Sums of the weights by group, (n_groups + 1, n_tasks), -1 being the last one."""
    sums = rows.weight.new_zeros(n_groups + 1, rows.weight.shape[1], dtype=torch.float64)
    return sums.index_add(0, cast(Tensor, rows.group) % (n_groups + 1), rows.weight.double())


class TrainingRows(Protocol):
    """The rows that a network is trained on, wherever they are: `Samples`, or on disk."""

    @property
    def device(self) -> torch.device: ...

    def __len__(self) -> int: ...

    def to(self, device: torch.device) -> Self: ...

    def in_memory(self) -> Samples:
        """All rows or a sample, to learn statistics from; on the CPU until `to`."""
        ...

    def mean_weight(self) -> Tensor: ...

    def mean_weight_by_group(self, n_groups: int) -> Tensor: ...

    def batches(self, size: int, generator: torch.Generator) -> Iterator[Samples]: ...

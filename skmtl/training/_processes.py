"""Data-parallel training of a network by several processes, each on a part of every batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, distributed, nn

from skmtl.training._data import Samples

T = TypeVar("T")


class Processes(Protocol):
    """Communication between processes; all of them must make the same calls in the same order.

    Attributes
    ----------
    rank : int
        Number of this process, from 0.
    count : int
    """

    @property
    def rank(self) -> int: ...

    @property
    def count(self) -> int: ...

    def part(self, rows: Samples) -> Samples:
        """Return the rows of this process, which are every `count`-th row."""
        ...

    def average_gradients(self, parameters: Sequence[Tensor]) -> None:
        """Replace the gradients of the parameters by their mean over the processes."""
        ...

    def dropout(self, generator: torch.Generator) -> torch.Generator:
        """Return the dropout generator of this process, given the common generator."""
        ...

    def total(self, values: Tensor) -> Tensor:
        """Return the sum over the processes, with identical bits in all of them."""
        ...

    def any(self, flag: bool) -> bool:
        """Return whether the flag is set in any process."""
        ...

    def from_first(self, value: T) -> T:
        """Return the value of the first process."""
        ...

    def copy_from_first(self, network: nn.Module) -> None:
        """Copy the weights and buffers of the first process."""
        ...

    def check_same(self, numbers: Sequence[float]) -> None:
        """Raise if the processes have different rows, judged by numbers that summarise them."""
        ...


class Alone:
    """A single process."""

    rank, count = 0, 1

    def part(self, rows: Samples) -> Samples:
        return rows

    def average_gradients(self, parameters: Sequence[Tensor]) -> None:
        pass

    def dropout(self, generator: torch.Generator) -> torch.Generator:
        return generator

    def total(self, values: Tensor) -> Tensor:
        return values

    def any(self, flag: bool) -> bool:
        return flag

    def from_first(self, value: T) -> T:
        return value

    def copy_from_first(self, network: nn.Module) -> None:
        pass

    def check_same(self, numbers: Sequence[float]) -> None:
        pass


class ProcessGroup:
    """All processes of torch's default process group."""

    def __init__(self) -> None:
        self.rank = distributed.get_rank()
        self.count = distributed.get_world_size()

    def part(self, rows: Samples) -> Samples:
        part = rows.take(slice(self.rank, None, self.count))
        if len(part) or not len(rows):
            return part
        # A process without rows has to take the step as well, with a row of weight zero.
        any_row = rows.take(slice(0, 1))
        return replace(any_row, weight=torch.zeros_like(any_row.weight))

    def average_gradients(self, parameters: Sequence[Tensor]) -> None:
        # One message after the backward pass. Networks for tables have a few megabytes, too few
        # to gain from sending parts during the backward pass, as DistributedDataParallel does.
        gradients = [made.grad for made in parameters if made.grad is not None]
        mean = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(mean)
        mean /= self.count
        parts = mean.split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def dropout(self, generator: torch.Generator) -> torch.Generator:
        seed = np.random.SeedSequence([generator.initial_seed(), self.rank])
        return torch.Generator(generator.device).manual_seed(int(seed.generate_state(1)[0]))

    def total(self, values: Tensor) -> Tensor:
        # Summed in one process, because different machines may round differently.
        values = values.clone()
        distributed.reduce(values, dst=0)
        distributed.broadcast(values, src=0)
        return values

    def any(self, flag: bool) -> bool:
        flags: list[Any] = [None] * self.count
        distributed.all_gather_object(flags, flag)
        return any(flags)

    def from_first(self, value: T) -> T:
        values = [value]
        distributed.broadcast_object_list(values, src=0)
        return values[0]

    def copy_from_first(self, network: nn.Module) -> None:
        for values in (*network.parameters(), *network.buffers()):
            distributed.broadcast(values.data, src=0)

    def check_same(self, numbers: Sequence[float]) -> None:
        all_numbers: list[Any] = [None] * self.count
        distributed.all_gather_object(all_numbers, list(numbers))
        first = all_numbers[0]
        for rank, others in enumerate(all_numbers):
            # With a tolerance, because different machines may round differently.
            if len(others) != len(first) or not np.allclose(others, first, 1e-3, equal_nan=True):
                raise ValueError(
                    f"Process {rank} was given other rows than process 0 ({others[0]:.0f} and "
                    f"{first[0]:.0f} training rows). With data_parallel(), pass the same X, y and "
                    "parameters to all processes: each selects its part of every batch."
                )


_PROCESSES: ContextVar[Processes] = ContextVar("_PROCESSES", default=Alone())  # noqa: B039


def current_processes() -> Processes:
    """Return the processes of the enclosing `together`, or a single process."""
    return _PROCESSES.get()


@contextmanager
def together() -> Iterator[Processes]:
    """Have all processes of torch's process group train together within this context."""
    token = _PROCESSES.set(ProcessGroup())
    try:
        yield _PROCESSES.get()
    finally:
        _PROCESSES.reset(token)

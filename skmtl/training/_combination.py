"""Combination of the tasks' gradients: by our balancers, by TorchJD, or by any callable."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from skmtl.balancing import GradientBalancer, row_weights


class Combination(Protocol):
    """Combines gradients, which are passed in parts of shape (n_tasks, n)."""

    def weights(self, parts: Sequence[Tensor]) -> Tensor:
        """Return the combination as weights of the tasks' gradients, (n_tasks,)."""
        ...

    def direction(self, matrix: Tensor) -> Tensor:
        """Return the combined gradient, (n_params,)."""
        ...


def combination_of(
    balance: GradientBalancer | Callable[[Tensor], Tensor],
    n_tasks: int,
    rng: np.random.Generator,
    device: torch.device,
) -> Combination:
    """Return the cheapest implementation of a balancer's combination."""
    if isinstance(balance, GradientBalancer):
        return ByProducts(balance, n_tasks, rng)
    if _weighs_products(balance):
        return ByAggregator(balance, rng, device)
    return ByCallable(balance, rng, device)


def _weighs_products(function: Any) -> bool:
    """Return whether it is an aggregator of TorchJD that only needs products of gradients."""
    # An instance can only exist if the module has been imported.
    torchjd = sys.modules.get("torchjd.aggregation")
    aggregator = getattr(torchjd, "GramianWeightedAggregator", None)
    if aggregator is None or not isinstance(function, aggregator):
        return False
    # A subclass with its own `forward` may do more than weight gradients.
    return type(function).forward is aggregator.forward


class ByProducts:
    """Combination by one of our balancers, which only need the products of the gradients."""

    def __init__(self, balancer: GradientBalancer, n_tasks: int, rng: np.random.Generator) -> None:
        self._weigh = balancer.start(n_tasks, rng)

    def weights(self, parts: Sequence[Tensor]) -> Tensor:
        return row_weights(self._weigh, _products(parts))

    def direction(self, matrix: Tensor) -> Tensor:
        return self.weights([matrix]) @ matrix


class _Foreign:
    """A third-party function.

    The function is copied, so that its state does not leak. It may draw from torch's global
    generator, which is seeded from our generator for the call and restored afterwards.
    """

    def __init__(self, function: Any, rng: np.random.Generator, device: torch.device) -> None:
        self.function = copy.deepcopy(function)
        if isinstance(self.function, nn.Module):
            self.function = self.function.to(device)
        self._rng = rng
        self._devices = [device] if device.type == "cuda" else []

    @contextmanager
    def seeded(self) -> Iterator[None]:
        """Seed torch's global generator, and restore it on exit."""
        seed = int(self._rng.integers(2**63))
        with torch.random.fork_rng(self._devices):
            torch.manual_seed(seed)
            yield

    def check_finite(self, values: Tensor, n_tasks: int) -> None:
        if not values.isfinite().all():
            raise ValueError(
                f"balance={self.function!r} returned values that are not finite for finite "
                f"gradients of {n_tasks} tasks."
            )


class ByAggregator:
    """Combination by an aggregator of TorchJD that only needs the products of the gradients.

    Its ``gramian_weighting`` receives the products of the tasks that have labels in the batch.
    """

    def __init__(self, aggregator: Any, rng: np.random.Generator, device: torch.device) -> None:
        self._foreign = _Foreign(aggregator, rng, device)

    def weights(self, parts: Sequence[Tensor]) -> Tensor:
        products = _products(parts)
        weights = torch.ones_like(products[0])
        tasks = products.diagonal().nonzero().flatten()
        with self._foreign.seeded():
            if not (len(tasks) and products.isfinite().all()):
                return weights  # the training loop reports values that are not finite
            by_task = self._foreign.function.gramian_weighting(products[tasks][:, tasks])
        self._foreign.check_finite(by_task, len(tasks))
        weights[tasks] = by_task.to(weights)
        return weights

    def direction(self, matrix: Tensor) -> Tensor:
        return self.weights([matrix]) @ matrix


class ByCallable:
    """Combination by a function of the matrix of gradients.

    The function receives the gradients of the tasks that have labels in the batch. A row of zeros
    would affect the result; MGDA, for example, would not take a step.
    """

    def __init__(
        self,
        function: Callable[[Tensor], Tensor],
        rng: np.random.Generator,
        device: torch.device,
    ) -> None:
        self._foreign = _Foreign(function, rng, device)

    def weights(self, parts: Sequence[Tensor]) -> Tensor:
        """Return weights whose combination is nearest to the result of the function."""
        matrix = torch.cat(list(parts), dim=1)
        wanted = (matrix @ self.direction(matrix)).double()
        # On the CPU, where this solver accepts rank-deficient matrices.
        products = _products(parts).double().cpu()
        if not products.isfinite().all():
            return torch.ones_like(matrix[:, 0])
        return torch.linalg.pinv(products, hermitian=True, rtol=1e-6).to(wanted) @ wanted

    def direction(self, matrix: Tensor) -> Tensor:
        matrix = matrix[matrix.any(dim=1)]
        with self._foreign.seeded():
            if not (len(matrix) and matrix.isfinite().all()):
                return matrix.sum(dim=0)  # the training loop reports values that are not finite
            combined = self._foreign.function(matrix)
        if not isinstance(combined, Tensor) or combined.shape != matrix.shape[1:]:
            got = tuple(combined.shape) if isinstance(combined, Tensor) else type(combined)
            raise ValueError(
                f"balance={self._foreign.function!r} must map gradients {tuple(matrix.shape)} to "
                f"{tuple(matrix.shape[1:])}, (n_tasks, n_params) to (n_params,), not {got}."
            )
        self._foreign.check_finite(combined, len(matrix))
        return combined.to(matrix)


def _products(parts: Sequence[Tensor]) -> Tensor:
    """Return the products of the tasks' gradients, (n_tasks, n_tasks)."""
    return torch.stack([part @ part.T for part in parts]).sum(dim=0)

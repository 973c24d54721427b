"""From the gradients of the tasks to one: a balancer of ours, or any callable."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from skmtl.balancing import GradientBalancer
from skmtl.balancing._protocols import row_weights


class Combination(Protocol):
    """Combines gradients, given as parts of them: (n_tasks, n) for each part."""

    def weights(self, parts: Sequence[Tensor]) -> Tensor:
        """The combination as weights of the tasks' gradients, (n_tasks,)."""
        ...

    def direction(self, matrix: Tensor) -> Tensor:
        """The combination itself, (n_params,)."""
        ...


class ByProducts:
    """One of our balancers, which need no more than the products of the gradients."""

    def __init__(self, balancer: GradientBalancer, n_tasks: int, rng: np.random.Generator) -> None:
        self._weigh = balancer.start(n_tasks, rng)

    def weights(self, parts: Sequence[Tensor]) -> Tensor:
        return row_weights(self._weigh, _products(parts))

    def direction(self, matrix: Tensor) -> Tensor:
        return self.weights([matrix]) @ matrix


class ByCallable:
    """A function of the matrix, such as an aggregator of TorchJD.

    It gets the gradients of the tasks that the batch has labels of: a row of zeros would have a
    say, as with MGDA, which finds no step better than none for such a task. What it remembers
    stays in a copy. It may draw from torch's global generator: it gets seeds of ours there, and
    the generator is put back.
    """

    def __init__(
        self,
        function: Callable[[Tensor], Tensor],
        rng: np.random.Generator,
        device: torch.device,
    ) -> None:
        self._function = copy.deepcopy(function)
        if isinstance(self._function, nn.Module):
            self._function = self._function.to(device)
        self._rng = rng
        self._devices = [device] if device.type == "cuda" else []

    def weights(self, parts: Sequence[Tensor]) -> Tensor:
        """Those whose combination comes nearest to what the function gives."""
        matrix = torch.cat(list(parts), dim=1)
        wanted = (matrix @ self.direction(matrix)).double()
        # On the CPU, where this solver takes matrices that are not of full rank.
        products = _products(parts).double().cpu()
        if not products.isfinite().all():
            return torch.ones_like(matrix[:, 0])
        return torch.linalg.pinv(products, hermitian=True, rtol=1e-6).to(wanted) @ wanted

    def direction(self, matrix: Tensor) -> Tensor:
        seed = int(self._rng.integers(2**63))
        matrix = matrix[matrix.any(dim=1)]
        if not (len(matrix) and matrix.isfinite().all()):
            return matrix.sum(dim=0)  # what is not finite is the loop's to report
        with torch.random.fork_rng(self._devices):
            torch.manual_seed(seed)
            combined = self._function(matrix)
        if not isinstance(combined, Tensor) or combined.shape != matrix.shape[1:]:
            got = tuple(combined.shape) if isinstance(combined, Tensor) else type(combined)
            raise ValueError(
                f"balance={self._function!r} must map gradients {tuple(matrix.shape)} to "
                f"{tuple(matrix.shape[1:])}, (n_tasks, n_params) to (n_params,), but gave {got}."
            )
        if not combined.isfinite().all():
            raise ValueError(
                f"balance={self._function!r} gave values that are not finite for finite gradients "
                f"{tuple(matrix.shape)}."
            )
        return combined.to(matrix)


def _products(parts: Sequence[Tensor]) -> Tensor:
    """Products of the tasks' gradients, (n_tasks, n_tasks)."""
    return torch.stack([part @ part.T for part in parts]).sum(dim=0)

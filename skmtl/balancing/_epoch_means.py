"""The mean losses of a whole epoch."""

from __future__ import annotations

import torch
from torch import Tensor


class EpochMeans:
    """Collects the losses of batches.

    A batch without labels of a task also counts, with a loss of 0: losses are scaled by the
    average number of labels in a batch, so only the mean over all batches is the loss of the task.
    """

    def __init__(self, n_tasks: int, device: torch.device) -> None:
        self._sum = torch.zeros(n_tasks, device=device)
        self._seen = torch.zeros(n_tasks, dtype=torch.bool, device=device)
        self._batches = 0

    def add(self, losses: Tensor, present: Tensor) -> None:
        """Add a batch; losses are 0 for tasks that are not present."""
        self._sum += losses
        self._seen |= present
        self._batches += 1

    def take(self) -> tuple[Tensor, Tensor]:
        """Return mean losses since the last call, and which tasks had labels."""
        means = self._sum / self._batches, self._seen.clone()
        self._sum.zero_()
        self._seen.zero_()
        self._batches = 0
        return means

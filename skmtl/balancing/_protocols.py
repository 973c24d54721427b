"""What a balancer is: parameters that never change, and a state that is made for each training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

GramWeights = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From the products of the gradients (k, k) of k tasks and these tasks' numbers to weights."""


class LossWeights(ABC):
    """The state of a loss weighting during one training."""

    @abstractmethod
    def weights(self, losses: Tensor, present: Tensor) -> Tensor:
        """Weights of the losses, (n_tasks,); 1 each is the step of equal weights.

        Parameters
        ----------
        losses : tensor of shape (n_tasks,)
            Of the batch, detached; 0 where a task has no label in it.
        present : bool tensor of shape (n_tasks,)
            Which tasks have labels in the batch. The others' weights have no effect.
        """

    def after_step(self, losses: Callable[[], Tensor]) -> None:  # noqa: B027 - most need nothing
        """Told when the step is taken; `losses` recomputes those of the same batch."""

    def after_epoch(self) -> None:  # noqa: B027
        """Told when all batches have had their step."""


class LossBalancer(ABC):
    """Weighs the losses of the tasks, step by step.

    Attributes
    ----------
    lowers_product : bool
        Whether what falls is the product of the losses, so that a small one counts as much as a
        large one. Training then ends by their geometric mean instead of the arithmetic one.
    """

    lowers_product: ClassVar[bool] = False

    @abstractmethod
    def start(self, n_tasks: int, rng: np.random.Generator, device: torch.device) -> LossWeights:
        """The state for one training."""


class GradientBalancer(ABC):
    """Combines the gradients of the tasks by weights that follow from their products alone.

    As a callable it takes the first step: from a matrix with the gradient of a task in each row,
    (n_tasks, n_params), to the combined gradient, (n_params,).
    """

    @abstractmethod
    def start(self, n_tasks: int, rng: np.random.Generator) -> GramWeights:
        """The state for one training."""

    def __call__(self, matrix: Tensor) -> Tensor:
        start = self.start(len(matrix), np.random.default_rng(0))
        weights = row_weights(start, matrix.double() @ matrix.T.double())
        return weights.to(matrix) @ matrix


class StatelessGradientBalancer(GradientBalancer):
    """A gradient balancer that takes every step alike."""

    @abstractmethod
    def weights(self, gram: np.ndarray) -> np.ndarray:
        """Weights of the gradients; 1 each is the step of equal weights.

        Parameters
        ----------
        gram : float64 ndarray of shape (n_tasks, n_tasks)
            Products of the gradients, none of which is zero, over their mean square.
        """

    def start(self, n_tasks: int, rng: np.random.Generator) -> GramWeights:
        return lambda gram, tasks: self.weights(gram)


class SaliencyPenalty(ABC):
    """Adds to the loss something about the gradients at the shared representation.

    The saliency of task t in row b, (n_positions, n_channels), is the gradient of the row's loss
    at its representation. It may be given by its factors, ``hidden[t, b] @ maps[t].T``.
    """

    @abstractmethod
    def penalty(self, hidden: Tensor, maps: Tensor | None, weight: Tensor) -> Tensor:
        """What is added to T times the objective of T tasks, a scalar with a graph.

        Parameters
        ----------
        hidden : tensor of shape (n_tasks, batch, n_positions, size)
            Gradients at the first layers that the tasks have for themselves; 0 where the row has
            no label of the task.
        maps : tensor of shape (n_tasks, n_channels, size), or None
            From the representation to these layers; None where `hidden` has the saliencies.
        weight : tensor of shape (batch, n_tasks)
            The row's weight in each task, 0 where its label is missing.
        """


def row_weights(weigh: GramWeights, gram: Tensor) -> Tensor:
    """Weights of all tasks from the products of their gradients, both on the tensor's device.

    A task whose gradient is zero is left out, so it does not affect the weights of the others.

    Parameters
    ----------
    weigh : callable
        From the products of the tasks that take part, divided by the mean of their diagonal, and
        the numbers of these tasks, to their weights.
    gram : Tensor of shape (n_tasks, n_tasks)
        Products of the gradients.

    Returns
    -------
    Tensor of shape (n_tasks,)
    """
    products = gram.detach().double().cpu().numpy()
    weights = np.ones(len(products))
    tasks = np.flatnonzero(products.diagonal() > 0)
    # Gradients that are not finite are the loop's to report.
    if len(tasks) and np.isfinite(products).all():
        of_tasks = products[np.ix_(tasks, tasks)]
        weights[tasks] = weigh(of_tasks / of_tasks.diagonal().mean(), tasks)
    return torch.from_numpy(weights).to(gram)

"""The protocols of balancers: fixed parameters, and a state for each training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

GramWeights = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Computes weights from the products (k, k) of k gradients and the numbers of their tasks."""


class LossWeights(ABC):
    """The state of a loss weighting during one training."""

    @abstractmethod
    def weights(self, losses: Tensor, present: Tensor) -> Tensor:
        """Return the weights of the losses, (n_tasks,); if all are 1, the step has equal weights.

        Parameters
        ----------
        losses : tensor of shape (n_tasks,)
            Losses of the batch, detached; 0 for a task without labels in it.
        present : bool tensor of shape (n_tasks,)
            Which tasks have labels in the batch. The weights of the others have no effect.
        """

    def after_step(self, losses: Callable[[], Tensor]) -> None:  # noqa: B027 - most need nothing
        """Called after each step; `losses` recomputes the losses of the same batch."""

    def after_epoch(self) -> None:  # noqa: B027
        """Called at the end of each epoch."""


class LossBalancer(ABC):
    """Weighs the losses of the tasks, step by step.

    Attributes
    ----------
    lowers_product : bool
        Whether the product of the losses is minimised, so that a small loss counts as much as a
        large one. Early stopping then uses their geometric mean instead of the arithmetic mean.
    """

    lowers_product: ClassVar[bool] = False

    @abstractmethod
    def start(self, n_tasks: int, rng: np.random.Generator, device: torch.device) -> LossWeights:
        """The state for one training."""


class GradientBalancer(ABC):
    """Combines the gradients of the tasks by weights that only depend on their products.

    When called, it computes the first step: it maps a matrix with the gradient of a task in each
    row, (n_tasks, n_params), to the combined gradient, (n_params,).
    """

    @abstractmethod
    def start(self, n_tasks: int, rng: np.random.Generator) -> GramWeights:
        """The state for one training."""

    def __call__(self, matrix: Tensor) -> Tensor:
        start = self.start(len(matrix), np.random.default_rng(0))
        weights = row_weights(start, matrix.double() @ matrix.T.double())
        return weights.to(matrix) @ matrix


class StatelessGradientBalancer(GradientBalancer):
    """A gradient balancer that does not depend on earlier steps."""

    @abstractmethod
    def weights(self, gram: np.ndarray) -> np.ndarray:
        """Return the weights of the gradients; if all are 1, the step has equal weights.

        Parameters
        ----------
        gram : float64 ndarray of shape (n_tasks, n_tasks)
            Products of the gradients, none of which is zero, divided by their mean square.
        """

    def start(self, n_tasks: int, rng: np.random.Generator) -> GramWeights:
        return lambda gram, tasks: self.weights(gram)


class SaliencyPenalty(ABC):
    """Adds a penalty on the gradients at the shared representation to the loss.

    The saliency of task t in row b, (n_positions, n_channels), is the gradient of the row's loss
    at its representation. It may be given by its factors, ``hidden[t, b] @ maps[t].T``.
    """

    @abstractmethod
    def penalty(self, hidden: Tensor, maps: Tensor | None, weight: Tensor) -> Tensor:
        """Return the penalty that is added to T times the objective of T tasks, with its graph.

        Parameters
        ----------
        hidden : tensor of shape (n_tasks, batch, n_positions, size)
            Gradients at the first task-specific layers; 0 if the row does not have a label of the
            task.
        maps : tensor of shape (n_tasks, n_channels, size), or None
            Maps from the representation to these layers; None if `hidden` has the saliencies.
        weight : tensor of shape (batch, n_tasks)
            The row's weight in each task, 0 where its label is missing.
        """


def row_weights(weigh: GramWeights, gram: Tensor) -> Tensor:
    """Weights of all tasks from the products of their gradients, both on the tensor's device.

    A task whose gradient is zero is left out, so it does not affect the weights of the others.

    Parameters
    ----------
    weigh : callable
        Computes the weights from the products of the participating tasks, divided by the mean of
        their diagonal, and the numbers of these tasks.
    gram : Tensor of shape (n_tasks, n_tasks)
        Products of the gradients.

    Returns
    -------
    Tensor of shape (n_tasks,)
    """
    products = gram.detach().double().cpu().numpy()
    weights = np.ones(len(products))
    tasks = np.flatnonzero(products.diagonal() > 0)
    # Gradients that are not finite are reported by the training loop.
    if len(tasks) and np.isfinite(products).all():
        of_tasks = products[np.ix_(tasks, tasks)]
        weights[tasks] = weigh(of_tasks / of_tasks.diagonal().mean(), tasks)
    return torch.from_numpy(weights).to(gram)

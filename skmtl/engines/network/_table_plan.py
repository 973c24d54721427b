"""The base class of network descriptions, which describes the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skmtl._storable import storable
from skmtl.engines import Problem
from skmtl.engines.network._fitted import NetworkDescription
from skmtl.networks import FeatureTokens
from skmtl.training import Samples


@storable
@dataclass(frozen=True, eq=False)
class TablePlan:
    """The shape of a table and its targets; subclasses add settings and `build`.

    Attributes
    ----------
    n_numeric : int
        Numeric features.
    cardinalities : tuple of int
        Codes of each categorical feature.
    n_scores : tuple of int
        Raw scores of each target.
    n_groups : int
        Task ids of long data; 0 for wide data.
    base_scores : ndarray of shape (sum of n_scores,)
        Raw scores of the best constant prediction.
    """

    n_numeric: int
    cardinalities: tuple[int, ...]
    n_scores: tuple[int, ...]
    n_groups: int
    base_scores: np.ndarray

    @property
    def base(self) -> Tensor:
        """Return `base_scores` as a tensor, for the buffer of a network."""
        return torch.tensor(self.base_scores, dtype=torch.float32)

    def feature_tokens(self, size: int) -> FeatureTokens:
        """Return the layer that reads the table, with a token (batch, size) for each feature."""
        no_bins = [torch.zeros(0)] * self.n_numeric
        return FeatureTokens(no_bins, self.cardinalities, size, "linear")


@dataclass(frozen=True)
class Planned:
    """An architecture whose networks are determined by a table and some parameters.

    Parameters
    ----------
    plan : callable
        A storable subclass of `TablePlan` with a method `build`.
    parameters : mapping of str to object
        Values of the fields that `TablePlan` does not have.
    """

    plan: Callable[..., NetworkDescription]
    parameters: dict[str, Any]

    def describe(
        self, problem: Problem, training: Samples, base_scores: np.ndarray, seed: int
    ) -> NetworkDescription:
        return self.plan(
            n_numeric=len(problem.encoder.numeric_),
            cardinalities=tuple(problem.encoder.cardinalities_),
            n_scores=tuple(head.n_scores for head in problem.tasks.heads),
            n_groups=len(problem.task_ids),
            base_scores=base_scores,
            **self.parameters,
        )

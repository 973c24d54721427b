"""Task-specific transforms of feature tokens, for the own experts of tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from skmtl._storable import storable
from skmtl.networks._layers import Linear, parameter
from skmtl.networks._row_input import TokenShape
from skmtl.networks._tokens import HashedTokens, code_offsets


class TaskInput(Protocol):
    """Settings of a layer from tokens (1 or n_tasks, batch, n_features, size) to each task's."""

    def build(self, shape: TokenShape, n_tasks: int) -> nn.Module:
        """Build the layer, which is called with tokens and with codes (batch, n_categorical)."""
        ...


@storable
@dataclass(frozen=True, kw_only=True)
class FeatureGates:
    """A factor for each feature, which depends on the row and the task (squeeze and excitation).

    The means of the tokens of a row are squeezed into `hidden` units, from which each task
    computes a factor between 0 and 2 for every feature. Initial factors are 1. `feature_gates_` of
    the estimator shows which task uses which column.

    Parameters
    ----------
    hidden : int, default=16
        Number of hidden units, shared by all tasks.

    References
    ----------
    J. Hu, L. Shen, G. Sun, "Squeeze-and-Excitation Networks", CVPR 2018, arXiv:1709.01507.

    Q. Liu et al., "Deep Task-specific Bottom Representation Network for Multi-Task
    Recommendation", CIKM 2023, arXiv:2308.05996.

    Examples
    --------
    >>> from skmtl.networks import Experts, FeatureGates
    >>> Experts(shared=0, own=1, task_inputs=(FeatureGates(),)).task_inputs
    (FeatureGates(hidden=16),)
    """

    hidden: int = 16

    def __post_init__(self) -> None:
        if not isinstance(self.hidden, int) or isinstance(self.hidden, bool) or self.hidden < 1:
            raise ValueError(
                f"FeatureGates: hidden={self.hidden!r} must be a whole number of at least 1."
            )

    def build(self, shape: TokenShape, n_tasks: int) -> GatedFeatures:
        return GatedFeatures(shape.n_features, n_tasks, self.hidden)


class GatedFeatures(nn.Module):
    """Tokens times the factors of `FeatureGates`."""

    def __init__(self, n_features: int, n_tasks: int, hidden: int) -> None:
        super().__init__()
        self.squeeze = Linear(n_features, hidden)
        self.excite = parameter(n_tasks, hidden, n_features)
        self.bias = parameter(n_tasks, 1, n_features)

    def forward(self, tokens: Tensor, codes: Tensor) -> Tensor:
        return tokens * self.factors(tokens)[..., None]

    def factors(self, tokens: Tensor) -> Tensor:
        """Return the factors, (n_tasks, batch, n_features)."""
        squeezed = nn.functional.silu(self.squeeze(tokens.mean(dim=-1)))
        return 1 + torch.tanh(squeezed @ self.excite + self.bias)


@storable
@dataclass(frozen=True)
class TaskEmbeddings:
    """A task-specific embedding of each category, added to the shared token.

    Initial embeddings are zero: a task departs from the shared token only where training finds
    that useful. With `HashedCategories`, each task has a table of its own, of the same length and
    with the same rows for an id.

    References
    ----------
    L. Su et al., "STEM: Unleashing the Power of Embeddings for Multi-task Recommendation",
    AAAI 2024, arXiv:2308.13537.

    Examples
    --------
    >>> from skmtl.networks import Experts, TaskEmbeddings
    >>> Experts(task_inputs=(TaskEmbeddings(),)).task_inputs
    (TaskEmbeddings(),)
    """

    def build(self, shape: TokenShape, n_tasks: int) -> TaskTokens:
        return TaskTokens(shape, n_tasks)


class TaskTokens(nn.Module):
    """Tokens plus the task-specific embeddings of `TaskEmbeddings`."""

    def __init__(self, shape: TokenShape, n_tasks: int) -> None:
        super().__init__()
        offsets, n_codes = code_offsets(shape.cardinalities)
        self.offsets: Tensor
        self.register_buffer("offsets", offsets, persistent=False)
        self.n_numeric, self.n_history_tokens, self.n_tasks = (
            shape.n_numeric,
            shape.n_history_tokens,
            n_tasks,
        )
        self.categories = parameter(n_codes, n_tasks * shape.size) if n_codes else None
        self.hashed: HashedTokens | None = None
        if shape.hashed is not None:
            columns = shape.hashed
            table = parameter(columns.n_rows, n_tasks * shape.size // columns.n_hashes)
            self.hashed = HashedTokens(columns, table)

    def forward(self, tokens: Tensor, codes: Tensor) -> Tensor:
        if self.categories is None:
            return tokens
        plain = codes if self.hashed is None else self.hashed.without(codes)
        parts = nn.functional.embedding(plain + self.offsets, self.categories)
        parts = (parts * (plain > 0)[..., None]).unflatten(-1, (self.n_tasks, -1))
        if self.hashed is not None:
            parts = self.hashed(parts, codes)
        parts = nn.functional.pad(
            parts.movedim(2, 0), (0, 0, self.n_numeric, self.n_history_tokens)
        )
        return tokens + parts

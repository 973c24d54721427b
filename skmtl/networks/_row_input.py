"""What row paths read and return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor


class TokenShape(NamedTuple):
    """Tokens of a row, in this order, and their length.

    Attributes
    ----------
    n_numeric : int
        Numbers, a token each.
    cardinalities : tuple of int
        Codes of each category, a token each.
    size : int
    n_history_tokens : int
        Tokens of all columns of histories.
    """

    n_numeric: int
    cardinalities: tuple[int, ...]
    size: int
    n_history_tokens: int = 0

    @property
    def n_features(self) -> int:
        return self.n_numeric + len(self.cardinalities) + self.n_history_tokens


class RowInput(NamedTuple):
    """What is known of the rows of a batch.

    Attributes
    ----------
    features : tensor of shape (batch, n_features, size)
        Feature tokens.
    tasks : tensor of shape (n_tokens, batch, size)
        Task tokens that have read the features: one for each task, or one for all.
    codes : int64 tensor of shape (batch, n_categorical)
    """

    features: Tensor
    tasks: Tensor
    codes: Tensor

    @property
    def flat(self) -> Tensor:
        """All feature tokens of a row side by side, (batch, n_features * size)."""
        return self.features.flatten(1)


@dataclass(frozen=True, eq=False)
class RowOutput:
    """What the towers read of the rows.

    Attributes
    ----------
    rows : tensor of shape (1 or n_tasks, batch, members, row_size)
    auxiliary : mapping of str to tensor of shape ()
        Losses beside those of the tasks.
    """

    rows: Tensor
    auxiliary: Mapping[str, Tensor] = field(default_factory=dict)

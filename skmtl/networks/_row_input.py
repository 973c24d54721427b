"""Input and output of row paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor

from skmtl.networks._tokens import HashedColumns


class TokenShape(NamedTuple):
    """Numbers of tokens of a row, in the order of the tokens, and their length.

    Attributes
    ----------
    n_numeric : int
        Number of numeric features, with a token each.
    cardinalities : tuple of int
        Number of codes of each categorical feature, with a token each.
    size : int
        Length of a token.
    n_history_tokens : int
        Number of tokens of all columns of histories.
    hashed : HashedColumns or None
        Categorical features whose known categories are looked up in a table of rows.
    """

    n_numeric: int
    cardinalities: tuple[int, ...]
    size: int
    n_history_tokens: int = 0
    hashed: HashedColumns | None = None

    @property
    def n_features(self) -> int:
        return self.n_numeric + len(self.cardinalities) + self.n_history_tokens


class RowInput(NamedTuple):
    """Input of a row path.

    Attributes
    ----------
    features : tensor of shape (batch, n_features, size)
        Feature tokens.
    tasks : tensor of shape (n_tokens, batch, size)
        Task tokens after attention to the features: one for each task, or one for all.
    codes : int64 tensor of shape (batch, n_categorical)
    """

    features: Tensor
    tasks: Tensor
    codes: Tensor

    @property
    def flat(self) -> Tensor:
        """Concatenated feature tokens of each row, (batch, n_features * size)."""
        return self.features.flatten(1)


@dataclass(frozen=True, eq=False)
class RowOutput:
    """Output of a row path, the input of the towers.

    Attributes
    ----------
    rows : tensor of shape (1 or n_tasks, batch, members, row_size)
    auxiliary : mapping of str to tensor of shape ()
        Auxiliary losses by name.
    """

    rows: Tensor
    auxiliary: Mapping[str, Tensor] = field(default_factory=dict)

"""What a network is told of a column of histories, and how its events become tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import nn

from skmtl._storable import storable


@storable
@dataclass(frozen=True)
class HistoryShape:
    """A column of histories as far as layers depend on it.

    Attributes
    ----------
    n_variables : int
        Numbered from the most frequent one on.
    span, step : float
        A long length of a history and the usual time between two events, in one unit.
    """

    n_variables: int
    span: float
    step: float


def check_whole(settings: object, name: str, low: int, owner: str | None = None) -> None:
    """Raise ValueError unless a setting is a whole number of at least `low`.

    Parameters
    ----------
    settings : object
    name : str
    low : int
    owner : str, optional
        What the error calls the settings; their class by default.
    """
    value = getattr(settings, name)
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        raise ValueError(
            f"{owner or type(settings).__name__}: {name}={value!r} must be a whole number of at "
            f"least {low}."
        )


@runtime_checkable
class HistoryTokens(Protocol):
    """Settings of a layer that turns the `Events` of a column into tokens of each row.

    For `series` of the MultiTab estimators; a frozen dataclass, decorated with
    `skmtl.files.storable` if models are to be saved. The layer handles each row by itself.
    """

    def check(self) -> None:
        """Raise ValueError for settings that cannot be used."""
        ...

    def n_tokens_for(self, shape: HistoryShape) -> int:
        """Tokens of a row."""
        ...

    def build(self, shape: HistoryShape, size: int, dropout: float) -> nn.Module:
        """The layer, which is called with `Events` and returns tokens (batch, n_tokens, size)."""
        ...


@storable
@dataclass(frozen=True)
class HistoryInput:
    """A column of histories that a network reads.

    Attributes
    ----------
    name : str
        Of the `Events` among the extras of a batch.
    shape : HistoryShape
    tokens : HistoryTokens
    """

    name: str
    shape: HistoryShape
    tokens: HistoryTokens

    @property
    def n_tokens(self) -> int:
        """Tokens of a row."""
        return self.tokens.n_tokens_for(self.shape)

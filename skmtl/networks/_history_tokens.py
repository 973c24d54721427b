"""Description of a column of histories, and the protocol of layers that turn it into tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import nn

from skmtl._storable import storable


@storable
@dataclass(frozen=True)
class HistoryShape:
    """Properties of a column of histories that layers depend on.

    Attributes
    ----------
    n_variables : int
        Number of variables; their indices are ordered by decreasing frequency.
    span, step : float
        Length of a long history and usual time between two events, in the same unit.
    names : tuple of str
        Names of the variables; empty in files of older versions.
    """

    n_variables: int
    span: float
    step: float
    names: tuple[str, ...] = ()


def check_whole(settings: object, name: str, low: int, owner: str | None = None) -> None:
    """Raise ValueError unless a setting is a whole number of at least `low`.

    Parameters
    ----------
    settings : object
    name : str
    low : int
    owner : str, optional
        Name of the settings in the message; by default that of their class.
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

    For `series` of the MultiTab estimators. Use a frozen dataclass, decorated with
    `skmtl.files.storable` if models are to be saved. The tokens of a row must not depend on other
    rows. If the settings have an attribute `by_text` that is True, a variable that was not seen in
    `fit` arrives as the one with the most similar name, if one is similar enough.
    """

    def check(self) -> None:
        """Raise ValueError for settings that cannot be used."""
        ...

    def n_tokens_for(self, shape: HistoryShape) -> int:
        """Return the number of tokens of a row."""
        ...

    def build(self, shape: HistoryShape, size: int, dropout: float) -> nn.Module:
        """Build the layer, which maps `Events` to tokens (batch, n_tokens, size)."""
        ...


@storable
@dataclass(frozen=True)
class HistoryInput:
    """A column of histories as input of a network.

    Attributes
    ----------
    name : str
        Key of the `Events` in the extras of a batch.
    shape : HistoryShape
    tokens : HistoryTokens
    """

    name: str
    shape: HistoryShape
    tokens: HistoryTokens

    @property
    def n_tokens(self) -> int:
        """Number of tokens of a row."""
        return self.tokens.n_tokens_for(self.shape)

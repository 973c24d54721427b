"""Encoded rows, the input of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from skmtl.networks._events import Events, joined_events

Extra = Tensor | Events


@dataclass(frozen=True, eq=False)
class Batch:
    """Encoded rows on one device: a whole table, or the rows of one training step.

    Attributes
    ----------
    numeric : float32 tensor of shape (n_rows, n_numeric)
        NaN where missing.
    codes : int64 tensor of shape (n_rows, n_categorical)
        Codes of the categories, 0 for a category that was not seen in `fit`.
    group : int64 tensor of shape (n_rows,), or None
        The row's task in long data, -1 for a task that was not seen in `fit`.
    extras : mapping of str to tensor of shape (n_rows, ...), or Events of n_rows rows
        Additional inputs of a network, such as series, masks or histories.

    Raises
    ------
    ValueError
        If the number of rows of an extra differs from that of the batch.

    Examples
    --------
    >>> import torch
    >>> from skmtl.networks import Batch
    >>> codes = torch.zeros(4, 1, dtype=torch.long)
    >>> batch = Batch(torch.zeros(4, 2), codes, extras={"series": torch.zeros(4, 24, 3)})
    >>> len(batch.take(slice(1, 3)))
    2
    """

    numeric: Tensor
    codes: Tensor
    group: Tensor | None = None
    extras: Mapping[str, Extra] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, extra in self.extras.items():
            if len(extra) != len(self.numeric):
                raise ValueError(
                    f"The extra {name!r} has {len(extra)} rows, but the batch has "
                    f"{len(self.numeric)}. Pass one entry per row."
                )

    def __len__(self) -> int:
        return len(self.numeric)

    @property
    def device(self) -> torch.device:
        """Device of the tensors."""
        return self.numeric.device

    def take(self, rows: Tensor | slice) -> Batch:
        """Return some of the rows."""
        return self._map(lambda part: part[rows])

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device."""
        return self._map(lambda part: part.to(device))

    def _map(self, function: Callable[[Any], Any]) -> Batch:
        return Batch(
            function(self.numeric),
            function(self.codes),
            None if self.group is None else function(self.group),
            {name: function(extra) for name, extra in self.extras.items()},
        )


def concatenated(batches: Sequence[Batch]) -> Batch:
    """Concatenate the rows of several batches, which have the same extras."""
    groups = [batch.group for batch in batches if batch.group is not None]
    return Batch(
        torch.cat([batch.numeric for batch in batches]),
        torch.cat([batch.codes for batch in batches]),
        torch.cat(groups) if groups else None,
        {name: _joined([batch.extras[name] for batch in batches]) for name in batches[0].extras},
    )


def _joined(parts: list[Any]) -> Extra:
    return joined_events(parts) if isinstance(parts[0], Events) else torch.cat(parts)

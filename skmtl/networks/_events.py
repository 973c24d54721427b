"""Events of the rows of a batch, any number per row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor


class FlatEvents(NamedTuple):
    """Events sorted by row, and by time within a row.

    Attributes
    ----------
    row : int64 tensor of shape (n_events,)
    variable : int64 tensor of shape (n_events,)
    value : float32 tensor of shape (n_events,)
        NaN for an event without a value.
    age : float32 tensor of shape (n_events,)
        Time from the event to the end of its row's history.
    """

    row: Tensor
    variable: Tensor
    value: Tensor
    age: Tensor


@dataclass(frozen=True, eq=False)
class Events:
    """Events of rows, as stored in the extras of a `Batch`.

    Each row is a range of flat tensors. Taking rows shares these tensors and copies no events.

    Attributes
    ----------
    time : float64 tensor of shape (n_events,)
    variable : int64 tensor of shape (n_events,)
    value : float32 tensor of shape (n_events,)
        NaN for an event without a value.
    start, stop : int64 tensor of shape (n_rows,)
        Range of the events of each row.
    end : float64 tensor of shape (n_rows,)
        Time up to which each row's history is known; arbitrary if the row has no events.
    missing : bool tensor of shape (n_rows,)
        Whether the history of the row is unknown, as opposed to known to have no events.

    Examples
    --------
    >>> import torch
    >>> from skmtl.networks import Events
    >>> events = Events(
    ...     time=torch.tensor([0.0, 2.0, 1.0], dtype=torch.float64),
    ...     variable=torch.tensor([0, 1, 0]),
    ...     value=torch.tensor([0.5, -1.0, 2.0]),
    ...     start=torch.tensor([0, 2]),
    ...     stop=torch.tensor([2, 3]),
    ...     end=torch.tensor([3.0, 3.0], dtype=torch.float64),
    ...     missing=torch.tensor([False, False]),
    ... )
    >>> events[torch.tensor([1, 0])].flat().age
    tensor([2., 3., 1.])
    """

    time: Tensor
    variable: Tensor
    value: Tensor
    start: Tensor
    stop: Tensor
    end: Tensor
    missing: Tensor

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, rows: Tensor | slice) -> Events:
        """Return some of the rows."""
        return replace(
            self,
            start=self.start[rows],
            stop=self.stop[rows],
            end=self.end[rows],
            missing=self.missing[rows],
        )

    def to(self, device: torch.device) -> Events:
        """Return the rows on a device; only events from their first to their last are copied."""
        if self.time.device == device:
            return self
        return Events(**{k: tensor.to(device) for k, tensor in vars(self._narrowed()).items()})

    def _narrowed(self) -> Events:
        """Return the same rows without the events before their first and after their last."""
        filled = self.stop > self.start
        if not filled.any():
            low = high = 0
        else:
            low, high = int(self.start[filled].min()), int(self.stop[filled].max())
        stretch = slice(low, high)
        return replace(
            self,
            time=self.time[stretch],
            variable=self.variable[stretch],
            value=self.value[stretch],
            start=torch.where(filled, self.start - low, 0),
            stop=torch.where(filled, self.stop - low, 0),
        )

    def flat(self) -> FlatEvents:
        """Return the events of these rows only."""
        length = self.stop - self.start
        row = torch.repeat_interleave(torch.arange(len(self), device=length.device), length)
        first = length.cumsum(0) - length
        place = torch.arange(len(row), device=row.device) + (self.start - first)[row]
        age = (self.end[row] - self.time[place]).float()
        return FlatEvents(row, self.variable[place], self.value[place], age)


def joined_events(parts: Sequence[Events]) -> Events:
    """Concatenate rows; parts that share their events still share them in the result."""
    first = parts[0]
    if all(part.time is first.time for part in parts):
        names = ("start", "stop", "end", "missing")
        return replace(first, **{k: torch.cat([vars(part)[k] for part in parts]) for k in names})
    shifts = list(accumulate((len(part.time) for part in parts), initial=0))
    moved = [
        replace(part, start=part.start + shift, stop=part.stop + shift)
        for part, shift in zip(parts, shifts, strict=False)
    ]
    return Events(
        **{name: torch.cat([vars(part)[name] for part in moved]) for name in vars(parts[0])}
    )

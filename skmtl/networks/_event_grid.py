"""Events on a regular grid that ends where their histories end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import NamedTuple

import torch
from torch import Tensor

from skmtl.networks._events import Events
from skmtl.networks._history_tokens import HistoryShape, check_whole

_MOST_STEPS = 100_000  # so that a number in a model file cannot exhaust the memory


@dataclass(frozen=True)
class StepSettings:
    """Settings of the grid.

    Attributes
    ----------
    every : float or None
        Length of a step. None means the usual time between two events, or longer if a history
        would otherwise have more than `max_steps`.
    max_steps : int
    """

    every: float | None
    max_steps: int

    def check(self, owner: str) -> None:
        """Raise ValueError for invalid settings; the message starts with `owner`."""
        check_whole(self, "max_steps", 1, owner)
        if self.max_steps > _MOST_STEPS:
            raise ValueError(f"{owner}: max_steps={self.max_steps} must be at most {_MOST_STEPS}.")
        if self.every is not None and not (
            isinstance(self.every, Real) and 0 < self.every < math.inf
        ):
            raise ValueError(
                f"{owner}: every={self.every!r} must be None or a positive length of time."
            )

    def resolved(self, shape: HistoryShape) -> tuple[float, int]:
        """Return the length and the number of steps for a column."""
        every = self.every
        if every is None:
            every = max(shape.step, shape.span / max(self.max_steps - 1, 1))
        return every, min(math.ceil(shape.span / every) + 1, self.max_steps)


class GridSeries(NamedTuple):
    """Series of some rows; the last step is the end of the history.

    Attributes
    ----------
    value : float32 tensor of shape (batch, n_variables, n_steps)
        Mean of the values in a step. A step without values takes the mean of the last step that
        has some, or 0 if there is no such step.
    seen : float32 tensor of shape (batch, n_variables, n_steps)
        1 in steps in which the variable has an event, with or without a value, and 0 in others.
    """

    value: Tensor
    seen: Tensor


def on_grid(events: Events, n_variables: int, every: float, n_steps: int) -> GridSeries:
    """Put events on a grid of the last `n_steps` steps of length `every`; drop older events."""
    flat = events.flat()
    back = torch.round(flat.age / every).clamp(max=n_steps).long()
    late = back < n_steps
    step = (n_steps - 1 - back)[late]
    cell = (flat.row[late] * n_variables + flat.variable[late]) * n_steps + step
    value, shape = flat.value[late], (len(events), n_variables, n_steps)
    has_value = (~value.isnan()).to(value.dtype)
    total, n_values, n_events = (
        value.new_zeros(shape).flatten().index_add(0, cell, part).view(shape)
        for part in (value.nan_to_num(0.0), has_value, torch.ones_like(value))
    )
    means = total / n_values.clamp(min=1.0)
    place = torch.arange(n_steps, device=means.device)
    last = torch.where(n_values > 0, place, 0).cummax(dim=-1).values
    return GridSeries(means.gather(-1, last), (n_events > 0).to(value.dtype))

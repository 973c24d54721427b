"""Events on a grid of equal steps that ends where their histories end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import NamedTuple

import torch
from torch import Tensor

from skmtl.networks._events import Events
from skmtl.networks._history_tokens import HistoryShape, check_whole

_MOST_STEPS = 100_000  # a number in a file must not fill the memory


@dataclass(frozen=True)
class StepSettings:
    """What settings of encoders say of the grid.

    Attributes
    ----------
    every : float or None
        Length of a step; None is the usual time between two events, or more.
    max_steps : int
    """

    every: float | None
    max_steps: int

    def check(self, owner: str) -> None:
        """Raise ValueError for a grid that cannot be, in the name of the settings' class."""
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
        """Length and number of the steps for a column."""
        every = self.every
        if every is None:
            every = max(shape.step, shape.span / max(self.max_steps - 1, 1))
        return every, min(math.ceil(shape.span / every) + 1, self.max_steps)


class GridSeries(NamedTuple):
    """Series of some rows, the last step of which is the end of the history.

    Attributes
    ----------
    value : float32 tensor of shape (batch, n_variables, n_steps)
        Mean of the values of a step or, where there is none, that of the last step before; 0
        before the first one.
    seen : float32 tensor of shape (batch, n_variables, n_steps)
        1 in steps in which the variable has an event, with or without a value, else 0.
    """

    value: Tensor
    seen: Tensor


def on_grid(events: Events, n_variables: int, every: float, n_steps: int) -> GridSeries:
    """The last `n_steps` steps of length `every`; older events are left out."""
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

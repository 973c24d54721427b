"""Events on a grid of equal steps that ends where their histories end."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from skmtl.networks._events import Events


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

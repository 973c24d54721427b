"""Checks of the generators' arguments."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

RandomState = int | np.random.RandomState | None


def check_sizes(**sizes: int) -> None:
    """Raise an error unless every size is a positive integer."""
    for name, size in sizes.items():
        if not is_size(size):
            raise ValueError(f"{name} must be an integer from 1, got {size!r}.")


def is_size(value: Any) -> bool:
    """Whether the value is an integer from 1."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


def is_noise(value: Any) -> bool:
    """Whether the value is a valid standard deviation."""
    return isinstance(value, Real) and not isinstance(value, bool) and 0 <= float(value) < np.inf


def per_task(
    name: str,
    value: Any,
    n_tasks: int,
    accepts: Callable[[Any], bool],
    expected: str,
    *,
    unit: str = "task",
) -> list[Any]:
    """Repeat a scalar for every task, or check a sequence's length; check every entry.

    `unit` is the word for a task in error messages, and in the name of the parameter with their
    number.
    """
    scalar = isinstance(value, str) or np.ndim(value) == 0
    entries = [value] * n_tasks if scalar else list(value)
    if len(entries) != n_tasks:
        raise ValueError(
            f"{name} has {len(entries)} entries for n_{unit}s={n_tasks}; pass one value for all "
            f"{unit}s or one per {unit}."
        )
    for t, entry in enumerate(entries):
        if not accepts(entry):
            raise ValueError(f"{name} of {unit}_{t} must be {expected}, got {entry!r}.")
    return entries


def generator(random_state: RandomState) -> np.random.RandomState:
    """Return the generator of a seed; None returns a new one, never the global one."""
    return np.random.RandomState() if random_state is None else check_random_state(random_state)

"""Checks of the balancers' parameters."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any


def check_number(
    owner: object, name: str, low: float, high: float = math.inf, *, open_low: bool = False
) -> None:
    """Raise a ValueError unless the attribute is a finite number in the interval."""
    value: Any = getattr(owner, name)
    ends = f"{'(' if open_low else '['}{low:g}, {'inf)' if math.isinf(high) else f'{high:g}]'}"
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not (
        is_number
        and math.isfinite(value)
        and (value > low if open_low else value >= low)
        and value <= high
    ):
        raise ValueError(f"{type(owner).__name__}: {name}={value!r} must be a number in {ends}.")

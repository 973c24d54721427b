"""Checks of constructor parameters, before any work."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_random_state


@dataclass(frozen=True)
class Check:
    """A check of one parameter, with a description of valid values.

    Attributes
    ----------
    passes : callable
        Returns whether a value is valid.
    wants : str
        Ends the sentence "The parameter must be ...".
    """

    passes: Callable[[Any], bool]
    wants: str

    def __or__(self, other: Check) -> Check:
        return Check(
            lambda value: self.passes(value) or other.passes(value),
            f"{self.wants} or {other.wants}",
        )


def integer(low: int) -> Check:
    """An integer of at least `low`."""
    return Check(
        lambda v: isinstance(v, Integral) and not isinstance(v, bool) and int(v) >= low,
        f"a whole number of at least {low}",
    )


def real(low: float, high: float = math.inf, *, open_low: bool = False) -> Check:
    """A number in an interval, which excludes `low` if `open_low`."""

    def passes(value: Any) -> bool:
        if not isinstance(value, Real) or isinstance(value, bool) or math.isnan(value):
            return False
        number = float(value)
        return (number > low if open_low else number >= low) and number <= high

    ends = f"{'(' if open_low else '['}{low:g}, {'inf)' if math.isinf(high) else f'{high:g}]'}"
    return Check(passes, f"a number in {ends}")


def one_of(*values: Any) -> Check:
    """One of some strings, or of some objects such as None."""
    return Check(
        lambda v: any(v is w or (isinstance(v, str) and v == w) for w in values),
        ("one of " if len(values) > 1 else "") + ", ".join(map(repr, values)),
    )


def by_block(check: Check, blocks: tuple[str, ...]) -> Check:
    """One value, or a mapping of blocks to values."""

    def passes(value: Any) -> bool:
        if not isinstance(value, Mapping):
            return check.passes(value)
        return all(block in blocks and check.passes(v) for block, v in value.items())

    return Check(passes, f"{check.wants}, or a mapping of {', '.join(blocks)} to such values,")


boolean = Check(lambda v: isinstance(v, bool | np.bool_), "True or False")

n_threads = Check(
    lambda v: v is None or (isinstance(v, Integral) and not isinstance(v, bool) and v != 0),
    "a whole number other than 0 (-1 for all processors) or None",
)


def _is_random_state(value: Any) -> bool:
    try:
        check_random_state(value)
    except ValueError:
        return False
    return True


seed = Check(_is_random_state, "None, a whole number from 0 to 2**32 - 1, or a numpy RandomState")


def checks_of(cls: type) -> dict[str, Check]:
    """The `_parameter_checks` of a class and its bases; a subclass may override them."""
    checks: dict[str, Check] = {}
    for base in reversed(cls.__mro__):
        checks |= vars(base).get("_parameter_checks", {})
    return checks


def check_parameters(estimator: Any) -> None:
    """Raise ValueError for the first invalid parameter."""
    for name, check in checks_of(type(estimator)).items():
        value = getattr(estimator, name)
        if not check.passes(value):
            raise ValueError(
                f"The parameter {name}={value!r} of {type(estimator).__name__} must be "
                f"{check.wants}."
            )

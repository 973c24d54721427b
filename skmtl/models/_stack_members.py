"""The members of a stack, as users name them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from skmtl.models._checks import Check
from skmtl.models._estimator import MultiTaskEstimator

Members = Sequence[tuple[str, Any] | tuple[str, Any, Sequence[Hashable]]]


class NamedMember(NamedTuple):
    """A member of a stack.

    Attributes
    ----------
    name : str
    estimator : MultiTaskEstimator
    columns : sequence of labels, or None
        The features that it reads; None for all.
    """

    name: str
    estimator: Any
    columns: Sequence[Hashable] | None = None


def member_check(stack: type) -> Check:
    """Return a check of the members of a class of stacks, whose attributes are not names."""
    return Check(
        lambda value: _are_members(value, stack),
        "a list of pairs of different names and estimators of skmtl, such as "
        "[('linear', MultiTaskLinear()), ('rmtgb', RMTGB())], where names are identifiers without "
        "'__', and not attributes of the stack; or of triples whose third element is a list of "
        "the columns that the estimator reads",
    )


def _are_members(value: Any, stack: type) -> bool:
    try:
        listed = [NamedMember(*member) for member in value]
    except TypeError:
        return False
    names = [member.name for member in listed]
    return (
        len(listed) > 0
        and all(
            isinstance(name, str) and name.isidentifier() and "__" not in name for name in names
        )
        and len(set(names)) == len(names)
        and not any(hasattr(stack, name) for name in names)
        and all(isinstance(member.estimator, MultiTaskEstimator) for member in listed)
        and not any(isinstance(member.estimator, stack) for member in listed)
        and all(member.columns is None or _are_columns(member.columns) for member in listed)
    )


def _are_columns(columns: Any) -> bool:
    is_list = isinstance(columns, list | tuple | pd.Index | np.ndarray)
    return is_list and 0 < len(columns) == len(set(columns))

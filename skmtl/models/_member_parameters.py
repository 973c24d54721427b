"""Refuse parameters of members that a stack would not use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skmtl.models._stack_members import NamedMember

# Members may have other values of these parameters than the stack, whose values are used.
_LEFT_TO_THE_STACK = {"n_bags", "random_state", "verbose", "max_time", "tasks"}
# How y is read: as by the first member.
_READING = ("tasks", "events", "head", "cuts", "interpolation", "horizons", "censoring_weights")


def refuse_unused(stack: Any, members: Sequence[NamedMember]) -> None:
    """Raise an error for parameters of members that would have no effect in a stack.

    These are parameters that a stack sets for all of its members, those of later members that
    determine how y is read, and columns of weights. Defaults are accepted.

    Parameters
    ----------
    stack : estimator
    members : sequence of NamedMember

    Raises
    ------
    ValueError
        The message names the member, the parameter and what to set instead.
    """
    owner = type(stack).__name__
    first_name, first, _ = members[0]
    common = set(stack.get_params(deep=False)) - _LEFT_TO_THE_STACK
    for name, member, _ in members:
        for parameter in sorted(common & set(member.get_params(deep=False))):
            if _is_set(member, parameter) and _differs(stack, member, parameter):
                raise ValueError(
                    f"The member {name!r} has {_shown(member, parameter)}, but {owner} uses its "
                    f"own {_shown(stack, parameter)} for all members. Set {parameter} of "
                    f"{owner} instead."
                )
        if getattr(member, "weight_column", None) is not None:
            raise ValueError(
                f"The member {name!r} has {_shown(member, 'weight_column')}, which {owner} does "
                "not read. Pass the column as sample_weight to fit."
            )
        for parameter in _READING:
            if parameter == "tasks" and stack.tasks is not None:
                continue
            if _is_set(member, parameter) and _differs(first, member, parameter):
                raise ValueError(
                    f"The member {name!r} has {_shown(member, parameter)}, but {owner} reads y as "
                    f"its first member {first_name!r} does, which has "
                    f"{_shown(first, parameter)}. Set {parameter} of the first member"
                    f"{f' or of {owner}' if parameter == 'tasks' else ''} instead."
                )


def _is_set(member: Any, parameter: str) -> bool:
    """Whether a parameter differs from its default, which is an attribute of the class."""
    return _differs(type(member), member, parameter)


def _differs(one: Any, other: Any, parameter: str) -> bool:
    """Whether two objects have different values; arrays and tasks are compared as shown."""
    first, second = (getattr(each, parameter, None) for each in (one, other))
    return first is not second and repr(first) != repr(second)


def _shown(estimator: Any, parameter: str) -> str:
    return f"{parameter}={getattr(estimator, parameter, None)!r}"

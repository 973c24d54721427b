"""Warnings and errors for targets with one observed value."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping

from skmtl.tasks import ConstantTarget, ConstantTargets, ConstantTargetWarning

_MOST_NAMES = 10


def refuse_or_warn(constant: Mapping[Hashable, ConstantTarget], action: ConstantTargets) -> None:
    """Warn that targets are predicted as their only observed value, or raise a ValueError."""
    if not constant:
        return
    named = [
        f"task {name!r} has {_what(head)} only ({head.value_.tolist()[0]!r})"
        for name, head in constant.items()
    ]
    shown, rest = ", ".join(named[:_MOST_NAMES]), len(named) - _MOST_NAMES
    facts = f"{shown[0].upper()}{shown[1:]}{f' and {rest} more have one value' * (rest > 0)}"
    if action == "error":
        raise ValueError(
            f"{facts}. Drop such tasks, add rows with another value, or predict the value with "
            "constant_targets='warn'."
        )
    warnings.warn(
        f"{facts}, which is predicted for every row. Drop such tasks, or add rows with other "
        "values (see the splitters of skmtl.model_selection). constant_targets='error' refuses "
        "such tasks.",
        ConstantTargetWarning,
        stacklevel=2,
    )


def _what(head: ConstantTarget) -> str:
    return "one class" if head.is_classification else "one observed value"

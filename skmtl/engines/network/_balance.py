"""The parameter `balance`: valid values, and the balancers that they mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from torch import Tensor

from skmtl.balancing import (
    BALANCERS,
    Balancer,
    FixedWeights,
    GradientBalancer,
    LossBalancer,
    SaliencyPenalty,
    SharpnessAware,
)

BalanceLike = (
    str | Mapping[Hashable, float] | Sequence[float] | Balancer | Callable[[Tensor], Tensor]
)


def is_balance(value: Any) -> bool:
    """Whether `resolve_balance` accepts the value, apart from names and numbers of tasks."""
    if isinstance(value, str):
        return value in BALANCERS
    if isinstance(value, Mapping):
        return all(isinstance(weight, Real) for weight in value.values())
    if isinstance(value, Sequence | np.ndarray):
        return len(value) > 0 and all(isinstance(weight, Real) for weight in value)
    ours = LossBalancer | GradientBalancer | SaliencyPenalty | SharpnessAware
    return isinstance(value, ours) or (callable(value) and not isinstance(value, type))


def resolve_balance(
    balance: BalanceLike, names: list[Hashable], learnt: list[Hashable]
) -> Balancer:
    """Return a balancer of the learnt tasks, given a name, weights or a balancer.

    Parameters
    ----------
    balance : BalanceLike
    names : list of hashable
        All tasks that can have weights.
    learnt : list of hashable
        The learnt tasks among them. Weights of targets with one value are ignored.

    Raises
    ------
    ValueError
        For weights that do not match the tasks, or are negative or not finite.
    """
    if isinstance(balance, str):
        return BALANCERS[balance]
    if isinstance(balance, Mapping):
        unknown = [name for name in balance if name not in names]
        if unknown:
            raise ValueError(f"balance names {unknown}, but the tasks are {names}.")
        return _fixed({name: balance.get(name, 1.0) for name in names}, learnt)
    if isinstance(balance, Sequence | np.ndarray):
        if len(balance) != len(names):
            raise ValueError(
                f"balance has {len(balance)} weights, but there are {len(names)} tasks: {names}."
            )
        return _fixed(dict(zip(names, map(float, balance), strict=True)), learnt)
    return balance


def _fixed(weights: Mapping[Hashable, float], learnt: list[Hashable]) -> FixedWeights:
    for name, weight in weights.items():
        if not 0 <= weight < math.inf:
            raise ValueError(
                f"balance has the weight {weight:g} for {name!r}; weights must be finite and not "
                "negative."
            )
    return FixedWeights(tuple(weights[name] for name in learnt))

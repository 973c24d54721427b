"""Bounds on the size of models, for tests of code that only has to run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import lightgbm

import skmtl

MOST = {
    "max_epochs": 2, "n_rounds": 5, "n_bags": 1, "n_blocks": 1, "row_size": 16, "n_members": 2,
}  # fmt: skip


def bounded(init: Callable[..., None]) -> Callable[..., None]:
    """The same constructor, of which no parameter in ``MOST`` is larger."""

    @functools.wraps(init)
    def small(self, *arguments: Any, **parameters: Any) -> None:
        init(self, *arguments, **parameters)
        for name in MOST.keys() & vars(self).keys():
            value = getattr(self, name)
            setattr(self, name, min(value, MOST[name]) if isinstance(value, int) else MOST[name])

    return small


def few_trees(train: Callable[..., Any]) -> Callable[..., Any]:
    """LightGBM's training function with at most as many rounds."""

    @functools.wraps(train)
    def small(*arguments: Any, num_boost_round: int = 100, **parameters: Any) -> Any:
        rounds = min(num_boost_round, MOST["n_rounds"])
        return train(*arguments, num_boost_round=rounds, **parameters)

    return small


def bound_models(replace: Callable[[Any, str, Any], None] = setattr) -> None:
    """Let every public class of skmtl, and LightGBM, make small models from now on."""
    replace(lightgbm, "train", few_trees(lightgbm.train))
    for name in skmtl.__all__:
        public = getattr(skmtl, name)
        if isinstance(public, type):
            replace(public, "__init__", bounded(public.__init__))

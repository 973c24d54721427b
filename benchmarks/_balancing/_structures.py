"""Generated tables with structures for which a balancer might help."""

from __future__ import annotations

from typing import Any

from benchmarks._data import Table
from skmtl.datasets import make_task_groups

N_TRAIN, N_TEST = 200, 2000
STRUCTURES: dict[str, dict[str, Any]] = {
    # One task is nearly free of noise and fully labelled, five are noisy.
    "easy and hard": {"groups": (0,) * 6, "noise": (0.05, 1, 1, 1, 1, 1)},
    # Standardised labels of which some are noise almost alone: scales that no standardising sees.
    "noise": {"groups": (0,) * 6, "noise": (0.1, 0.1, 0.1, 4, 4, 4)},
    # One task wants the opposite of what the others want.
    "adversary": {"groups": (0,) * 6, "sign": (1, 1, 1, 1, 1, -1)},
    "rare labels": {"groups": (0,) * 6, "missing": (0, 0, 0, 0, 0, 0.9)},
    "two groups": {"groups": (0, 0, 0, 1, 1, 1), "missing": 0.3},
}


def structured_table(name: str, seed: int) -> Table:
    """Draw the structure with a seed; test labels are as noisy as training labels."""
    X, Y = make_task_groups(N_TRAIN + N_TEST, random_state=seed, **STRUCTURES[name])
    train, test = slice(0, N_TRAIN), slice(N_TRAIN, None)
    return Table(
        name=name,
        X_train=X[train].reset_index(drop=True),
        Y_train=Y[train].reset_index(drop=True),
        X_test=X[test].reset_index(drop=True),
        Y_test=Y[test].reset_index(drop=True),
        kinds=dict.fromkeys(Y, "regression"),
        n_classes={},
        task_column=None,
        split="random",
    )

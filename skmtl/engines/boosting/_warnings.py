"""Warn about fits whose rounds ended in an unusual way."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skmtl.boosting import BoostedPool, BoostingOptions
from skmtl.engines.boosting._fitted import FittedBoosting
from skmtl.tasks import TaskSet


def warn_of_rounds(
    tasks: TaskSet,
    fitted: FittedBoosting,
    options: Sequence[BoostingOptions],
    n_features: int,
    *,
    validated: bool,
) -> None:
    """Warn about targets of which nothing was learnt, and blocks that reached the limit of rounds.

    Parameters
    ----------
    tasks : TaskSet
    fitted : FittedBoosting
    options : sequence of BoostingOptions
        Options by pool.
    n_features : int
    validated : bool
        Whether held-out rows determine the rounds.
    """
    constant = [
        tasks.names[target]
        for targets, boosted in fitted.pools
        for target, learnt in zip(targets, _is_learnt(targets, boosted, n_features), strict=True)
        if not learnt
    ]
    if constant:
        achieved = "lowered the loss of held-out rows" if validated else "had a split"
        warnings.warn(
            f"No round of trees {achieved} for {constant}: the model predicts a constant there. "
            "Either the features are not informative, or there are too few rows: a smaller "
            "min_data_in_leaf, a smaller validation_fraction or other blocks may help.",
            ConvergenceWarning,
            stacklevel=2,
        )
    if validated:
        for (targets, boosted), limits in zip(fitted.pools, options, strict=True):
            _warn_of_limits([tasks.names[target] for target in targets], boosted, limits)


def _is_learnt(targets: Sequence[int], boosted: BoostedPool, n_features: int) -> np.ndarray:
    """Whether each target has a line, or trees with a split, shared or not."""
    gains = boosted.importances(n_features)
    if gains.drop(index=["task", "linear"], errors="ignore").to_numpy().any():
        return np.ones(len(targets), dtype=bool)
    of_tasks = np.asarray(boosted.task_importances(n_features, ["task"]).sum(axis=1) > 0)
    # Tasks of long data are the ids of one target.
    of_targets = of_tasks if len(of_tasks) == len(targets) else np.array([of_tasks.any()])
    return of_targets | boosted.has_line()


def _warn_of_limits(names: list, boosted: BoostedPool, options: BoostingOptions) -> None:
    ended = [
        [
            name
            for name, block in bag.blocks.items()
            if name != "linear"
            and block.n_rounds > 0
            and options.n_rounds[name] - block.n_rounds < options.patience
        ]
        for bag in boosted.bags
    ]
    if n_bags := sum(map(bool, ended)):
        blocks = list(dict.fromkeys(name for of_bag in ended for name in of_bag))
        limits = {name: options.n_rounds[name] for name in blocks}
        warnings.warn(
            f"The loss of held-out rows was still falling when the limit of rounds, {limits}, "
            f"ended the blocks of {names} in {n_bags} of {len(ended)} models. Raise n_rounds or "
            "learning_rate.",
            ConvergenceWarning,
            stacklevel=2,
        )

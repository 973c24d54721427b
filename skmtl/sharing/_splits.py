"""Training and test rows, from a number of folds, a splitter or splits."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np

from skmtl.model_selection import MultiTaskStratifiedKFold
from skmtl.reading import Split, checked_rows
from skmtl.sharing._tasks import TaskTable


def read_splits(
    table: TaskTable,
    cv: Any,
    rng: np.random.RandomState,
    task: Hashable | None,
    n_repeats: int = 1,
    groups: Any = None,
) -> list[Split]:
    """Return splits from a number of folds (repeated), a splitter, or an iterable of splits.

    Raises
    ------
    ValueError
        For fewer than two splits, rows out of range, and groups that have no effect.
    """
    if isinstance(cv, int | np.integer):
        if not isinstance(n_repeats, int | np.integer) or n_repeats < 1:
            raise ValueError(f"n_repeats must be a whole number of at least 1, got {n_repeats!r}.")
        if groups is not None:
            raise ValueError(
                f"groups are for a splitter that reads them, such as GroupKFold({cv}): cv={cv} "
                "deals out single rows."
            )
        return [
            split
            for seed in rng.randint(2**31 - 1, size=n_repeats)
            for split in MultiTaskStratifiedKFold(int(cv), random_state=seed, task=task).split(
                table.X, table.Y
            )
        ]
    if isinstance(cv, str) or not (hasattr(cv, "split") or isinstance(cv, Iterable)):
        raise ValueError(f"cv must be a number of folds, a splitter or an iterable, got {cv!r}.")
    splits = list(cv.split(table.X, table.y, groups) if hasattr(cv, "split") else cv)
    if len(splits) < 2:
        raise ValueError(f"cv yields {len(splits)} split; at least two are needed.")
    n_rows = len(table.Y)
    return [
        (checked_rows(training, n_rows, "cv"), checked_rows(test, n_rows, "cv"))
        for training, test in splits
    ]

"""Training and test rows, from whatever says how to split."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from skmtl.model_selection import MultiTaskStratifiedKFold
from skmtl.sharing._tasks import TaskTable

Split = tuple[np.ndarray, np.ndarray]


def read_splits(
    table: TaskTable,
    cv: Any,
    rng: np.random.RandomState,
    task: Hashable | None,
    n_repeats: int = 1,
    groups: Any = None,
) -> list[Split]:
    """The splits of a number of folds, dealt anew so often; of a splitter; or those given.

    Raises
    ------
    ValueError
        For fewer than two splits, rows that are not there, and groups that nothing reads.
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
    if isinstance(cv, str) or not (hasattr(cv, "split") or hasattr(cv, "__iter__")):
        raise ValueError(f"cv must be a number of folds, a splitter or an iterable, got {cv!r}.")
    splits = list(cv.split(table.X, table.y, groups) if hasattr(cv, "split") else cv)
    if len(splits) < 2:
        raise ValueError(f"cv gives {len(splits)} split; at least two are needed.")
    return [(_rows(train, len(table.Y)), _rows(test, len(table.Y))) for train, test in splits]


def _rows(given: Any, n_samples: int) -> np.ndarray:
    """Positions of rows, which a splitter may give as a mask as well."""
    rows = np.asarray(given)
    if rows.dtype == bool and rows.shape == (n_samples,):
        return np.flatnonzero(rows)
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or not len(rows):
        raise ValueError(f"cv must give positions of rows, some of each part, got {rows!r}.")
    absent = rows[(rows < 0) | (rows >= n_samples)]
    if len(absent):
        raise ValueError(f"cv gives row {absent[0]}, but there are rows 0 to {n_samples - 1}.")
    return rows

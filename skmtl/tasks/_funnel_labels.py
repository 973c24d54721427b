"""Joining the columns of successive steps into one label of a funnel."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from skmtl.tasks._funnel_levels import FunnelLevels
from skmtl.tasks._label_values import number_values, plain_values

# Number of rows listed in an error.
_SHOWN = 5


def join_steps(frame: pd.DataFrame, task: Hashable, steps: Sequence[Hashable]) -> pd.Series:
    """Join one column of 0 and 1 per step into one column of labels.

    A missing value is unknown, unless it follows from the others: steps before a step that was
    taken were taken, and steps after a step that was not taken were not taken.

    Parameters
    ----------
    frame : DataFrame of shape (n_samples, n_columns)
    task : hashable
        Name for error messages.
    steps : sequence of hashable

    Raises
    ------
    ValueError
        If a column is absent or has other values, or if a step was taken without the one before.
    """
    absent = [step for step in steps if step not in frame.columns]
    if absent:
        raise ValueError(
            f"Task {task!r} needs the columns {list(steps)} of y, but {absent} are not among "
            f"{list(frame.columns)}."
        )
    values = np.column_stack([_truth(frame[step], step, task) for step in steps])
    _refuse_gaps(values, task, steps)
    n_steps = len(steps)
    number = np.arange(1, n_steps + 1)
    taken = np.where(values == 1, number, 0).max(axis=1)
    limit = np.where(values == 0, number, n_steps + 1).min(axis=1)
    limit = np.where(limit > n_steps, taken, limit)
    return pd.Series(FunnelLevels(steps).label(taken, limit), index=frame.index)


def _truth(labels: pd.Series, step: Hashable, task: Hashable) -> np.ndarray:
    """Return 0, 1, or NaN for missing values."""
    observed = labels.notna().to_numpy()
    values = np.full(len(labels), np.nan)
    if not observed.any():
        return values
    given = plain_values(labels[observed])
    objects = given.tolist() if given.dtype == object else []
    words = [value for value in objects if not _is_number(value)]
    if words:
        raise ValueError(
            f"Column {step!r} of task {task!r} holds {words[0]!r}, but the values of a step must "
            "be False or True, 0 or 1, or missing. Convert the column, such as by "
            f"y[{step!r}].map({{'no': 0, 'yes': 1}})."
        )
    values[observed] = number_values(labels[observed], task, "funnel")
    strange = (values[observed] != 0) & (values[observed] != 1)
    if strange.any():
        raise ValueError(
            f"Column {step!r} of task {task!r} holds {given[strange].tolist()[0]!r}, but the "
            "values of a step must be False or True, 0 or 1, or missing."
        )
    return values


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _refuse_gaps(values: np.ndarray, task: Hashable, steps: Sequence[Hashable]) -> None:
    for before in range(len(steps) - 1):
        later = (values[:, before + 1 :] == 1).any(axis=1)
        rows = np.flatnonzero((values[:, before] == 0) & later)
        if len(rows):
            after = before + 1 + int((values[rows[0], before + 1 :] == 1).argmax())
            raise ValueError(
                f"Task {task!r} has steps that are not nested: in {len(rows)} rows "
                f"{steps[after]!r} or another later step was taken without {steps[before]!r}, as "
                f"in rows {rows[:_SHOWN].tolist()}. Set the later step to 0 there if it "
                "only counts after the earlier one, or learn the columns as separate targets."
            )

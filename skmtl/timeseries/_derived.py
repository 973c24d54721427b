"""Labels of targets that are derived from others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from skmtl.panels import History, Moments, last_values, seasonal_naive
from skmtl.tasks import DerivedTarget
from skmtl.timeseries._numbers import as_numbers
from skmtl.timeseries._targets import ForecastTargets


def read_derived(derived: Any, targets: ForecastTargets) -> dict[Hashable, DerivedTarget]:
    """Return the derived targets after checking them.

    Raises
    ------
    ValueError
        If a name is taken, or if the target is not derived from a number.
    """
    if derived is None:
        return {}
    if not isinstance(derived, Mapping):
        raise ValueError(
            f"derived={derived!r} must map names to targets, such as {{'up': Change('sales')}}."
        )
    for name, target in derived.items():
        if not isinstance(target, DerivedTarget):
            raise ValueError(
                f"The derived target {name!r} must be a Change, Occurs, Exceeds or "
                f"Hurdle of skmtl.tasks, got {target!r}."
            )
        if name in targets.kinds:
            raise ValueError(f"The derived target {name!r} has the name of a target. Rename it.")
        if target.target not in targets.numbers:
            raise ValueError(
                f"The derived target {name!r} is derived from {target.target!r}, which is not a "
                f"number of y; these are {targets.numbers}."
            )
    tasks = Counter(
        task
        for name, target in derived.items()
        for task in target.kinds(name, targets.kinds[target.target])
    )
    twice = [task for task in tasks if tasks[task] > 1 or task in targets.kinds]
    if twice:
        raise ValueError(f"Rename the derived targets: two tasks would be called {twice[0]!r}.")
    return dict(derived)


def derived_labels(
    derived: Mapping[Hashable, DerivedTarget],
    targets: ForecastTargets,
    history: History,
    moments: Moments,
    labels: pd.DataFrame,
    season: int,
) -> pd.DataFrame:
    """Return the labels of derived targets, missing where the original labels are missing.

    Parameters
    ----------
    derived : mapping of name to DerivedTarget
    targets : ForecastTargets
    history : History
    moments : Moments of shape (n,)
    labels : DataFrame of shape (n, n_targets)
    season : int
    """
    columns: dict[Hashable, Any] = {}
    for name, target in derived.items():
        reference = None
        if target.since is not None:
            place = history.columns.index(targets.past_name(target.target))
            reference = _reference(history, place, moments, target.since, season)
        columns |= target.labels(name, as_numbers(labels[target.target]), reference)
    return pd.DataFrame(columns, index=labels.index)


def _reference(
    history: History, place: int, moments: Moments, since: str, season: int
) -> np.ndarray:
    if since == "last":
        return last_values(history.panel, place, moments.codes, moments.origins)[0]
    return seasonal_naive(
        history.panel, place, moments.codes, moments.clock, moments.origins, season
    )

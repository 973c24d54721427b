"""Reading labels, predictions, kinds, metrics and weights by task."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from skmtl.metrics._sklearn import Metric, MetricLike, check_metric
from skmtl.survival import read_weight as weight_or_ones
from skmtl.tasks import Kind, as_kind, plain_values


def read_kinds(
    kinds: Any, labels: pd.DataFrame, infer: Mapping[Hashable, Callable[[pd.Series], Kind]]
) -> dict[Hashable, Kind]:
    """The kind of every task: what the user said, else what its labels look like."""
    chosen = _by_task(kinds, list(labels.columns), "kinds")
    return {
        name: as_kind(chosen[name], name) if name in chosen else infer[name](labels[name])
        for name in labels.columns
    }


def read_metrics(metric: MetricLike, names: Sequence[Hashable]) -> dict[Hashable, Metric]:
    """The metric of every task; "auto" for those that a mapping leaves out.

    Parameters
    ----------
    metric : str, scorer, callable, or mapping of task to one of these
        See :mod:`skmtl.metrics`.
    names : sequence of hashable
        The tasks.
    """
    check_metric(metric)
    return {name: "auto" for name in names} | _by_task(metric, names, "metric")


def shown_classes(labels: pd.Series, kind: Kind) -> np.ndarray:
    """The classes among the observed labels, in the order of a model's probabilities."""
    observed = labels.dropna()
    if isinstance(labels.dtype, pd.CategoricalDtype) and labels.cat.ordered:
        return observed.cat.remove_unused_categories().cat.categories.to_numpy()
    classes = np.sort(pd.unique(plain_values(observed)))
    if kind.is_ordered and len(classes) and isinstance(classes[0], str):
        raise ValueError(
            f"Task {labels.name!r} is ordinal, but its labels are text without an order; pass "
            "`classes` from lowest to highest."
        )
    return classes


def read_weight(sample_weight: Any, n_samples: int) -> np.ndarray | None:
    """Row weights as finite numbers of shape (n_samples,)."""
    return None if sample_weight is None else weight_or_ones(sample_weight, n_samples)


def _by_task(value: Any, names: Sequence[Hashable], role: str) -> dict[Hashable, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        return {name: value for name in names}
    unknown = [name for name in value if name not in names]
    if unknown:
        raise ValueError(f"`{role}` names the tasks {unknown}, but the tasks are {list(names)}.")
    return dict(value)

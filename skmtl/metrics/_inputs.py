"""Read labels, predictions, kinds, metrics and weights by task."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from skmtl._foreign_frames import as_pandas
from skmtl.metrics._sklearn import Metric, MetricLike, check_metric
from skmtl.survival import read_weight as weight_or_ones
from skmtl.tasks import Kind, as_kind, plain_values


def read_kinds(
    kinds: Any, labels: pd.DataFrame, infer: Mapping[Hashable, Callable[[pd.Series], Kind]]
) -> dict[Hashable, Kind]:
    """Return the kind of every task: set by the user, or inferred from its labels."""
    chosen = _by_task(kinds, list(labels.columns), "kinds")
    return {
        name: as_kind(chosen[name], name) if name in chosen else infer[name](labels[name])
        for name in labels.columns
    }


def read_metrics(metric: MetricLike, names: Sequence[Hashable]) -> dict[Hashable, Metric]:
    """Return the metric of every task; "auto" for tasks that are not in a mapping.

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
    """Return the classes among the observed labels, in the order of a model's probabilities."""
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


def read_weights(
    sample_weight: Any, names: Sequence[Hashable], n_samples: int
) -> dict[Hashable, np.ndarray | None]:
    """Return weights of the rows by task, of shape (n_samples,); None without weights.

    Parameters
    ----------
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), frame, or None
        The columns of a frame are matched with the tasks by name.
    names : sequence of hashable
        The tasks.
    n_samples : int
    """
    if sample_weight is None or np.asarray(sample_weight).ndim < 2:
        weight = None if sample_weight is None else weight_or_ones(sample_weight, n_samples)
        return dict.fromkeys(names, weight)
    if hasattr(sample_weight, "columns"):
        frame = as_pandas(sample_weight, "sample_weight")
        lacking = [name for name in names if name not in frame.columns]
        if lacking:
            raise ValueError(
                f"sample_weight has the columns {list(frame.columns)}, but no weights of the "
                f"tasks {lacking}."
            )
        return {name: weight_or_ones(frame[name], n_samples) for name in names}
    columns = np.asarray(sample_weight).T
    if len(columns) != len(names):
        raise ValueError(
            f"sample_weight has {len(columns)} columns, but there are {len(names)} tasks: "
            f"{list(names)}."
        )
    return {n: weight_or_ones(column, n_samples) for n, column in zip(names, columns, strict=True)}


def _by_task(value: Any, names: Sequence[Hashable], role: str) -> dict[Hashable, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        return {name: value for name in names}
    unknown = [name for name in value if name not in names]
    if unknown:
        raise ValueError(f"`{role}` names the tasks {unknown}, but the tasks are {list(names)}.")
    return dict(value)

"""The tasks of a table, wide or long, and the same estimator for some of them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import _safe_indexing, check_consistent_length

from skmtl.answers import layers, pipeline_steps, unfitted_model
from skmtl.reading import read_sample_weight
from skmtl.tables import as_frame, task_ids
from skmtl.tasks import EventTimesDtype, label_frame, refuse_residuals

# Parameters that speak of columns of y by name, or by their order; and of tasks, which are the ids
# in long data.
_BY_COLUMN, _BY_TASK = ("tasks", "task_weight", "events"), ("balance",)


@dataclass(frozen=True)
class TaskTable:
    """X and y of an estimator with the tasks that it would learn from them.

    Attributes
    ----------
    X : table of shape (n_samples, n_features)
        The user's table, because pipelines read it as well.
    Y : DataFrame of shape (n_samples, n_targets)
        One column per task in wide data, one column in long data.
    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_targets), or None
    ids : Series of shape (n_samples,) or None
        The task of each row in long data.
    names : list of hashable
        Columns of Y, or sorted ids.
    groups : ndarray of shape (n_samples,) or None
        Whom each row is about.
    judged : TaskTable or None
        Rows that decide when fits stop.
    """

    X: Any
    Y: pd.DataFrame
    sample_weight: np.ndarray | None
    ids: pd.Series | None
    names: list[Hashable]
    groups: np.ndarray | None = None
    judged: TaskTable | None = None

    @property
    def y(self) -> Any:
        """The labels as an estimator takes them: one column of plain labels as a Series."""
        one_column = self.Y.shape[1] == 1 and not isinstance(
            self.Y.dtypes.iloc[0], EventTimesDtype
        )
        return self.Y.iloc[:, 0] if one_column else self.Y

    @property
    def is_labelled(self) -> np.ndarray:
        """Where each task has a label, bool of shape (n_samples, n_tasks)."""
        labelled = self.Y.notna().to_numpy()
        if self.ids is None:
            return labelled
        return labelled & (self.ids.to_numpy()[:, None] == np.array(self.names, dtype=object))

    def take(self, rows: np.ndarray) -> TaskTable:
        """Some rows, with all tasks."""
        return replace(
            self,
            X=_safe_indexing(self.X, rows),
            Y=self.Y.iloc[rows],
            sample_weight=None if self.sample_weight is None else self.sample_weight[rows],
            ids=None if self.ids is None else self.ids.iloc[rows],
            groups=None if self.groups is None else self.groups[rows],
        )

    def only(self, names: Sequence[Hashable]) -> TaskTable:
        """Some tasks, with the rows that have a label of one of them."""
        where = [self.names.index(name) for name in names]
        part = self.take(np.flatnonzero(self.is_labelled[:, where].any(axis=1)))
        judged = None if self.judged is None else self.judged.only(names)
        part = replace(part, names=list(names), judged=judged)
        if self.ids is not None:
            return part
        weight = part.sample_weight
        if weight is not None and weight.ndim == 2:
            weight = weight[:, where]
        return replace(part, Y=part.Y[list(names)], sample_weight=weight)

    def weight_of(self, name: Hashable) -> np.ndarray | None:
        """The weights of the rows in one task, (n_samples,)."""
        weight = self.sample_weight
        return weight if weight is None or weight.ndim == 1 else weight[:, self.names.index(name)]


def read_tasks(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None, *, groups: Any = None
) -> TaskTable:
    """The tasks that an estimator would learn from X and y.

    Raises
    ------
    ValueError
        If X and y do not fit together, a column of y has no label, or there is no task column.
    """
    if not (hasattr(X, "columns") or isinstance(X, np.ndarray | list)):
        X = as_frame(X)  # only these can be given to the estimator in parts
    Y = read_labels(estimator, y)
    check_consistent_length(X, Y, groups)
    groups = None if groups is None else np.asarray(groups)
    weight = None
    if sample_weight is not None:
        weight = read_sample_weight(sample_weight, list(Y.columns), len(Y))
    task = task_column(estimator)
    if task is None:
        unlabelled = Y.columns[Y.isna().all()].tolist()
        if unlabelled:
            raise ValueError(
                f"Task {unlabelled[0]!r} has no observed label: every value is missing. Drop the "
                "task or supply labels for some rows."
            )
        return TaskTable(X, Y, weight, None, list(Y.columns), groups)
    if Y.shape[1] != 1:
        raise ValueError(
            f"Long data are compared by the ids in {task!r}, for one column of y; got "
            f"{list(Y.columns)}. Give one of them at a time."
        )
    ids = task_ids(X, task)
    used = ids[Y.iloc[:, 0].notna().to_numpy()]
    return TaskTable(X, Y, weight, ids, sorted(used.unique().tolist()), groups)


def read_labels(estimator: Any, y: Any) -> pd.DataFrame:
    """Labels with one column per target, as an unfitted estimator would read them."""
    unfitted = unfitted_model(estimator)
    return label_frame(y) if unfitted is None else unfitted.read_labels(y)


def task_column(estimator: Any) -> Hashable | None:
    """The column of X that names the tasks of long data, as the estimator is told."""
    unfitted = unfitted_model(estimator)
    return None if unfitted is None else unfitted.task_column


def for_tasks(estimator: Any, table: TaskTable, names: Sequence[Hashable]) -> Any:
    """An unfitted copy whose parameters speak of some tasks of the table alone."""
    copied = clone(estimator)
    spoken_of = _BY_TASK if table.ids is not None else (*_BY_COLUMN, *_BY_TASK)
    for model in layers(copied):
        parameters = model.get_params(deep=False)
        refuse_residuals(parameters.get("tasks"), "a fit on some of the tasks")
        changed = {
            name: _of_tasks(parameters[name], table.names, names)
            for name in spoken_of
            if parameters.get(name) is not None
        }
        model.set_params(**changed)
    return copied


def fit_on(estimator: Any, table: TaskTable) -> Any:
    """Fit an estimator, with weights, groups and judged rows, whatever wraps it."""
    arguments: dict[str, Any] = {}
    if table.sample_weight is not None:
        arguments["sample_weight"] = table.sample_weight
    if table.groups is not None:
        arguments["groups"] = table.groups
    if table.judged is not None:
        judged = table.judged
        arguments["eval_set"] = (judged.X, judged.y, judged.sample_weight)
    steps = pipeline_steps(estimator)
    of_step = f"{steps[-1][0]}__" if steps else ""
    return estimator.fit(
        table.X, table.y, **{f"{of_step}{name}": value for name, value in arguments.items()}
    )


def _of_tasks(value: Any, all_names: list[Hashable], names: Sequence[Hashable]) -> Any:
    """What is said of some tasks; what suits not even all of them is the estimator's to refuse."""
    if isinstance(value, Mapping | pd.Series):
        others = [name for name in all_names if name not in names]
        return {name: each for name, each in value.items() if name not in others}
    if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str):
        fits = len(value) == len(all_names)
        return [value[all_names.index(name)] for name in names] if fits else value
    if isinstance(getattr(value, "weights", None), tuple):  # skmtl.balancing.FixedWeights
        return replace(value, weights=tuple(_of_tasks(value.weights, all_names, names)))
    return value

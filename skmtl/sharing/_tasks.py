"""The tasks of a table, wide or long, and copies of an estimator for some of them."""

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

# Parameters that refer to columns of y by name or order, and to tasks, which are the ids in long
# data.
_BY_COLUMN, _BY_TASK = ("tasks", "task_weight", "events"), ("balance",)


@dataclass(frozen=True)
class TaskTable:
    """X and y of an estimator, with the tasks that it would learn.

    Attributes
    ----------
    X : table of shape (n_samples, n_features)
        The user's table, which pipelines can read.
    Y : DataFrame of shape (n_samples, n_targets)
        One column per task in wide data, one column in long data.
    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_targets), or None
    ids : Series of shape (n_samples,) or None
        The task of each row in long data.
    names : list of hashable
        Columns of Y, or sorted ids.
    groups : ndarray of shape (n_samples,) or None
        The entity of each row.
    judged : TaskTable or None
        Rows for early stopping.
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
        """Labels as an argument of `fit`: a single column of plain labels is a Series."""
        one_column = self.Y.shape[1] == 1 and not isinstance(
            self.Y.dtypes.iloc[0], EventTimesDtype
        )
        return self.Y.iloc[:, 0] if one_column else self.Y

    @property
    def is_labelled(self) -> np.ndarray:
        """Mask of observed labels, bool of shape (n_samples, n_tasks)."""
        labelled = self.Y.notna().to_numpy()
        if self.ids is None:
            return labelled
        return labelled & (self.ids.to_numpy()[:, None] == np.array(self.names, dtype=object))

    def take(self, rows: np.ndarray) -> TaskTable:
        """Select rows, with all tasks."""
        return replace(
            self,
            X=_safe_indexing(self.X, rows),
            Y=self.Y.iloc[rows],
            sample_weight=None if self.sample_weight is None else self.sample_weight[rows],
            ids=None if self.ids is None else self.ids.iloc[rows],
            groups=None if self.groups is None else self.groups[rows],
        )

    def only(self, names: Sequence[Hashable]) -> TaskTable:
        """Select tasks, and rows that have a label of one of them."""
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
        """Return the weights of rows for a task, (n_samples,)."""
        weight = self.sample_weight
        return weight if weight is None or weight.ndim == 1 else weight[:, self.names.index(name)]


def read_tasks(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None, *, groups: Any = None
) -> TaskTable:
    """Return the tasks that an estimator would learn from X and y.

    Raises
    ------
    ValueError
        If X and y do not match, a column of y has no label, or the task column does not exist.
    """
    if not (hasattr(X, "columns") or isinstance(X, np.ndarray | list)):
        X = as_frame(X)  # only data frames can be passed to the estimator in parts
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
            f"{list(Y.columns)}. Pass one of them at a time."
        )
    ids = task_ids(X, task)
    labelled_ids = ids[Y.iloc[:, 0].notna().to_numpy()]
    return TaskTable(X, Y, weight, ids, sorted(labelled_ids.unique().tolist()), groups)


def read_labels(estimator: Any, y: Any) -> pd.DataFrame:
    """Return labels with one column per target, as an unfitted estimator would read them."""
    unfitted = unfitted_model(estimator)
    return label_frame(y) if unfitted is None else unfitted.read_labels(y)


def task_column(estimator: Any) -> Hashable | None:
    """Return the column of X with the tasks of long data, a parameter of the estimator."""
    unfitted = unfitted_model(estimator)
    return None if unfitted is None else unfitted.task_column


def for_tasks(estimator: Any, table: TaskTable, names: Sequence[Hashable]) -> Any:
    """Return an unfitted copy whose parameters only refer to some tasks of the table."""
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
    """Fit an estimator, wrapped or not, with weights, groups and validation rows."""
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
    """Restrict a parameter to some tasks; invalid values are left to the estimator to refuse."""
    if isinstance(value, Mapping | pd.Series):
        excluded = [name for name in all_names if name not in names]
        return {name: setting for name, setting in value.items() if name not in excluded}
    if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str):
        fits = len(value) == len(all_names)
        return [value[all_names.index(name)] for name in names] if fits else value
    if isinstance(getattr(value, "weights", None), tuple):  # skmtl.balancing.FixedWeights
        return replace(value, weights=tuple(_of_tasks(value.weights, all_names, names)))
    return value

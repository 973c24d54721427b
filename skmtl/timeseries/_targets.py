"""The targets in the columns of y, and how their past is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from skmtl._storable import storable
from skmtl.panels import History
from skmtl.reading import warn_of_numbers_in_labels
from skmtl.tasks import (
    Count,
    Kind,
    TasksLike,
    as_kind,
    label_frame,
    labels_of_tasks,
    mixed_kind,
    plain_values,
)
from skmtl.timeseries._numbers import are_numbers, as_numbers


@storable
@dataclass(frozen=True)
class ForecastTargets:
    """The targets of a forecaster.

    Attributes
    ----------
    kinds : dict of target to Kind
        In the order of y.
    classes : dict of target to list
        Sorted classes of the targets that have classes.
    """

    kinds: dict[Hashable, Kind]
    classes: dict[Hashable, list[Any]]

    @classmethod
    def learn(cls, y: Any, tasks: TasksLike) -> ForecastTargets:
        """Learn the targets from y.

        Raises
        ------
        ValueError
            If a target has no labels or is a time to an event, if `tasks` has unknown names, or if
            the features of two targets would have the same names.
        """
        labels = label_frame(y).infer_objects()
        kinds = _kinds(labels, tasks)
        for name, kind in kinds.items():
            if not labels[name].notna().any():
                raise ValueError(f"The target {name!r} has no labels. Drop it.")
            if not kind.is_classification and not _has_numbers(labels[name]):
                raise ValueError(
                    f"The target {name!r} has the kind {kind.name!r}, but its labels have the "
                    f"dtype {labels[name].dtype}. Choose another kind for it in `tasks`."
                )
        classes = {
            name: _sorted_classes(labels[name])
            for name, kind in kinds.items()
            if kind.is_classification
        }
        targets = cls(kinds, classes)
        columns = Counter(column for name in kinds for column in targets.past_names(name))
        twice = [column for column, times in columns.items() if times > 1]
        if twice:
            raise ValueError(
                f"Several targets would have features called {twice[0]!r}. Rename one of them."
            )
        return targets

    def labels(self, y: Any) -> pd.DataFrame:
        """Return the labels, with a column for each target in order.

        Raises
        ------
        ValueError
            If a target is missing or unknown.
        """
        labels = labels_of_tasks(y, list(self.kinds)).infer_objects()
        missing = [name for name in self.kinds if name not in labels.columns]
        if missing:
            raise ValueError(f"y has no columns for the targets {missing}.")
        return labels

    def past_values(self, labels: pd.DataFrame) -> pd.DataFrame:
        """Return the labels as float64 columns, to be stored as the past of later rows.

        A number is unchanged. A binary target has an indicator of the second class, and a
        multiclass target has an indicator for each class.
        """
        columns = {}
        for name, kind in self.kinds.items():
            if not kind.is_classification:
                columns[self.past_name(name)] = as_numbers(labels[name])
                continue
            observed = labels[name].notna().to_numpy()
            values = plain_values(labels[name][observed])
            self._check_classes(name, values)
            for position, value in self._kept_classes(name):
                column = np.full(len(labels), np.nan)
                column[observed] = values == value
                columns[self.past_name(name, position)] = column
        return pd.DataFrame(columns, index=labels.index)

    def past_names(self, name: Hashable) -> list[str]:
        """Return the columns of a target in `past_values`."""
        if not self.kinds[name].is_classification:
            return [self.past_name(name)]
        return [self.past_name(name, position) for position, _ in self._kept_classes(name)]

    def past_name(self, name: Hashable, position: int | None = None) -> str:
        """Return the name of a column of `past_values`."""
        return str(name) if position is None else f"{name} is {self.classes[name][position]}"

    def scored_history(self, history: History) -> History:
        """Return the past of the targets that can be scored as numbers; see `scored_numbers`.

        Parameters
        ----------
        history : History
            With the columns of `past_values`.
        """
        columns: dict[Hashable, np.ndarray] = {}
        for name in self.kinds:
            places = [history.columns.index(column) for column in self.past_names(name)]
            values, classes = history.panel.values[:, places], self.classes.get(name)
            if classes is None:
                columns[name] = values[:, 0]
            elif len(classes) > 2 and are_numbers(classes):
                columns[name] = values @ np.array(classes, dtype=np.float64)
            elif len(classes) <= 2:
                first, second = classes[0], classes[-1]
                if not are_numbers(classes):
                    first, second = 0, 1
                columns[name] = first + (second - first) * values[:, 0]
        return history.of_values(columns)

    @property
    def numbers(self) -> list[Hashable]:
        """The targets that are numbers."""
        return [name for name, kind in self.kinds.items() if not kind.is_classification]

    def is_count(self, name: Hashable) -> bool:
        """Return whether a target is a count, from which nothing can be subtracted."""
        return isinstance(self.kinds[name], Count)

    def _check_classes(self, name: Hashable, values: np.ndarray) -> None:
        """Raise an error if labels are not among the classes of `fit`."""
        is_new = ~pd.Series(values, dtype=object).isin(self.classes[name]).to_numpy()
        if is_new.any():
            raise ValueError(
                f"{is_new.sum()} labels of the target {name!r}, such as {values[is_new][0]!r}, "
                f"are not among its classes in fit, {self.classes[name]}. Convert them, treat "
                "them as missing, or fit again."
            )

    def _kept_classes(self, name: Hashable) -> list[tuple[int, Any]]:
        classes = list(enumerate(self.classes[name]))
        return classes[-1:] if len(classes) <= 2 else classes


def _kinds(labels: pd.DataFrame, tasks: TasksLike) -> dict[Hashable, Kind]:
    if tasks is None or isinstance(tasks, Mapping):
        chosen = {name: as_kind(kind, name) for name, kind in (tasks or {}).items()}
    else:
        chosen = {name: as_kind(tasks, name) for name in labels.columns}
    for name, kind in chosen.items():  # not all of them have a column of their name
        _check_has_next_value(name, kind)
    unknown = [name for name in chosen if name not in labels.columns]
    if unknown:
        raise ValueError(
            f"`tasks` names {unknown}, but the targets are {labels.columns.tolist()}."
        )
    warn_of_numbers_in_labels(labels[[name for name in labels.columns if name not in chosen]])
    return {
        name: chosen[name] if name in chosen else mixed_kind(labels[name])
        for name in labels.columns
    }


def _check_has_next_value(name: Hashable, kind: Kind) -> None:
    if kind.has_curves:
        raise ValueError(
            f"The target {name!r} is a time to an event, which has no next value. Use "
            "RMTGBSurvival or MultiTabSurvival for it."
        )
    if kind.label_columns(name):
        raise ValueError(
            f"The target {name!r} of kind {kind.name!r} has its label in several columns, which "
            "cannot be forecast. Forecast the columns as separate targets."
        )


def _sorted_classes(labels: pd.Series) -> list[Any]:
    classes = pd.unique(plain_values(labels.dropna())).tolist()
    try:
        return sorted(classes)
    except TypeError:
        raise ValueError(
            f"The target {labels.name!r} has labels of several types, such as {classes[:3]}, "
            "which cannot be sorted. Convert them to text or to numbers."
        ) from None


def _has_numbers(labels: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(labels.dtype)

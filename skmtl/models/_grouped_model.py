"""The models of several groups of tasks as one model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.utils import _safe_indexing

from skmtl._foreign_frames import as_pandas
from skmtl.answers import (
    Answers,
    FitRecord,
    FittedModel,
    ForeignModel,
    Form,
    InputColumns,
    as_array,
    estimator_classes,
    fitted_inside,
    fitted_model,
    fitted_model_reading,
    joined_record,
    read_predictions,
    says_its_tasks,
    unfitted_model,
)
from skmtl.models._saving import task_facts
from skmtl.reading import EachWhenAsked, ScoredLabels
from skmtl.tables import CellCounts, sum_of_counts, task_ids
from skmtl.tasks import Curves, Kind, join_label_columns, labels_of_tasks

Groups = Literal["auto", "joint", "alone"] | Sequence[Sequence[Hashable]]
"""Whether `groups` of `GroupedTasks` is valid."""


class GroupedModel(FittedModel):
    """The combined answers of the models of several groups of tasks.

    Parameters
    ----------
    estimator : estimator
        The estimator that each model is a clone of.
    groups : list of list of tasks
        Targets of wide data, ids of long data.
    models : list of fitted estimators
    kinds : dict of target to Kind
    classes : dict of target to ndarray
        All classes of the models.
    task_column : hashable or None
    """

    def __init__(
        self,
        estimator: Any,
        groups: list[list[Hashable]],
        models: list[Any],
        kinds: dict[Hashable, Kind],
        classes: dict[Hashable, np.ndarray],
        task_column: Hashable | None,
    ) -> None:
        self.estimator = estimator
        self.groups = groups
        self.models = models
        self.names = list(kinds)
        self.kinds = kinds
        self.task_column = task_column
        # The curves of different models have different times.
        self.event_names = []
        self._classes = classes

    @property
    def classes(self) -> dict[Hashable, np.ndarray]:
        return self._classes

    def prediction_names(self, targets: Sequence[Hashable]) -> list[Hashable]:
        """Return the names of the predictions for some targets."""
        return [name for task in targets for name in self.kinds[task].prediction_names(task)]

    @property
    def form(self) -> Form:
        first = fitted_inside(self.models[0])
        return fitted_model(first).form if says_its_tasks(first) else as_array

    @property
    def record(self) -> FitRecord | None:
        if not all(says_its_tasks(fitted_inside(model)) for model in self.models):
            return None
        records = [fitted_model(model).record for model in self.models]
        return joined_record(records, rows_differ=self.task_column is not None)

    @property
    def sizes(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for model in self.models:
            if says_its_tasks(fitted_inside(model)):
                total.update(fitted_model(model).sizes)
        return {"models": len(self.models), **total}

    def schema(self) -> dict[str, Any]:
        """Describe inputs and outputs; only groups of skmtl's models can be saved."""
        first = self.models[0]
        of_first = fitted_model(first).schema() if says_its_tasks(first) else {}
        return of_first | task_facts(self)

    def read_labels(self, y: Any) -> pd.DataFrame:
        unfitted = unfitted_model(self.estimator)
        if unfitted is not None and unfitted.all_events:
            return unfitted.read_events(y)
        return labels_of_tasks(join_label_columns(y, self.kinds), self.names)

    def read_scored(self, y: Any) -> ScoredLabels:
        labels = self.read_labels(y)
        for name in labels.columns:
            self.kinds[name].check_scored(labels[name])
        return ScoredLabels(labels, {name: self.kinds[name] for name in labels.columns})

    def read_events(self, y: Any) -> pd.DataFrame:
        return self.read_labels(y)[[]]

    def curve_shapes(self) -> dict[Hashable, Curves]:
        return {}

    def converted(self, X: Any) -> Any:
        return as_pandas(X, "X") if all(map(says_its_tasks, self.models)) else X

    def ask_part(self, X: Any) -> Answers:
        X = self.converted(X)
        if self.task_column is None:
            answers = [
                _ask(model, X, {name: self.kinds[name] for name in group})
                for group, model in zip(self.groups, self.models, strict=True)
            ]
            return SideBySide(self, answers)
        return InPlace(
            self,
            [(rows, _ask(model, part, self.kinds), model) for model, rows, part in self.parts(X)],
        )

    @property
    def learnt_counts(self) -> CellCounts | None:
        models = [fitted_inside(model) for model in self.models]
        if not all(map(says_its_tasks, models)):
            return None
        counts = [fitted_model(model).learnt_counts for model in models]
        return counts[0] if self.task_column is None else _of_all_rows(counts)

    def parts(self, X: Any) -> list[tuple[Any, np.ndarray, Any]]:
        """For long data, each model with the positions and the rows that it predicts."""
        ids = task_ids(X, self.task_column)
        largest = max(self.groups, key=len)
        is_known = ids.isin([name for group in self.groups for name in group])
        parts = []
        for group, model in zip(self.groups, self.models, strict=True):
            rows = np.flatnonzero(ids.isin(group) | (~is_known & (group is largest)))
            # Networks raise an error for a table without rows, so models without rows are skipped.
            if len(rows) or (len(ids) == 0 and group is largest):
                parts.append((model, rows, _safe_indexing(X, rows)))
        return parts

    def input_columns(self, labels: Sequence[Hashable]) -> InputColumns | None:
        model = fitted_inside(self.models[0])
        if not says_its_tasks(model) or model is not self.models[0]:
            return None
        columns = [fitted_model(model).input_columns(labels) for model in self.models]
        if columns[0] is None:
            return None
        texts = [
            set().union(*texts)
            for texts in zip(*(inputs.texts for inputs in columns if inputs), strict=True)
        ]
        return replace(columns[0], texts=texts)


def _ask(model: Any, X: Any, kinds: dict[Hashable, Kind]) -> Answers:
    """Ask one of the models, which may come from another package."""
    if not says_its_tasks(fitted_inside(model)):
        return ForeignModel(model, kinds, named=True).ask_part(X)
    fitted, X_read = fitted_model_reading(model, X)
    return fitted.ask_part(X_read)


def _of_all_rows(counts: Sequence[CellCounts | None]) -> CellCounts | None:
    """Add up counts; None if some are unknown or belong to different columns."""
    columns = [None if part is None else part.columns for part in counts]
    alike = None not in columns and all(labels == columns[0] for labels in columns)
    return sum_of_counts(counts) if alike else None


class SideBySide(Answers):
    """Wide data: every target from the model of its group."""

    def __init__(self, model: GroupedModel, answers: list[Answers]) -> None:
        self._first = answers[0]
        self._of = {
            name: of_group
            for group, of_group in zip(model.groups, answers, strict=True)
            for name in group
        }
        of_prediction = {
            name: self._of[task] for task in model.names for name in model.prediction_names([task])
        }
        self._predictions = EachWhenAsked(
            list(of_prediction), lambda name: of_prediction[name].predictions[name]
        )

    @property
    def predictions(self) -> Mapping[Hashable, np.ndarray]:
        return self._predictions

    def cell_counts(self) -> CellCounts | None:
        """Count cells once, because all models read the same columns."""
        return self._first.cell_counts()

    def may_lack_columns(self) -> bool:
        return self._first.may_lack_columns()

    def probabilities(self, name: Hashable) -> np.ndarray:
        return self._of[name].probabilities(name)

    def quantiles(self, name: Hashable) -> np.ndarray:
        return self._of[name].quantiles(name)

    def curves(self) -> Mapping[Hashable, Curves]:
        return {}

    def about_curves(
        self, questions: Mapping[Hashable, Callable[[Curves], np.ndarray]]
    ) -> dict[Hashable, np.ndarray]:
        return {}


class InPlace(Answers):
    """Long data: every row from the model of its task's group, in the original order."""

    def __init__(self, model: GroupedModel, parts: list[tuple[np.ndarray, Answers, Any]]) -> None:
        self._model, self._parts = model, parts
        self._order = np.argsort(np.concatenate([rows for rows, _, _ in parts]))

    @cached_property
    def predictions(self) -> Mapping[Hashable, np.ndarray]:
        return EachWhenAsked(
            self._model.prediction_names(self._model.names),
            lambda name: self._joined(lambda answers: answers.predictions[name]),
        )

    def cell_counts(self) -> CellCounts | None:
        return _of_all_rows([answers.cell_counts() for _, answers, _ in self._parts])

    def may_lack_columns(self) -> bool:
        return all(
            len(rows) == 1 or answers.may_lack_columns() for rows, answers, _ in self._parts
        )

    def probabilities(self, name: Hashable) -> np.ndarray:
        """Add columns for classes that only some of the models have."""
        classes = pd.Index(self._model.classes[name])
        whole = np.zeros((len(self._order), len(classes)))
        for rows, answers, model in self._parts:
            (own_classes,) = model_classes(model, [name]).values()
            whole[np.ix_(rows, classes.get_indexer(pd.Index(own_classes)))] = (
                answers.probabilities(name)
            )
        return whole

    def quantiles(self, name: Hashable) -> np.ndarray:
        return self._joined(lambda answers: answers.quantiles(name))

    def curves(self) -> Mapping[Hashable, Curves]:
        return {}

    def about_curves(
        self, questions: Mapping[Hashable, Callable[[Curves], np.ndarray]]
    ) -> dict[Hashable, np.ndarray]:
        return {}

    def _joined(self, of_part: Callable[[Answers], np.ndarray]) -> np.ndarray:
        return np.concatenate([of_part(answers) for _, answers, _ in self._parts])[self._order]


def model_classes(model: Any, names: Sequence[Hashable]) -> dict[Hashable, np.ndarray]:
    """Return the classes of a model for some targets."""
    if says_its_tasks(fitted_inside(model)):
        classes = fitted_model(model).classes
        return {name: classes[name] for name in names}
    return estimator_classes(model, names)


def side_by_side(
    answers: Sequence[Any],
    groups: Sequence[Sequence[Hashable]],
    names: Sequence[Hashable],
    single: bool,
) -> Any:
    """Combine predictions for wide data: the columns of each model, in the original order.

    `groups` and `names` are names of predictions.
    """
    columns: dict[Hashable, pd.Series] = {}
    for group, answer in zip(groups, answers, strict=True):
        named = isinstance(answer, pd.DataFrame)
        columns |= read_predictions(answer, group, like=answer if named else None)
    ordered = [columns[name] for name in names]
    if isinstance(answers[0], pd.DataFrame):
        return pd.concat(ordered, axis=1).set_axis(pd.Index(names), axis=1)
    arrays = [column.to_numpy() for column in ordered]
    return arrays[0] if single else np.column_stack(arrays)


def in_place(parts: Sequence[tuple[np.ndarray, Any]]) -> Any:
    """Combine predictions for long data: the rows of each model, in the original order."""
    order = np.argsort(np.concatenate([rows for rows, _ in parts]))
    answers = [answer for _, answer in parts]
    if isinstance(answers[0], pd.DataFrame):
        return pd.concat(answers).iloc[order]
    return np.concatenate(answers)[order]

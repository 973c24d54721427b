"""A fitted engine together with the fitted readers of X and y, as one model."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from skmtl._foreign_frames import as_pandas
from skmtl.answers import (
    Answers,
    CellType,
    FitRecord,
    FittedModel,
    Form,
    InputColumns,
    as_named_frame,
)
from skmtl.engines import Engine
from skmtl.models._saving import schema
from skmtl.reading import RowsToScore, ScoredLabels, TableReader, Targets, answers_in_blocks
from skmtl.tables import CellCounts, SourceEncoder, sorts_of
from skmtl.tasks import Curves, TaskSet


@dataclass(frozen=True)
class EngineModel(FittedModel):
    """The fitted model of an estimator with an engine.

    Attributes
    ----------
    engine : Engine
        The engine, with the current settings.
    fitted : object
        What the engine has learnt.
    reader : TableReader
    tasks : TaskSet
    targets : Targets
    read_frame : callable
        Converts X to a DataFrame with the columns of `fit`; raises an error for other columns.
    form : callable
        Converts predictions to the return value of `predict`.
    refuses_unseen : bool
        Whether rows of unseen tasks raise an error.
    record : FitRecord or None
        Facts about the fit; None in models of earlier versions.
    """

    engine: Engine
    fitted: Any
    reader: TableReader
    tasks: TaskSet
    targets: Targets
    read_frame: Any
    form: Form = as_named_frame
    refuses_unseen: bool = False
    record: FitRecord | None = None

    @property
    def names(self) -> list[Hashable]:  # type: ignore[override]
        return self.tasks.names

    @property
    def kinds(self) -> dict[Hashable, Any]:  # type: ignore[override]
        return self.tasks.by_name

    @property
    def event_names(self) -> list[Hashable]:  # type: ignore[override]
        return self.targets.event_names(self.tasks)

    @property
    def task_column(self) -> Hashable | None:  # type: ignore[override]
        return self.reader.roles.task

    @property
    def classes(self) -> dict[Hashable, np.ndarray]:
        heads = self.tasks.by_name.items()
        return {name: head.classes_ for name, head in heads if head.is_classification}

    @property
    def outputs(self) -> list[Hashable]:
        names = self.targets.output_names
        return self.tasks.names if names is None else names

    @property
    def sizes(self) -> dict[str, int]:
        return {} if self.fitted is None else self.engine.sizes(self.fitted)

    def schema(self) -> dict[str, Any]:
        return schema(self.reader.encoder, self)

    def read_labels(self, y: Any) -> pd.DataFrame:
        return self.targets.read(y, self.tasks)

    def read_scored(self, y: Any) -> ScoredLabels:
        return self.targets.scored(y, self.tasks)

    def read_events(self, y: Any) -> pd.DataFrame:
        return self.targets.events(y, self.tasks)

    def curve_shapes(self) -> dict[Hashable, Curves]:
        return self.targets.curves(np.zeros((1, self.tasks.n_scores)), self.tasks)

    def converted(self, X: Any) -> Any:
        return as_pandas(X, "X")

    def read_without_check(self, X: Any) -> RowsToScore:
        """Return the rows of X, to be encoded on demand, including those of unseen tasks."""
        return self.reader.read(self.read_frame(X))

    def read(self, X: Any) -> RowsToScore:
        """Return the rows of X, to be encoded on demand."""
        rows = self.read_without_check(X)
        if self.refuses_unseen and rows.group is not None and (rows.group < 0).any():
            unseen = rows.ids.iloc[int(np.argmin(rows.group))]  # type: ignore[union-attr]
            raise ValueError(
                f"Column {self.task_column!r} has the task {unseen!r}, which fit has not seen. "
                "Leave these rows out, or set unseen='shared' to predict them by what the tasks "
                "share."
            )
        return rows

    def ask_part(self, X: Any) -> EngineAnswers:
        rows, varying = self.read(X), self.tasks.varying
        if len(varying) == 0:
            return self.answers(np.empty((len(rows), 0)), rows)
        return self.answers(self.engine.raw_scores(self.fitted, rows, varying), rows)

    def answers(self, scores: np.ndarray, rows: RowsToScore) -> EngineAnswers:
        """Return the answers for raw scores (n_samples, n_scores) of an engine."""
        group = rows.group if self.engine.units_by_group else None
        return EngineAnswers(scores, group, self.tasks, self.targets, rows)

    @property
    def learnt_counts(self) -> CellCounts | None:
        return self.reader.encoder.counts_

    def input_columns(self, labels: Sequence[Hashable]) -> InputColumns:
        encoder = self.reader.encoder
        roles = self.reader.roles_of(labels)
        cells: list[CellType] = [
            "unused" if at in roles else "number" for at in range(len(labels))
        ]
        texts: list[set[str]] = [set() for _ in labels]
        features = [at for at in range(len(labels)) if at not in roles]
        for position, label in zip(features, encoder.columns_, strict=True):
            if label in encoder.histories:
                cells[position] = "histories"
            elif label in encoder.categories_:
                cells[position] = _cells_of(encoder.categories_[label])
                texts[position] = _texts_of(encoder.categories_[label])
        task = next((at for at, role in roles.items() if role == "task"), None)
        if task is not None:
            cells[task] = _cells_of(pd.Index(self.reader.task_ids, tupleize_cols=False))
            texts[task] = _texts_of(self.reader.task_ids)
        unread = encoder.hidden if isinstance(encoder, SourceEncoder) else ()
        hidden = frozenset(at for at, label in enumerate(labels) if label in unread)
        ids = self.reader.ids if self.refuses_unseen else None
        return InputColumns(cells, task, ids, texts, hidden)


def _texts_of(values: Iterable[Any]) -> set[str]:
    return {value for value in values if isinstance(value, str)}


def _cells_of(categories: pd.Index) -> CellType:
    if len(categories) == 0:  # the column had no values in fit
        return "any"
    sorts = sorts_of(categories)
    if {"numbers", "text"} <= sorts:
        return "any"
    return "number" if "numbers" in sorts else "text"


@dataclass(frozen=True)
class EngineAnswers(Answers):
    """Answers computed from raw scores, so that several answers need a single pass of the engine.

    Attributes
    ----------
    scores : ndarray of shape (n_samples, n_scores)
    group : int64 ndarray of shape (n_samples,), or None
        The task ids of the rows, if numbers have units by task id.
    tasks : TaskSet
    targets : Targets
    rows : RowsToScore
        The rows of the scores.
    """

    scores: np.ndarray
    group: np.ndarray | None
    tasks: TaskSet
    targets: Targets
    rows: RowsToScore

    def cell_counts(self) -> CellCounts:
        return self.rows.cell_counts()

    def may_lack_columns(self) -> bool:
        return self.rows.may_lack_columns()

    @cached_property
    def predictions(self) -> Mapping[Hashable, np.ndarray]:
        return self.targets.predictions(self.scores, self.group, self.tasks)

    def task_predictions(self) -> dict[Hashable, np.ndarray]:
        """Predictions of the engine's tasks; for an event that is several tasks, by term."""
        values = self.tasks.predict(self.scores, group=self.group)
        return dict(zip(self.tasks.names, values, strict=True))

    def probabilities(self, name: Hashable) -> np.ndarray:
        return self._probabilities[name]

    @cached_property
    def _probabilities(self) -> dict[Hashable, np.ndarray]:
        return {
            name: head.predict_proba(self.scores[:, part])
            for name, head, part in self._parts()
            if head.is_classification
        }

    def quantiles(self, name: Hashable) -> np.ndarray:
        position = self.tasks.names.index(name)
        part = self.tasks.score_slices[position]
        head = self.tasks.heads[position]
        return head.predict_quantiles(self.scores[:, part], group=self.group)

    def curves(self) -> dict[Hashable, Curves]:
        return self.targets.curves(self.scores, self.tasks)

    def about_curves(
        self, questions: Mapping[Hashable, Callable[[Curves], np.ndarray]]
    ) -> dict[Hashable, np.ndarray]:
        draw = partial(self.targets.curves, tasks=self.tasks)
        return answers_in_blocks(self.scores, draw, questions)

    def _parts(self) -> Any:
        tasks = self.tasks
        return zip(tasks.names, tasks.heads, tasks.score_slices, strict=True)

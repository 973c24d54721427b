"""A fitted model whose probabilities and classes of some tasks are adjusted."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from skmtl.answers import (
    Answers,
    FitRecord,
    FittedModel,
    Form,
    InputColumns,
    fitted_model,
    fitted_model_reading,
    reads_table_itself,
)
from skmtl.models._adjustments import Adjustment
from skmtl.reading import EachWhenAsked, ScoredLabels
from skmtl.tables import CellCounts
from skmtl.tasks import Curves, Kind


class AdjustedModel(FittedModel):
    """The predictions of a fitted estimator, after adjustments.

    Parameters
    ----------
    estimator : fitted estimator
        An estimator of skmtl, alone or inside pipelines and searches.
    adjustments : mapping of task to Adjustment
        The adjustment of each task that has one.
    """

    def __init__(self, estimator: Any, adjustments: Mapping[Hashable, Adjustment]) -> None:
        self.estimator = estimator
        self.adjustments = adjustments
        self.model = fitted_model(estimator)

    @property
    def names(self) -> list[Hashable]:  # type: ignore[override]
        return self.model.names

    @property
    def kinds(self) -> dict[Hashable, Kind]:  # type: ignore[override]
        return self.model.kinds

    @property
    def event_names(self) -> list[Hashable]:  # type: ignore[override]
        return self.model.event_names

    @property
    def task_column(self) -> Hashable | None:  # type: ignore[override]
        return self.model.task_column

    @property
    def form(self) -> Form:
        return self.model.form

    @property
    def classes(self) -> dict[Hashable, np.ndarray]:
        return self.model.classes

    @property
    def outputs(self) -> list[Hashable]:
        return self.model.outputs

    @property
    def record(self) -> FitRecord | None:
        return self.model.record

    @property
    def sizes(self) -> dict[str, int]:
        return self.model.sizes

    def schema(self) -> dict[str, Any]:
        return self.model.schema()

    def read_labels(self, y: Any) -> pd.DataFrame:
        return self.model.read_labels(y)

    def read_scored(self, y: Any) -> ScoredLabels:
        return self.model.read_scored(y)

    def read_events(self, y: Any) -> pd.DataFrame:
        return self.model.read_events(y)

    def curve_shapes(self) -> dict[Hashable, Curves]:
        return self.model.curve_shapes()

    def ask_part(self, X: Any) -> Answers:
        model, X_read = fitted_model_reading(self.estimator, X)
        return AdjustedAnswers(self, model.ask_part(X_read))

    @property
    def learnt_counts(self) -> CellCounts | None:
        return self.model.learnt_counts

    def input_columns(self, labels: Sequence[Hashable]) -> InputColumns | None:
        return self.model.input_columns(labels) if reads_table_itself(self.estimator) else None


class AdjustedAnswers(Answers):
    """Answers of the wrapped model, with adjusted probabilities and classes."""

    def __init__(self, model: AdjustedModel, answers: Answers) -> None:
        self._answers = answers
        self._adjustments = model.adjustments
        self._classes = model.classes
        self._predictions = EachWhenAsked(list(answers.predictions), self._predict)

    def _predict(self, name: Hashable) -> np.ndarray:
        if name not in self._adjustments:
            return self._answers.predictions[name]
        probabilities = self._answers.probabilities(name)
        return self._adjustments[name].predict(probabilities, self._classes[name])

    @property
    def predictions(self) -> Mapping[Hashable, np.ndarray]:
        return self._predictions

    def probabilities(self, name: Hashable) -> np.ndarray:
        probabilities = self._answers.probabilities(name)
        if name not in self._adjustments:
            return probabilities
        return self._adjustments[name].probabilities(probabilities)

    def quantiles(self, name: Hashable) -> np.ndarray:
        return self._answers.quantiles(name)

    def curves(self) -> Mapping[Hashable, Curves]:
        return self._answers.curves()

    def about_curves(
        self, questions: Mapping[Hashable, Callable[[Curves], np.ndarray]]
    ) -> dict[Hashable, np.ndarray]:
        return self._answers.about_curves(questions)

    def cell_counts(self) -> CellCounts | None:
        return self._answers.cell_counts()

    def may_lack_columns(self) -> bool:
        return self._answers.may_lack_columns()

"""Models of other packages, which provide less information."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_classifier, is_regressor

from skmtl.answers._protocol import Answers, FittedModel, InputColumns
from skmtl.answers._reading import read_classes, read_predictions, read_probabilities
from skmtl.answers._unwrap import fitted_inside
from skmtl.reading import ScoredLabels
from skmtl.tasks import (
    Curves,
    Kind,
    as_kind,
    class_kind,
    is_named,
    label_frame,
    labels_of_tasks,
    mixed_kind,
    number_kind,
)


class ForeignModel(FittedModel):
    """A multi-output model that has `predict`, whose targets are the columns of y.

    The targets have classes if the estimator is a classifier. An estimator can name its tasks and
    kinds with the attributes `task_names_` and `task_kinds_`, as those of skmtl do.

    Parameters
    ----------
    estimator : fitted estimator
        The estimator including its wrappers.
    kinds : dict of target to Kind
        In the order of the estimator's predictions.
    named : bool
        Whether frames of predictions have the names of the targets, or only their order.
    """

    task_column = None

    def __init__(self, estimator: Any, kinds: dict[Hashable, Kind], *, named: bool) -> None:
        self._estimator = estimator
        self.named = named
        self.names = list(kinds)
        self.kinds = kinds
        self.event_names = []

    @classmethod
    def from_labels(cls, estimator: Any, y: Any) -> ForeignModel:
        """Wrap an estimator; its targets are the columns of y unless it names them itself."""
        model = fitted_inside(estimator)
        names, kinds = (getattr(model, name, None) for name in ("task_names_", "task_kinds_"))
        labels = label_frame(y) if names is None else labels_of_tasks(y, names)
        if kinds is not None:
            chosen = {name: as_kind(kind, name) for name, kind in kinds.items()}
        else:
            infer = _inference(estimator)
            chosen = {name: infer(labels[name]) for name in labels.columns}
        return cls(estimator, chosen, named=is_named(y))

    @property
    def classes(self) -> dict[Hashable, np.ndarray]:
        names = [name for name, kind in self.kinds.items() if kind.is_classification]
        return estimator_classes(self._estimator, names)

    def read_labels(self, y: Any) -> pd.DataFrame:
        return labels_of_tasks(y, self.names)

    def read_scored(self, y: Any) -> ScoredLabels:
        return ScoredLabels(self.read_labels(y), self.kinds)

    def read_events(self, y: Any) -> pd.DataFrame:
        return self.read_labels(y)[[]]

    def curve_shapes(self) -> dict[Hashable, Curves]:
        return {}

    def ask_part(self, X: Any) -> Answers:
        return MethodAnswers(self._estimator, X, self)

    def input_columns(self, labels: Sequence[Hashable]) -> InputColumns | None:
        return None


class MethodAnswers(Answers):
    """Answers of `predict` and `predict_proba`, each called once, when needed."""

    def __init__(self, estimator: Any, X: Any, model: ForeignModel) -> None:
        self._estimator, self._X, self._model = estimator, X, model

    @cached_property
    def _probabilities(self) -> dict[Hashable, np.ndarray]:
        if not hasattr(self._estimator, "predict_proba"):
            raise ValueError(
                f"the metric reads probabilities, but {type(self._estimator).__name__} has no "
                "predict_proba"
            )
        names = [name for name, kind in self._model.kinds.items() if kind.is_classification]
        return read_probabilities(self._estimator.predict_proba(self._X), names)

    @cached_property
    def predictions(self) -> dict[Hashable, np.ndarray]:
        predicted = self._estimator.predict(self._X)
        columns = read_predictions(
            predicted, self._model.names, like=predicted if self._model.named else None
        )
        return {name: column.to_numpy() for name, column in columns.items()}

    def probabilities(self, name: Hashable) -> np.ndarray:
        return self._probabilities[name]

    def quantiles(self, name: Hashable) -> np.ndarray:
        raise ValueError(f"{type(self._estimator).__name__} has no quantiles of task {name!r}.")

    def curves(self) -> Mapping[Hashable, Curves]:
        return {}

    def about_curves(
        self, questions: Mapping[Hashable, Callable[[Curves], np.ndarray]]
    ) -> dict[Hashable, np.ndarray]:
        return {}


def _inference(estimator: Any) -> Any:
    """Infer kinds from labels and from the type of the estimator."""
    if not hasattr(estimator, "__sklearn_tags__"):  # not a subclass of scikit-learn's classes
        return mixed_kind
    if is_classifier(estimator):
        return class_kind
    return number_kind if is_regressor(estimator) else mixed_kind


def estimator_classes(estimator: Any, names: Sequence[Hashable]) -> dict[Hashable, np.ndarray]:
    """`classes_` by task; scikit-learn's models of several binary targets number the targets."""
    classes = getattr(estimator, "classes_", None) if names else None
    if classes is not None and len(names) > 1 and all(np.ndim(values) == 0 for values in classes):
        return {name: np.array([0, 1]) for name in names}
    return read_classes(classes, names)

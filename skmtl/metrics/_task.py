"""One task of one model, and what a metric says about it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from skmtl.metrics._sklearn import Metric, as_scorer, needs_classes
from skmtl.tasks import Kind, plain_values

# To these a label that the model has never seen is a miss, as it is where there are more classes.
_WITHOUT_POSITIVE_CLASS = ("accuracy", "balanced_accuracy")


@dataclass(frozen=True)
class ScoredTask:
    """True labels of one task with the ways to ask the model about it.

    Attributes
    ----------
    name : hashable
    kind : Kind
    labels : Series of shape (n_samples,)
        What was observed; missing where it was not.
    predict : callable
        Without arguments, to predictions of shape (n_samples,); called only if the metric asks.
    predict_proba : callable
        The same for probabilities of shape (n_samples, n_classes).
    classes : ndarray or None
        In the order of the probabilities; None for kinds without classes.
    counts : ndarray of bool of shape (n_samples,) or None, default=None
        Which rows are scored; None for all.
    """

    name: Hashable
    kind: Kind
    labels: pd.Series
    predict: Callable[[], pd.Series]
    predict_proba: Callable[[], np.ndarray]
    classes: np.ndarray | None
    counts: np.ndarray | None = None

    def of_rows(self, counts: np.ndarray, name: Hashable) -> ScoredTask:
        """The same on some rows, under another name: one id of long data."""
        return replace(self, counts=counts, name=name)

    def take(self, rows: np.ndarray) -> ScoredTask:
        """The rows at some positions."""
        return replace(
            self,
            labels=self.labels.iloc[rows],
            predict=lambda: self.predict().iloc[rows],
            predict_proba=lambda: self.predict_proba()[rows],
            counts=None if self.counts is None else self.counts[rows],
        )

    def plain_answers(self) -> tuple[Any, np.ndarray]:
        """Observed labels and the predictions of their rows, without pandas' types.

        Times to events stay what they are, `EventTimes`.
        """
        observed = self.observed
        labels = self.labels[observed]
        truth = labels.array if self.kind.has_curves else plain_values(labels)
        return truth, _TaskModel(self, observed).predict(None)

    def answered(self) -> ScoredTask:
        """The same with the model's answer itself, so that the model can go."""
        if self.kind.is_classification:
            return replace(self, predict=_unknown, predict_proba=_Answer(self.predict_proba()))
        return replace(self, predict=_Answer(self.predict()), predict_proba=_unknown)

    @property
    def observed(self) -> np.ndarray:
        """The rows to score."""
        known = self.labels.notna().to_numpy()
        return known if self.counts is None else known & self.counts

    def score(self, metric: Metric, sample_weight: np.ndarray | None) -> float:
        """The metric on the rows whose label is observed; NaN where there is none."""
        observed = self.observed
        weight = None if sample_weight is None else sample_weight[observed]
        if not observed.any() or (weight is not None and not weight.any()):
            return np.nan
        metric = self.kind.default_metric if metric == "auto" else metric
        with self.naming_errors(metric):
            return float(self._apply(metric, observed, weight))

    @contextmanager
    def naming_errors(self, metric: Metric) -> Iterator[None]:
        """Say in an error which metric of which task it is about."""
        try:
            yield
        except (TypeError, ValueError) as error:
            label = metric if isinstance(metric, str) else getattr(metric, "__name__", metric)
            raise ValueError(
                f"Metric {str(label)!r} of task {self.name!r} (kind {self.kind.name!r}) failed: "
                f"{error}"
            ) from error

    def _apply(self, metric: Metric, observed: np.ndarray, weight: np.ndarray | None) -> float:
        labels = plain_values(self.labels[observed])
        answers: Any
        if self.kind.is_classification:
            classes = self._classes_for(metric, labels)
            answers = _ClassModel(self, observed, classes)
            named = isinstance(metric, str) and metric not in _WITHOUT_POSITIVE_CLASS
            if named and len(classes) == 2 and isinstance(classes[0], str):
                # Metrics with a positive class call it 1: the last class, as in `roc_auc`.
                labels, answers = _coded(labels, classes), _CodedClassModel(answers)
            scorer = as_scorer(metric, answers.classes_)
        else:
            answers = _NumberModel(self, observed)
            scorer = as_scorer(metric, None)
        weights = {} if weight is None else {"sample_weight": weight}
        return scorer(answers, np.empty((len(labels), 0)), labels, **weights)

    def _classes_for(self, metric: Metric, labels: np.ndarray) -> np.ndarray:
        classes = self._known_classes(metric)
        if metric == "roc_auc" and len(classes) > 2:
            raise ValueError(
                f"there are {len(classes)} classes; choose 'roc_auc_ovr' or 'roc_auc_ovo', which "
                "also take binary tasks"
            )
        if needs_classes(metric):
            strange = set(labels.tolist()) - set(classes.tolist())
            if strange:
                raise ValueError(
                    f"label {min(strange)!r} is not among the classes {classes.tolist()}; the "
                    "model has never seen it"
                )
        return classes

    def _known_classes(self, metric: Metric) -> np.ndarray:
        """The classes the model knows, else those that labels and predictions show."""
        if self.classes is not None:
            return self.classes
        observed = self.observed
        labels = self.labels[observed]
        if isinstance(labels.dtype, pd.CategoricalDtype) and labels.cat.ordered:
            return labels.cat.categories.to_numpy()
        predictions = self.predict()[observed].dropna()
        seen = pd.concat([labels.astype(object), predictions.astype(object)])
        try:
            classes = np.sort(pd.unique(plain_values(seen)))
        except TypeError:
            raise ValueError(
                f"true labels and predictions are of different types, for example "
                f"{labels.iloc[0]!r} and {predictions.iloc[0]!r}"
            ) from None
        if metric == "quadratic_weighted_kappa" and isinstance(classes[0], str):
            raise ValueError(
                "the labels are text without an order; pass `classes` from lowest to highest, or "
                "labels as an ordered pandas categorical"
            )
        return classes


@dataclass(frozen=True)
class _Answer:
    """An answer that is known already; unlike a closure, it goes to another process."""

    value: Any

    def __call__(self) -> Any:
        return self.value


def _unknown() -> Any:
    raise ValueError("of a task with classes only probabilities were kept, of others predictions")


class _TaskModel(BaseEstimator):
    """Stands for a fitted model of one task, so that scikit-learn's scorers can ask it."""

    def __init__(self, task: ScoredTask, observed: np.ndarray) -> None:
        self.task = task
        self.observed = observed

    def predict(self, X: Any) -> np.ndarray:
        predictions = self.task.predict()[self.observed]
        if predictions.isna().any():
            raise ValueError(
                f"predictions are missing in {int(predictions.isna().sum())} rows whose true "
                "label is observed"
            )
        return plain_values(predictions)


class _NumberModel(RegressorMixin, _TaskModel):
    def predict_proba(self, X: Any) -> np.ndarray:
        raise ValueError("the metric reads probabilities, but a task of this kind has no classes")


class _ClassModel(ClassifierMixin, _TaskModel):
    def __init__(self, task: ScoredTask, observed: np.ndarray, classes: np.ndarray) -> None:
        super().__init__(task, observed)
        self.classes_ = classes

    def predict_proba(self, X: Any) -> np.ndarray:
        probabilities = self.task.predict_proba()[self.observed]
        if probabilities.shape[1] != len(self.classes_):
            raise ValueError(
                f"there are probabilities for {probabilities.shape[1]} classes, but "
                f"{len(self.classes_)} classes: {self.classes_.tolist()}; pass `classes`"
            )
        return probabilities


class _CodedClassModel(ClassifierMixin, BaseEstimator):
    """The answers about two text classes with the classes called 0 and 1."""

    def __init__(self, answers: _ClassModel) -> None:
        self.answers = answers
        self.classes_ = np.array([0, 1])

    def predict(self, X: Any) -> np.ndarray:
        return _coded(self.answers.predict(X), self.answers.classes_)

    def predict_proba(self, X: Any) -> np.ndarray:
        return self.answers.predict_proba(X)


def _coded(labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    codes = pd.Index(classes).get_indexer(pd.Index(labels))
    if (codes < 0).any():
        raise ValueError(
            f"label {labels[codes < 0][0]!r} is not among the classes {classes.tolist()}"
        )
    return codes

"""Score one task of one model."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from skmtl.metrics._inputs import read_metrics, read_weights
from skmtl.metrics._sklearn import Metric, MetricLike, as_scorer, needs_classes, reads_numbers
from skmtl.tasks import Kind, class_positions, plain_values

# For these metrics, a label that the model has never seen counts as an error.
_WITHOUT_POSITIVE_CLASS = ("accuracy", "balanced_accuracy")


@dataclass(frozen=True)
class ScoredTask:
    """True labels of one task, with functions that return its predictions.

    Attributes
    ----------
    name : hashable
    kind : Kind
    labels : Series of shape (n_samples,)
        The observed labels; others are missing.
    predict : callable
        Returns predictions of shape (n_samples,), or (n_samples, n_predictions) for some kinds;
        only called if the metric needs them.
    predict_proba : callable
        Returns probabilities of shape (n_samples, n_classes).
    classes : ndarray or None
        Classes in the order of the probabilities; None for kinds without classes.
    counts : ndarray of bool of shape (n_samples,) or None, default=None
        Mask of the rows to score; None means all.
    target : hashable, default=None
        The target of y whose weights and metric are used; None means the one with the same name.
    """

    name: Hashable
    kind: Kind
    labels: pd.Series
    predict: Callable[[], pd.Series | pd.DataFrame]
    predict_proba: Callable[[], np.ndarray]
    classes: np.ndarray | None
    counts: np.ndarray | None = None
    target: Hashable = None

    @property
    def of_target(self) -> Hashable:
        """The target of y that the task belongs to."""
        return self.name if self.target is None else self.target

    def of_rows(self, counts: np.ndarray, name: Hashable) -> ScoredTask:
        """Restrict the task to some rows under another name: one id of long data."""
        return replace(self, counts=counts, name=name)

    def take(self, rows: np.ndarray) -> ScoredTask:
        """Select rows at some positions."""
        return replace(
            self,
            labels=self.labels.iloc[rows],
            predict=lambda: self.predict().iloc[rows],
            predict_proba=lambda: self.predict_proba()[rows],
            counts=None if self.counts is None else self.counts[rows],
        )

    def plain_answers(self) -> tuple[Any, np.ndarray]:
        """Return observed labels and predictions of their rows, without pandas' types.

        Times to events remain `EventTimes`.
        """
        observed = self.observed
        labels = self.labels[observed]
        truth = labels.array if self.kind.has_curves else self.kind.values(labels)
        return truth, _TaskModel(self, observed).predict(None)

    def answered(self) -> ScoredTask:
        """Compute the predictions now, so that the model can be deleted."""
        if self.kind.is_classification:
            return replace(self, predict=_unknown, predict_proba=_Answer(self.predict_proba()))
        return replace(self, predict=_Answer(self.predict()), predict_proba=_unknown)

    def weighed(self, sample_weight: np.ndarray | None) -> ScoredTask:
        """Treat labels of weight 0 as missing."""
        if sample_weight is None:
            return self
        counts = sample_weight > 0
        return replace(self, counts=counts if self.counts is None else self.counts & counts)

    @property
    def observed(self) -> np.ndarray:
        """Mask of the rows to score."""
        has_label = self.labels.notna().to_numpy()
        return has_label if self.counts is None else has_label & self.counts

    def score(self, metric: Metric, sample_weight: np.ndarray | None) -> float:
        """Return the metric on rows with an observed label; NaN if there are none."""
        observed = self.weighed(sample_weight).observed
        weight = None if sample_weight is None else sample_weight[observed]
        if not observed.any():
            return np.nan
        metric = self.kind.default_metric if metric == "auto" else metric
        with self.naming_errors(metric):
            return float(self._apply(metric, observed, weight))

    @contextmanager
    def naming_errors(self, metric: Metric) -> Iterator[None]:
        """Add metric and task to the messages of errors."""
        try:
            yield
        except (TypeError, ValueError) as error:
            label = metric if isinstance(metric, str) else getattr(metric, "__name__", metric)
            raise ValueError(
                f"Metric {str(label)!r} of task {self.name!r} (kind {self.kind.name!r}) failed: "
                f"{error}"
            ) from error

    def _apply(self, metric: Metric, observed: np.ndarray, weight: np.ndarray | None) -> float:
        labels = self.kind.values(self.labels[observed])
        weights = {} if weight is None else {"sample_weight": weight}
        answers: Any
        if not self.kind.is_classification:
            answers = _NumberModel(self, observed)
            scorer = as_scorer(metric, None)
        else:
            classes = self._classes_for(metric)
            if _reads_positions(metric, classes):
                labels = _positions(labels, classes)
                answers = _PositionModel(self, observed, classes)
            else:
                answers = _ClassModel(self, observed, classes)
            scorer = as_scorer(metric, answers.classes_)
        return scorer(answers, np.empty((len(labels), 0)), labels, **weights)

    def _classes_for(self, metric: Metric) -> np.ndarray:
        classes = self._known_classes(metric)
        if metric == "roc_auc" and len(classes) > 2:
            raise ValueError(
                f"there are {len(classes)} classes; choose 'roc_auc_ovr' or 'roc_auc_ovo', which "
                "also take binary tasks"
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
        predictions = cast(pd.Series, self.predict())[observed].dropna()
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


def metrics_of_tasks(
    metric: MetricLike, tasks: Mapping[Hashable, ScoredTask]
) -> dict[Hashable, Metric]:
    """The metric of each task: its own, or else that of its target; see `read_metrics`."""
    targets = [task.of_target for task in tasks.values()]
    metrics = read_metrics(metric, list(dict.fromkeys([*tasks, *targets])))
    chosen = {name: metrics[name] for name in tasks}
    for name, task in tasks.items():
        if chosen[name] == "auto":
            chosen[name] = metrics[task.of_target]
    return chosen


def weights_of_tasks(
    sample_weight: Any, tasks: Mapping[Hashable, ScoredTask], n_samples: int
) -> dict[Hashable, np.ndarray | None]:
    """Weights of the rows in each task, which are those of its target; see `read_weights`."""
    targets = list(dict.fromkeys(task.of_target for task in tasks.values()))
    weights = read_weights(sample_weight, targets, n_samples)
    return {name: weights[task.of_target] for name, task in tasks.items()}


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
        missing = pd.DataFrame(predictions).isna().any(axis=1)
        if missing.any():
            raise ValueError(
                f"predictions are missing in {int(missing.sum())} rows whose true label is "
                "observed"
            )
        if isinstance(predictions, pd.DataFrame):
            return predictions.to_numpy()
        return plain_values(predictions)


class _NumberModel(RegressorMixin, _TaskModel):
    def predict_proba(self, X: Any) -> np.ndarray:
        raise ValueError("the metric reads probabilities, but a task of this kind has no classes")


class _ClassModel(ClassifierMixin, _TaskModel):
    """Answers about classes in sorted order, as in scikit-learn's classifiers.

    Metrics of scikit-learn sort the labels that they are given, and take the columns of
    probabilities for those of the sorted classes.
    """

    def __init__(self, task: ScoredTask, observed: np.ndarray, classes: np.ndarray) -> None:
        super().__init__(task, observed)
        self.classes = classes

    @cached_property
    def _order(self) -> np.ndarray:
        try:
            return np.argsort(self.classes, kind="stable")
        except TypeError:  # of several types, which have no other order
            return np.arange(len(self.classes))

    @property
    def classes_(self) -> np.ndarray:
        return self.classes[self._order]

    def predict_proba(self, X: Any) -> np.ndarray:
        return self._probabilities()[:, self._order]

    def _probabilities(self) -> np.ndarray:
        probabilities = self.task.predict_proba()[self.observed]
        if probabilities.shape[1] != len(self.classes):
            raise ValueError(
                f"there are probabilities for {probabilities.shape[1]} classes, but "
                f"{len(self.classes)} classes: {self.classes.tolist()}; pass `classes`"
            )
        return probabilities


class _PositionModel(_ClassModel):
    """Answers in which a class is its position among the classes: 0, 1, ...

    So the order of the classes is that of their probabilities, whatever their names are, and of
    two classes the last is the one that metrics call positive.
    """

    @property
    def classes_(self) -> np.ndarray:
        return np.arange(len(self.classes))

    def predict(self, X: Any) -> np.ndarray:
        return _positions(super().predict(X), self.classes)

    def predict_proba(self, X: Any) -> np.ndarray:
        return self._probabilities()


def _reads_positions(metric: Metric, classes: np.ndarray) -> bool:
    """Whether a metric is told the positions of the classes instead of their names.

    Metrics of the user's own may have names of classes among their settings.
    """
    if not isinstance(metric, str) or (reads_numbers(metric) and not isinstance(classes[0], str)):
        return False
    return needs_classes(metric) or (len(classes) == 2 and metric not in _WITHOUT_POSITIVE_CLASS)


def _positions(labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    positions = class_positions(labels, classes)
    if (positions < 0).any():
        raise ValueError(
            f"label {labels[positions < 0].tolist()[0]!r} is not among the classes "
            f"{classes.tolist()}; the model has never seen it"
        )
    return positions

"""All that a fitted model says about some rows, from one pass over them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from functools import cached_property
from typing import Any

import numpy as np

from skmtl._unwrap import innermost_reading
from skmtl.metrics._inputs import read_predictions, read_probabilities
from skmtl.metrics._models import classes_of
from skmtl.tasks import KINDS, Curves, Quantile

Arrays = dict[Hashable, np.ndarray]


class Answers(ABC):
    """What a model says about the rows of one table, by task."""

    @abstractmethod
    def predictions(self) -> Arrays:
        """Arrays of shape (n_samples,); tasks with curves are left out where these say it all."""

    @abstractmethod
    def probabilities(self) -> Arrays:
        """Arrays of shape (n_samples, n_classes), of the tasks that have classes."""

    def quantiles(self) -> Arrays:
        """Arrays of shape (n_samples, n_levels), of the quantile tasks."""
        return {}

    def curves(self) -> dict[Hashable, Curves]:
        """Curves of the events."""
        return {}


def answers(model: Any, X: Any) -> Answers:
    """Ask a fitted model about a table, whatever searches and pipelines are around it."""
    inner, read = innermost_reading(model, X)
    form = _FromScores if hasattr(inner, "_raw_scores") else _FromMethods
    return form(inner, read)


def events_of(model: Any) -> dict[Hashable, tuple[int, float]]:
    """Number of causes of each event that a model has curves of, and how far these reach."""
    if not hasattr(model, "_raw_scores"):
        return {}
    curves = _curves(model, np.zeros((1, model.task_set_.n_scores)))
    return {name: (each.share.shape[2], each.horizon) for name, each in curves.items()}


def levels_of(model: Any) -> dict[Hashable, tuple[float, ...]]:
    """The levels of each quantile task."""
    if not hasattr(model, "predict_quantiles"):
        return {}
    tasks = getattr(model, "task_set_", None)
    heads = model._kinds if tasks is None else dict(zip(tasks.names, tasks.heads, strict=True))
    return {
        name: tuple(heads[name].quantiles)
        for name in model.task_names_
        if isinstance(heads[name], Quantile)
    }


def _curves(model: Any, scores: np.ndarray) -> dict[Hashable, Curves]:
    if hasattr(model, "_curves"):  # an event may be several tasks, its terms
        return model._curves(scores)
    tasks = model.task_set_
    return {
        name: head.curves(scores[:, part])
        for name, head, part in zip(tasks.names, tasks.heads, tasks.score_slices, strict=True)
        if head.has_curves
    }


class _FromScores(Answers):
    """From the raw scores of an estimator, so that any number of outputs costs one pass."""

    def __init__(self, model: Any, X: Any) -> None:
        self._model, self._tasks = model, model.task_set_
        self._scores, self._group = model._raw_scores(X)

    def predictions(self) -> Arrays:
        found: Arrays = {}
        for name, head, part in self._each():
            if head.is_classification:
                probabilities = self._probabilities[name]
                found[name] = head.classes_[probabilities.argmax(axis=1)]
            elif not head.has_curves:
                found[name] = head.predict(self._scores[:, part], group=self._group)
        return found

    def probabilities(self) -> Arrays:
        return self._probabilities

    @cached_property
    def _probabilities(self) -> Arrays:
        return {
            name: head.predict_proba(self._scores[:, part])
            for name, head, part in self._each()
            if head.is_classification
        }

    def quantiles(self) -> Arrays:
        return {
            name: head.predict_quantiles(self._scores[:, part], group=self._group)
            for name, head, part in self._each()
            if isinstance(head, Quantile)
        }

    def curves(self) -> dict[Hashable, Curves]:
        return _curves(self._model, self._scores)

    def _each(self) -> Any:
        tasks = self._tasks
        return zip(tasks.names, tasks.heads, tasks.score_slices, strict=True)


class _FromMethods(Answers):
    """From the methods of an estimator that knows its tasks: one of several models."""

    def __init__(self, model: Any, X: Any) -> None:
        self._model, self._X = model, X

    def predictions(self) -> Arrays:
        found = self._model.predict(self._X)
        columns = read_predictions(found, self._model.task_names_, like=found)
        return {name: column.to_numpy() for name, column in columns.items()}

    def probabilities(self) -> Arrays:
        classes = class_tasks(self._model)
        return read_probabilities(self._model.predict_proba(self._X), list(classes))

    def quantiles(self) -> Arrays:
        frame = self._model.predict_quantiles(self._X)
        return {name: frame[name].to_numpy() for name in levels_of(self._model)}


def class_tasks(model: Any) -> Arrays:
    """The classes of each task that has any."""
    tasks = getattr(model, "task_set_", None)
    if tasks is not None:
        return {
            name: head.classes_
            for name, head in zip(tasks.names, tasks.heads, strict=True)
            if head.is_classification
        }
    if not hasattr(model, "classes_"):
        return {}
    kinds = model.task_kinds_
    names = [name for name in model.task_names_ if KINDS[kinds[name]].is_classification]
    return classes_of(model, names)

"""What predictions look like: scikit-learn's conventions for arrays, frames for mixed kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmtl.estimators._common import MultiTaskEstimator
from skmtl.tasks import Kind


def _has_quantiles(estimator: MultiTaskEstimator) -> bool:
    return _any_task(estimator, lambda head: bool(head.quantile_levels), "quantiles")


def _has_classes(estimator: MultiTaskEstimator) -> bool:
    # Before `fit` as well: others ask a classifier then.
    return estimator._classes_only or _any_task(
        estimator, lambda head: head.is_classification, "classes"
    )


def _any_task(estimator: MultiTaskEstimator, has: Callable[[Kind], bool], what: str) -> bool:
    check_is_fitted(estimator)
    if any(map(has, estimator.task_set_.heads)):
        return True
    raise AttributeError(f"No task of this {type(estimator).__name__} has {what}.")


class QuantileOutputs(MultiTaskEstimator):
    """`predict_quantiles`, where quantile tasks exist."""

    @available_if(_has_quantiles)
    def predict_quantiles(self, X: Any) -> pd.DataFrame:
        """Quantiles of the quantile tasks, in the user's units.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        DataFrame of shape (n_samples, n_quantiles over all quantile tasks)
            Columns are pairs (task, level); the levels of a task increase and never cross.
        """
        scores, group = self._raw_scores(X)
        tasks = self.task_set_
        parts = {
            name: pd.DataFrame(
                head.predict_quantiles(scores[:, part], group=group), columns=head.quantile_levels
            )
            for name, head, part in zip(tasks.names, tasks.heads, tasks.score_slices, strict=True)
            if head.quantile_levels
        }
        frame = pd.concat(parts, axis=1, names=["task", "quantile"])
        return frame.set_axis(X.index, axis=0) if isinstance(X, pd.DataFrame) else frame


class ArrayOutputs(MultiTaskEstimator):
    """`predict` gives an array: one column per target, none for a 1-D y."""

    # Not that of scikit-learn's mixins, which knows no missing label.
    score = MultiTaskEstimator.score

    def predict(self, X: Any) -> np.ndarray:
        """Predict all targets.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_tasks)
            In the user's units, or class labels.
        """
        return self._output(*self._raw_scores(X), X)

    def _output(self, scores: np.ndarray, group: np.ndarray | None, X: Any) -> np.ndarray:
        columns = self.task_set_.predict(scores, group=group)
        return columns[0] if self._single else np.column_stack(columns)


class ClassOutputs(MultiTaskEstimator):
    """`predict_proba` and `classes_`, for the targets that have classes."""

    @available_if(_has_classes)
    def predict_proba(self, X: Any) -> np.ndarray | list[np.ndarray]:
        """Probabilities of the classes.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        list of ndarray of shape (n_samples, n_classes)
            One per target with classes, in the order of `classes_`; a single array where y was
            1-D.
        """
        scores, _ = self._raw_scores(X)
        probabilities = self.task_set_.predict_proba(scores)
        return probabilities[0] if self._single else probabilities

    @property
    def classes_(self) -> np.ndarray | list[np.ndarray]:
        """Class labels of each target that has classes; one array where y was 1-D."""
        if not hasattr(self, "task_set_"):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet.")
        heads = [h for h in self.task_set_.heads if h.is_classification]
        if not heads:
            raise AttributeError("No task of this model has classes.")
        return heads[0].classes_ if self._single else [head.classes_ for head in heads]


class FrameOutputs(ClassOutputs):
    """`predict` gives a frame with the targets' names and the index of X."""

    def predict(self, X: Any) -> pd.DataFrame:
        """Predict all targets.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        DataFrame of shape (n_samples, n_tasks)
            One column per target, in its own units or classes, with the index of X.
        """
        return self._output(*self._raw_scores(X), X)

    def _output(self, scores: np.ndarray, group: np.ndarray | None, X: Any) -> pd.DataFrame:
        return self._frame(scores, group, X)

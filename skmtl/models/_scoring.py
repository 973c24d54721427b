"""The scoring methods of all estimators."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl.metrics import score_model, score_model_by_id


def score(self: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
    """Mean over the targets of R2 (numbers), accuracy (classes) or concordance (survival).

    Competing causes are scored separately. For long data, all rows of a target are scored
    together; ``score_tasks(X, y).mean()`` is the mean over the ids.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)
    y : labels of shape (n_samples,) or (n_samples, n_tasks)
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), or frame, optional

    Returns
    -------
    float
    """
    check_is_fitted(self)
    return float(score_model(self, X, y, sample_weight=sample_weight).mean())


def score_tasks(self: Any, X: Any, y: Any, sample_weight: Any = None) -> pd.Series:
    """Score of each task on the rows where its label is observed.

    R2 for numbers, accuracy for classes, concordance for times to events, or the default metric of
    a custom kind. A funnel has a pair (task, step) for each step, which scores P(step) among all
    rows, and a composition a pair (task, part) with the R2 of each part. For long data the tasks
    are the ids in the task column, or pairs (id, target) if y has several columns.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)
    y : labels of shape (n_samples,) or (n_samples, n_tasks)
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), or frame, optional

    Returns
    -------
    Series
        Higher is better. NaN for a task without labels in y, for R2 with a single label, and for
        concordance without comparable rows.
    """
    check_is_fitted(self)
    scored = score_model if self.__skmtl_fitted__().task_column is None else score_model_by_id
    return scored(self, X, y, sample_weight=sample_weight)

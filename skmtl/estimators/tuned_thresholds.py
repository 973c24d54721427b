"""Thresholds of probabilities by task, chosen on held-out rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pandas as pd

from skmtl._storable import storable
from skmtl.models import (
    AdjustedTasks,
    Check,
    HeldOutTask,
    Threshold,
    best_threshold,
    integer,
    n_threads,
)


@storable
class TunedThresholds(AdjustedTasks):
    """Predict the second of two classes from the probability on that does best on held-out rows.

    The estimator is fitted on the folds of `cv`. For each task of two classes, the threshold is
    chosen that gives the best score on the rows that each fold has held out. The estimator is then
    fitted on all rows. Probabilities stay as they are; other tasks are predicted as by the
    estimator.

    Parameters
    ----------
    estimator : estimator
        Of skmtl, alone or as the last step of a pipeline or a search. It is cloned.
    metric : str, scorer, callable, or mapping of task to one of these, \
default="balanced_accuracy"
        What the thresholds maximise: a metric of predicted classes, see :mod:`skmtl.metrics`. A
        mapping gives "balanced_accuracy" to the tasks that it leaves out. Accuracy would rarely
        find a rare class.
    thresholds : int, default=100
        Most thresholds that are tried for a task. They lie between the held-out probabilities, and
        are as many where there are fewer of these.
    cv : int or splitter, default=5
        A number stands for :class:`skmtl.model_selection.MultiTaskStratifiedKFold`. The test
        parts must hold every row once.
    n_jobs : int or None, default=None
        Folds that are fitted at once, as in joblib; None is 1.

    Attributes
    ----------
    estimator_ : fitted estimator
        On all rows.
    feature_importances_ : ndarray of shape (n_features,)
    feature_importances_by_task_ : DataFrame of shape (n_tasks, n_features)
        As of the estimator within, where it has them.
    thresholds_ : Series
        By task of two classes: the least probability of ``classes_[1]`` for which it is predicted.
    best_scores_ : Series
        By task, the score on the held-out rows at the threshold. It is a little too high, because
        the threshold was chosen by these rows.

    See Also
    --------
    CalibratedTasks : Probabilities that may be taken at their word.

    Notes
    -----
    In long data a target has one threshold for all ids. Of thresholds with the same score that
    nearest to 1/2 is taken. Where the score is undefined for all of them, as with one class among
    the held-out labels, the threshold is 1/2. Missing labels have no part, nor have labels of
    weight 0. As in scikit-learn's :class:`sklearn.model_selection.TunedThresholdClassifierCV`, the
    threshold is that of models of the folds, which have fewer rows than the last one.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmtl import RMTGB, TunedThresholds
    >>> x = np.random.default_rng(0).normal(size=300)
    >>> X, Y = pd.DataFrame({"x": x}), pd.DataFrame({"rare": x > 1.2, "common": x > 0})
    >>> inner = RMTGB(n_rounds=5, n_bags=1, random_state=0)
    >>> model = TunedThresholds(inner, cv=3).fit(X, Y)
    >>> bool((model.thresholds_ < 0.5).all())
    True
    >>> model.score_tasks(X, Y).index.tolist()
    ['rare', 'common']
    """

    _parameter_checks: ClassVar[dict[str, Check]] = {
        "thresholds": integer(2),
        "n_jobs": n_threads,
    }

    def __init__(
        self,
        estimator: Any,
        *,
        metric: Any = "balanced_accuracy",
        thresholds: int = 100,
        cv: Any = 5,
        n_jobs: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.metric = metric
        self.thresholds = thresholds
        self.cv = cv
        self.n_jobs = n_jobs

    def _adjust(self, task: HeldOutTask) -> Threshold | None:
        metric = self.metric
        if isinstance(metric, Mapping):
            metric = metric.get(task.name, "balanced_accuracy")
        return best_threshold(task, metric, self.thresholds) if len(task.classes) == 2 else None

    @property
    def thresholds_(self) -> pd.Series:
        """The least probability for which the second class is predicted, by task."""
        return self._by_task(lambda threshold: threshold.least, "threshold")

    @property
    def best_scores_(self) -> pd.Series:
        """The score on the held-out rows, by task."""
        return self._by_task(lambda threshold: threshold.score, "score")

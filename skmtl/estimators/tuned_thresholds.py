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
    """Tune the decision threshold of each binary task on held-out rows.

    The estimator is fitted on the folds of `cv`. For each task with two classes, the threshold
    with the best score on the held-out rows is chosen. The estimator is then fitted on all rows.
    Probabilities and the predictions of other tasks are those of the estimator.

    Parameters
    ----------
    estimator : estimator
        An estimator of skmtl, alone or as the last step of a pipeline or a search. It is cloned.
    metric : str, scorer, callable, or mapping of task to one of these, \
default="balanced_accuracy"
        The metric of predicted classes that the thresholds maximise, see :mod:`skmtl.metrics`.
        Tasks that are not in a mapping use "balanced_accuracy". The default is not accuracy, which
        would rarely find a rare class.
    thresholds : int, default=100
        Maximum number of thresholds tried for a task. They lie between the held-out probabilities;
        if there are fewer of these, all of them are used.
    cv : int or splitter, default=5
        An integer is the number of folds of
        :class:`skmtl.model_selection.MultiTaskStratifiedKFold`. Every row must be in exactly one
        test set.
    n_jobs : int or None, default=None
        Number of folds fitted in parallel, as in joblib; None is 1.

    Attributes
    ----------
    estimator_ : fitted estimator
        The estimator fitted on all rows.
    fit_time_ : float or None
        Seconds that `fit` took; None if the model comes from a file that does not have it.
    feature_importances_ : ndarray of shape (n_features,)
    feature_importances_by_task_ : DataFrame of shape (n_tasks, n_features)
        Those of the inner estimator, if it has them.
    thresholds_ : Series
        For each binary task, the smallest probability of ``classes_[1]`` for which this class is
        predicted.
    best_scores_ : Series
        For each binary task, the score on the held-out rows at the threshold. It is slightly too
        high, because the threshold was chosen on the same rows.

    See Also
    --------
    CalibratedTasks : Calibrate the probabilities instead.

    Notes
    -----
    In long data a target has one threshold for all ids. If several thresholds have the same score,
    the one nearest to 1/2 is used. If the score is undefined for all thresholds, for example
    because the held-out labels have a single class, the threshold is 1/2. Missing labels and
    labels of weight 0 are ignored. As in scikit-learn's
    :class:`sklearn.model_selection.TunedThresholdClassifierCV`, the threshold is chosen for the
    models of the folds, which are fitted to fewer rows than the final one.

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
        """Smallest probability for which the second class is predicted, by task."""
        return self._by_task(lambda threshold: threshold.least, "threshold")

    @property
    def best_scores_(self) -> pd.Series:
        """Score on the held-out rows, by task."""
        return self._by_task(lambda threshold: threshold.score, "score")

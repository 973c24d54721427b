"""Probabilities of classes by task, calibrated on held-out rows."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import pandas as pd

from skmtl._storable import storable
from skmtl.models import (
    AdjustedTasks,
    Adjustment,
    Check,
    HeldOutTask,
    calibration,
    n_threads,
    one_of,
)


@storable
class CalibratedTasks(AdjustedTasks):
    """Calibrate the probabilities of each task on held-out rows.

    The estimator is fitted on the folds of `cv`, and each task is calibrated on the probabilities
    of the held-out rows. The estimator is then fitted on all rows. `predict` returns the class
    with the largest calibrated probability; tasks without classes are not changed.

    Parameters
    ----------
    estimator : estimator
        An estimator of skmtl, alone or as the last step of a pipeline or a search. It is cloned.
    method : {"sigmoid", "isotonic"}, default="sigmoid"
        "sigmoid" shifts and scales the log-odds of each class (Platt 1999), which needs few
        labels. "isotonic" fits any increasing function of the probability, which overfits if
        labels are scarce: a task in which a class has fewer than 50 held-out labels is calibrated
        by "sigmoid".
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
    methods_ : Series
        The method of each task, "sigmoid" or "isotonic". A task is left out, and its probabilities
        are not changed, if fewer than two of its classes have held-out labels.

    See Also
    --------
    TunedThresholds : Classes from probabilities, for a metric.

    Notes
    -----
    With more than two classes, each is calibrated against the others, and the results are divided
    by their sum, as in :class:`sklearn.calibration.CalibratedClassifierCV` with
    ``ensemble=False``. Of a funnel, P(step | previous step) is calibrated among the rows that
    reached the step, so that steps stay nested. In long data a target has one calibration for all
    ids. Missing labels and labels of weight 0 are ignored. Calibration undoes the shift of
    probabilities caused by the `class_weight` of a kind.

    References
    ----------
    B. Zadrozny, C. Elkan, "Transforming classifier scores into accurate multiclass probability
    estimates", KDD 2002.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmtl import CalibratedTasks, RMTGB
    >>> from skmtl.tasks import Binary
    >>> x = np.random.default_rng(0).normal(size=300)
    >>> X, Y = pd.DataFrame({"x": x}), pd.DataFrame({"rare": x > 1.2})
    >>> shifted = RMTGB(tasks=Binary("balanced"), n_rounds=5, n_bags=1, random_state=0)
    >>> model = CalibratedTasks(shifted, cv=3).fit(X, Y)
    >>> bool(abs(model.predict_proba(X)[0][:, 1].mean() - Y["rare"].mean()) < 0.03)
    True
    """

    _parameter_checks: ClassVar[dict[str, Check]] = {
        "method": one_of("sigmoid", "isotonic"),
        "n_jobs": n_threads,
    }

    def __init__(
        self,
        estimator: Any,
        *,
        method: Literal["sigmoid", "isotonic"] = "sigmoid",
        cv: Any = 5,
        n_jobs: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.method = method
        self.cv = cv
        self.n_jobs = n_jobs

    def _adjust(self, task: HeldOutTask) -> Adjustment | None:
        return calibration(task, self.method)

    @property
    def methods_(self) -> pd.Series:
        """How each task is calibrated."""
        return self._by_task(lambda each: each.method, "method")

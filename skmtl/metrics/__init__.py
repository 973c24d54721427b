"""Metrics for models of several tasks: per task, on average, and against a baseline.

Metrics are those of scikit-learn, applied to the rows whose label is observed; missing labels are
ignored. There is a function for each of three questions:

- How good is every task? :func:`score_tasks`, a Series by task.
- Is one model better than another over all tasks? :func:`multitask_gain`, in percent.
- How do I tune? :func:`make_multitask_scorer` and :func:`task_scorers` for
  ``GridSearchCV(scoring=...)`` and ``cross_validate(scoring=...)``.

For warnings that are issued repeatedly, such as every hour, there are
:func:`early_warning_utility` and :func:`alarms_per_day`.

A *metric* is one of

- ``"auto"``: the default of the task's kind (R2 for numbers, accuracy for classes,
  concordance for survival; the `default_metric` of the class in `skmtl.tasks`),
- the name of a scikit-learn scorer (:func:`sklearn.metrics.get_scorer_names`), or
  ``"d2_poisson"`` (`d2_tweedie_score` with ``power=1``), or ``"quadratic_weighted_kappa"``
  (`cohen_kappa_score` with ``weights="quadratic"``, the usual score of ordered classes, which
  penalises errors by the square of their distance and is 0 for chance), or ``"concordance"``, for
  survival tasks (:func:`skmtl.survival.concordance`),
- a scorer made by :func:`sklearn.metrics.make_scorer`,
- a callable ``metric(y_true, y_pred)`` that takes `sample_weight` if weights are used.

As with scikit-learn's scorers, higher is better for every name. For a metric of probabilities
(``"roc_auc"``, ``"neg_log_loss"``, ...), a scorer calls `predict_proba`, and `score_tasks` takes
arrays of shape (n_samples, n_classes). A custom scorer or callable receives the original labels,
and columns of probabilities in sorted order of the classes, as returned by scikit-learn's
classifiers; one that needs another order, such as `cohen_kappa_score` with ``weights="linear"``,
must be told by its `labels`. Classes that do not occur in the scored rows are not an error:
one-vs-rest averages are over the classes present. If all labels are the same number, R2 is 1 or 0,
as in scikit-learn without rounding errors.

Examples
--------
>>> import numpy as np, pandas as pd
>>> from skmtl.metrics import multitask_gain, score_tasks
>>> truth = pd.DataFrame({"delay": [1.0, 2.0, np.nan, 4.0], "late": ["no", None, "yes", "yes"]})
>>> ours = pd.DataFrame({"delay": [1.0, 2.0, 9.0, 3.0], "late": ["no", "no", "yes", "yes"]})
>>> score_tasks(truth, ours).round(3).to_dict()
{'delay': 0.786, 'late': 1.0}
>>> round(multitask_gain({"delay": 0.6, "late": 0.9}, {"delay": 0.5, "late": 1.0}), 6)
5.0
"""

from skmtl.metrics._gain import multitask_gain, multitask_gain_tasks
from skmtl.metrics._inputs import read_metrics, read_weights
from skmtl.metrics._lead_time import AlarmRate, alarms_per_day, early_warning_utility
from skmtl.metrics._models import (
    read_model,
    read_scored,
    score_model,
    score_model_by_group,
    score_model_by_id,
)
from skmtl.metrics._scorers import make_multitask_scorer, task_scorers
from skmtl.metrics._scores import score_each, score_tasks
from skmtl.metrics._sklearn import Metric, MetricLike, check_metric
from skmtl.metrics._task import ScoredTask
from skmtl.tasks import d2_divergence_score

__all__ = [
    "AlarmRate",
    "Metric",
    "MetricLike",
    "ScoredTask",
    "alarms_per_day",
    "check_metric",
    "d2_divergence_score",
    "early_warning_utility",
    "make_multitask_scorer",
    "multitask_gain",
    "multitask_gain_tasks",
    "read_metrics",
    "read_model",
    "read_scored",
    "read_weights",
    "score_each",
    "score_model",
    "score_model_by_group",
    "score_model_by_id",
    "score_tasks",
    "task_scorers",
]

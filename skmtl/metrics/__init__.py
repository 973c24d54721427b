"""How good a model of several tasks is: per task, on average, and against a baseline.

Every metric is scikit-learn's own, applied to the rows whose label is observed; nothing is
computed for a missing label, whatever stands in its place. Three questions have a function each:

- How good is every task? :func:`score_tasks`, a Series by task.
- Is one model better than another over all tasks? :func:`multitask_gain`, in percent.
- How do I tune for it? :func:`make_multitask_scorer` and :func:`task_scorers` for
  ``GridSearchCV(scoring=...)`` and ``cross_validate(scoring=...)``.

Of warnings that are given again and again, such as every hour: :func:`early_warning_utility` and
:func:`alarms_per_day`.

A *metric* is one of

- ``"auto"``: the default of the task's kind (R2 for numbers, accuracy for classes,
  concordance for survival; the `default_metric` of the class in `skmtl.tasks`),
- the name of a scikit-learn scorer (:func:`sklearn.metrics.get_scorer_names`), or
  ``"d2_poisson"`` (`d2_tweedie_score` with ``power=1``), or ``"quadratic_weighted_kappa"``
  (`cohen_kappa_score` with ``weights="quadratic"``, the usual score of ordered classes: it
  charges a miss by the square of its distance and is 0 for chance), or ``"concordance"``, for
  survival tasks (:func:`skmtl.survival.concordance`),
- a scorer made by :func:`sklearn.metrics.make_scorer`,
- a callable ``metric(y_true, y_pred)`` that takes `sample_weight` if weights are used.

As with scikit-learn's scorers, higher is better for every name. A metric that reads
probabilities (``"roc_auc"``, ``"neg_log_loss"``, ...) finds them where the model has them: a
scorer calls `predict_proba`, and `score_tasks` takes arrays of shape (n_samples, n_classes).
A scorer or a callable of your own sees the labels as they are, and columns of probabilities in
sorted order of the classes, as scikit-learn's classifiers give them; one that needs another order,
such as `cohen_kappa_score` with ``weights="linear"``, must be told by its `labels`.
A class that no scored row has is not an error: one-vs-rest averages run over the classes present.
R2 where all labels are one number is 1 or 0, as scikit-learn has it where rounding is kind.

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
from skmtl.metrics._sklearn import MetricLike, check_metric
from skmtl.metrics._task import ScoredTask

__all__ = [
    "AlarmRate",
    "MetricLike",
    "ScoredTask",
    "alarms_per_day",
    "check_metric",
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

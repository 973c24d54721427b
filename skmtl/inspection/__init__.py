"""Whether sharing helps, and what a model has learnt. Pictures need the extra ``plot``.

===========================  =================================================================
`transfer_report`            each task with the others, alone, and by LightGBM alone
`TransferReportDisplay`      the same as a picture
`task_affinity`              how alike tasks are: what a step for one gains the others, and more
`TaskAffinityDisplay`        the same as a heat map
`cross_task_errors`          the model of each task, used on every other one
`suggest_groups`             which tasks to learn together, from such affinities
`select_sources`             which tasks help one that has few labels
`OutlierTasksDisplay`        which tasks an R-MTGB model takes for outliers
`TaskContributionDisplay`    how much of the predictions is shared, and how much a task's own
`ExpertUseDisplay`           which expert of a network has how much weight in which task
`HistoryDisplay`             losses of a network by epoch, and the epochs that were kept
`StackWeightsDisplay`        which member of a stack has how much weight in which task
===========================  =================================================================

What a fitted model has learnt of the features, by task:

================================  ============================================================
`permutation_importance_by_task`  how much worse a task is predicted without a feature
`TaskImportanceDisplay`           this, or what the model itself says, as a heat map
`partial_dependence_by_task`      mean prediction of each task for values of a feature
`TaskPartialDependenceDisplay`    the same as lines
`shap_explanations`               SHAP values of each task for the pictures of the package shap
================================  ============================================================

The displays follow scikit-learn's: ``from_estimator`` takes a model and draws at once, ``plot``
draws again, and ``ax_`` and ``figure_`` hold what was drawn on.

>>> import pandas as pd
>>> from skmtl.inspection import OutlierTasksDisplay
>>> display = OutlierTasksDisplay(pd.Series({"north": 0.1, "south": 0.9, "west": 0.2})).plot()
>>> [label.get_text() for label in display.ax_.get_yticklabels()]
['south', 'west', 'north']
"""

from __future__ import annotations

from skmtl.inspection._affinity import TaskAffinity, task_affinity
from skmtl.inspection._affinity_display import TaskAffinityDisplay
from skmtl.inspection._contributions import TaskContributionDisplay
from skmtl.inspection._expert_use import ExpertUseDisplay
from skmtl.inspection._groups import CrossTaskErrors, cross_task_errors, suggest_groups
from skmtl.inspection._history import HistoryDisplay
from skmtl.inspection._importance_display import TaskImportanceDisplay
from skmtl.inspection._outlier_tasks import OutlierTasksDisplay
from skmtl.inspection._partial_dependence import partial_dependence_by_task
from skmtl.inspection._partial_dependence_display import TaskPartialDependenceDisplay
from skmtl.inspection._permutation import permutation_importance_by_task
from skmtl.inspection._shap import shap_explanations
from skmtl.inspection._sources import SourceSelection, select_sources
from skmtl.inspection._stack_weights import StackWeightsDisplay
from skmtl.inspection._transfer_display import TransferReportDisplay
from skmtl.inspection._transfer_report import TransferReport, transfer_report

__all__ = [
    "CrossTaskErrors",
    "ExpertUseDisplay",
    "HistoryDisplay",
    "OutlierTasksDisplay",
    "SourceSelection",
    "StackWeightsDisplay",
    "TaskAffinity",
    "TaskAffinityDisplay",
    "TaskContributionDisplay",
    "TaskImportanceDisplay",
    "TaskPartialDependenceDisplay",
    "TransferReport",
    "TransferReportDisplay",
    "cross_task_errors",
    "partial_dependence_by_task",
    "permutation_importance_by_task",
    "select_sources",
    "shap_explanations",
    "suggest_groups",
    "task_affinity",
    "transfer_report",
]

"""Whether sharing helps, and what a model has learnt. Plots need the extra ``plot``.

===========================  =================================================================
`transfer_report`            compare joint training with separate models and LightGBM
`TransferReportDisplay`      the same as a plot
`task_affinity`              how similar tasks are: the effect of a step for one on the others
`TaskAffinityDisplay`        the same as a heat map
`cross_task_errors`          the model of each task, applied to every other one
`suggest_groups`             which tasks to learn together, from such affinities
`select_sources`             which tasks help a task with few labels
`OutlierTasksDisplay`        which tasks are outliers in an R-MTGB model
`TaskContributionDisplay`    shared and task-specific contributions to the predictions
`ExpertUseDisplay`           weights of the experts of a network for each task
`HistoryDisplay`             losses of a network by epoch, and the epochs that were kept
`StackWeightsDisplay`        weights of the members of a stack for each task
===========================  =================================================================

What a fitted model has learnt from the features, by task:

================================  ============================================================
`permutation_importance_by_task`  how much worse a task is predicted without a feature
`TaskImportanceDisplay`           this, or the importances of the model itself, as a heat map
`partial_dependence_by_task`      mean prediction of each task for values of a feature
`TaskPartialDependenceDisplay`    the same as lines
`shap_explanations`               SHAP values of each task for the plots of the package shap
================================  ============================================================

The displays follow scikit-learn's: ``from_estimator`` takes a model and plots, ``plot`` plots
again, and ``ax_`` and ``figure_`` are the axes and the figure.

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

"""What comparing, grouping and choosing tasks have in common; private.

The public faces are the functions of `skmtl.inspection` and `skmtl.GroupedTasks`. A
`TaskTable` holds X and y of any estimator, wide or long, and gives the rows of some of its tasks;
`for_tasks` gives the estimator for them. Models are asked through `skmtl.metrics`.
"""

from skmtl.sharing._lightgbm import LightGBMAlone
from skmtl.sharing._resampling import corrected_interval
from skmtl.sharing._scores import score_model, scored_tasks
from skmtl.sharing._tasks import (
    TaskTable,
    fit_on,
    for_tasks,
    innermost,
    read_tasks,
    task_column,
)

__all__ = [
    "LightGBMAlone",
    "TaskTable",
    "corrected_interval",
    "fit_on",
    "for_tasks",
    "innermost",
    "read_tasks",
    "score_model",
    "scored_tasks",
    "task_column",
]

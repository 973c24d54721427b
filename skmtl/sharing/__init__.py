"""Private common parts of comparing, grouping and selecting tasks.

The public interface consists of the functions of `skmtl.inspection` and of `skmtl.GroupedTasks`. A
`TaskTable` holds X and y of any estimator, wide or long, and returns the rows of some tasks;
`for_tasks` returns the estimator for them. Models are asked through `skmtl.metrics`.
"""

from skmtl.sharing._choice import Choice, checked_groups, choose_groups
from skmtl.sharing._groups import (
    affinity_of_errors,
    affinity_of_gains,
    clusters,
    side_by_side_order,
)
from skmtl.sharing._held_out import HeldOut
from skmtl.sharing._label_correlation import label_correlation
from skmtl.sharing._lightgbm import LightGBMAlone
from skmtl.sharing._recorded import fit_recorded, records_transfer
from skmtl.sharing._resampling import corrected_interval
from skmtl.sharing._runs import Run, fit_group, kinds_of, run_lightgbm, run_together
from skmtl.sharing._scores import score_on, scored_tasks
from skmtl.sharing._splits import Split, read_splits
from skmtl.sharing._tasks import (
    TaskTable,
    fit_on,
    for_tasks,
    read_labels,
    read_tasks,
    task_column,
)

__all__ = [
    "Choice",
    "HeldOut",
    "LightGBMAlone",
    "Run",
    "Split",
    "TaskTable",
    "affinity_of_errors",
    "affinity_of_gains",
    "checked_groups",
    "choose_groups",
    "clusters",
    "corrected_interval",
    "fit_group",
    "fit_on",
    "fit_recorded",
    "for_tasks",
    "kinds_of",
    "label_correlation",
    "read_labels",
    "read_splits",
    "read_tasks",
    "records_transfer",
    "run_lightgbm",
    "run_together",
    "score_on",
    "scored_tasks",
    "side_by_side_order",
    "task_column",
]

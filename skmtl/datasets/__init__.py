"""Data sets: generators with a known truth, and real tables with their sources.

=========================  ===================================================================
`load_flights_nyc`         15,000 flights, five tasks of two kinds, some labels missing
`make_multitab_bench`      any number of tasks with planted correlation, degree and noise
`make_outlier_tasks`       long data: tasks with a common function, and outlier tasks
`make_task_groups`         tasks in groups, wide or long, with tasks that sharing hurts
`make_funnel`              steps that follow each other, with or without an unseen cause
`make_panel`               series of shops to forecast, with covariates known in advance
`make_ratings`             items judged by raters of different severity
`make_stays`               irregular events of patients, with several outcomes and known hazards
`make_survival`            times to one event, competing risks or several events
=========================  ===================================================================

Every function returns pandas objects: the features ``X`` and the targets ``Y``, one column per
task, or in long data a single column. A generator can also return the truth behind its table.

>>> from skmtl.datasets import load_flights_nyc, make_multitab_bench
>>> X, Y = load_flights_nyc(return_X_y=True)
>>> list(Y)
['dep_delay', 'arr_delay', 'air_time', 'late', 'cancelled']
>>> X, Y, truth = make_multitab_bench(
...     n_tasks=2, correlation=0.5, degree=1, random_state=0, return_truth=True
... )
>>> truth.weight_correlation.round(2)
        task_0  task_1
task_0     1.0     0.5
task_1     0.5     1.0
"""

from __future__ import annotations

from skmtl.datasets._flights import load_flights_nyc
from skmtl.datasets._funnel import FunnelTruth, make_funnel
from skmtl.datasets._multitab_bench import MultiTabBenchTruth, make_multitab_bench
from skmtl.datasets._outlier_tasks import OutlierTasksTruth, make_outlier_tasks
from skmtl.datasets._panel import make_panel
from skmtl.datasets._ratings import RatingsTruth, make_ratings
from skmtl.datasets._stays import StaysTruth, make_stays
from skmtl.datasets._survival import make_survival
from skmtl.datasets._survival_truth import SurvivalTruth
from skmtl.datasets._task_groups import TaskGroupsTruth, make_task_groups

__all__ = [
    "FunnelTruth",
    "MultiTabBenchTruth",
    "OutlierTasksTruth",
    "RatingsTruth",
    "StaysTruth",
    "SurvivalTruth",
    "TaskGroupsTruth",
    "load_flights_nyc",
    "make_funnel",
    "make_multitab_bench",
    "make_outlier_tasks",
    "make_panel",
    "make_ratings",
    "make_stays",
    "make_survival",
    "make_task_groups",
]

"""Times to events: nonparametric estimates, and metrics for predictions.

Estimates from labels: :func:`kaplan_meier`, :func:`nelson_aalen`, :func:`aalen_johansen` and
:func:`censoring_distribution`. :func:`kaplan_meier_table` returns a table with confidence limits
and numbers at risk, and :func:`log_rank_test` tests whether groups differ. Metrics of models:

==============================  ==========================================================
`concordance`                   Harrell's C: do rows with a higher risk fail first?
`concordance_ipcw`              Uno's C, which does not depend on the censoring
`concordance_incidence`         Wolbers' C, for one of several competing causes
`concordance_td`                Antolini's C, for curves that cross
`cumulative_dynamic_auc`        AUC for having failed by a given time
`brier_score`                   squared error of survival, or of a cause's incidence
`integrated_brier_score`        its mean over time
`d_calibration`                 are survival curves calibrated over their whole range?
==============================  ==========================================================

Labels are read by :func:`skmtl.tasks.event_times`: structured arrays like scikit-survival's, or
data frames and mappings with ``event`` (0 censored, 1..K cause) and ``duration``. With ``cause=k``
a metric scores one of several competing causes. Rows that entered late are at risk from their
entry on, in estimates and scores, and splitting a row at some time does not change the result
(``docs/data_that_bites.md``). :func:`survival_scorer` makes scorers of them for GridSearchCV.
:class:`KaplanMeierDisplay` plots estimates of groups, and :class:`SurvivalCurvesDisplay`,
:class:`SurvivalCalibrationDisplay` and :class:`IncidenceDisplay` the predictions of a model (extra
``plot``).

>>> from skmtl.datasets import make_survival
>>> from skmtl.survival import concordance, integrated_brier_score
>>> X, y, truth = make_survival(500, random_state=0, return_truth=True)
>>> round(concordance(y, truth.log_rate["event_0"]), 2)
0.72
>>> times = [2.0, 4.0, 8.0]
>>> round(integrated_brier_score(y, truth.survival_function(times), times), 2)
0.16
"""

from skmtl.survival._auc import cumulative_dynamic_auc
from skmtl.survival._brier import brier_score, integrated_brier_score
from skmtl.survival._calibration import DCalibration, d_calibration
from skmtl.survival._concordance import (
    concordance,
    concordance_incidence,
    concordance_ipcw,
    concordance_td,
)
from skmtl.survival._displays import (
    IncidenceDisplay,
    SurvivalCalibrationDisplay,
    SurvivalCurvesDisplay,
)
from skmtl.survival._inputs import read_weight
from skmtl.survival._kaplan_meier_display import KaplanMeierDisplay
from skmtl.survival._nonparametric import (
    aalen_johansen,
    censoring_distribution,
    kaplan_meier,
    nelson_aalen,
)
from skmtl.survival._scorers import survival_scorer
from skmtl.survival._steps import StepFunction
from skmtl.survival._tabulating import LogRankTest, kaplan_meier_table, log_rank_test

__all__ = [
    "DCalibration",
    "IncidenceDisplay",
    "KaplanMeierDisplay",
    "LogRankTest",
    "StepFunction",
    "SurvivalCalibrationDisplay",
    "SurvivalCurvesDisplay",
    "aalen_johansen",
    "brier_score",
    "censoring_distribution",
    "concordance",
    "concordance_incidence",
    "concordance_ipcw",
    "concordance_td",
    "cumulative_dynamic_auc",
    "d_calibration",
    "integrated_brier_score",
    "kaplan_meier",
    "kaplan_meier_table",
    "log_rank_test",
    "nelson_aalen",
    "read_weight",
    "survival_scorer",
]

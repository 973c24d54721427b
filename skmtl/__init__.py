"""Multi-task learning for tables and time series, as scikit-learn estimators.

One model for several targets of one table, of any kind and with any labels missing:

=============================  ==============================================================
`MultiTab`                     targets of mixed kinds (numbers, classes, counts, quantiles)
`MultiTabRegressor`            scikit-learn's multi-output regression
`MultiTabClassifier`           scikit-learn's multi-output classification
`RMTGB`                        boosting for targets of mixed kinds, or for many tasks of one
`RMTGBRegressor`               the same for regression
`RMTGBClassifier`              the same for classification
`MultiTabSurvival` times to one event, several events or competing risks
`RMTGBSurvival`                the same by boosting
`MultiTaskLinear`              penalised linear models for targets of mixed kinds
`MultiTaskLinearRegressor`     the same for regression
`MultiTaskLinearClassifier`    the same for classification
`MultiTaskLinearSurvival`      the same for times to events
`StackedTasks`                 a linear model, boosting and a network, weighted by task
`GroupedTasks`                 one of these for each group of tasks that should be learnt together
`TunedThresholds` decision thresholds by task, tuned on held-out rows
`CalibratedTasks`              probabilities by task, calibrated on held-out rows
`skmtl.tasks` kinds of targets, one class per kind
`skmtl.metrics` scores per task with missing labels, multi-task gain, scorers
`skmtl.model_selection`        splits that are stratified over several tasks
`skmtl.survival`               times to events: estimates and scores of predictions
`skmtl.timeseries`             forecasts of panels: splits by time, backtests, scores
`skmtl.histories`              a column of events or series, landmarks, features from it
`skmtl.datasets` data sets, real ones and generators with a known truth
`skmtl.balancing`              how the tasks are combined into one step of a network
`skmtl.distributed`            one model trained by several processes or machines
`skmtl.inspection`             does sharing help? reports and plots of fitted models
`skmtl.load`                   load a model written by ``model.save(path)``, without pickle
`skmtl.files`                  errors and headers of such files
`skmtl.export`                 fitted models as ONNX graphs, which run without skmtl
`skmtl.score_frame`            all predictions of a model for a data frame, in one data frame
`skmtl.score_files`            the same from Parquet or CSV files to files, of any size
`skmtl.reports`                model cards, and reports as one page of HTML
`skmtl.scoring`                a guide to these two functions, and their reports
`skmtl.callbacks`              follow the training: a progress bar with losses
=============================  ==============================================================

Names are imported on first use, so ``import skmtl`` takes milliseconds and does not load torch or
LightGBM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skmtl._lazy import lazy_getattr

if TYPE_CHECKING:
    from skmtl import (
        balancing,
        callbacks,
        datasets,
        distributed,
        export,
        files,
        histories,
        inspection,
        metrics,
        model_selection,
        reports,
        scoring,
        survival,
        tasks,
        timeseries,
    )
    from skmtl.estimators import (
        RMTGB,
        CalibratedTasks,
        FacetedRasch,
        GroupedTasks,
        MultiTab,
        MultiTabClassifier,
        MultiTabRegressor,
        MultiTabSurvival,
        MultiTaskLinear,
        MultiTaskLinearClassifier,
        MultiTaskLinearRegressor,
        MultiTaskLinearSurvival,
        RMTGBClassifier,
        RMTGBRegressor,
        RMTGBSurvival,
        StackedTasks,
        TunedThresholds,
    )
    from skmtl.files import load
    from skmtl.scoring import score_files, score_frame

__version__ = "0.1.0"

__all__ = [
    "RMTGB",
    "CalibratedTasks",
    "FacetedRasch",
    "GroupedTasks",
    "MultiTab",
    "MultiTabClassifier",
    "MultiTabRegressor",
    "MultiTabSurvival",
    "MultiTaskLinear",
    "MultiTaskLinearClassifier",
    "MultiTaskLinearRegressor",
    "MultiTaskLinearSurvival",
    "RMTGBClassifier",
    "RMTGBRegressor",
    "RMTGBSurvival",
    "StackedTasks",
    "TunedThresholds",
    "balancing",
    "callbacks",
    "datasets",
    "distributed",
    "export",
    "files",
    "histories",
    "inspection",
    "load",
    "metrics",
    "model_selection",
    "reports",
    "score_files",
    "score_frame",
    "scoring",
    "survival",
    "tasks",
    "timeseries",
]

_MODULE_OF = (
    dict.fromkeys(
        (
            "CalibratedTasks",
            "FacetedRasch",
            "GroupedTasks",
            "MultiTab",
            "MultiTabClassifier",
            "MultiTabRegressor",
            "MultiTabSurvival",
            "MultiTaskLinear",
            "MultiTaskLinearClassifier",
            "MultiTaskLinearRegressor",
            "MultiTaskLinearSurvival",
            "RMTGB",
            "RMTGBClassifier",
            "RMTGBRegressor",
            "RMTGBSurvival",
            "StackedTasks",
            "TunedThresholds",
        ),
        f"{__name__}.estimators",
    )
    | dict.fromkeys(("score_files", "score_frame"), f"{__name__}.scoring")
    | {"load": f"{__name__}.files"}
    | {
        name: f"{__name__}.{name}"
        for name in (
            "balancing",
            "callbacks",
            "datasets",
            "distributed",
            "export",
            "files",
            "histories",
            "inspection",
            "metrics",
            "model_selection",
            "reports",
            "scoring",
            "survival",
            "tasks",
            "timeseries",
        )
    }
)

__getattr__ = lazy_getattr(__name__, _MODULE_OF)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

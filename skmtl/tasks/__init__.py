"""Kinds of targets, one per file, and the set of a model's tasks.

Every estimator of skmtl reads its targets through this package. A *kind* (regression, quantile,
count, binary, multiclass, ordinal, funnel, composition, survival, competing risks) defines how
labels are encoded as numbers, the loss on raw scores (in torch for networks; in numpy for
boosting, with gradient and Hessian), and the conversion of raw scores to the user's units.
Estimators infer kinds from the dtype of each column of y; ``tasks=`` overrides that with a word or
an instance::

    MultiTab(tasks={"visits": "count", "spend": Regression("huber"), "risk": "ordinal"})

A custom kind is a subclass of `Kind`, or of any kind; `register_kind` makes its name available in
`tasks`, and allows saving models with it.

The rest is for other packages of skmtl and for custom kinds: reading labels (`label_frame`,
`event_times`, `plain_values`), `TaskSet` with all tasks of a model, times to events
(`EventTimes`, `Curves`, `risk_table`), and rows dealt evenly over all labels
(`stratified_folds`).

Examples
--------
>>> import pandas as pd
>>> from skmtl.tasks import Binary
>>> head = Binary().fit(pd.Series([True, False, None], dtype="boolean"), task="late")
>>> head.encode(pd.Series([False, True])).ravel().tolist()
[0.0, 1.0]
"""

from skmtl.tasks._binary import Binary
from skmtl.tasks._cause_names import numbered_causes
from skmtl.tasks._class_positions import class_positions
from skmtl.tasks._classification import ClassificationKind
from skmtl.tasks._competing_risks import CompetingRisks
from skmtl.tasks._composition import Composition
from skmtl.tasks._constant import (
    ConstantTarget,
    ConstantTargets,
    ConstantTargetWarning,
    fit_head,
    unfitted,
)
from skmtl.tasks._count import Count
from skmtl.tasks._curves import Curves, Interpolation
from skmtl.tasks._derived import Change, DerivedTarget, Exceeds, Hurdle, Occurs
from skmtl.tasks._event_time_kind import Cuts, EventTimeKind
from skmtl.tasks._event_times import EventTime, EventTimes, EventTimesDtype
from skmtl.tasks._funnel import Funnel
from skmtl.tasks._funnel_levels import FunnelLevels
from skmtl.tasks._infer import class_kind, mixed_kind, number_kind
from skmtl.tasks._joining import join_label_columns
from skmtl.tasks._kind import Kind
from skmtl.tasks._label_values import plain_values
from skmtl.tasks._labels import is_named, is_single, label_frame, labels_of_tasks
from skmtl.tasks._multiclass import Multiclass
from skmtl.tasks._ordinal import Ordinal
from skmtl.tasks._proportional_hazards import ProportionalHazards
from skmtl.tasks._quantile import Quantile
from skmtl.tasks._registry import KINDS, TasksLike, as_kind, register_kind
from skmtl.tasks._regression import Regression
from skmtl.tasks._residual import (
    Residual,
    refuse_residuals,
    residuals_among,
    without_residuals,
)
from skmtl.tasks._risk_table import censoring_table, risk_table, weight_from
from skmtl.tasks._scored_part import ScoredPart
from skmtl.tasks._shares import d2_divergence_score
from skmtl.tasks._shifted import Shifted
from skmtl.tasks._stratify import label_codes, stratified_folds, stratified_parts
from skmtl.tasks._survival import Survival
from skmtl.tasks._survival_labels import (
    event_times,
    mapping_frame,
    paired_columns,
)
from skmtl.tasks._taskset import Labels, TaskSet

__all__ = [
    "KINDS",
    "Binary",
    "Change",
    "ClassificationKind",
    "CompetingRisks",
    "Composition",
    "ConstantTarget",
    "ConstantTargetWarning",
    "ConstantTargets",
    "Count",
    "Curves",
    "Cuts",
    "DerivedTarget",
    "EventTime",
    "EventTimeKind",
    "EventTimes",
    "EventTimesDtype",
    "Exceeds",
    "Funnel",
    "FunnelLevels",
    "Hurdle",
    "Interpolation",
    "Kind",
    "Labels",
    "Multiclass",
    "Occurs",
    "Ordinal",
    "ProportionalHazards",
    "Quantile",
    "Regression",
    "Residual",
    "ScoredPart",
    "Shifted",
    "Survival",
    "TaskSet",
    "TasksLike",
    "as_kind",
    "censoring_table",
    "class_kind",
    "class_positions",
    "d2_divergence_score",
    "event_times",
    "fit_head",
    "is_named",
    "is_single",
    "join_label_columns",
    "label_codes",
    "label_frame",
    "labels_of_tasks",
    "mapping_frame",
    "mixed_kind",
    "number_kind",
    "numbered_causes",
    "paired_columns",
    "plain_values",
    "refuse_residuals",
    "register_kind",
    "residuals_among",
    "risk_table",
    "stratified_folds",
    "stratified_parts",
    "unfitted",
    "weight_from",
    "without_residuals",
]

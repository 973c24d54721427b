"""The parts of estimators: parameters, fit, predictions, scores and files.

`Answering` has the prediction methods of every fitted model. `MultiTaskEstimator` adds `fit`: it
passes its settings to an engine, as objects, and stores the fitted result. Parameters are the
fields of dataclasses that inherit from each other: `MultiTaskEstimator` has those of every
estimator, the modules `network` and `rmtgb` those of an engine, `multitab` those of an
architecture. So scikit-learn, type checkers and editors find the full signature of every
estimator, and each parameter is declared, checked and described in one place. The classes of an
engine are imported from their modules, so that none needs the library of another.
"""

from skmtl.models._adjusted_tasks import AdjustedTasks
from skmtl.models._adjustments import Adjustment, Threshold
from skmtl.models._answering import Answering
from skmtl.models._checks import (
    Check,
    boolean,
    by_block,
    check_parameters,
    integer,
    n_threads,
    one_of,
    real,
    seed,
)
from skmtl.models._choosing import best_threshold, calibration
from skmtl.models._docstrings import with_inherited_docs
from skmtl.models._engine_model import EngineModel
from skmtl.models._estimator import MultiTaskEstimator
from skmtl.models._events import event_targets, score_terms
from skmtl.models._fit_time import timed
from skmtl.models._grouped_model import GroupedModel, Groups, in_place, model_classes, side_by_side
from skmtl.models._held_out_task import HeldOutTask
from skmtl.models._importances import rows_by_task
from skmtl.models._rehearsal import ask_everything
from skmtl.models._saving import save
from skmtl.models._scoring import score, score_tasks
from skmtl.models._shared_docs import (
    ClassTargetDocs,
    MixedTargetDocs,
    NumberTargetDocs,
    SurvivalDocs,
)
from skmtl.models._sklearn import ClassifierMixin, RegressorMixin
from skmtl.models._tags import tags_of_inner
from skmtl.models._validation import Splitter, ValidationLike

__all__ = [
    "AdjustedTasks",
    "Adjustment",
    "Answering",
    "Check",
    "ClassTargetDocs",
    "ClassifierMixin",
    "EngineModel",
    "GroupedModel",
    "Groups",
    "HeldOutTask",
    "MixedTargetDocs",
    "MultiTaskEstimator",
    "NumberTargetDocs",
    "RegressorMixin",
    "Splitter",
    "SurvivalDocs",
    "Threshold",
    "ValidationLike",
    "ask_everything",
    "best_threshold",
    "boolean",
    "by_block",
    "calibration",
    "check_parameters",
    "event_targets",
    "in_place",
    "integer",
    "model_classes",
    "n_threads",
    "one_of",
    "real",
    "rows_by_task",
    "save",
    "score",
    "score_tasks",
    "score_terms",
    "seed",
    "side_by_side",
    "tags_of_inner",
    "timed",
    "with_inherited_docs",
]

"""The common interface of fitted models, and access to models inside wrappers.

Metrics, scoring, sharing, survival and export use a `FittedModel`. `fitted_model` returns it for
any fitted estimator: estimators of skmtl have the method ``__skmtl_fitted__``, and `ForeignModel`
wraps those of other packages. `ask` on a table returns `Answers`. Searches and pipelines are
unwrapped only by the functions here.
"""

from skmtl.answers._asking import (
    fitted_model,
    fitted_model_reading,
    says_its_tasks,
    unfitted_model,
)
from skmtl.answers._foreign import ForeignModel, MethodAnswers, estimator_classes
from skmtl.answers._forms import Form, as_array, as_named_frame, as_risk, index_of
from skmtl.answers._protocol import (
    Answers,
    CellType,
    FittedModel,
    InputColumns,
    UnfittedModel,
    warn_of_empty_columns,
)
from skmtl.answers._reading import read_classes, read_predictions, read_probabilities
from skmtl.answers._record import FitRecord, joined_record
from skmtl.answers._unwrap import (
    fitted_inside,
    fitted_inside_reading,
    fitted_layers,
    inside,
    last_step,
    layers,
    pipeline_steps,
    reads_table_itself,
)

__all__ = [
    "Answers",
    "CellType",
    "FitRecord",
    "FittedModel",
    "ForeignModel",
    "Form",
    "InputColumns",
    "MethodAnswers",
    "UnfittedModel",
    "as_array",
    "as_named_frame",
    "as_risk",
    "estimator_classes",
    "fitted_inside",
    "fitted_inside_reading",
    "fitted_layers",
    "fitted_model",
    "fitted_model_reading",
    "index_of",
    "inside",
    "joined_record",
    "last_step",
    "layers",
    "pipeline_steps",
    "read_classes",
    "read_predictions",
    "read_probabilities",
    "reads_table_itself",
    "says_its_tasks",
    "unfitted_model",
    "warn_of_empty_columns",
]

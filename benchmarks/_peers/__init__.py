"""The models to compare, with a small common protocol.

A model is made from a `Setting`, fitted on features and labels with NaN where a label is
missing, and answers for new rows with predictions of the regression tasks and probabilities of
the others. Long tables give it the task as a categorical feature. Every one of them is run
untuned; those that need a validation part take 15 % of their training rows.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from benchmarks._peers._common import Answers, Peer, Setting

OURS = ("multitab", "multitab_paper")
REFERENCE, REFITTED = "lightgbm", "lightgbm_refitted"
# Not a model: the mean of what the members of the stack answered when they were run.
AVERAGE = "average"
BY_BLOCKS = "stacked_blocks"

# Name -> module, class, and the library it needs.
_MODELS = {
    "multitab": ("_multitab", "MultiTabDefault", "skmtl"),
    "multitab_paper": ("_multitab", "MultiTabPaper", "skmtl"),
    "rmtgb": ("_multitab", "RMTGBDefault", "skmtl"),
    "stacked": ("_multitab", "StackedDefault", "skmtl"),
    BY_BLOCKS: ("_multitab", "StackedByBlocks", "skmtl"),
    "linear": ("_linear", "MultiTaskLinearDefault", "skmtl"),
    "sklearn_linear": ("_linear", "SklearnLinearPerTask", "sklearn"),
    "lightgbm": ("_lightgbm", "LightGBMPerTask", "lightgbm"),
    "lightgbm_refitted": ("_lightgbm", "LightGBMRefitted", "lightgbm"),
    "catboost": ("_catboost", "CatBoostMultiOutput", "catboost"),
    "xgboost": ("_xgboost", "XGBoostMultiOutput", "xgboost"),
    "mlp": ("_mlp", "SklearnMLP", "sklearn"),
    "realmlp": ("_pytabkit", "RealMLPPerTask", "pytabkit"),
    "tabm": ("_pytabkit", "TabMPerTask", "pytabkit"),
}

__all__ = [
    "AVERAGE",
    "BY_BLOCKS",
    "OURS",
    "REFERENCE",
    "REFITTED",
    "Answers",
    "Peer",
    "Setting",
    "installed",
    "make_model",
    "names",
]


def names() -> list[str]:
    """All models, and the average."""
    return [*_MODELS, AVERAGE]


def installed() -> list[str]:
    """Return the models whose library is installed, and the average.

    Without the stack by blocks, which is for tables whose rows follow each other.
    """
    found = [name for name, (_, _, library) in _MODELS.items() if find_spec(library)]
    return [name for name in found if name != BY_BLOCKS] + [AVERAGE]


def make_model(name: str, setting: Setting) -> Peer:
    """Create an unfitted model; its library is only imported here."""
    module, form, _ = _MODELS[name]
    return getattr(import_module(f"benchmarks._peers.{module}"), form)(setting)

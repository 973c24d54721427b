"""The model inside searches and pipelines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def innermost(estimator: Any) -> Any:
    """The fitted model inside searches and pipelines, which hide its `task_names_`."""
    *_, model = _layers(estimator)
    return model


def innermost_reading(estimator: Any, X: Any) -> tuple[Any, Any]:
    """The fitted model inside searches and pipelines, and X as it reads it."""
    model = estimator
    for model in _layers(estimator):
        if not hasattr(model, "best_estimator_") and len(getattr(model, "steps", ())) > 1:
            X = model[:-1].transform(X)
    return model, X


def _layers(estimator: Any) -> Iterator[Any]:
    """From the outside in."""
    while True:
        yield estimator
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        else:
            return

"""The model inside searches, pipelines and other wrappers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def pipeline_steps(estimator: Any) -> list[tuple[str, Any]]:
    """Names and estimators of a pipeline; empty for other estimators.

    Other estimators may have a parameter called `steps`, too.
    """
    steps = getattr(estimator, "steps", None)
    return list(steps) if isinstance(steps, list | tuple) else []


def fitted_layers(estimator: Any) -> Iterator[Any]:
    """Iterate over a fitted estimator and those inside it, from the outside in."""
    while True:
        yield estimator
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif steps := pipeline_steps(estimator):
            estimator = steps[-1][1]
        else:
            return


def fitted_inside(estimator: Any) -> Any:
    """Return the fitted model inside searches and pipelines."""
    *_, model = fitted_layers(estimator)
    return model


def fitted_inside_reading(estimator: Any, X: Any) -> tuple[Any, Any]:
    """Return the fitted model inside searches and pipelines, and X as that model receives it."""
    model = estimator
    for model in fitted_layers(estimator):
        if not hasattr(model, "best_estimator_") and len(pipeline_steps(model)) > 1:
            X = model[:-1].transform(X)
    return model, X


def reads_table_itself(estimator: Any) -> bool:
    """Whether the model inside reads the columns of X directly."""
    return all(
        hasattr(model, "best_estimator_") or len(pipeline_steps(model)) <= 1
        for model in fitted_layers(estimator)
    )


def layers(estimator: Any) -> Iterator[Any]:
    """Iterate over an estimator and the estimators in its parameters, from the outside in."""
    while estimator is not None:
        yield estimator
        steps = pipeline_steps(estimator)
        estimator = steps[-1][1] if steps else getattr(estimator, "estimator", None)


def inside(estimator: Any) -> Any:
    """Return the innermost estimator of pipelines, searches and other wrappers, fitted or not."""
    *_, model = layers(estimator)
    return model


def last_step(estimator: Any) -> Any:
    """Return the last estimator of nested pipelines, which is the one that learns from y."""
    while steps := pipeline_steps(estimator):
        estimator = steps[-1][1]
    return estimator

"""Find the fitted model of an estimator."""

from __future__ import annotations

from typing import Any

from sklearn.utils.validation import check_is_fitted

from skmtl.answers._foreign import ForeignModel
from skmtl.answers._protocol import FittedModel, UnfittedModel
from skmtl.answers._unwrap import fitted_inside, fitted_inside_reading, inside


def says_its_tasks(estimator: Any) -> bool:
    """Whether the estimator itself, rather than one inside it, has the interface of skmtl."""
    return hasattr(estimator, "__skmtl_fitted__")


def fitted_model(estimator: Any, y: Any = None) -> FittedModel:
    """Return the model inside a fitted estimator, or a substitute for it.

    Parameters
    ----------
    estimator : fitted estimator
        An estimator, alone or inside searches and pipelines.
    y : table of labels, optional
        Labels that define the targets if the estimator is not one of skmtl.

    Raises
    ------
    TypeError
        If the estimator does not say what its targets are, and there is no y.
    """
    model = fitted_inside(estimator)
    if says_its_tasks(model):
        check_is_fitted(model)
        return model.__skmtl_fitted__()
    if y is None:
        raise TypeError(
            f"{type(model).__name__} does not say what its tasks are: score models of skmtl, "
            "alone or as the last step of a pipeline or a search."
        )
    return ForeignModel.from_labels(estimator, y)


def fitted_model_reading(estimator: Any, X: Any, y: Any = None) -> tuple[FittedModel, Any]:
    """Return the model as `fitted_model` does, with X transformed and converted for it."""
    model = fitted_model(estimator, y)
    if isinstance(model, ForeignModel):
        return model, X
    return model, model.converted(fitted_inside_reading(estimator, X)[1])


def unfitted_model(estimator: Any) -> UnfittedModel | None:
    """Return an estimator's view of its data before `fit`; None for estimators outside skmtl."""
    model = inside(estimator)
    return model.__skmtl_unfitted__() if hasattr(model, "__skmtl_unfitted__") else None

"""SHAP values in the form that the plots of the package shap expect."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from skmtl._extras import needed
from skmtl.answers import fitted_model
from skmtl.inspection._axes import read_fitted
from skmtl.tables import as_frame
from skmtl.tasks import ConstantTarget


def shap_explanations(estimator: Any, X: Any) -> dict[Hashable, Any]:
    """Return an explanation of each task for ``shap.plots``.

    Parameters
    ----------
    estimator : RMTGB, MultiTaskLinear or a relative
        A fitted estimator with the method `shap_values`.
    X : table of shape (n_samples, n_features)
        Rows to explain.

    Returns
    -------
    dict of task to shap.Explanation
        Explanations of shape (n_samples, n_features), or (n_samples, n_features, n_scores) for a
        task with several raw scores, such as classes, with the values of X as data. Values and
        base have the same sum as `shap_values`.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator has no `shap_values`.
    ImportError
        Without shap; ``pip install "skmtl[shap]"``.

    Examples
    --------
    ::

        explanations = shap_explanations(model, X)
        shap.plots.beeswarm(explanations["delay"])
    """
    source = "RMTGB, MultiTaskLinear or relative of these"
    shap_values = read_fitted(estimator, "shap_values", shap_explanations, source)
    with needed("shap", "shap", "shap_explanations"):
        import shap
    data, values = as_frame(X), shap_values(X)
    if values.columns.nlevels == 1:  # a single task with one raw score
        kinds = fitted_model(estimator).kinds
        (task,) = [n for n, kind in kinds.items() if not isinstance(kind, ConstantTarget)]
        return {task: _explanation(shap.Explanation, values, data)}
    return {
        task: _explanation(shap.Explanation, values[task], data)
        for task in dict.fromkeys(values.columns.get_level_values(0))
    }


def _explanation(make: Any, values: pd.DataFrame, data: pd.DataFrame) -> Any:
    """Convert the parts of a task, the last of which is the base, to an Explanation."""
    scores = [None] if values.columns.nlevels == 1 else list(values.columns.unique(level=0))
    tables = [values if score is None else values[score] for score in scores]
    parts = np.stack([table.to_numpy() for table in tables], axis=2)
    features = list(tables[0].columns[:-1])
    is_single = len(scores) == 1
    return make(
        parts[:, :-1, 0] if is_single else parts[:, :-1],
        base_values=parts[:, -1, 0] if is_single else parts[:, -1],
        data=data[features].to_numpy(),
        feature_names=[str(feature) for feature in features],
        output_names=None if is_single else [str(score) for score in scores],
    )

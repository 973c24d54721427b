"""Partial dependence by task."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_scalar

from skmtl.answers import Answers, FittedModel, fitted_model_reading
from skmtl.inspection._questions import column_of, feature_positions, plain_table, with_column

_ENDS = (0.05, 0.95)  # as in scikit-learn, because there are few rows beyond


def partial_dependence_by_task(
    estimator: Any, X: Any, feature: Hashable, *, grid_resolution: int = 50
) -> pd.DataFrame:
    """Average the predictions of each task over the rows, for values of one feature.

    Parameters
    ----------
    estimator : fitted estimator
        An estimator of skmtl, alone or inside pipelines and searches.
    X : table of shape (n_samples, n_features)
        Rows to average over.
    feature : column
        Name of the column, or its position in an array.
    grid_resolution : int, default=50
        Maximum number of values. For numeric columns with more values, a grid of equal steps
        between the quantiles 0.05 and 0.95 is used, for other columns the most frequent values.

    Returns
    -------
    DataFrame of shape (n_values, n_outputs)
        Means by value of the feature. Columns are pairs (task, class): for numbers (a mean, a
        count or the middle quantile) the class is ""; for classes there is the probability of each
        class, for binary tasks only that of the positive class; for events there is the risk, or
        that of each cause.

    Raises
    ------
    ValueError
        If X does not have the column.
    TypeError
        For a forecaster, which reads the past of the series.

    See Also
    --------
    TaskPartialDependenceDisplay : Plots it.

    References
    ----------
    J. H. Friedman, "Greedy Function Approximation: A Gradient Boosting Machine", Annals of
    Statistics 29 (2001), 1189-1232.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl import MultiTaskLinear
    >>> from skmtl.inspection import partial_dependence_by_task
    >>> X = pd.DataFrame({"hour": [6, 9, 12, 18] * 20, "gate": [1, 1, 2, 2, 3] * 16})
    >>> Y = pd.DataFrame({"delay": X["hour"] * 2.0, "late": X["hour"] > 9})
    >>> model = MultiTaskLinear(penalty="ridge", random_state=0).fit(X, Y)
    >>> partial_dependence_by_task(model, X, "hour")["delay"].round().squeeze().to_dict()
    {6: 12.0, 9: 18.0, 12: 24.0, 18: 36.0}
    """
    check_scalar(grid_resolution, "grid_resolution", int, min_val=2)
    table = plain_table(X)
    ((_, position),) = feature_positions(estimator, table, [feature]).items()
    column = column_of(table, position)
    grid = _grid(column, grid_resolution)
    averages = []
    for value in grid:
        values = pd.Series([value] * len(column), dtype=grid.dtype)
        model, rows = fitted_model_reading(estimator, with_column(table, position, values))
        averages.append({name: part.mean() for name, part in _outputs(model, rows).items()})
    index = pd.Index(grid, name=feature)
    frame = pd.DataFrame([list(average.values()) for average in averages], index=index)
    names = pd.MultiIndex.from_tuples(list(averages[0]), names=["task", "class"])
    return frame.set_axis(names, axis=1)


def _grid(column: pd.Series, resolution: int) -> pd.Series:
    """Return values of a column, in ascending order if they have one."""
    counts = column.dropna().value_counts()
    is_number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if is_number and len(counts) > resolution:
        low, high = np.nanquantile(column.astype(np.float64), _ENDS)
        return pd.Series(np.linspace(low, high, resolution))
    values = counts.index[:resolution]
    with suppress(TypeError):  # a mix of numbers and text
        values = values.sort_values()
    return pd.Series(values, dtype=column.dtype)


def _outputs(model: FittedModel, X: Any) -> dict[tuple[Hashable, Hashable], np.ndarray]:
    """Return the predictions to average, (n_samples,), by task and class."""
    answers = model.ask_part(X)
    outputs: dict[tuple[Hashable, Hashable], np.ndarray] = {}
    for name, values in answers.predictions.items():
        if name in model.classes:
            outputs |= _class_outputs(name, model.classes[name], answers)
        else:
            outputs[name, ""] = np.asarray(values, dtype=np.float64)
    return outputs


def _class_outputs(
    name: Hashable, classes: np.ndarray, answers: Answers
) -> dict[tuple[Hashable, Hashable], np.ndarray]:
    probabilities = answers.probabilities(name)
    first = 1 if len(classes) == 2 else 0
    return {(name, classes[at]): probabilities[:, at] for at in range(first, len(classes))}

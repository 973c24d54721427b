"""Predictions with several columns for each task, as frames with their names."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl.answers import index_of


def predict_proba_frame(self: Any, X: Any) -> pd.DataFrame:
    """Predict class probabilities, as a DataFrame with names.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)

    Returns
    -------
    DataFrame of shape (n_samples, n_classes over all tasks with classes)
        The result of `predict_proba`; columns are pairs (task, class), and the index is that of X.
    """
    check_is_fitted(self)
    model = self.__skmtl_fitted__()
    answers = model.ask(X)
    parts = {
        name: pd.DataFrame(answers.probabilities(name), columns=pd.Index(classes))
        for name, classes in model.classes.items()
    }
    return _side_by_side(parts, "class", X)


def predict_quantiles(self: Any, X: Any) -> pd.DataFrame:
    """Predict quantiles of the quantile tasks, in the user's units.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)

    Returns
    -------
    DataFrame of shape (n_samples, n_quantiles over all quantile tasks)
        Columns are pairs (task, level); the levels of a task increase and never cross.
    """
    model = self.__skmtl_fitted__()
    answers = model.ask(X)
    parts = {
        name: pd.DataFrame(answers.quantiles(name), columns=list(levels))
        for name, levels in model.levels.items()
    }
    return _side_by_side(parts, "quantile", X)


def predict_interval(self: Any, X: Any, *, level: float = 0.8) -> pd.DataFrame:
    """Predict an interval for each target with quantiles.

    The limits are the quantiles at ``(1 - level) / 2`` and ``(1 + level) / 2``, so labels should
    lie below and above the interval equally often.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)
    level : float, default=0.8
        Share of labels that should lie within the interval, in (0, 1). The targets must predict
        both quantiles: ``Quantile((0.1, 0.5, 0.9))``, the default of the kind, allows 0.8.

    Returns
    -------
    DataFrame of shape (n_samples, 2 * n_quantile_tasks)
        Columns are pairs (task, "lower") and (task, "upper"), in the user's units.

    Raises
    ------
    ValueError
        If a target does not predict these quantiles; the message names the target and its
        quantiles.
    """
    levels = self.__skmtl_fitted__().levels
    limits = {name: _ends(name, predicted, level) for name, predicted in levels.items()}
    quantiles = self.predict_quantiles(X)
    chosen = [(name, end) for name, of_task in limits.items() for end in of_task]
    names = [(name, end) for name in limits for end in ("lower", "upper")]
    index = pd.MultiIndex.from_tuples(names, names=["task", "end"])
    return quantiles[chosen].set_axis(index, axis=1)


def _ends(name: Hashable, predicted: Sequence[float], level: float) -> list[float]:
    """Return the levels of one target's quantiles that limit an interval."""
    if not isinstance(level, Real) or not 0 < level < 1:
        raise ValueError(f"level={level!r} must be a number between 0 and 1, such as 0.8.")
    required = [(1 - float(level)) / 2, (1 + float(level)) / 2]
    limits = [value for end in required for value in predicted if np.isclose(value, end, 0, 1e-9)]
    if len(limits) < 2:
        low, high = (round(end, 10) for end in required)
        raise ValueError(
            f"An interval of level={level} needs the quantiles {low} and {high} of task {name!r}, "
            f"which predicts those at {list(predicted)}. Fit it with "
            f"Quantile(({low}, 0.5, {high})), or choose another level."
        )
    return limits


def predict_steps(self: Any, X: Any) -> pd.DataFrame:
    """Predict the probabilities of the steps of funnels.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)

    Returns
    -------
    DataFrame of shape (n_samples, n_columns over all funnels)
        Columns are pairs (task, step): first the probability of each step among all rows, which is
        never higher than that of the previous step; then conditional probabilities such as
        "buy_given_click", among the rows that take the previous step.
    """
    model = self.__skmtl_fitted__()
    answers = model.ask(X)
    parts = {
        name: pd.DataFrame(
            funnel.probabilities(answers.probabilities(name)), columns=list(funnel.names)
        )
        for name, funnel in model.funnels.items()
    }
    return _side_by_side(parts, "step", X)


def _side_by_side(parts: Mapping[Hashable, pd.DataFrame], level: str, X: Any) -> pd.DataFrame:
    """Concatenate frames of all tasks, with pairs as columns and the index of X."""
    frame = pd.concat(parts, axis=1, names=["task", level])
    index = index_of(X)
    return frame if index is None else frame.set_axis(index, axis=0)

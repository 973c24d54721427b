"""Predictions from a history, which can be continued or exchanged."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmtl.models import Answering
from skmtl.panels import History
from skmtl.timeseries._conformal import ConformalQuantiles
from skmtl.timeseries._forecast_model import ForecastModel
from skmtl.timeseries._recipe import Recipe


def _as_answering(name: str) -> Any:
    """Whether a method exists, which is so where `Answering` has it."""

    def check(estimator: AnsweringFromHistory) -> bool:
        return getattr(super(AnsweringFromHistory, estimator), name) is not None

    return available_if(check)


class AnsweringFromHistory(Answering):
    """What a fitted forecaster is asked.

    Attributes
    ----------
    estimator_ : fitted estimator
    history_ : History
    """

    estimator_: Any
    history_: History
    _recipe: Recipe
    _conformal: ConformalQuantiles | None

    def __skmtl_fitted__(self) -> ForecastModel:
        return ForecastModel(self.estimator_, self._recipe, self.history_, self._conformal)

    def update(self, X: Any, y: Any) -> Self:
        """Append rows to the history, without learning from them.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows that are new, of known ids or others.
        y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a row is known already.
        """
        check_is_fitted(self)
        frame = self._recipe.columns.frame(X)
        self.history_ = self.history_.extended(frame, self._recipe.past_values(frame, y))
        return self

    def with_history(self, X: Any, y: Any) -> Self:
        """A forecaster that has learnt the same, and knows the past of other series.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)

        Returns
        -------
        estimator
            A copy; this one is not changed.
        """
        check_is_fitted(self)
        other = copy.copy(self)
        other.history_, _ = self._recipe.history(X, y, self.history_.clock)
        return other

    def predict(self, X: Any, *, history: tuple[Any, Any] | None = None) -> pd.DataFrame:
        """Forecast rows.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Any rows of known or unknown ids, up to `horizon` steps after the end of their series.
        history : tuple (X, y), default=None
            The past of the ids of X instead of that of `fit`, for ids that `fit` did not see.

        Returns
        -------
        DataFrame of shape (n_samples, n_tasks)
            With the index of X: numbers in the user's units, class labels.

        Raises
        ------
        ValueError
            If a row is more than `horizon` steps after the end of its series; the message names
            the ids.
        """
        return Answering.predict(self._knowing(history), X)

    @_as_answering("predict_proba")
    def predict_proba(self, X: Any, *, history: tuple[Any, Any] | None = None) -> list[np.ndarray]:
        """Probabilities of the classes.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        history : tuple (X, y), default=None
            As in `predict`.

        Returns
        -------
        list of ndarray of shape (n_samples, n_classes)
            One per target with classes, in the order of `classes_`.
        """
        return Answering.predict_proba.__get__(self._knowing(history))(X)

    @_as_answering("predict_quantiles")
    def predict_quantiles(self, X: Any, *, history: tuple[Any, Any] | None = None) -> pd.DataFrame:
        """Quantiles of the quantile targets, in the user's units.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        history : tuple (X, y), default=None
            As in `predict`.

        Returns
        -------
        DataFrame of shape (n_samples, n_quantiles over all quantile targets)
            Columns are pairs (target, level); the levels of a target increase and never cross.
        """
        return Answering.predict_quantiles.__get__(self._knowing(history))(X)

    def _knowing(self, history: tuple[Any, Any] | None) -> Self:
        check_is_fitted(self)
        return self if history is None else self.with_history(*history)

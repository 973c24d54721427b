"""Predictions from a history, which can be extended or replaced."""

from __future__ import annotations

import copy
from collections.abc import Hashable
from typing import Any, Literal, Self
from warnings import warn

import numpy as np
import pandas as pd
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmtl.answers import fitted_inside
from skmtl.metrics import score_model, score_model_by_group
from skmtl.models import Answering
from skmtl.panels import History, PanelColumns
from skmtl.tasks import Hurdle
from skmtl.timeseries._conformal import ConformalQuantiles
from skmtl.timeseries._forecast_model import ForecastModel
from skmtl.timeseries._numbers import as_numbers
from skmtl.timeseries._recipe import Recipe


def _as_answering(name: str) -> Any:
    """Make a method available if `Answering` has it."""

    def check(estimator: AnsweringFromHistory) -> bool:
        return getattr(super(AnsweringFromHistory, estimator), name) is not None

    return available_if(check)


class AnsweringFromHistory(Answering):
    """The prediction methods of a fitted forecaster.

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
            New rows, of known or new ids.
        y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a row is already part of the history.
        """
        check_is_fitted(self)
        frame = self._recipe.columns.frame(X)
        self.history_ = self.history_.extended(frame, self._recipe.past_values(frame, y))
        return self

    def with_history(self, X: Any, y: Any) -> Self:
        """Return the same fitted forecaster with the past of other series.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)

        Returns
        -------
        estimator
            A copy; the original is not changed.
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
            Any rows of known or new ids, up to `horizon` steps after the end of the history.
        history : tuple (X, y), default=None
            The past of the ids of X, instead of that of `fit`, for ids that were not seen in
            `fit`.

        Returns
        -------
        DataFrame of shape (n_samples, n_tasks)
            Numbers in the user's units and class labels, with the index of X.

        Raises
        ------
        ValueError
            If a row is more than `horizon` steps after the end of the history; the message names
            the ids.
        """
        return Answering.predict(self._knowing(history, X), X)

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
        return Answering.predict_proba.__get__(self._knowing(history, X))(X)

    @_as_answering("predict_proba_frame")
    def predict_proba_frame(
        self, X: Any, *, history: tuple[Any, Any] | None = None
    ) -> pd.DataFrame:
        """Probabilities of the classes by name.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        history : tuple (X, y), default=None
            As in `predict`.

        Returns
        -------
        DataFrame of shape (n_samples, n_classes over all targets with classes)
            Columns are pairs (target, class), and the index is that of X.
        """
        return Answering.predict_proba_frame.__get__(self._knowing(history, X))(X)

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
        return Answering.predict_quantiles.__get__(self._knowing(history, X))(X)

    @_as_answering("predict_interval")
    def predict_interval(
        self, X: Any, *, level: float = 0.8, history: tuple[Any, Any] | None = None
    ) -> pd.DataFrame:
        """Predict an interval for each target with quantiles or conformal intervals.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        level : float, default=0.8
            Nominal coverage, in (0, 1). It must be one of the coverages in `conformal`, or lie
            between two quantiles of the kind.
        history : tuple (X, y), default=None
            As in `predict`.

        Returns
        -------
        DataFrame of shape (n_samples, 2 * n_targets)
            Columns are pairs (target, "lower") and (target, "upper"), in the user's units.

        Raises
        ------
        ValueError
            If a target does not predict these quantiles; the message names it.
        """
        knowing = self._knowing(history, X)
        return Answering.predict_interval.__get__(knowing)(X, level=level)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Mean over the targets of R2 (numbers) or accuracy (classes).

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        y : labels of shape (n_samples,) or (n_samples, n_tasks)
        sample_weight : array of shape (n_samples,), optional

        Returns
        -------
        float
        """
        return float(self.score_tasks(X, y, sample_weight).mean())

    def score_tasks(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        by: Literal["step", "id"] | None = None,
    ) -> pd.Series:
        """R2 (numbers) or accuracy (classes) of each target, on the rows with an observed label.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        y : labels of shape (n_samples,) or (n_samples, n_tasks)
        sample_weight : array of shape (n_samples,), optional
        by : {"step", "id"}, default=None
            Whether to score each step, or each series, separately.

        Returns
        -------
        Series
            By target, or by step or id and target.

        Examples
        --------
        >>> import pandas as pd
        >>> from skmtl import RMTGB
        >>> from skmtl.timeseries import Forecaster
        >>> X = pd.DataFrame({"day": range(40)})
        >>> Y = pd.DataFrame({"open": [True, True, False, False] * 10})
        >>> inner = RMTGB(n_rounds=9, n_bags=1, random_state=0)
        >>> model = Forecaster(inner, time="day", horizon=2, random_state=0).fit(X[:36], Y[:36])
        >>> model.score_tasks(X[36:38], Y[36:38], by="step").to_dict()
        {(1, 'open'): 1.0, (2, 'open'): 1.0}
        """
        check_is_fitted(self)
        if by is None:
            return score_model(self, X, y, sample_weight=sample_weight)
        frame = self._recipe.columns.frame(X)
        if by == "step":
            groups = pd.DataFrame({"step": self._recipe.moments(self.history_, frame).steps})
        elif by == "id":
            if not self._recipe.columns.id:
                raise ValueError("by='id' needs id columns, and this table is one series.")
            groups = frame[list(self._recipe.columns.id)]
        else:
            raise ValueError(f"by={by!r} must be None, 'step' or 'id'.")
        return score_model_by_group(self, X, y, groups, sample_weight=sample_weight)

    def derived_labels(self, X: Any, y: Any) -> pd.DataFrame:
        """Return the true labels of the derived targets, for scoring their predictions.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows as in `predict`.
        y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)
            True values of the targets.

        Returns
        -------
        DataFrame of shape (n_samples, n_derived)
            Boolean, missing where a label or the value to compare with is missing; for a `Hurdle`
            its number.
        """
        check_is_fitted(self)
        frame, labels = self._recipe.columns.frame(X), self._recipe.targets.labels(y)
        moments = self._recipe.moments(self.history_, frame)
        learnt = self._recipe.derived_labels(self.history_, moments, labels)
        derived = {
            name: as_numbers(labels[target.target]) if isinstance(target, Hurdle) else learnt[name]
            for name, target in self._recipe.derived.items()
        }
        return pd.DataFrame(derived, index=labels.index).set_axis(frame.index, axis=0)

    @property
    def feature_importances_by_task_(self) -> pd.DataFrame:
        """Importance of each feature for each task of the inner estimator."""
        check_is_fitted(self)
        return fitted_inside(self.estimator_).feature_importances_by_task_

    @property
    def anchors_(self) -> dict[Hashable, str]:
        """The anchor of each target that is a number."""
        check_is_fitted(self)
        columns = [self._recipe.plan.columns[place] for place in self._recipe.places]
        return {
            name: column.units.anchor
            for name, column in zip(self._recipe.targets.numbers, columns, strict=True)
        }

    @property
    def feature_names_in_(self) -> np.ndarray:
        """The columns of X by role, if all names are text."""
        names = self._fitted_columns().all_names
        if not all(isinstance(name, str) for name in names):
            raise AttributeError("The columns of X have names that are not text.")
        return np.array(names, dtype=object)

    @property
    def n_features_in_(self) -> int:
        """Number of columns of X."""
        return len(self._fitted_columns().all_names)

    def _fitted_columns(self) -> PanelColumns:
        if "_recipe" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet.")
        return self._recipe.columns

    def _knowing(self, history: tuple[Any, Any] | None, X: Any) -> Self:
        """Return the forecaster with another past, if there is one, for forecasts of rows."""
        check_is_fitted(self)
        if history is None:
            return self
        if not isinstance(history, tuple | list) or len(history) != 2:
            raise ValueError(
                "history must be a pair (X_past, y_past) of rows and labels, got "
                f"{type(history).__name__}."
            )
        other = self.with_history(*history)
        frame = self._recipe.columns.frame_to_forecast(X)
        if len(frame) and (other.history_.ids.codes(frame) < 0).all():
            warn(
                "history has no rows of any id of X, so that all rows are forecast without a "
                "past. Write the ids alike.",
                stacklevel=3,
            )
        return other

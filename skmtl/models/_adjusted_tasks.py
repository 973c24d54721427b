"""Base class of meta-estimators that adjust probabilities on held-out rows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from typing import Any, cast

import numpy as np
import pandas as pd
from sklearn.base import MetaEstimatorMixin, clone
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from skmtl.answers import Form, fitted_model, pipeline_steps, unfitted_model
from skmtl.metrics import read_weights
from skmtl.model_selection import cross_val_predict
from skmtl.models._adjusted_model import AdjustedModel
from skmtl.models._adjustments import Adjustment
from skmtl.models._answering import Answering
from skmtl.models._checks import check_parameters
from skmtl.models._fit_time import timed
from skmtl.models._held_out_task import HeldOutTask
from skmtl.models._rehearsal import ask_everything
from skmtl.models._saving import save
from skmtl.models._scoring import score, score_tasks
from skmtl.models._sklearn import MultiOutputMixin
from skmtl.models._tags import tags_of_inner
from skmtl.tasks import is_single


class AdjustedTasks(MetaEstimatorMixin, MultiOutputMixin, Answering):
    """An estimator whose predictions for tasks with classes are adjusted on held-out rows."""

    estimator: Any
    cv: Any
    n_jobs: int | None
    fit_time_: float | None
    _adjustments: dict[Hashable, Adjustment]

    @abstractmethod
    def _adjust(self, task: HeldOutTask) -> Adjustment | None:
        """Return the adjustment of a task's probabilities, or None."""

    @timed
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, groups: Any = None
    ) -> AdjustedTasks:
        """Fit the estimator on the folds of `cv`, learn the adjustments, and fit it on all rows.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            The features, as the wrapped estimator takes them.
        y : labels of shape (n_samples,) or (n_samples, n_tasks)
            Labels, some of which may be missing.
        sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), or frame, optional
            Weights for all fits and for the adjustments.
        groups : array of shape (n_samples,), optional
            Groups of rows, for splitters and estimators that keep groups together.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If the estimator is not an estimator of skmtl, alone or as the last step of a pipeline
            or a search.
        ValueError
            If none of the tasks has classes, or if the estimator cannot be fitted.
        """
        check_parameters(self)
        if unfitted_model(self.estimator) is None:
            raise TypeError(
                f"{type(self).__name__} needs an estimator of skmtl, alone or as the last step of "
                f"a pipeline or a search, got {type(self.estimator).__name__}."
            )
        arguments = self._fit_arguments(sample_weight, groups)
        held_out = cast(
            dict[Hashable, pd.DataFrame],
            cross_val_predict(
                self.estimator, X, y, method="predict_proba", cv=self.cv, groups=groups,
                params=arguments, n_jobs=self.n_jobs,
            ),
        )  # fmt: skip
        self.estimator_ = clone(self.estimator).fit(X, y, **arguments)
        model = fitted_model(self.estimator_)
        labels = model.read_labels(y)
        weights = read_weights(sample_weight, list(labels.columns), len(labels))
        self._single = is_single(y)
        tasks = [
            HeldOutTask.of_observed(
                name, model.kinds[name], classes, labels[name], held_out[name], weights[name]
            )
            for name, classes in model.classes.items()
            if name in held_out
        ]
        if not tasks:
            raise ValueError(
                f"{type(self).__name__} works on probabilities, but no task of the "
                f"{type(self.estimator).__name__} has classes."
            )
        adjustments = {task.name: self._adjust(task) for task in tasks}
        self._adjustments = {
            name: adjustment for name, adjustment in adjustments.items() if adjustment is not None
        }
        return self

    def _fit_arguments(self, sample_weight: Any, groups: Any) -> dict[str, Any]:
        """Further arguments of the estimator's `fit`, besides X and y."""
        steps = pipeline_steps(self.estimator)
        arguments: dict[str, Any] = {}
        if sample_weight is not None:
            name = f"{steps[-1][0]}__sample_weight" if steps else "sample_weight"
            arguments[name] = sample_weight
        if groups is not None and has_fit_parameter(self.estimator, "groups"):
            arguments["groups"] = groups
        return arguments

    @property
    def _form(self) -> Form:
        return self.__skmtl_fitted__().form

    @property
    def _always(self) -> tuple[str, ...]:  # type: ignore[override]
        """Before `fit`, the answer of the wrapped estimator."""
        asked_early = not hasattr(self, "estimator_") and hasattr(self.estimator, "predict_proba")
        return ("classes",) if asked_early else ()

    def __skmtl_fitted__(self) -> AdjustedModel:
        return AdjustedModel(self.estimator_, self._adjustments)

    def __skmtl_unfitted__(self) -> Any:
        return unfitted_model(self.estimator)

    def __skmtl_rehearse__(self) -> pd.DataFrame:
        """Predict all known categories and ids with the wrapped model, and adjust that."""
        X = self.estimator_.__skmtl_rehearse__()
        ask_everything(self.__skmtl_fitted__(), X)
        return X

    score = score
    score_tasks = score_tasks
    save = save

    @property
    def n_features_in_(self) -> int:
        """Number of columns of X."""
        return self._of_estimator("n_features_in_")

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the columns of X, if it has names."""
        return self._of_estimator("feature_names_in_")

    @property
    def feature_importances_(self) -> np.ndarray:
        """Importance of each column of X; see the wrapped estimator."""
        return self._of_estimator("feature_importances_")

    @property
    def feature_importances_by_task_(self) -> pd.DataFrame:
        """Importance of each feature in each task; see the wrapped estimator."""
        return self._of_estimator("feature_importances_by_task_")

    def _of_estimator(self, name: str) -> Any:
        if "estimator_" not in vars(self):
            raise AttributeError(
                f"This {type(self).__name__} is not fitted yet: it has no {name}."
            )
        return getattr(self.estimator_, name)

    def _by_task(self, read: Any, name: str) -> pd.Series:
        """Return one attribute of each adjustment, by task."""
        check_is_fitted(self)
        index = pd.Index(list(self._adjustments), tupleize_cols=False)
        return pd.Series(
            [read(adjustment) for adjustment in self._adjustments.values()], index, name=name
        )

    def __sklearn_is_fitted__(self) -> bool:
        return "_adjustments" in vars(self)

    def __sklearn_tags__(self) -> Any:
        return tags_of_inner(super().__sklearn_tags__(), self.estimator)

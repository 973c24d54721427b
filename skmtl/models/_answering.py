"""The prediction methods of every fitted model, based on the protocol of `skmtl.answers`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmtl.answers import FittedModel, as_named_frame
from skmtl.models._curves import (
    Times,
    at_times,
    of_rows,
    one_or_all,
    step_functions,
    times_by_event,
)
from skmtl.models._keywords import check_keywords
from skmtl.models._named_frames import (
    predict_interval,
    predict_proba_frame,
    predict_quantiles,
    predict_steps,
)
from skmtl.models._sklearn import BaseEstimator
from skmtl.models._summary import html_repr, summary
from skmtl.tasks import Curves


def _where(what: str, words: str, has_it: Callable[[FittedModel], Any]) -> Any:
    """Decide whether a method exists; for mixed tasks this is only known after `fit`."""

    def check(estimator: Answering) -> bool:
        if what in estimator._always:
            return True  # before `fit` as well, because other code checks classifiers then
        check_is_fitted(estimator)
        if has_it(estimator.__skmtl_fitted__()):
            return True
        raise AttributeError(f"No task of this {type(estimator).__name__} {words}.")

    return available_if(check)


with_classes = _where("classes", "has classes", lambda model: model.classes)
_with_quantiles = _where(
    "quantiles", "has quantiles, as the kind 'quantile' has", lambda model: model.levels
)
_with_funnels = _where("funnels", "is a funnel", lambda model: model.funnels)
_with_events = _where("events", "is a time to an event", lambda model: model.event_names)


class Answering(BaseEstimator):
    """Predictions of a fitted model, with the methods that its kinds of targets support."""

    _form: ClassVar[Any] = staticmethod(as_named_frame)
    """Convert predictions by name to the return value of `predict`; see `skmtl.answers.Form`."""
    _always: ClassVar[tuple[str, ...]] = ()
    """What every target has, independent of the data."""
    _fitted: Any
    _single: bool

    def __new__(cls, *values: Any, **keywords: Any) -> Self:
        check_keywords(cls, keywords)
        return super().__new__(cls)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.target_tags.required = True
        return tags

    @abstractmethod
    def __skmtl_fitted__(self) -> FittedModel:
        """The fitted model, for metrics, scoring, sharing, survival and export."""

    def predict(self, X: Any) -> Any:
        """Predict all targets.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        ndarray or DataFrame
            An array of shape (n_samples,) or (n_samples, n_tasks), or a DataFrame with the names
            of the targets and the index of X, depending on the class. Contains numbers in the
            units of y, class labels, and for times to events a risk: the probability that the
            event has happened, averaged over the cuts, which is higher if the event is expected
            sooner.

        Warns
        -----
        UserWarning
            If a column has lost all its values since `fit`: in five rows or more, every cell is
            missing or an unknown category, which would happen in at most one of a thousand tables
            for rows like those of `fit`. All other methods that predict or score also warn.
        """
        check_is_fitted(self)
        return self._form(self.__skmtl_fitted__().ask(X).predictions, X, self._single)

    @with_classes
    def predict_proba(self, X: Any) -> np.ndarray | list[np.ndarray]:
        """Probabilities of the classes.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        list of ndarray of shape (n_samples, n_classes)
            One array per target with classes, in the order of `classes_`; a single array if y was
            1-D.
        """
        check_is_fitted(self)
        model = self.__skmtl_fitted__()
        answers = model.ask(X)
        probabilities = [answers.probabilities(name) for name in model.classes]
        return probabilities[0] if self._single else probabilities

    @property
    def classes_(self) -> np.ndarray | list[np.ndarray]:
        """Class labels of each target that has classes; a single array if y was 1-D."""
        if "_single" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet.")
        classes = list(self.__skmtl_fitted__().classes.values())
        if not classes:
            raise AttributeError("No task of this model has classes.")
        return classes[0] if self._single else classes

    predict_proba_frame = with_classes(predict_proba_frame)
    predict_quantiles = _with_quantiles(predict_quantiles)
    predict_interval = _with_quantiles(predict_interval)
    predict_steps = _with_funnels(predict_steps)

    @_with_events
    def predict_survival_function(
        self, X: Any, times: Times = None, *, return_array: bool = False, given: Times = None
    ) -> Any:
        """Probability that no event has happened yet.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        times : array-like of shape (n_times,), or mapping of event to one, default=None
            Any times from 0 to `follow_up_`. Between cuts the curve falls where the Kaplan-Meier
            estimate does. With a mapping, only its events are returned, each at its own times.
        return_array : bool, default=False
            Without `times`, whether to return an array at `unique_times_` instead of step
            functions.
        given : float, array of shape (n_samples,), or mapping of event to one, default=None
            A time, or one for each row, at which the event is known not to have happened yet. The
            result are conditional probabilities S(t) / S(given), which are 1 up to `given`, and
            NaN where the curve is 0 at that time. Returns an array.

        Returns
        -------
        ndarray of shape (n_samples, n_times), or (n_samples,) of StepFunction
            Step functions are defined at all times up to `follow_up_`, and raise an error beyond
            it. With several events a dict of these.

        Raises
        ------
        ValueError
            If a time lies beyond `follow_up_`, or a mapping names an unknown event.
        """
        if given is not None:
            model = self._checked()
            question = Curves.conditional_survival
            return one_or_all(model, of_rows(model, X, times, given, question))
        return self._draw(X, times, Curves.survival, 1.0, return_array)

    @_with_events
    def predict_survival_at(self, X: Any, times: Times, *, given: Times = None) -> Any:
        """Probability that no event has happened by a given time for each row.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        times : array of shape (n_samples,), float, or mapping of event to one
            A time for each row, or one for all rows, from 0 to `follow_up_`.
        given : float, array of shape (n_samples,), or mapping of event to one, default=None
            As in `predict_survival_function`.

        Returns
        -------
        ndarray of shape (n_samples,)
            With several events a dict of them.

        Raises
        ------
        ValueError
            As in `predict_survival_function`, or if the number of times is not the number of rows.
        """
        model = self._checked()
        question = Curves.survival_of_rows
        return one_or_all(model, of_rows(model, X, times, given, question, by_row=True))

    @_with_events
    def predict_cumulative_hazard_function(
        self, X: Any, times: Times = None, *, return_array: bool = False
    ) -> Any:
        """Cumulative hazard: minus the logarithm of the survival function.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        times : array-like of shape (n_times,), or mapping of event to one, default=None
        return_array : bool, default=False
            All as in `predict_survival_function`.

        Returns
        -------
        ndarray of shape (n_samples, n_times), or (n_samples,) of StepFunction
            With several events a dict of them.
        """
        return self._draw(X, times, Curves.cumulative_hazard, 0.0, return_array)

    @_with_events
    def predict_cumulative_incidence(
        self, X: Any, times: Times = None, *, given: Times = None
    ) -> Any:
        """Probability that the event has happened from each cause by a time.

        Incidences of all causes and the survival function sum to one.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        times : array-like of shape (n_times,), or mapping of event to one, default=None
            As in `predict_survival_function`; None means `unique_times_`.
        given : float, array of shape (n_samples,), or mapping of event to one, default=None
            As in `predict_survival_function`: (F(t) - F(given)) / S(given), and 0 up to `given`.

        Returns
        -------
        dict of cause to ndarray of shape (n_samples, n_times)
            By the name of the cause, or by its number from 1 if causes have no names. With
            several events a dict of such dicts.
        """
        model = self._checked()
        if given is None:
            by_event = at_times(model, X, times, Curves.incidence)
        else:
            by_event = of_rows(model, X, times, given, Curves.conditional_incidence)
        shapes = model.curve_shapes()
        return one_or_all(
            model, {name: shapes[name].by_cause(values) for name, values in by_event.items()}
        )

    @_with_events
    def predict_median_time(self, X: Any) -> Any:
        """Time by which survival has fallen to one half.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
            Infinity if the curve stays above one half. With several events a dict of arrays.
        """
        model = self._checked()
        median = partial(Curves.quantile, level=0.5)
        questions = dict.fromkeys(model.event_names, median)
        return one_or_all(model, model.ask(X).about_curves(questions))

    @_with_events
    def predict_rmst(self, X: Any, horizon: float | Mapping[Hashable, float] | None = None) -> Any:
        """Restricted mean survival time: the expected time without event up to `horizon`.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        horizon : float, or mapping of event to one, default=None
            A time up to `follow_up_`. None means the last cut of each event. With a mapping, only
            its events are returned.

        Returns
        -------
        ndarray of shape (n_samples,)
            In the unit of the times. With several events a dict of arrays.

        Raises
        ------
        ValueError
            As in `predict_survival_function`.
        """
        model = self._checked()
        ends = times_by_event(
            model.curve_shapes(), horizon, Curves.read_horizon, lambda curves: curves.edges[-1]
        )
        areas = {name: partial(Curves.restricted_mean, horizon=end) for name, end in ends.items()}
        return one_or_all(model, model.ask(X).about_curves(areas))

    @_with_events
    def read_events(self, y: Any) -> pd.DataFrame:
        """Labels of the times to events in y.

        Parameters
        ----------
        y : structured array, DataFrame or mapping
            As in `fit`; other tasks may be left out.

        Returns
        -------
        DataFrame of shape (n_samples, n_events)
            `skmtl.tasks.EventTimes`.
        """
        return self._checked().read_events(y)

    @property
    def event_names_(self) -> list[Hashable]:
        """Names of the targets that are times to events."""
        return list(self._checked().event_names)

    @property
    def unique_times_(self) -> ArrayLike | dict[Hashable, ArrayLike]:
        """Cuts of the time grid; with several events a dict of arrays."""
        return self._of_curves(lambda curves: curves.edges[1:])

    @property
    def follow_up_(self) -> float | dict[Hashable, float]:
        """Time up to which curves are known; with several events a dict of times."""
        return self._of_curves(lambda curves: curves.horizon)

    summary = summary
    _html_repr = html_repr

    @property
    def task_names_(self) -> list[Hashable]:
        """Names of the targets, in the order of y's columns."""
        return list(self._checked().names)

    @property
    def task_kinds_(self) -> dict[Hashable, str]:
        """Kind of each target."""
        return {name: kind.name for name, kind in self._checked().kinds.items()}

    def _checked(self) -> FittedModel:
        check_is_fitted(self)
        return self.__skmtl_fitted__()

    def _of_curves(self, read: Callable[[Curves], Any]) -> Any:
        """Return an attribute that is the same for the curves of all rows."""
        model = self._checked()
        shapes = model.curve_shapes()
        if not shapes:
            raise AttributeError(f"No task of this {type(self).__name__} is a time to an event.")
        return one_or_all(model, {name: read(curves) for name, curves in shapes.items()})

    def _draw(
        self,
        X: Any,
        times: Times,
        question: Callable[..., np.ndarray],
        start: float,
        return_array: bool,
    ) -> Any:
        model = self._checked()
        if times is not None or return_array:
            return one_or_all(model, at_times(model, X, times, question))
        return one_or_all(model, step_functions(model, X, question, start))

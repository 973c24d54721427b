"""What every survival estimator predicts, whichever engine gives its raw scores."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial, reduce
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from skmtl.estimators._survival_reading import SurvivalReading
from skmtl.estimators._survival_targets import terms_of
from skmtl.survival import StepFunction, concordance
from skmtl.tasks import Curves, Survival
from skmtl.tasks._survival_labels import check_causes

# Rows whose curves are drawn at once, so that memory does not grow with rows times bins.
_BLOCK = 16_384

Answer = TypeVar("Answer")
Times = ArrayLike | Mapping[Hashable, ArrayLike] | None


class SurvivalOutputs(SurvivalReading):
    """Everything after the raw scores, which an engine gives."""

    def _answers(
        self, X: Any, questions: Mapping[Hashable, Callable[[Curves], Answer]]
    ) -> dict[Hashable, Answer]:
        """Answers to a question about the curves of each event."""
        return self._from_scores(self._raw_scores(X)[0], questions)

    def _from_scores(
        self, scores: np.ndarray, questions: Mapping[Hashable, Callable[[Curves], Answer]]
    ) -> dict[Hashable, Answer]:
        """The same from raw scores (n_samples, n_scores), some rows at a time."""
        parts: dict[Hashable, list[Any]] = {name: [] for name in questions}
        for start in range(0, max(len(scores), 1), _BLOCK):
            curves = self._curves(scores[start : start + _BLOCK])
            for name, question in questions.items():
                parts[name].append(question(curves[name]))
        return {name: np.concatenate(found) for name, found in parts.items()}  # type: ignore[misc]

    def _curves(self, scores: np.ndarray) -> dict[Hashable, Curves]:
        """Curves of each event; its terms are joined end to end."""
        tasks = self.task_set_
        by_task = {
            name: head.curves(scores[:, part])  # type: ignore[attr-defined]
            for name, head, part in zip(tasks.names, tasks.heads, tasks.score_slices, strict=True)
        }
        if self.horizons is None:
            return by_task
        return {
            name: reduce(Curves.then, (by_task[t.name] for t in terms_of(name, self.horizons)))
            for name in self.event_names_
        }

    def _one(self, answers: dict[Hashable, Answer]) -> Answer | dict[Hashable, Answer]:
        """The answer itself where there is one event."""
        return next(iter(answers.values())) if len(self.event_names_) == 1 else answers

    def _frame(self, scores: np.ndarray, group: np.ndarray | None, X: Any) -> pd.DataFrame:
        """Risks of all events and causes, with the index of X."""
        answers = self._from_scores(scores, dict.fromkeys(self.event_names_, Curves.risk))
        columns: dict[Hashable, np.ndarray] = {}
        for name, risks in answers.items():
            columns |= {r: risks[:, k] for k, r in enumerate(self._risks_of(name))}
        index = X.index if isinstance(X, pd.DataFrame) else None
        frame = pd.DataFrame(dict(enumerate(columns.values())), index=index)
        return frame.set_axis(pd.Index(list(columns), tupleize_cols=False), axis=1)

    def _risks_of(self, event: Hashable) -> list[Hashable]:
        """Names of an event's risks: its own, or those of its causes."""
        heads = dict(zip(self.task_set_.names, self.task_set_.heads, strict=True))
        terms = terms_of(event, self.horizons)
        head = heads[terms[0].name if terms else event]
        n_causes = head.n_causes  # type: ignore[attr-defined]
        if n_causes == 1:
            return [event]
        causes = range(1, n_causes + 1)
        return [c if len(self.event_names_) == 1 else (event, c) for c in causes]

    def predict(self, X: Any) -> np.ndarray | pd.DataFrame:
        """Risk of each row: higher is sooner.

        The probability that the event (or the cause) has happened, averaged over the cuts, each
        of which comes after as many events as the next.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,), or DataFrame of shape (n_samples, n_risks)
            A frame where there are several events or causes. Its columns are the events; the
            numbers of the causes of one event; or pairs of them.
        """
        check_is_fitted(self)
        return self._output(*self._raw_scores(X), X)

    def _output(
        self, scores: np.ndarray, group: np.ndarray | None, X: Any
    ) -> np.ndarray | pd.DataFrame:
        frame = self._frame(scores, group, X)
        return frame.iloc[:, 0].to_numpy() if frame.shape[1] == 1 else frame

    def predict_survival_function(
        self, X: Any, times: Times = None, *, return_array: bool = False
    ) -> Any:
        """Probability that no event has happened yet.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        times : array-like of shape (n_times,), or mapping of event to one, default=None
            Any times from 0 to `follow_up_`. Between cuts the curve is interpolated. A mapping
            asks about its events only, each at times of its own.
        return_array : bool, default=False
            Without `times`: an array at `unique_times_` instead of step functions.

        Returns
        -------
        ndarray of shape (n_samples, n_times), or (n_samples,) of StepFunction
            Step functions are exact at the cuts and constant between them; beyond `follow_up_`
            they raise. With several events a dict of them.

        Raises
        ------
        ValueError
            If a time lies beyond `follow_up_`, or a mapping names an unknown event.
        """
        return self._draw(X, times, Curves.survival, 1.0, return_array)

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

    def predict_cumulative_incidence(self, X: Any, times: Times = None) -> Any:
        """Probability that each cause has brought about the event by a time.

        Incidences of all causes and the survival function sum to one.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        times : array-like of shape (n_times,), or mapping of event to one, default=None
            As in `predict_survival_function`; None is `unique_times_`.

        Returns
        -------
        dict of cause to ndarray of shape (n_samples, n_times)
            With several events a dict of such dicts.
        """
        found = self._at_times(X, times, Curves.incidence)
        return self._one(
            {
                name: {k + 1: values[:, :, k] for k in range(values.shape[2])}
                for name, values in found.items()
            }
        )

    def predict_median_time(self, X: Any) -> Any:
        """Time by which survival has fallen to one half.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
            Infinity where the curve stays above one half. With several events a dict of them.
        """
        check_is_fitted(self)
        median = partial(Curves.quantile, level=0.5)
        return self._one(self._answers(X, dict.fromkeys(self.event_names_, median)))

    def predict_rmst(self, X: Any, horizon: float | Mapping[Hashable, float] | None = None) -> Any:
        """Restricted mean survival time: the expected part of the time to `horizon` without event.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        horizon : float, or mapping of event to one, default=None
            Up to `follow_up_`. None is the last cut, of each event. A mapping asks about its
            events only.

        Returns
        -------
        ndarray of shape (n_samples,)
            In the unit of the times. With several events a dict of them.

        Raises
        ------
        ValueError
            As in `predict_survival_function`.
        """
        ends = self._read_asked(horizon, Curves.read_horizon, lambda curves: curves.edges[-1])
        areas = {name: partial(Curves.restricted_mean, horizon=end) for name, end in ends.items()}
        return self._one(self._answers(X, areas))

    @property
    def unique_times_(self) -> Any:
        """Cuts of the time grid; with several events a dict of them."""
        check_is_fitted(self)
        return self._one({name: each.edges[1:] for name, each in self._shapes().items()})

    @property
    def follow_up_(self) -> Any:
        """Time up to which curves are known; with several events a dict of them."""
        check_is_fitted(self)
        return self._one({name: each.horizon for name, each in self._shapes().items()})

    def _shapes(self) -> dict[Hashable, Curves]:
        """Curves of no row in particular, for their times."""
        return self._curves(np.zeros((1, self.task_set_.n_scores)))

    def _read_asked(
        self,
        given: Any,
        read: Callable[[Curves, Any, str], Answer],
        default: Callable[[Curves], Answer],
    ) -> dict[Hashable, Answer]:
        """Times by event: of those that a mapping names, or the same ones for all."""
        check_is_fitted(self)
        shapes = self._shapes()
        by_event = given if isinstance(given, Mapping) else dict.fromkeys(shapes, given)
        unknown = [name for name in by_event if name not in shapes]
        if unknown or not by_event:
            raise ValueError(
                f"Times were given for the events {list(by_event)}; there are {list(shapes)}."
            )
        return {
            name: default(shapes[name])
            if at is None
            else read(shapes[name], at, f" of event {name!r}" if len(shapes) > 1 else "")
            for name, at in by_event.items()
        }

    def _at_times(
        self, X: Any, times: Times, question: Callable[..., np.ndarray]
    ) -> dict[Hashable, np.ndarray]:
        grids = self._read_asked(times, Curves.read_times, lambda curves: curves.edges[1:])
        return self._answers(
            X, {name: partial(question, times=grid) for name, grid in grids.items()}
        )

    def _draw(
        self,
        X: Any,
        times: Times,
        question: Callable[..., np.ndarray],
        start: float,
        return_array: bool,
    ) -> Any:
        values = self._at_times(X, times, question)
        if times is not None or return_array:
            return self._one(values)
        functions = {}
        for name, shape in self._shapes().items():
            functions[name] = np.empty(len(values[name]), dtype=object)
            functions[name][:] = [
                StepFunction(shape.edges[1:], row, start, shape.horizon) for row in values[name]
            ]
        return self._one(functions)

    def _scored_labels(self, y: Any) -> pd.DataFrame:
        """Times to each event, or to each of the causes that compete: other causes censor."""
        columns: dict[Hashable, pd.Series] = {}
        events = self.read_events(y)
        for name in events.columns:
            labels, risks = events[name].array, self._risks_of(name)
            check_causes(labels, len(risks), name)
            if len(risks) > 1:
                for cause, risk in enumerate(risks, 1):
                    columns[risk] = pd.Series(labels.only(cause), index=events.index)
            else:
                columns[name] = events[name]
        frame = pd.DataFrame(dict(enumerate(columns.values())), index=events.index)
        return frame.set_axis(pd.Index(list(columns), tupleize_cols=False), axis=1)

    def _scored_kinds(self, Y: pd.DataFrame) -> dict[Hashable, str]:
        return dict.fromkeys(Y.columns, Survival.name)

    def score_tasks(self, X: Any, y: Any, sample_weight: Any = None) -> pd.Series:
        """Concordance of each event, or of each cause of several that compete.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        y : structured array, DataFrame or mapping
            As in `fit`. Missing labels are left out.
        sample_weight : array of shape (n_samples,), default=None

        Returns
        -------
        Series
            Higher is better; NaN where no two rows can be compared. For long data by task id.
        """
        return super().score_tasks(X, y, sample_weight)

    def score_terms(self, X: Any, y: Any, sample_weight: Any = None) -> pd.Series:
        """Concordance within each of the terms that `horizons` part time into.

        Of the rows watched in the term, by the risk that its own head gives them.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        y : structured array, DataFrame or mapping
            As in `fit`.
        sample_weight : array of shape (n_samples,), default=None

        Returns
        -------
        Series
            By term, such as ``"event (0, 7]"``.
        """
        check_is_fitted(self)
        scores, _ = self._raw_scores(X)
        risks = self.task_set_.predict(scores)
        labels = super()._scored_labels(y)  # of terms, not of causes
        return pd.Series(
            {
                name: concordance(labels[name], risk, sample_weight=sample_weight)
                for name, risk in zip(self.task_set_.names, risks, strict=True)
            }
        )

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Mean concordance over the events and causes.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        y : structured array, DataFrame or mapping
            As in `fit`. Missing labels are left out.
        sample_weight : array of shape (n_samples,), default=None

        Returns
        -------
        float
            1 is perfect, 0.5 is chance.
        """
        return super().score(X, y, sample_weight)

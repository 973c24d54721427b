"""What every survival estimator predicts, whichever engine gives its raw scores."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import reduce
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


class SurvivalOutputs(SurvivalReading):
    """Everything after the raw scores, which an engine gives."""

    def _by_event(self, X: Any, answer: Callable[[Curves], Answer]) -> dict[Hashable, Answer]:
        """An answer about the curves of each event; arrays are joined over blocks of rows."""
        check_is_fitted(self)
        return self._from_scores(self._raw_scores(X)[0], answer)

    def _from_scores(
        self, scores: np.ndarray, answer: Callable[[Curves], Answer]
    ) -> dict[Hashable, Answer]:
        """The same from raw scores (n_samples, n_scores)."""
        parts: dict[Hashable, list[Any]] = {name: [] for name in self.event_names_}
        for start in range(0, max(len(scores), 1), _BLOCK):
            for name, curves in self._curves(scores[start : start + _BLOCK]).items():
                parts[name].append(answer(curves))
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
        return next(iter(answers.values())) if len(answers) == 1 else answers

    def _frame(self, scores: np.ndarray, group: np.ndarray | None, X: Any) -> pd.DataFrame:
        """Risks of all events and causes, with the index of X."""
        answers = self._from_scores(scores, Curves.risk)
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
        self, X: Any, times: ArrayLike | None = None, *, return_array: bool = False
    ) -> Any:
        """Probability that no event has happened yet.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        times : array-like of shape (n_times,), default=None
            Any times from 0 to the end of the follow-up in `fit`. Between cuts the curve is
            interpolated.
        return_array : bool, default=False
            Without `times`: an array at `unique_times_` instead of step functions.

        Returns
        -------
        ndarray of shape (n_samples, n_times), or (n_samples,) of StepFunction
            With several events a dict of them.

        Raises
        ------
        ValueError
            If a time lies beyond the follow-up.
        """
        return self._draw(X, times, Curves.survival, 1.0, return_array)

    def predict_cumulative_hazard_function(
        self, X: Any, times: ArrayLike | None = None, *, return_array: bool = False
    ) -> Any:
        """Cumulative hazard: minus the logarithm of the survival function.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        times : array-like of shape (n_times,), default=None
        return_array : bool, default=False
            All as in `predict_survival_function`.

        Returns
        -------
        ndarray of shape (n_samples, n_times), or (n_samples,) of StepFunction
            With several events a dict of them.
        """
        return self._draw(X, times, Curves.cumulative_hazard, 0.0, return_array)

    def predict_cumulative_incidence(self, X: Any, times: ArrayLike | None = None) -> Any:
        """Probability that each cause has brought about the event by a time.

        Incidences of all causes and the survival function sum to one.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        times : array-like of shape (n_times,), default=None
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
        return self._one(self._by_event(X, lambda curves: curves.quantile(0.5)))

    def predict_rmst(self, X: Any, horizon: float | None = None) -> Any:
        """Restricted mean survival time: the expected part of the time to `horizon` without event.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        horizon : float, default=None
            None is the last cut, of each event.

        Returns
        -------
        ndarray of shape (n_samples,)
            In the unit of the times. With several events a dict of them.
        """

        def area(curves: Curves) -> np.ndarray:
            return curves.restricted_mean(curves.edges[-1] if horizon is None else horizon)

        return self._one(self._by_event(X, area))

    @property
    def unique_times_(self) -> Any:
        """Cuts of the time grid; with several events a dict of them."""
        check_is_fitted(self)
        return self._one(self._grids())

    @property
    def follow_up_(self) -> Any:
        """Time up to which curves are known; with several events a dict of them."""
        check_is_fitted(self)
        curves = self._curves(np.zeros((1, self.task_set_.n_scores)))
        return self._one({name: each.horizon for name, each in curves.items()})

    def _grids(self) -> dict[Hashable, np.ndarray]:
        curves = self._curves(np.zeros((1, self.task_set_.n_scores)))
        return {name: each.edges[1:] for name, each in curves.items()}

    def _at_times(
        self, X: Any, times: ArrayLike | None, question: Callable[[Curves, Any], np.ndarray]
    ) -> dict[Hashable, np.ndarray]:
        return self._by_event(
            X, lambda curves: question(curves, curves.edges[1:] if times is None else times)
        )

    def _draw(
        self,
        X: Any,
        times: ArrayLike | None,
        question: Callable[[Curves, Any], np.ndarray],
        start: float,
        return_array: bool,
    ) -> Any:
        values = self._at_times(X, times, question)
        if times is not None or return_array:
            return self._one(values)
        functions = {}
        for name, grid in self._grids().items():
            functions[name] = np.empty(len(values[name]), dtype=object)
            functions[name][:] = [StepFunction(grid, row, start) for row in values[name]]
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
        labels = self._read_labels(y)
        for name, head in zip(self.task_set_.names, self.task_set_.heads, strict=True):
            check_causes(labels[name].array, head.n_causes, name)  # type: ignore[attr-defined]
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

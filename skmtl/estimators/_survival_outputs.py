"""What every survival estimator predicts, whichever engine gives its raw scores."""

from __future__ import annotations

from collections.abc import Hashable
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl.estimators._curve_outputs import CurveOutputs
from skmtl.estimators._survival_reading import SurvivalReading
from skmtl.estimators._survival_targets import terms_of
from skmtl.survival import concordance
from skmtl.tasks import Curves, Survival, check_causes


class SurvivalOutputs(SurvivalReading, CurveOutputs):
    """Everything after the raw scores, which an engine gives."""

    _always_events = True

    def _curves(self, scores: np.ndarray) -> dict[Hashable, Curves]:
        """Curves of each event; its terms are joined end to end."""
        by_task = super()._curves(scores)
        if self.horizons is None:
            return by_task
        return {
            name: reduce(Curves.then, (by_task[t.name] for t in terms_of(name, self.horizons)))
            for name in self.event_names_
        }

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
        if head.n_causes == 1:
            return [event]
        causes = range(1, head.n_causes + 1)
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

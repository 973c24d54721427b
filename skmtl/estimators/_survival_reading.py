"""What every survival estimator reads: events of y, and the kinds that learn them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from skmtl.estimators._common import MultiTaskEstimator, Table
from skmtl.estimators._survival_targets import (
    check_events,
    check_followed,
    check_horizons,
    read_events,
    terms_of,
)
from skmtl.tables import as_frame
from skmtl.tables._task_column import column_position
from skmtl.tasks import (
    CompetingRisks,
    Cuts,
    EventTimeKind,
    Interpolation,
    Kind,
    ProportionalHazards,
    Survival,
)


class SurvivalReading(MultiTaskEstimator):
    """Reading event times, checking the parameters about them, and choosing kinds.

    Subclasses have the parameters that `_survival_docs` describes.
    """

    events: Mapping[Hashable, Sequence[Hashable]] | None
    cuts: Cuts
    head: str
    interpolation: Interpolation
    horizons: Sequence[float] | None
    censoring_weights: bool
    weight_column: Hashable | None
    event_names_: list[Hashable]

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, eval_set: Any = None) -> Any:
        """Fit all events at once.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            As in `MultiTab` and `RMTGB`.
        y : structured array, DataFrame or mapping of shape (n_samples,)
            Events and times, as described above.
        sample_weight : array of shape (n_samples,), optional
            Weights of the rows, for every event.
        eval_set : tuple (X, y) or (X, y, sample_weight), optional
            Rows that decide when to stop, and in boosting which blocks to take, instead of rows
            of X that are held out.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For data that cannot be learnt from; the message names the column or the event.
        """
        # That of the engine, which comes before `MultiTaskEstimator`.
        return super().fit(X, y, sample_weight, eval_set=eval_set)  # type: ignore[safe-super]

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_events(self.events)
        if self.censoring_weights and self.head != "hazard":
            raise ValueError(
                f"censoring_weights weighs the bins of hazards, which head={self.head!r} does not "
                "have. Use head='hazard'."
            )
        check_horizons(self.horizons, self._single_kind(self.cuts).cuts)

    def _single_kind(self, cuts: Cuts) -> EventTimeKind:
        if self.head == "proportional_hazards":
            return ProportionalHazards(cuts, interpolation=self.interpolation)
        return Survival(
            cuts, interpolation=self.interpolation, censoring_weights=self.censoring_weights
        )

    def _cuts_of(self, task: Hashable) -> Cuts:
        """The parameter `cuts`; of ends of bins, those in the task's term."""
        cuts = self._single_kind(self.cuts).cuts
        if self.horizons is None or not isinstance(cuts, tuple):
            return cuts
        terms = (term for name in self.event_names_ for term in terms_of(name, self.horizons))
        return next(term.cuts(cuts) for term in terms if term.name == task)

    def _infer_kind(self, labels: pd.Series) -> Kind:
        cuts = self._cuts_of(labels.name)
        if labels.array.event.max(initial=0) < 2:
            return self._single_kind(cuts)
        if self.head != "hazard":
            raise ValueError(
                f"y has several causes that compete, for which head={self.head!r} is not made. "
                "Use head='hazard'."
            )
        return CompetingRisks(
            cuts, interpolation=self.interpolation, censoring_weights=self.censoring_weights
        )

    def _read_labels(self, y: Any, *, reset: bool = False) -> pd.DataFrame:
        labels = self.read_events(y)
        if reset:
            self.event_names_ = list(labels.columns)
        columns: dict[Hashable, pd.Series] = {}
        for name in labels.columns:
            if reset:
                check_followed(labels[name].array, self.horizons, name)
            for term in terms_of(name, self.horizons):
                columns[term.name] = pd.Series(term.of(labels[name].array), index=labels.index)
            if self.horizons is None:
                columns[name] = labels[name]
        return pd.DataFrame(columns, index=labels.index)

    def read_events(self, y: Any) -> pd.DataFrame:
        """The labels that y holds, one column of event times per event.

        Parameters
        ----------
        y : structured array, DataFrame or mapping
            As in `fit`.

        Returns
        -------
        DataFrame of shape (n_samples, n_events)
            `skmtl.tasks.EventTimes`.
        """
        return read_events(y, self.events)

    def _read_table(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> Table:
        if self.weight_column is not None:
            own = self._column_weight(X)
            sample_weight = own if sample_weight is None else own * np.asarray(sample_weight)
        return super()._read_table(X, y, sample_weight, reset=reset)

    def _column_weight(self, X: Any) -> np.ndarray:
        frame = as_frame(X)
        position = column_position(frame, self.weight_column, "weight_column")
        column = pd.to_numeric(frame.iloc[:, position], errors="coerce")
        weight = column.to_numpy(dtype=np.float64, na_value=np.nan)
        if not (np.isfinite(weight).all() and (weight >= 0).all()):
            raise ValueError(
                f"The column {column.name!r} weighs the loss, but has missing, infinite "
                "or negative values. Fill them in, or choose another weight_column."
            )
        return weight

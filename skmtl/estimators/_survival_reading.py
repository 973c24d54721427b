"""What every survival estimator reads: events of y, and the kinds that learn them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from skmtl.estimators._common import MultiTaskEstimator, Table
from skmtl.estimators._survival_targets import (
    check_events,
    check_horizons,
    read_events,
    terms_of,
)
from skmtl.tables import as_frame
from skmtl.tasks import CompetingRisks, Kind, ProportionalHazards, Survival


class SurvivalReading(MultiTaskEstimator):
    """Reading event times, checking the parameters about them, and choosing kinds.

    Subclasses have the parameters that `_survival_docs` describes.
    """

    events: Mapping[Hashable, Sequence[Hashable]] | None
    cuts: int | Sequence[float] | str
    head: str
    interpolation: str
    horizons: Sequence[float] | None
    censoring_weights: bool
    weight_column: Hashable | None

    def _check_survival_parameters(self) -> None:
        check_events(self.events)
        check_horizons(self.horizons)
        if self.censoring_weights and self.head != "hazard":
            raise ValueError(
                f"censoring_weights weighs the bins of hazards, which head={self.head!r} does not "
                "have. Use head='hazard'."
            )
        self._single_kind()

    def _settings(self) -> dict[str, Any]:
        return {"cuts": self.cuts, "interpolation": self.interpolation}

    def _single_kind(self) -> Kind:
        if self.head == "proportional_hazards":
            return ProportionalHazards(**self._settings())
        return Survival(**self._settings(), censoring_weights=self.censoring_weights)

    def _infer_kind(self, labels: pd.Series) -> Kind:
        if labels.array.event.max(initial=0) < 2:
            return self._single_kind()
        if self.head != "hazard":
            raise ValueError(
                f"y has several causes that compete, for which head={self.head!r} is not made. "
                "Use head='hazard'."
            )
        return CompetingRisks(**self._settings(), censoring_weights=self.censoring_weights)

    def _read_labels(self, y: Any, *, reset: bool = False) -> pd.DataFrame:
        labels = self.read_events(y)
        if reset:
            self.event_names_ = list(labels.columns)
        columns: dict[Hashable, pd.Series] = {}
        for name in labels.columns:
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
        if self.weight_column not in frame.columns:
            raise ValueError(
                f"weight_column={self.weight_column!r} is no column of X; there are "
                f"{list(frame.columns)[:10]}."
            )
        column = pd.to_numeric(frame[self.weight_column], errors="coerce")
        weight = column.to_numpy(dtype=np.float64, na_value=np.nan)
        if not (np.isfinite(weight).all() and (weight >= 0).all()):
            raise ValueError(
                f"The column {self.weight_column!r} weighs the loss, but has missing, infinite "
                "or negative values. Fill them in, or choose another weight_column."
            )
        return weight

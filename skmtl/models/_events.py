"""Common parts of the estimators for times to events."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl.reading import EventTargets
from skmtl.survival import concordance


def event_targets(estimator: Any, head: Literal["hazard", "proportional_hazards"]) -> EventTargets:
    """How an estimator with the parameters of `SurvivalDocs` interprets y."""
    return EventTargets(
        columns=estimator.events,
        cuts=estimator.cuts,
        interpolation=estimator.interpolation,
        censoring_weights=estimator.censoring_weights,
        head=head,
        horizons=estimator.horizons,
        names=getattr(estimator, "_event_names", None),
    )


def score_terms(self: Any, X: Any, y: Any, sample_weight: Any = None) -> pd.Series:
    """Concordance within each of the terms defined by `horizons`.

    Uses the rows observed in the term, and the risk predicted by the head of the term.

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
    model = self.__skmtl_fitted__()
    labels = model.read_labels(y)
    for name in labels.columns:
        model.kinds[name].check_scored(labels[name])
    risks = model.ask(X).task_predictions()
    return pd.Series(
        {
            name: concordance(labels[name], risk, sample_weight=sample_weight)
            for name, risk in risks.items()
        }
    )

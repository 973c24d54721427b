"""Predictions of a network from some of the sources that it was fitted with."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl.models._answering import with_classes
from skmtl.models._frames import frame_to_score
from skmtl.tables import SourceEncoder, as_frame


def predict(self: Any, X: Any, sources: Sequence[Hashable] | None = None) -> Any:
    """Predict all targets.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)
    sources : list of source, default=None
        Predict from these sources alone, as if the columns of all others were missing; columns
        that belong to no source are always used. X may lack the columns of sources that are left
        out. None uses every source that a row has. For other methods than this and
        `predict_proba`, see `with_sources`.

    Returns
    -------
    ndarray or DataFrame
        An array of shape (n_samples,) or (n_samples, n_tasks), or a DataFrame with the names of
        the targets and the index of X, depending on the class. Contains numbers in the units of y,
        class labels, and for times to events a risk: the probability that the event has happened,
        averaged over the cuts, which is higher if the event is expected sooner.

    Raises
    ------
    ValueError
        If `sources` names one that the model was not fitted with.

    Warns
    -----
    UserWarning
        If a column has lost all its values since `fit`: in five rows or more, every cell is
        missing or an unknown category, which would happen in at most one of a thousand tables for
        rows like those of `fit`. All other methods that predict or score also warn.
    """
    model = _showing(self, sources).__skmtl_fitted__()
    return self._form(model.ask(X).predictions, X, self._single)


@with_classes
def predict_proba(
    self: Any, X: Any, sources: Sequence[Hashable] | None = None
) -> np.ndarray | list[np.ndarray]:
    """Probabilities of the classes.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)
    sources : list of source, default=None
        As in `predict`.

    Returns
    -------
    list of ndarray of shape (n_samples, n_classes)
        One array per target with classes, in the order of `classes_`; a single array if y was 1-D.

    Raises
    ------
    ValueError
        If `sources` names one that the model was not fitted with.
    """
    model = _showing(self, sources).__skmtl_fitted__()
    answers = model.ask(X)
    probabilities = [answers.probabilities(name) for name in model.classes]
    return probabilities[0] if self._single else probabilities


def with_sources(self: Any, sources: Sequence[Hashable]) -> Any:
    """The fitted model, predicting from some of its sources.

    Parameters
    ----------
    sources : list of source
        Names among those of the parameter `sources`. All others count as absent, as if their
        columns were missing in every row; [] leaves the columns that belong to no source.

    Returns
    -------
    estimator
        A fitted model that shares everything with this one, and has the same methods:
        `predict_proba`, `score_tasks`, `save`. `fit` fits it with all sources, and from the start:
        its `warm_start` is False.

    Raises
    ------
    ValueError
        If the model was fitted without sources, or does not have one of these.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl import MultiTab
    >>> X = pd.DataFrame({"age": range(40), "sodium": [140.0, None] * 20})
    >>> Y = pd.DataFrame({"stay": range(40), "died": [False, False, True, False] * 10})
    >>> model = MultiTab(sources={"labs": ["sodium"]}, max_epochs=2, random_state=0).fit(X, Y)
    >>> without_labs = model.with_sources([])
    >>> without_labs.predict(X).equals(model.predict(X, sources=[]))
    True
    """
    check_is_fitted(self)
    encoder = self._reader.encoder
    if not isinstance(encoder, SourceEncoder):
        raise ValueError(
            f"This {type(self).__name__} was fitted without sources, so it cannot tell which "
            "columns to leave out. Fit it with sources={'labs': [...], ...}."
        )
    if isinstance(sources, str) or not isinstance(sources, Sequence):
        raise ValueError(f"sources={sources!r} must be a list of {list(encoder.sources)}.")
    model = copy.copy(self)
    model._reader = self._reader.with_encoder(encoder.showing(sources))
    model.warm_start = False  # it would learn on from what is shown alone
    return model


def read_scored(self: Any, X: Any) -> pd.DataFrame:
    """X as a frame with the columns of `fit`, without needing those of sources left out."""
    encoder = self._reader.encoder
    if isinstance(encoder, SourceEncoder) and hasattr(self, "feature_names_in_"):
        frame = as_frame(X, min_rows=0)
        if all(isinstance(name, str) for name in frame.columns):
            X = encoder.completed(frame, self.feature_names_in_.tolist())
    return frame_to_score(self, X, self._roles())


def _showing(estimator: Any, sources: Sequence[Hashable] | None) -> Any:
    """The fitted estimator, or its view of some sources."""
    check_is_fitted(estimator)
    return estimator if sources is None else estimator.with_sources(sources)

"""X as a frame with the columns of `fit`, with that of the raters or without it."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.utils.validation import validate_data

from skmtl.reading import Roles
from skmtl.tables import as_frame


def frame_to_fit(estimator: Any, X: Any, roles: Roles, *, reset: bool) -> pd.DataFrame:
    """X of a fit as a frame; its columns are stored, or compared with those of before.

    `feature_names_in_` and `n_features_in_` leave the column of the raters out, if there is one.
    """
    frame = as_frame(X, min_rows=int(reset))
    if roles.rater is None:
        return _checked(estimator, X, frame, reset=reset)
    _, others, raters = roles.without_raters(frame)
    if reset:
        assert raters is not None
        estimator._rater_label = raters.name
    _checked(estimator, others, others, reset=reset)
    return frame


def frame_to_score(estimator: Any, X: Any, roles: Roles) -> pd.DataFrame:
    """X as a frame with the columns of `fit`, without that of the raters if it is there."""
    frame = as_frame(X, min_rows=0)
    is_named = hasattr(estimator, "feature_names_in_")
    may_have_raters = is_named or frame.shape[1] == estimator.n_features_in_ + 1
    if roles.rater is None or not may_have_raters or estimator._rater_label not in frame:
        return _checked(estimator, X, frame, reset=False)
    others = frame.drop(columns=estimator._rater_label)
    if not is_named:
        others = others.set_axis(range(others.shape[1]), axis=1)
    return _checked(estimator, others, others, reset=False)


def _checked(estimator: Any, X: Any, frame: pd.DataFrame, *, reset: bool) -> pd.DataFrame:
    # Comparing names here is faster than scikit-learn's comparison.
    known = list(getattr(estimator, "feature_names_in_", ()))
    if reset or frame.columns.tolist() != known:
        validate_data(estimator, X, skip_check_array=True, reset=reset)
    return frame

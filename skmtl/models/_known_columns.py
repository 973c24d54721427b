"""The columns of X that a fitted estimator knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_NAMES = ("n_features_in_", "feature_names_in_", "_rater_label")


def columns_of(estimator: Any) -> dict[str, Any]:
    """What is known of the columns of X, as far as there is any: names, and that of the raters."""
    return {name: vars(estimator)[name] for name in _NAMES if name in vars(estimator)}


@contextmanager
def keeping_columns(estimator: Any) -> Iterator[None]:
    """Keep the columns that a fitted estimator knows if another fit fails."""
    before = columns_of(estimator)
    try:
        yield
    except BaseException:
        if "_fitted" in vars(estimator):
            vars(estimator).update(before)
        raise

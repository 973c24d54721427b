"""The columns of X of a fitted estimator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_NAMES = ("n_features_in_", "feature_names_in_", "_rater_label")


def columns_of(estimator: Any) -> dict[str, Any]:
    """Return what is known about the columns of X, if anything: their names, and the raters'."""
    return {name: vars(estimator)[name] for name in _NAMES if name in vars(estimator)}


@contextmanager
def keeping_columns(estimator: Any) -> Iterator[None]:
    """Restore the columns of a fitted estimator if another fit fails."""
    columns = columns_of(estimator)
    try:
        yield
    except BaseException:
        if "_fitted" in vars(estimator):
            vars(estimator).update(columns)
        raise

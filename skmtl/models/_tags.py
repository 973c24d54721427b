"""scikit-learn's tags of estimators that wrap others."""

from __future__ import annotations

from typing import Any

from sklearn.utils import get_tags

_OF_THE_INNER = (
    "estimator_type", "classifier_tags", "regressor_tags", "target_tags", "input_tags",
    "non_deterministic",
)  # fmt: skip


def tags_of_inner(tags: Any, estimator: Any) -> Any:
    """Return tags with those parts replaced that depend on the wrapped estimator."""
    inner = get_tags(estimator)
    for name in _OF_THE_INNER:
        setattr(tags, name, getattr(inner, name))
    return tags

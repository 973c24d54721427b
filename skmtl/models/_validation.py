"""The parameter `validation`, which determines the held-out rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from skmtl.models._checks import Check, one_of


@runtime_checkable
class Splitter(Protocol):
    """A splitter like those of `sklearn.model_selection`."""

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Number of folds."""
        ...

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Positions of training and test rows of each fold."""
        ...


ValidationLike = Literal["random", "group", "time"] | Splitter

validation_check = one_of("random", "group", "time") | Check(
    lambda v: isinstance(v, Splitter) and not isinstance(v, type),
    "a splitter of scikit-learn, such as GroupKFold(5)",
)


def check_validation(
    validation: ValidationLike, group_column: Hashable | None, time_column: Hashable | None
) -> None:
    """Raise a ValueError for a validation without its column, or a column without effect.

    Groups may also be passed to `fit`.
    """
    if time_column is None and _is(validation, "time"):
        raise ValueError(
            "validation='time' needs to know which column of X says when a row was: name it in "
            "time_column."
        )
    columns = {"group": ("group_column", group_column), "time": ("time_column", time_column)}
    for method, (name, column) in columns.items():
        if column is not None and _is(validation, "random"):
            raise ValueError(
                f"{name}={column!r} has no effect on validation='random'. Set "
                f"validation={method!r}, or leave {name} out (and its column out of X, if "
                "it is not a feature)."
            )


def _is(validation: ValidationLike, name: str) -> bool:
    return isinstance(validation, str) and validation == name

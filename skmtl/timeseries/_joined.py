"""Predictions of a table that was processed in parts."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property

import numpy as np

from skmtl.answers import Answers
from skmtl.reading import EachWhenAsked
from skmtl.tasks import Curves


class Joined(Answers):
    """Answers for the parts of a table, reordered to the rows of the table.

    Parameters
    ----------
    names : list of hashable
    parts : list of Answers
    order : ndarray of int64, shape (n,)
        Position of each row in the concatenated parts.
    """

    def __init__(
        self, names: Sequence[Hashable], parts: Sequence[Answers], order: np.ndarray
    ) -> None:
        self._names, self._parts, self._order = names, parts, order

    @cached_property
    def predictions(self) -> Mapping[Hashable, np.ndarray]:
        return EachWhenAsked(
            self._names, lambda name: self._joined(lambda part: part.predictions[name])
        )

    def probabilities(self, name: Hashable) -> np.ndarray:
        return self._joined(lambda part: part.probabilities(name))

    def quantiles(self, name: Hashable) -> np.ndarray:
        return self._joined(lambda part: part.quantiles(name))

    def _joined(self, of_part: Callable[[Answers], np.ndarray]) -> np.ndarray:
        return np.concatenate([of_part(part) for part in self._parts])[self._order]

    def curves(self) -> Mapping[Hashable, Curves]:
        return {}

    def about_curves(
        self, questions: Mapping[Hashable, Callable[[Curves], np.ndarray]]
    ) -> dict[Hashable, np.ndarray]:
        return {}

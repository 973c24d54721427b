"""Answers to a table that was asked in parts."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property

import numpy as np

from skmtl.answers import Answers
from skmtl.reading import EachWhenAsked
from skmtl.tasks import Curves


class Joined(Answers):
    """Answers to the parts of a table, back in the order of its rows.

    Parameters
    ----------
    names : list of hashable
    parts : list of Answers
    order : ndarray of int64, shape (n,)
        Where each row is when the parts are one below the other.
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

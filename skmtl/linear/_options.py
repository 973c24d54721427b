"""What users say of penalties."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Strengths by row, from nothing learnt to next to nothing penalised: in half decades for targets
# by themselves, and in thirds for those together, whose number of directions depends on it.
_FACTORS, _FINE_FACTORS = np.logspace(2, -8, 21), np.logspace(1, -8, 28)
# A penalty that ties tasks together is taken if its loss is smaller by this factor.
CLEARLY = 0.995
# Strengths where nothing is held out to choose them by are those of scikit-learn.
UNJUDGED = 1.0


@dataclass(frozen=True)
class PenaltyOptions:
    """Which penalties may be taken, and how strong they are.

    Attributes
    ----------
    penalty : {"auto", "ridge", "shared", "low_rank", "group_lasso"}
    alpha : float or None
        None leaves the strength to held-out rows.
    similarity : float or None
        Share of what is common with the penalty "shared"; None leaves it to held-out rows.
    """

    penalty: str
    alpha: float | None
    similarity: float | None

    def factors(self, *, fine: bool = False) -> np.ndarray:
        """Strengths by row that are tried, from strong to weak; of a fixed one its place alone."""
        if self.alpha is not None:
            return np.ones(1)
        return _FINE_FACTORS if fine else _FACTORS

    def alphas(self, total_weight: np.ndarray, *, fine: bool = False) -> np.ndarray:
        """Strengths that are tried, (n_alphas, n_targets).

        Parameters
        ----------
        total_weight : ndarray of shape (n_targets,)
            Sum of the weights of the rows of each target.
        fine : bool
            Whether their steps are fine.
        """
        if self.alpha is not None:
            return np.full((1, *total_weight.shape), self.alpha)
        return np.multiply.outer(self.factors(fine=fine), total_weight)

    def may_be(self, *penalties: str) -> bool:
        """Whether one of some penalties may be taken."""
        return self.penalty in ("auto", *penalties)

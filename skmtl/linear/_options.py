"""The penalties that users ask for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Strengths per row, from almost nothing learnt to almost nothing penalised: in steps of half a
# decade for separate targets, and of a third for joint ones, whose rank depends on the strength.
_FACTORS, _FINE_FACTORS = np.logspace(2, -8, 21), np.logspace(1, -8, 28)
# A joint penalty is chosen only if its loss is lower by this factor.
CLEARLY = 0.995
# Without held-out rows, strengths are the defaults of scikit-learn.
UNJUDGED = 1.0


@dataclass(frozen=True)
class PenaltyOptions:
    """Penalties to choose from, and their strengths.

    Attributes
    ----------
    penalty : {"auto", "ridge", "shared", "low_rank", "group_lasso"}
    alpha : float or None
        None chooses the strength on held-out rows.
    similarity : float or None
        Share of the common part for the penalty "shared"; None chooses it on held-out rows.
    """

    penalty: str
    alpha: float | None
    similarity: float | None

    def factors(self, *, fine: bool = False) -> np.ndarray:
        """Return strengths per row, from strong to weak; only a placeholder if alpha is fixed."""
        if self.alpha is not None:
            return np.ones(1)
        return _FINE_FACTORS if fine else _FACTORS

    def alphas(self, total_weight: np.ndarray, *, fine: bool = False) -> np.ndarray:
        """Return the strengths to try, (n_alphas, n_targets).

        Parameters
        ----------
        total_weight : ndarray of shape (n_targets,)
            Total weight of the rows of each target.
        fine : bool
            Whether to use finer steps.
        """
        if self.alpha is not None:
            return np.full((1, *total_weight.shape), self.alpha)
        return np.multiply.outer(self.factors(fine=fine), total_weight)

    def may_be(self, *penalties: str) -> bool:
        """Whether one of some penalties may be chosen."""
        return self.penalty in ("auto", *penalties)

"""The directions in which features move the raw scores of a head."""

from __future__ import annotations

import numpy as np

from skmtl._waves import cosine_waves
from skmtl.tasks import Kind

# Number of waves over a series, such as the hazards of bins of time.
_N_WAVES = 4
# Relative size of directions in which the effect of a feature varies over bins or thresholds,
# compared to a constant effect. Half the size means four times the penalty.
_CHANGE = 0.3


def directions(head: Kind) -> np.ndarray:
    """Return the change of the raw scores for a step along each direction.

    The array has shape (n_directions, n_scores). The first direction of a series, or of ordered
    classes, moves all scores alike: proportional hazards, or proportional odds. The others are
    smaller, so that an effect of the same size is penalised more; in the limit of strong penalties
    the proportional models remain. Every other score is its own direction.
    """
    if head.n_series:
        n_steps = head.n_scores // head.n_series
        waves = cosine_waves(n_steps, min(n_steps, _N_WAVES), head.n_series)
        waves[head.n_series :] *= _CHANGE
        return waves
    sizes = np.ones(head.n_scores)
    if head.is_ordered:
        sizes[1:] = _CHANGE
    return np.diag(sizes)

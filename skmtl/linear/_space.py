"""The directions in which features move the raw scores of a head."""

from __future__ import annotations

import numpy as np

from skmtl._waves import cosine_waves
from skmtl.tasks import Kind

# Waves over a series, such as the hazards of bins of time.
_N_WAVES = 4
# Size of the directions in which the effect of a feature changes over the bins or the thresholds,
# next to the one in which it is the same for all. By half the size, four times the penalty.
_CHANGE = 0.3


def directions(head: Kind) -> np.ndarray:
    """What a step along each direction adds to the raw scores, (n_directions, n_scores).

    The first direction of a series, or of ordered classes, moves all of it alike: hazards that are
    proportional, odds that are proportional. The others are smaller, so that an effect of the same
    size is penalised more, and in the limit these models remain. All other scores are directions
    of their own.
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

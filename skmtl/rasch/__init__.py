"""Rasch measurement with raters as a facet: likelihood, estimation and fit statistics.

Items are judged by several raters on several ordinal questions. This package works on arrays only,
without names or frames, and does not depend on other packages of skmtl.
"""

from skmtl.rasch._fit import RaschOptions, RaschSolution, maximise
from skmtl.rasch._fit_statistics import MeanSquares, mean_squares
from skmtl.rasch._linking import linked_sets
from skmtl.rasch._ratings import Ratings
from skmtl.rasch._shifts import RatedQuestion, Shifts, estimate_shifts

__all__ = [
    "MeanSquares",
    "RaschOptions",
    "RaschSolution",
    "RatedQuestion",
    "Ratings",
    "Shifts",
    "estimate_shifts",
    "linked_sets",
    "maximise",
    "mean_squares",
]

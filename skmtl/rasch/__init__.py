"""Rasch measurement with raters as a facet: what is maximised, how, and what is said of the fit.

Items are judged by several raters on several ordinal questions. Everything here is arrays: no
names, no frames, nothing of skmtl.
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

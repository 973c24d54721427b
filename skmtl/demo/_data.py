"""The flights, split by time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from skmtl.datasets import load_flights_nyc

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.15
# Classes whose labels may be missing.
NULLABLE = {"late": "boolean", "cancelled": "boolean"}
# Ten months of one year carry no information about the other two.
_UNKNOWABLE = "month"


@dataclass(frozen=True)
class FlightRows:
    """Some of the flights.

    Attributes
    ----------
    X, Y : DataFrame
    date : Series
        Day of each flight.
    """

    X: pd.DataFrame
    Y: pd.DataFrame
    date: pd.Series

    @property
    def days(self) -> np.ndarray:
        return np.sort(self.date.unique())

    def with_labels(self, share: float, seed: int) -> FlightRows:
        """The same flights with a random share of each target's labels."""
        kept = np.random.default_rng(seed).random(self.Y.shape) < share
        return replace(self, Y=self.Y.astype(NULLABLE).where(kept))


@dataclass(frozen=True)
class Split:
    """Training, validation and test flights."""

    training: FlightRows
    validation: FlightRows
    test: FlightRows

    def with_labels(self, share: float, seed: int) -> Split:
        """The same flights, with a random share of the labels before the test."""
        return Split(
            self.training.with_labels(share, seed),
            self.validation.with_labels(share, seed + 1),
            self.test,
        )


def split_flights(seed: int) -> Split:
    """The last days of the year are for the test, random earlier days for validation.

    Flights on the same day share weather and delays. With a split by rows, a model could recognise
    the day; with whole days it has to predict new days, as in practice.
    """
    flights = load_flights_nyc()
    features = flights.data.drop(columns=_UNKNOWABLE)
    days = np.sort(flights.date.unique())
    n_known = round((1 - TEST_SHARE) * len(days))
    earlier = np.random.default_rng(seed).permutation(days[:n_known])
    n_validation = round(VALIDATION_SHARE * n_known)

    def part(chosen: np.ndarray) -> FlightRows:
        rows = flights.date.isin(chosen)
        return FlightRows(features[rows], flights.target[rows], flights.date[rows])

    return Split(part(earlier[n_validation:]), part(earlier[:n_validation]), part(days[n_known:]))

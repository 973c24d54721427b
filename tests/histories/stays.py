"""Small tables of histories that tests share."""

from __future__ import annotations

import numpy as np
import pandas as pd

from skmtl.histories import Histories


def events(n_stays=12, n_events=200, seed=0):
    """Create irregular events of stays 0, 1, ...; the last stay has none."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "subject_id": rng.integers(0, n_stays - 1, n_events),
            "time": rng.uniform(-5, 48, n_events).round(1),
            "code": rng.choice(["HR", "SBP", "lactate"], n_events),
            "numeric_value": rng.normal(100, 20, n_events),
        }
    )


def stays(n_stays=12, **options):
    """Create a frame with a column of numbers and a column of histories."""
    X = pd.DataFrame({"age": np.linspace(20, 80, n_stays)})
    return X.assign(vitals=Histories.from_events(events(n_stays), X.index, **options))


def order_of_two(n=200, seed=0):
    """Create stays with the same two events; the label is which event came first."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 2, n).astype(bool)
    table = pd.DataFrame(
        {
            "id": np.repeat(np.arange(n), 2),
            "time": np.tile([1.0, 2.0], n),
            "code": np.where(np.stack([first, ~first], 1), "drug", "fall").ravel(),
        }
    )
    X = pd.DataFrame({"noise": rng.normal(size=n)})
    X["events"] = Histories.from_events(
        table, X.index, id="id", variable="code", value=None, end=3.0
    )
    return X, pd.Series(first, name="drug first")

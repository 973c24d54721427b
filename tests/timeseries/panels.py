"""Small panels that the tests share."""

from __future__ import annotations

import numpy as np
import pandas as pd


def shops(
    n_shops: int = 4, n_days: int = 60, *, season: int = 7, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Create daily sales and visits of shops, with a weekly pattern, a promotion and a size."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2024-01-01", periods=n_days, freq="D")
    X = pd.DataFrame(
        {
            "shop": np.repeat([f"shop {number}" for number in range(n_shops)], n_days),
            "day": np.tile(days, n_shops),
            "promotion": rng.integers(0, 2, n_shops * n_days),
            "rain": rng.normal(size=n_shops * n_days),
            "size": np.repeat(rng.normal(size=n_shops), n_days),
        }
    )
    level = np.repeat(10.0 * 3.0 ** np.arange(n_shops), n_days)
    week = np.sin(2 * np.pi * np.tile(np.arange(n_days), n_shops) / season)
    noise = rng.normal(size=(2, len(X)))
    Y = pd.DataFrame(
        {
            "sales": level * (3 + week + 0.5 * X["promotion"] + 0.1 * noise[0]),
            "visits": level * (5 + 2 * week + 0.2 * noise[1]),
        }
    )
    return X, Y

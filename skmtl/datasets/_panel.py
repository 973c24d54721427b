"""A panel of shops with weekly seasonality, a promotion and missing labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from skmtl.datasets._checks import RandomState, check_sizes

_LABELS_MISSING = 0.02


def make_panel(
    n_shops: int = 4, n_days: int = 120, *, horizon: int = 7, random_state: RandomState = None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Generate daily sales and visits of shops, for forecasting.

    Sales consist of a level for each shop, a weekly season, a trend, the effect of a promotion
    that is known in advance, and noise. Visits fall with rain, which is only known afterwards.

    Parameters
    ----------
    n_shops : int, default=4
        Number of series.
    n_days : int, default=120
        Length of each series.
    horizon : int, default=7
        Number of days in `X_next`.
    random_state : int, RandomState or None, default=None

    Returns
    -------
    X : DataFrame of shape (n_shops * n_days, 5)
        "shop", "day", "promotion" (0 or 1), "rain" and "size".
    Y : DataFrame of shape (n_shops * n_days, 2)
        "sales" and "visits", of which 2 % are missing.
    X_next : DataFrame of shape (n_shops * horizon, 5)
        The following days, where rain is missing.

    Raises
    ------
    ValueError
        If a size is not a positive integer.

    Examples
    --------
    >>> from skmtl.datasets import make_panel
    >>> X, Y, X_next = make_panel(2, 30, random_state=0)
    >>> X.shape, Y.shape, X_next.shape
    ((60, 5), (60, 2), (14, 5))
    """
    check_sizes(n_shops=n_shops, n_days=n_days, horizon=horizon)
    rng = check_random_state(random_state)
    n = n_days + horizon
    day = np.tile(np.arange(n), n_shops)
    size = 10.0 * 2.0 ** np.repeat(rng.uniform(0, 4, n_shops), n)
    promotion, rain = rng.binomial(1, 0.2, len(day)), rng.gamma(0.5, size=len(day))
    week = 1 + 0.5 * np.sin(2 * np.pi * day / 7)
    trend = 1 + np.repeat(rng.uniform(-0.3, 0.3, n_shops), n) * day / n
    sales = size * trend * (week + 0.5 * promotion) * np.exp(0.1 * rng.normal(size=len(day)))
    visits = rng.poisson(3 * size * week * np.exp(-0.2 * rain))
    X = pd.DataFrame(
        {
            "shop": np.repeat([f"shop {number}" for number in range(n_shops)], n),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D"),
            "promotion": promotion,
            "rain": rain,
            "size": size,
        }
    )
    Y = pd.DataFrame({"sales": sales, "visits": visits}).astype("float64")
    Y = Y.mask(rng.uniform(size=Y.shape) < _LABELS_MISSING)
    is_observed = day < n_days
    return (
        X[is_observed].reset_index(drop=True),
        Y[is_observed].reset_index(drop=True),
        X[~is_observed].assign(rain=np.nan).reset_index(drop=True),
    )

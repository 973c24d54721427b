"""The table that the package ships, with the functions of the loader of the shared tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from skmtl.datasets import load_flights_nyc

NAME = "flights_shipped"


def names() -> list[str]:
    return [NAME]


def meta(name: str) -> dict[str, Any]:
    return {"n_rows": len(load(name)[0]), "use": "rank"}


def load(name: str) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str], str | None]:
    """Features, labels as floats, kinds of the targets, and no task column."""
    X, Y = load_flights_nyc(return_X_y=True)
    kinds = {
        target: "regression" if pd.api.types.is_float_dtype(dtype) else "binary"
        for target, dtype in Y.dtypes.items()
    }
    return X, Y.astype("Float64").astype(np.float64), kinds, None


def default_split(name: str, seed: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Use the last fifth as test part, because flights of a day share their weather."""
    n_rows = len(load(name)[0])
    rows = np.arange(n_rows)
    return rows[: n_rows * 4 // 5], rows[n_rows * 4 // 5 :], "time"

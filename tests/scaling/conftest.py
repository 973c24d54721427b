"""A table on disk, and the same in memory."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest


class OnDisk(NamedTuple):
    folder: Path
    X: pd.DataFrame
    Y: pd.DataFrame
    weight: np.ndarray


@pytest.fixture
def on_disk(tmp_path) -> OnDisk:
    """Three Parquet files of 200 rows: mixed columns with gaps, and weights, some of them 0."""
    pytest.importorskip("pyarrow")
    rng = np.random.default_rng(0)
    n = 600
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "rooms": rng.integers(1, 9, n),
            "new": rng.random(n) < 0.5,
            "city": rng.choice(["Bern", "Lyon", "Oslo"], n),
            "colour": pd.Categorical(rng.choice(["red", "green"], n)),
        }
    )
    X["size"] = X["size"].mask(rng.random(n) < 0.1)
    signal = X["size"].fillna(0) + X["new"] + 0.1 * X["rooms"]
    Y = pd.DataFrame({"price": 100 + 20 * signal, "sold": np.where(signal > 1, "yes", "no")})
    Y = Y.mask(rng.random(Y.shape) < 0.2)
    weight = rng.integers(0, 3, n) / 2
    folder = tmp_path / "houses"
    folder.mkdir()
    rows = pd.concat([X, Y, pd.Series(weight, name="weight")], axis=1)
    for part in range(3):
        rows[part * 200 : (part + 1) * 200].to_parquet(folder / f"{part}.parquet")
    return OnDisk(folder, X, Y, weight)

"""Which tasks are outliers, whatever the sequence of blocks that does best."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl import RMTGBRegressor


@pytest.fixture
def slopes():
    """Twelve tasks, three of which fall with x where the others rise."""
    rng = np.random.default_rng(0)
    task = np.repeat(np.arange(12), 60)
    X = pd.DataFrame({"task": task, "x": rng.uniform(-1, 1, task.size)})
    y = np.where(task < 3, -1, 1) * X["x"] + rng.normal(0, 0.3, task.size)
    return X, y.rename("y")


def test_the_groups_are_known_where_the_signature_leaves_nothing_to_the_partition(slopes):
    X, y = slopes
    model = RMTGBRegressor(task_column="task", n_bags=1, random_state=0).fit(X, y)
    assert model.blocks_["y"][0] == "signature"
    outlier = model.outlier_score_ > 0.5
    assert outlier[outlier].index.tolist() == [0, 1, 2]

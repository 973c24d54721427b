"""Long data whose features are categories alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl import RMTGBRegressor


@pytest.mark.parametrize("blocks", ["auto", ("signature", "task"), ("partition", "task")])
def test_without_a_numeric_feature_the_tasks_are_learnt_all_the_same(blocks):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"school": rng.choice(list("abc"), 600), "kind": rng.choice(["u", "v"], 600)})
    y = (X["kind"] == "u") * X["school"].map({"a": 1.0, "b": 1.0, "c": -1.0})
    model = RMTGBRegressor(task_column="school", blocks=blocks, n_bags=1, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.95

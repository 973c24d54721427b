"""Graphs treat missing values that did not occur in `fit` as the model does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl import MultiTabRegressor, RMTGBRegressor
from tests.export.graphs import assert_same_outputs

r = np.random.default_rng(0)
X = pd.DataFrame(
    {"x": r.random(200), "z": r.random(200), "c": r.choice(["a", "b", "b"], 200), "id": 0}
)
X["id"] = np.arange(200) % 3
Y = 10 + 10 * X["x"] + (X["c"] == "b")
LOST = pd.DataFrame(
    {
        "x": [np.nan, 0.5, 0.5, 0.5],
        "z": [0.2, np.nan, 0.1, 0.1],
        "c": ["a", "b", None, "new"],
        "id": [0, 1, 2, 9],
    }
)
MODELS = {
    "boosting": RMTGBRegressor(
        task_column="id", blocks=["signature", "partition", "task"], n_rounds=8, n_bags=1
    ),
    "network": MultiTabRegressor(
        task_column="id", n_bags=1, max_epochs=1, row_size=8, embedding_size=4, n_heads=2
    ),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("has_gaps", [False, True])
def test_graphs_fill_gaps_as_the_model_does(name, has_gaps):
    data = X.assign(x=X["x"].where(X["z"] > 0.3), c=X["c"].where(X["z"] < 0.7)) if has_gaps else X
    model = MODELS[name].set_params(random_state=0).fit(data, Y)
    assert_same_outputs(model, LOST)

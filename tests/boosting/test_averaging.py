"""Sequences of blocks whose held-out losses are close are averaged, and others are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl import RMTGBRegressor

TABLES = [  # seed and noise, and the sequences that are close
    (1, 1.0, 1),
    (1, 2.0, 2),
    (2, 2.0, 4),
]


def fitted(X, y, blocks):
    model = RMTGBRegressor(
        task_column="task", blocks=blocks, n_rounds=5, n_bags=1, learning_rate=0.1, random_state=0
    )
    return model.fit(X, y)


@pytest.mark.parametrize(("seed", "noise", "n_kept"), TABLES)
def test_predictions_are_the_mean_of_the_kept_sequences(seed, noise, n_kept):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(200, 2)), columns=["a", "b"])
    X["task"] = np.arange(200) % 4
    y = X["a"] ** 2 + noise * rng.normal(size=200)
    model = fitted(X, y, "auto")
    tried = model.selection_
    assert tried["kept"].sum() == n_kept
    close = tried["validation_loss"] <= 1.02 * tried["validation_loss"].min()
    np.testing.assert_array_equal(tried["kept"], close)
    kept = [fitted(X, y, blocks).predict(X) for blocks in tried["blocks"][tried["kept"]]]
    np.testing.assert_allclose(model.predict(X), np.mean(kept, axis=0), atol=1e-9)

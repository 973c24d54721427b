"""A target with 30 labels, learnt with four related targets and without them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score

from skmtl import MultiTabRegressor
from skmtl.boosting import fit_plain
from skmtl.datasets import make_multitab_bench

N_TRAINING, N_TEST, N_LABELS = 1000, 2000, 30
TARGET = "task_0"
# Use a single, smaller network instead of the default, to be fast.
NETWORK: dict[str, Any] = {"n_bags": 1, "row_size": 128, "max_epochs": 60, "patience": 6}
TOGETHER, ALONE = "MultiTab, with the other four", "MultiTab, alone"
LIGHTGBM, RIDGE = "LightGBM, alone", "ridge, alone"


@dataclass(frozen=True)
class FewLabels:
    """R2 on test rows of the target with few labels, by model; a constant has 0."""

    scores: pd.Series

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        rivals = self.scores.drop(TOGETHER)
        return (
            f"Generated table, {N_LABELS} labels of one target: R2 {self.scores[TOGETHER]:.2f} "
            f"when MultiTab learns it with the other four, at most {rivals.max():.2f} otherwise "
            f"({rivals.idxmax()})."
        )

    def __str__(self) -> str:
        return self.scores.map("{:.2f}".format).to_string()


def run_few_labels(*, seed: int) -> FewLabels:
    """Fit the models and score them.

    Each target is the square of a direction in 16 features and the direction itself, with noise.
    The directions are correlated (0.9), so learning one target helps the others.
    """
    print(f"\n=== A generated table: five related targets, {N_LABELS} labels of the first")
    X, Y = make_multitab_bench(
        N_TRAINING + N_TEST,
        n_features=16,
        n_tasks=5,
        correlation=0.9,
        noise=0.3,
        random_state=seed,
    )
    test, truth = X[N_TRAINING:], Y[TARGET][N_TRAINING:]
    X, Y = X[:N_TRAINING], Y[:N_TRAINING].copy()
    Y.loc[N_LABELS:, TARGET] = np.nan
    together = MultiTabRegressor(random_state=seed, **NETWORK).fit(X, Y).predict(test)
    alone = MultiTabRegressor(random_state=seed, **NETWORK).fit(X[:N_LABELS], Y[TARGET][:N_LABELS])
    trees = _fit_lightgbm(X[:N_LABELS], Y[TARGET][:N_LABELS], seed)
    ridge = RidgeCV(np.logspace(-2, 3, 11)).fit(X[:N_LABELS], Y[TARGET][:N_LABELS])
    predictions = {
        TOGETHER: together[:, Y.columns.get_loc(TARGET)],
        ALONE: alone.predict(test),
        LIGHTGBM: trees.predict(test),
        RIDGE: ridge.predict(test),
    }
    result = FewLabels(
        pd.Series({name: r2_score(truth, values) for name, values in predictions.items()})
    )
    print(f"R2 on {N_TEST:,} test rows (seed {seed}; a constant has 0):\n{result}")
    return result


def _fit_lightgbm(X: pd.DataFrame, y: pd.Series, seed: int) -> Any:
    """LightGBM, with early stopping on every fifth row."""
    held_out = np.arange(len(y)) % 5 == 0
    training, validation = ((X[part], y[part].to_numpy(), None) for part in (~held_out, held_out))
    # With the default of 20 rows per leaf, trees could not split.
    parameters = {"objective": "regression", "min_data_in_leaf": 3, "seed": seed}
    return fit_plain(training, validation, parameters)

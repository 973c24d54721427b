"""A row's prediction depends on that row alone; a model on its data and seed alone."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest
import torch

from skmtl import MultiTabRegressor

CONFIGURATIONS = {
    "default": {},
    "paper": {
        "feature_attention": True,
        "mask": "none",
        "numeric_embedding": "linear",
        "row_mixing": "linear",
    },
    "prototypes": {
        "sample_context": "prototypes",
        "numeric_embedding": "periodic",
        "task_token": "single",
    },
    "memory": {"sample_context": "memory", "row_mixing": "mlp", "n_blocks": 2},
    "no row path": {"row_mixing": "none"},
}


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_a_row_is_scored_the_same_in_any_company(configuration, small, table):
    model = small.mixed(**CONFIGURATIONS[configuration]).fit(*table)
    expected = _numbers(model, table.X)
    spread = np.append(table.Y["price"].std(), np.ones(expected.shape[1] - 1))
    for size in [1, 2, 3, 50, 199]:
        n = min(20 * size, 240)
        parts = [_numbers(model, table.X[start : start + size]) for start in range(0, n, size)]
        assert (np.abs(np.vstack(parts)[:n] - expected[:n]) / spread).max() <= 1e-6
    order = np.random.default_rng(0).permutation(240)
    shuffled = _numbers(model, table.X.iloc[order])
    assert (np.abs(shuffled - expected[order]) / spread).max() <= 1e-6


def _numbers(model, X):
    return np.column_stack([model.predict(X)["price"], *model.predict_proba(X)])


@pytest.mark.slow
@pytest.mark.parametrize("configuration", ["default", "paper"])
def test_a_row_is_scored_the_same_in_any_company_by_a_network_of_usual_size(configuration):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 30))
    Y = np.tanh(X @ rng.normal(size=(30, 7)) / 5) * np.logspace(-3, 3, 7)
    model = MultiTabRegressor(
        n_bags=2, max_epochs=2, random_state=0, device="cpu", **CONFIGURATIONS[configuration]
    ).fit(X[:600], Y[:600])
    expected = model.predict(X)
    for size in [1, 2, 3, 7, 1025]:
        n = min(20 * size, 3000)
        parts = [model.predict(X[start : start + size]) for start in range(0, n, size)]
        assert (np.abs(np.vstack(parts)[:n] - expected[:n]) / Y.std(axis=0)).max() <= 1e-6


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_the_same_seed_gives_the_same_model(configuration, small, table):
    models = [
        small.mixed(**CONFIGURATIONS[configuration], random_state=seed).fit(*table)
        for seed in (3, 3, 4)
    ]
    first, second, other = [dict(model.network_.named_parameters()) for model in models]
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)
    pd.testing.assert_frame_equal(models[0].predict(table.X), models[1].predict(table.X))
    pd.testing.assert_frame_equal(
        models[0].history_.drop(columns="seconds"), models[1].history_.drop(columns="seconds")
    )


def test_a_random_state_object_is_used_up(small, table):
    rng = np.random.RandomState(0)
    first = small.mixed(random_state=rng).fit(*table).predict(table.X)
    second = small.mixed(random_state=rng).fit(*table).predict(table.X)
    assert (first["price"] != second["price"]).any()


@pytest.mark.parametrize("seed", [0, None])
def test_nothing_global_is_touched(seed, small, table):
    before = _global_state()
    model = small.mixed(
        random_state=seed, sample_context="memory", attention_dropout=0.1, feature_attention=True
    ).fit(*table)
    model.predict(table.X)
    assert _global_state() == before


def _global_state():
    return (
        random.getstate(),
        np.random.get_state()[1].tolist(),
        np.random.get_state()[2:],
        torch.get_rng_state().tolist(),
        torch.get_num_threads(),
        torch.get_num_interop_threads(),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.backends.cuda.matmul.allow_tf32,
        np.geterr(),
    )


def test_without_a_seed_every_model_is_another(small, table):
    first, second = [small.mixed(random_state=None).fit(*table) for _ in range(2)]
    assert (first.predict(table.X)["price"] != second.predict(table.X)["price"]).any()


def test_the_users_tables_are_left_as_they_were(small, table):
    X, Y = table.X.copy(), table.Y.copy()
    small.mixed().fit(*table).predict(table.X)
    pd.testing.assert_frame_equal(table.X, X)
    pd.testing.assert_frame_equal(table.Y, Y)


@pytest.mark.parametrize("missing", [np.nan, None, pd.NA], ids=["NaN", "None", "NA"])
def test_how_a_missing_label_is_written_makes_no_difference(missing, small, table):
    expected = small.mixed().fit(*table).predict(table.X)
    Y = table.Y.astype(object).where(table.Y.notna(), missing)
    # Objects do not tell that the numbers of a categorical are classes.
    prediction = small.mixed(tasks={"grade": "multiclass"}).fit(table.X, Y).predict(table.X)
    pd.testing.assert_frame_equal(prediction, expected, check_dtype=False, check_exact=True)


def test_how_a_missing_feature_is_written_makes_no_difference(small, table):
    expected = small.mixed().fit(*table).predict(table.X)
    X = table.X.astype({"age": "Float64", "new": "boolean", "city": object})
    assert X["age"].isna().any()
    prediction = small.mixed().fit(X, table.Y).predict(X)
    pd.testing.assert_frame_equal(prediction, expected, check_exact=True)


@pytest.mark.parametrize("configuration", ["default", "memory"])
def test_weight_zero_is_the_removal_of_the_row(configuration, small, table):
    kept = np.random.default_rng(1).random(240) < 0.7
    settings = CONFIGURATIONS[configuration]
    expected = small.mixed(**settings).fit(table.X[kept], table.Y[kept]).predict(table.X)
    X = table.X.copy()
    X.loc[~kept, "size"] = 1e9
    X.loc[~kept, "city"] = "nowhere"
    model = small.mixed(**settings).fit(X, table.Y, sample_weight=1.0 * kept)
    pd.testing.assert_frame_equal(model.predict(table.X), expected, check_exact=True)


def test_the_scale_of_the_weights_makes_no_difference(small, table):
    weight = np.random.default_rng(1).integers(1, 4, 240)
    expected = small.mixed().fit(*table, sample_weight=weight).predict(table.X)["price"]
    scaled = small.mixed().fit(*table, sample_weight=64.0 * weight).predict(table.X)["price"]
    np.testing.assert_allclose(scaled, expected, rtol=1e-6)


def test_heavy_rows_decide(small, table):
    y = np.where(np.arange(240) % 2 == 0, 1.0, -1.0)
    weight = np.where(y > 0, 1.0, 1e-3)
    prediction = small.regressor().fit(table.X, y, sample_weight=weight).predict(table.X)
    assert prediction.mean() > 0.9

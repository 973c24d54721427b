"""Tables of features as users have them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skmtl.networks import HubTokens


@pytest.fixture
def y(table):
    return table.X["size"] + table.X["new"]


def changed(X):
    """Tables with the same content in other dtypes."""
    return {
        "nullable": X.convert_dtypes(),
        "float32": X.astype({"size": "float32", "age": "float32"}),
        "object": X.astype(object),
        "bool as int": X.astype({"new": int}),
        "text as category": X.astype({"city": "category"}),
        "category as text": X.astype({"colour": "str"}),
        "categories in another order": X.assign(
            colour=X["colour"].cat.set_categories(["red", "blue", "none", "green"])
        ),
        "another index": X.set_axis(np.arange(len(X))[::-1], axis=0),
    }


@pytest.mark.parametrize(
    "form",
    [
        "nullable",
        "float32",
        "object",
        "bool as int",
        "text as category",
        "category as text",
        "categories in another order",
        "another index",
    ],
)
def test_the_dtype_does_not_matter_at_fit_or_predict(form, small, table, y):
    expected = small.regressor(max_epochs=2).fit(table.X, y)
    other = changed(table.X)[form]
    np.testing.assert_allclose(expected.predict(other), expected.predict(table.X), atol=1e-5)
    model = small.regressor(max_epochs=2).fit(other, y)
    np.testing.assert_allclose(model.predict(other), expected.predict(table.X), atol=1e-3)


@pytest.mark.parametrize("configuration", [
    {}, {"numeric_embedding": "linear"}, {"numeric_embedding": "periodic"},
    {"feature_attention": True, "mask": "none"}, {"feature_attention": HubTokens(n=3)},
])  # fmt: skip
def test_columns_without_information(configuration, small, table, y):
    X = table.X.assign(
        constant=7.0,
        huge=1e300,
        missing=np.nan,
        nothing=None,
        no_category=pd.Categorical([None] * 240),
        same="text",
        false=False,
    )
    model = small.regressor(max_epochs=15, **configuration).fit(X, y)
    assert model.score(X, y) > 0.5
    # Values that fit never saw.
    strange = X.assign(constant=8.0, missing=1.0, same="other", false=True, no_category="new")
    with pytest.warns(UserWarning, match="'same' holds unknown categories in all 240") as caught:
        assert np.isfinite(model.predict(strange)).all()
    assert "'no_category'" not in str(caught[0].message)  # nothing that could be lost


def test_only_numbers_only_categories_and_a_single_column(small, table, y):
    for columns in [["size", "age"], ["city", "colour"], ["size"], ["city"]]:
        model = small.regressor(max_epochs=2).fit(table.X[columns], y)
        assert np.isfinite(model.predict(table.X[columns])).all()
        assert list(model.attention(table.X[columns]).columns) == columns


def test_nothing_but_missing_values(small, table, y):
    X = table.X.astype(object).where(table.X.isna() & False, None)
    prediction = small.regressor(max_epochs=2).fit(X, y).predict(X)
    assert np.ptp(prediction) == 0


def test_unseen_categories_and_missing_values_at_predict(small, table, y):
    model = small.regressor().fit(table.X.fillna({"age": 1.0}), y)
    strange = table.X.assign(city="Rome", colour="purple", age=np.nan)
    with pytest.warns(UserWarning, match="'age' is missing in all 240 rows"):
        prediction = model.predict(strange)
    assert np.isfinite(prediction).all()
    # What is unknown says nothing, whatever it is called.
    with pytest.warns(UserWarning, match="'city' holds unknown categories in all 240 rows"):
        again = model.predict(strange.assign(city="Oxford", colour="grey"))
    np.testing.assert_array_equal(prediction, again)
    # So is what is missing where nothing was in `fit`.
    with pytest.warns(UserWarning, match="'city' is missing in all 240 rows"):
        missing = model.predict(strange.assign(city=None, colour=None))
    np.testing.assert_array_equal(missing, prediction)


def test_outliers_do_not_reach_far(small, table, y):
    model = small.regressor(max_epochs=12).fit(table.X, y)
    far = model.predict(table.X.assign(size=1e12))
    assert np.isfinite(far).all()
    assert np.abs(far).max() < 20 * np.abs(y).max()


@pytest.mark.filterwarnings("ignore:Column 'id' of X has a different value in every row")
@pytest.mark.filterwarnings("ignore:X has columns without any value")
def test_a_hundred_thousand_categories(small):
    rng = np.random.default_rng(0)
    n = 100_000
    X = pd.DataFrame({"id": [f"user {i}" for i in range(n)], "size": rng.normal(size=n)})
    model = small.regressor(batch_size=8192, max_epochs=2).fit(X, X["size"])
    assert model.score(X, X["size"]) > 0.5
    new = pd.DataFrame({"id": ["nobody"] * 5, "size": np.linspace(-1, 1, 5)})
    assert np.isfinite(model.predict(new)).all()


def test_many_columns(small):
    X = np.random.default_rng(0).normal(size=(100, 400))
    model = small.regressor(embedding_size="auto", n_heads=2, max_epochs=2).fit(X, X[:, :40])
    assert model.predict(X).shape == (100, 40)


def test_polars_and_arrays_follow_the_names_and_positions_of_fit(small, table, y):
    X = table.X[["size", "new"]]
    model = small.regressor(max_epochs=2).fit(X, y)
    expected = model.predict(X)
    frame = pl.DataFrame({name: X[name].to_numpy() for name in X})
    np.testing.assert_array_equal(model.predict(frame), expected)
    assert model.feature_names_in_.tolist() == ["size", "new"]
    assert model.n_features_in_ == 2
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        np.testing.assert_array_equal(model.predict(X.to_numpy(dtype=float)), expected)


def test_numbers_as_column_names(small, table, y):
    X = table.X.set_axis(range(5), axis=1)
    model = small.regressor(max_epochs=2).fit(X, y)
    assert list(model.attention(X).columns) == list(range(5))


def test_two_rows(small, table, y):
    model = small.regressor().fit(table.X[:2], y[:2])
    assert np.isfinite(model.predict(table.X)).all()
    assert "validation_loss" not in model.history_

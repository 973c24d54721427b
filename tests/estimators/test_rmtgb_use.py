"""R-MTGB with all kinds, tables and ids as users have them, in searches, saved and loaded."""

from __future__ import annotations

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmtl.metrics import task_scorers
from skmtl.tasks import Regression

ALL = ("shared", "signature", "partition", "task")


@pytest.fixture
def shops(long_table):
    X, Y = long_table
    return X, Y["price"].fillna(100.0)


KINDS = {
    "count": ("count", lambda z: np.floor(np.exp(z))),
    "ordinal": ("ordinal", lambda z: np.digitize(z, [-1, 0, 1])),
    "multiclass": ("multiclass", lambda z: np.digitize(z, [-0.5, 0.5])),
    "binary": ("binary", lambda z: (z > 0).astype(int)),
    "quantile": ("quantile", lambda z: z),
    "huber": (Regression("huber"), lambda z: z),
}


@pytest.mark.parametrize("layout", ["long", "wide"])
@pytest.mark.parametrize("name", KINDS)
def test_every_kind_beats_the_constant(name, layout, boosted, shops):
    kind, label = KINDS[name]
    X, y = shops
    target = label((y - 100) / 20)
    settings = {"task_column": "shop", "blocks": ALL} if layout == "long" else {}
    # The few counts that are held out would stop the rounds before the first.
    model = boosted.mixed(tasks=kind, early_stopping=False, **settings).fit(X, target)
    constant = boosted.mixed(tasks=kind, n_rounds=0).fit(X, target)
    assert model.score(X, target) > constant.score(X, target) + 0.1


@pytest.mark.parametrize("dtype", ["category", "object", "Int64", "int8", "float"])
def test_task_ids_of_any_dtype(dtype, boosted, shops):
    X, y = shops
    expected = boosted.regressor(task_column="shop", blocks=ALL).fit(X, y).predict(X)
    codes = X["shop"].map({"east": 0, "north": 1, "south": 2, "west": 3})
    ids = X["shop"] if dtype in ("category", "object") else codes
    other = X.assign(shop=ids.astype(dtype))
    model = boosted.regressor(task_column="shop", blocks=ALL).fit(other, y)
    np.testing.assert_allclose(model.predict(other), expected)
    assert model.outlier_score_.index.tolist() == sorted(ids.unique())


def test_the_task_column_by_name_or_position(boosted, shops):
    X, y = shops
    expected = boosted.regressor(task_column="shop").fit(X, y)
    for task in (1, -3, np.int64(1)):
        model = boosted.regressor(task_column=task).fit(X, y)
        np.testing.assert_array_equal(model.predict(X), expected.predict(X))
        np.testing.assert_array_equal(model.feature_importances_, expected.feature_importances_)


def test_names_that_lightgbm_would_refuse(boosted, shops):
    X, y = shops
    strange = X.rename(columns={"size": 'a "b"[]{}:,', "age": "Größe\n", "city": "a b"})
    expected = boosted.regressor(task_column="shop").fit(X, y).predict(X)
    model = boosted.regressor(task_column="shop").fit(strange, y)
    np.testing.assert_array_equal(model.predict(strange), expected)


@pytest.mark.filterwarnings("ignore:X has columns without any value")
def test_unknown_and_missing_categories(boosted, shops):
    X, y = shops
    model = boosted.regressor(task_column="shop").fit(X, y)
    first = model.predict(X.assign(city="Rome"))
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, model.predict(X.assign(city="Oxford")))
    as_category = X.astype({"city": "category"})
    np.testing.assert_array_equal(model.predict(as_category), model.predict(X))
    assert np.isfinite(model.predict(X.assign(city=None, age=np.nan))).all()


def test_text_alone(boosted, shops):
    X, y = shops
    model = boosted.regressor(task_column="shop", blocks=ALL).fit(X[["city", "shop"]], y)
    assert np.isfinite(model.predict(X[["city", "shop"]])).all()


def test_a_copy_predicts_the_same(boosted, long_table, tmp_path):
    X = long_table.X
    model = boosted.mixed(task_column="shop", blocks=ALL).fit(*long_table)
    joblib.dump(model, tmp_path / "model.joblib")
    for again in (pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model.joblib")):
        pd.testing.assert_frame_equal(again.predict(X), model.predict(X), check_exact=True)
        pd.testing.assert_series_equal(again.theta_, model.theta_)
    fresh = clone(model)
    assert fresh.get_params() == model.get_params()
    assert not hasattr(fresh, "task_set_")


def test_grid_search_over_a_pipeline_of_long_data(boosted, shops):
    pipeline = make_pipeline(FunctionTransformer(), boosted.regressor(task_column="shop"))
    search = GridSearchCV(pipeline, {"rmtgbregressor__n_rounds": [0, 15]}, cv=2, n_jobs=2)
    search.fit(*shops)
    assert search.best_params_ == {"rmtgbregressor__n_rounds": 15}
    assert search.predict(shops[0]).shape == (240,)


def test_cross_validation(boosted, long_table, shops):
    predicted = cross_val_predict(boosted.regressor(task_column="shop"), *shops, cv=2)
    assert np.corrcoef(predicted, shops[1])[0, 1] > 0.3
    results = cross_validate(boosted.mixed(), *long_table, cv=2, scoring=task_scorers())
    assert all(np.isfinite(results[f"test_{name}"]).all() for name in long_table.Y)

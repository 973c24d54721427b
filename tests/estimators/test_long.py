"""Long data: a column of X names the task of each row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

SCHOOLS = ["north", "south", "west"]


@pytest.fixture
def schools():
    """Hours help in the north, hurt in the south, and grades in the west are on another scale."""
    rng = np.random.default_rng(0)
    school = rng.choice(SCHOOLS, 300)
    hours = rng.normal(size=300)
    slope = pd.Series(school).map({"north": 1.0, "south": -1.0, "west": 10.0}).to_numpy()
    X = pd.DataFrame({"hours": hours, "school": school, "noise": rng.normal(size=300)})
    grade = slope * hours + np.where(school == "west", 500.0, 0.0) + 0.1 * rng.normal(size=300)
    return X, pd.Series(grade, name="grade")


def test_each_task_learns_its_own_function(small, schools):
    size = {"embedding_size": 16, "row_size": 64, "tower_size": 32, "learning_rate": 5e-3}
    model = small.regressor(task_column="school", max_epochs=80, **size).fit(*schools)
    by_task = model.score_tasks(*schools)
    assert list(by_task.index) == SCHOOLS
    assert (by_task > 0.8).all()
    assert model.score(*schools) > 0.99


def test_the_column_may_be_named_or_numbered(small, schools):
    X, y = schools
    expected = small.regressor(task_column="school").fit(X, y).predict(X)
    for task in [1, -2, np.int64(1)]:
        np.testing.assert_array_equal(
            small.regressor(task_column=task).fit(X, y).predict(X), expected
        )
    array = X.assign(school=X["school"].map(SCHOOLS.index)).to_numpy()
    np.testing.assert_array_equal(
        small.regressor(task_column=1).fit(array, y).predict(array), expected
    )


@pytest.mark.parametrize("dtype", ["category", "object", "Int64", "float"])
def test_ids_of_any_dtype(dtype, small, schools):
    X, y = schools
    ids = X["school"] if dtype in ("category", "object") else X["school"].map(SCHOOLS.index)
    X = X.assign(school=ids.astype(dtype))
    scores = small.regressor(task_column="school").fit(X, y).score_tasks(X, y)
    assert list(scores.index) == sorted(ids.unique())


def test_unseen_ids_get_finite_predictions_of_the_average_task(small, schools):
    X, y = schools
    model = small.regressor(task_column="school", max_epochs=60).fit(X, y)
    new = X.assign(school="east")
    prediction = model.predict(new)
    assert np.isfinite(prediction).all()
    assert abs(prediction.mean() - y.mean()) < y.std()
    np.testing.assert_array_equal(model.predict(X.assign(school="centre")), prediction)
    mixed = X.assign(school=X["school"].where(X.index % 2 == 0, "east"))
    np.testing.assert_array_equal(model.predict(mixed)[::2], model.predict(X)[::2])


@pytest.mark.parametrize("context", [None, "memory"])
@pytest.mark.parametrize("token", ["multi", "single"])
def test_several_targets_of_different_kinds(context, token, small, schools):
    X, y = schools
    Y = pd.DataFrame({"grade": y, "passed": np.where(X["hours"] > 0, "yes", "no")})
    Y = Y.mask(np.random.default_rng(0).random(Y.shape) < 0.3)
    tasks = {"grade": "quantile"}
    model = small.mixed(
        tasks=tasks, task_column="school", sample_context=context, task_token=token, max_epochs=30
    ).fit(X, Y)
    scores = model.score_tasks(X, Y)
    assert scores.index.tolist() == [(s, t) for s in SCHOOLS for t in ["grade", "passed"]]
    assert (scores.xs("passed", level=1) > 0.8).all()
    assert list(model.predict_quantiles(X).columns) == [("grade", q) for q in (0.1, 0.5, 0.9)]
    assert (model.predict_quantiles(X).diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    assert list(model.attention(X).columns) == ["hours", "noise"]
    assert model.embed(X).shape == (300, 2 if token == "multi" else 1, 4)


def test_scores_of_tasks_take_weights_and_any_index(small, schools):
    X, y = schools
    model = small.regressor(task_column="school").fit(X, y)
    first = np.arange(300) < 150
    expected = model.score_tasks(X[first], y[first])
    weighed = model.score_tasks(X.set_index(np.arange(300) + 7), y.to_numpy(), 1.0 * first)
    pd.testing.assert_series_equal(weighed, expected)


def test_a_task_with_few_rows_borrows_from_the_others(small, schools):
    X, y = schools
    few = X["school"].ne("south") | (X["school"].eq("south").cumsum() <= 3)
    model = small.regressor(task_column="school", max_epochs=20).fit(X[few], y[few])
    assert np.isfinite(model.predict(X)).all()


def test_counts_and_classes(small, schools):
    X, _ = schools
    visits = np.random.default_rng(0).poisson(np.exp(X["hours"]))
    model = small.mixed(tasks="count", task_column="school").fit(X, visits)
    assert (model.predict(X)[0] > 0).all()
    classifier = small.classifier(task_column="school", max_epochs=12).fit(X, X["hours"] > 0)
    assert classifier.predict_proba(X).shape == (300, 2)
    assert (classifier.score_tasks(X, X["hours"] > 0) > 0.85).all()


def test_validation_rows_come_from_every_task(small, schools):
    X, y = schools
    y = y.where(X["school"] != "west")  # a task whose labels are all missing is no task of the id
    model = small.regressor(task_column="school").fit(X, y)
    assert np.isfinite(model.predict(X)).all()
    assert np.isnan(model.score_tasks(X, y)["west"])


def test_eval_set_and_warm_start(small, schools):
    X, y = schools
    new = X[200:].assign(school=X["school"][200:].where(X["school"][200:] != "west", "east"))
    model = small.regressor(task_column="school", warm_start=True)
    model.fit(X[:200], y[:200], eval_set=(new, y[200:]))
    with pytest.warns(UserWarning, match=r"1 ids that the first fit has not seen.*\['east'\]"):
        model.fit(new, y[200:])
    assert model.n_epochs_ == 12
    assert np.isfinite(model.predict(new)).all()


def test_warm_start_takes_rows_of_new_ids_alone(small, schools):
    X, y = schools
    model = small.regressor(task_column="school", warm_start=True).fit(X, y)
    new = X.assign(school="east")
    with pytest.warns(UserWarning, match="in 300 of 300 rows"):
        model.fit(new, y)
    assert model.history_["validation_loss"].notna().all()
    assert np.isfinite(model.predict(X)).all()
    model.set_params(balance="pcgrad")
    unseen = pytest.warns(UserWarning, match="has not seen")
    with unseen, pytest.raises(ValueError, match="none of the 3 ids that the network knows"):
        model.fit(new, y)


def test_in_a_search_without_any_configuration(small, schools):
    X, y = schools
    pipeline = make_pipeline(
        FunctionTransformer(), small.regressor(task_column="school", max_epochs=20)
    )
    search = GridSearchCV(pipeline, {"multitabregressor__row_size": [16]}, cv=2).fit(X, y)
    assert search.best_score_ > 0.9
    assert search.predict(X).shape == (300,)
    assert np.corrcoef(cross_val_predict(pipeline, X, y, cv=2), y)[0, 1] > 0.9

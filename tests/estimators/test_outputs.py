"""What a fitted model gives back, for every form of labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skmtl.tasks import Quantile, Regression


@pytest.fixture
def fitted(small, table):
    return small.mixed().fit(*table)


def test_predictions_have_the_tasks_and_the_index_of_the_caller(fitted, table):
    prediction = fitted.predict(table.X)
    assert list(prediction.columns) == ["price", "sold", "grade"]
    pd.testing.assert_index_equal(prediction.index, table.X.index)
    assert prediction["price"].dtype == np.float64
    assert set(prediction["sold"]) <= {"yes", "no"}
    assert set(prediction["grade"]) <= {0, 1, 2}
    assert fitted.task_names_ == ["price", "sold", "grade"]
    assert fitted.task_kinds_ == {"price": "regression", "sold": "binary", "grade": "multiclass"}


def test_probabilities_follow_classes_and_predictions_are_their_argmax(fitted, table):
    sold, grade = fitted.predict_proba(table.X)
    assert [classes.tolist() for classes in fitted.classes_] == [["no", "yes"], [0, 1, 2]]
    assert (sold.shape, grade.shape) == ((240, 2), (240, 3))
    prediction = fitted.predict(table.X)
    for name, classes, proba in zip(
        ["sold", "grade"], fitted.classes_, [sold, grade], strict=True
    ):
        assert proba.dtype == np.float64
        np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-12)
        assert (proba >= 0).all()
        np.testing.assert_array_equal(classes[proba.argmax(axis=1)], prediction[name])


def test_score_is_the_mean_of_the_tasks_scores(fitted, table):
    by_task = fitted.score_tasks(*table)
    assert list(by_task.index) == ["price", "sold", "grade"]
    assert fitted.score(*table) == pytest.approx(by_task.mean())
    known = table.Y["sold"].notna()
    hits = fitted.predict(table.X)["sold"] == table.Y["sold"]
    assert by_task["sold"] == pytest.approx(hits[known].mean())


def test_scores_do_not_depend_on_the_index_or_order_of_label_columns(fitted, table):
    expected = fitted.score_tasks(*table)
    by_name = fitted.score_tasks(table.X, table.Y[["grade", "price", "sold"]])
    pd.testing.assert_series_equal(by_name[expected.index], expected)
    by_position = fitted.score_tasks(table.X, table.Y.reset_index(drop=True))
    pd.testing.assert_series_equal(by_position, expected)
    assert fitted.score(table.X, table.Y[["sold"]]) == expected["sold"]


def test_a_task_without_labels_in_y_has_no_score_and_no_say(fitted, table):
    Y = table.Y.assign(price=np.nan)
    by_task = fitted.score_tasks(table.X, Y)
    assert np.isnan(by_task["price"])
    assert fitted.score(table.X, Y) == pytest.approx(by_task[["sold", "grade"]].mean())


def test_rows_of_score_are_weighed(fitted, table):
    first = np.arange(240) < 100
    expected = fitted.score_tasks(table.X[first], table.Y[first])
    weighed = fitted.score_tasks(table.X, table.Y, sample_weight=1.0 * first)
    pd.testing.assert_series_equal(weighed, expected)


@pytest.mark.parametrize("estimator", ["regressor", "classifier"])
def test_scores_of_one_kind_leave_missing_labels_out(estimator, small, table):
    y = table.Y["price"] if estimator == "regressor" else table.Y["sold"]
    model = getattr(small, estimator)().fit(table.X, y)
    known = y.notna()
    assert model.score(table.X, y) == pytest.approx(model.score(table.X[known], y[known]))


def one_dimensional(y):
    return {
        "array": y.to_numpy(),
        "list": y.tolist(),
        "Series": y,
        "Series without a name": y.rename(None),
        "polars Series": pl.Series("price", y.to_numpy()),
        "object array": y.astype(object).where(y.notna(), None).to_numpy(),
        "nullable": y.astype("Float64"),
    }


@pytest.mark.parametrize("form", one_dimensional(pd.Series(dtype=float)))
def test_one_target_in_any_form_gives_the_same_array(form, small, table):
    y = table.Y["price"]
    expected = small.regressor(max_epochs=2).fit(table.X, y.to_numpy()).predict(table.X)
    model = small.regressor(max_epochs=2).fit(table.X, one_dimensional(y)[form])
    assert expected.shape == (240,)
    np.testing.assert_array_equal(model.predict(table.X), expected)
    assert model.score(table.X, one_dimensional(y)[form]) == pytest.approx(model.score(table.X, y))


def two_dimensional(Y):
    return {
        "array": Y.to_numpy(),
        "list": Y.to_numpy().tolist(),
        "DataFrame": Y,
        "polars DataFrame": pl.DataFrame({name: Y[name].to_numpy() for name in Y}),
        "structured": np.rec.fromarrays([Y[name] for name in Y], names=list(Y)),
        "nullable": Y.astype("Float64"),
    }


@pytest.mark.parametrize("form", two_dimensional(pd.DataFrame({"a": [1.0]})))
def test_several_targets_in_any_form_give_the_same_array(form, small, table):
    Y = pd.DataFrame({"price": table.Y["price"], "age": table.X["age"]})
    X = table.X.drop(columns="age")
    expected = small.regressor(max_epochs=2).fit(X, Y).predict(X)
    model = small.regressor(max_epochs=2).fit(X, two_dimensional(Y)[form])
    assert expected.shape == (240, 2)
    np.testing.assert_array_equal(model.predict(X), expected)


def test_a_frame_with_one_column_keeps_its_axis(small, table):
    assert small.regressor().fit(table.X, table.Y[["price"]]).predict(table.X).shape == (240, 1)
    model = small.classifier().fit(table.X, table.Y[["sold"]])
    assert model.predict(table.X).shape == (240, 1)
    (proba,) = model.predict_proba(table.X)
    assert proba.shape == (240, 2)
    assert [each.tolist() for each in model.classes_] == [["no", "yes"]]


def labels_of_any_dtype(truth):
    text = pd.Series(np.where(truth, "yes", "no"))
    return {
        "bool": (truth, [False, True]),
        "nullable bool": (pd.Series(truth, dtype="boolean"), [False, True]),
        "int": (truth.astype(int) + 3, [3, 4]),
        "Int64": (pd.Series(truth + 3, dtype="Int64"), [3, 4]),
        "float": (truth.astype(float), [0.0, 1.0]),
        "str": (text.astype("str"), ["no", "yes"]),
        "object": (text.astype(object), ["no", "yes"]),
        "numpy str": (text.to_numpy(dtype="U3"), ["no", "yes"]),
        "category": (text.astype("category"), ["no", "yes"]),
        "category of numbers": (pd.Series(truth + 3).astype("category"), [3, 4]),
    }


@pytest.mark.parametrize("dtype", labels_of_any_dtype(np.array([True])))
def test_classes_of_any_dtype(dtype, small, table):
    labels, classes = labels_of_any_dtype((table.X["size"] > 0).to_numpy())[dtype]
    model = small.classifier(max_epochs=12).fit(table.X, labels)
    assert model.classes_.tolist() == classes
    prediction = model.predict(table.X)
    assert np.mean(prediction == np.asarray(labels)) > 0.85
    assert model.predict_proba(table.X).shape == (240, 2)


def test_classes_of_different_dtypes_side_by_side(small, table):
    Y = pd.DataFrame({"new": table.X["new"], "sold": table.Y["sold"], "code": table.Y["grade"]})
    prediction = small.classifier().fit(table.X, Y).predict(table.X)
    assert prediction.shape == (240, 3)
    assert set(prediction[:, 0]) <= {False, True}
    assert set(prediction[:, 1]) <= {"no", "yes"}
    assert set(prediction[:, 2]) <= {0, 1, 2}


def test_quantiles_have_names_and_never_cross(small, table):
    tasks = {"price": Quantile((0.05, 0.5, 0.95)), "age": "quantile", "sold": "binary"}
    Y = table.Y[["price", "sold"]].assign(age=table.X["age"])
    model = small.mixed(tasks=tasks).fit(table.X, Y)
    quantiles = model.predict_quantiles(table.X)
    assert list(quantiles.columns) == [
        ("price", 0.05), ("price", 0.5), ("price", 0.95), ("age", 0.1), ("age", 0.5), ("age", 0.9)
    ]  # fmt: skip
    pd.testing.assert_index_equal(quantiles.index, table.X.index)
    for name in ["price", "age"]:
        assert (np.diff(quantiles[name], axis=1) >= 0).all()
        np.testing.assert_array_equal(model.predict(table.X)[name], quantiles[name][0.5])
    covered = (table.Y["price"] >= quantiles["price", 0.05]) & (
        table.Y["price"] <= quantiles["price", 0.95]
    )
    assert 0.75 < covered[table.Y["price"].notna()].mean() <= 1


def test_every_kind_in_one_model(small, table):
    rng = np.random.default_rng(0)
    Y = table.Y.assign(
        visits=rng.poisson(np.exp(table.X["size"])).astype(float),
        risk=pd.Categorical(table.Y["grade"].map({0: "low", 1: "mid", 2: "high"})),
    )
    tasks = {"visits": "count", "price": Regression("huber"), "risk": "ordinal"}
    order = pd.CategoricalDtype(["low", "mid", "high"], ordered=True)
    model = small.mixed(tasks=tasks).fit(table.X, Y.astype({"risk": order}))
    assert model.task_kinds_ == {
        "price": "regression",
        "sold": "binary",
        "grade": "multiclass",
        "visits": "count",
        "risk": "ordinal",
    }
    assert model.classes_[2].tolist() == ["low", "mid", "high"]
    assert (model.predict(table.X)["visits"] > 0).all()


@pytest.mark.parametrize("token", ["multi", "single"])
def test_embedding_has_a_vector_for_every_task(token, small, table):
    model = small.mixed(task_token=token).fit(*table)
    embedding = model.embed(table.X)
    assert embedding.shape == (240, 3 if token == "multi" else 1, 4)
    assert np.isfinite(embedding).all()
    assert embedding.std(axis=0).min() > 0


@pytest.mark.parametrize("mask", ["none", "task_to_task", "feature_to_task", "both"])
def test_attention_names_tasks_and_features(mask, small, table):
    model = small.mixed(mask=mask, n_blocks=2, feature_attention=True).fit(*table)
    attention = model.attention(table.X)
    assert list(attention.index) == ["price", "sold", "grade"]
    assert list(attention.columns) == list(table.X.columns)
    np.testing.assert_allclose(attention.sum(axis=1), 1, atol=1e-6)
    assert (attention > 0).all(axis=None)


def test_attention_of_a_single_token_is_shared(small, table):
    attention = small.mixed(task_token="single").fit(*table).attention(table.X)
    assert list(attention.index) == ["shared"]


def test_polars_tables(small, table):
    X = pl.DataFrame({name: table.X[name].astype(object).to_list() for name in table.X})
    Y = pl.DataFrame(
        {
            "price": table.Y["price"].to_list(),
            "sold": [None if pd.isna(label) else label for label in table.Y["sold"]],
        },
        nan_to_null=True,
    )
    pandas = table.X.astype({"colour": "str"}), table.Y[["price", "sold"]]
    expected = small.mixed().fit(*pandas).predict(pandas[0])
    model = small.mixed().fit(X.with_columns(pl.col("age").fill_nan(None)), Y)
    prediction = model.predict(X.with_columns(pl.col("age").fill_nan(None)))
    pd.testing.assert_frame_equal(prediction, expected.reset_index(drop=True))

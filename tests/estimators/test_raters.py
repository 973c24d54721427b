"""Estimators that take the severities of raters out of the labels."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import skmtl
from skmtl import RMTGB, MultiTab, MultiTabSurvival, MultiTaskLinear, StackedTasks
from skmtl.datasets import make_ratings
from skmtl.tables import ParquetTable
from skmtl.tasks import Binary, Quantile, Regression

MODELS = {
    "linear": MultiTaskLinear(alpha=1.0),
    "boosting": RMTGB(blocks=("shared",), n_rounds=15),
    "network": MultiTab(max_epochs=3, n_members=2, row_size=16, n_jobs=1),
    "stack": StackedTasks(
        estimators=[("a", MultiTaskLinear(alpha=1.0)), ("b", MultiTaskLinear(alpha=0.1))]
    ),
}
COMMON = {"rater_column": "rater", "n_bags": 2, "random_state": 0}


@pytest.fixture(scope="module")
def ratings():
    sizes = {
        "n_raters": 6,
        "n_questions": 1,
        "n_levels": 3,
        "ratings_per_item": 1,
        "severity_scale": 1.5,
    }
    X, Y, truth = make_ratings(400, 2, **sizes, random_state=0, return_truth=True)
    X = X.drop(columns="item")
    severity = truth.severity.loc[X["rater"]].to_numpy()
    location = X["x_0"] - severity + np.random.default_rng(0).normal(0, 0.5, len(X))
    Y = Y.assign(likes=location > 0, length=10 * location + 50)
    return X, Y, truth.severity


@pytest.fixture(scope="module", params=MODELS)
def fitted(request, ratings):
    X, Y, _ = ratings
    model = clone(MODELS[request.param])
    return model.set_params(**COMMON, tasks={"question_0": "ordinal"}).fit(X, Y)


def severities(model):
    return model.severity_.xs("severity", axis=1, level=1)


def test_severities_are_those_of_the_raters(fitted, ratings):
    X, _, truth = ratings
    found = severities(fitted)
    assert found.columns.tolist() == ["question_0", "likes", "length"]
    assert (found.corrwith(truth) > 0.95).all()
    np.testing.assert_allclose(found.sum(), 0, atol=1e-8)
    # In units of the labels.
    assert np.polyfit(truth, found["length"], 1)[0] == pytest.approx(10, rel=0.15)
    counts = fitted.severity_[("length", "n_ratings")]
    assert counts.to_dict() == X["rater"].value_counts().to_dict()


def test_the_column_of_raters_says_nothing_of_predictions(fitted, ratings):
    X = ratings[0]
    assert fitted.feature_names_in_.tolist() == ["x_0", "x_1"]
    expected = fitted.predict(X.drop(columns="rater"))
    pd.testing.assert_frame_equal(fitted.predict(X), expected)
    strange = X.assign(rater="nobody")[["x_0", "rater", "x_1"]]
    pd.testing.assert_frame_equal(fitted.predict(strange), expected)


def test_files_hold_severities(fitted, ratings):
    file = io.BytesIO()
    fitted.save(file)
    file.seek(0)
    loaded = skmtl.load(file)
    pd.testing.assert_frame_equal(loaded.severity_, fitted.severity_)
    pd.testing.assert_frame_equal(loaded.predict(ratings[0]), fitted.predict(ratings[0]))


def flat_without_raters():
    """Strict raters judge high items: without raters the slope of 1 looks smaller."""
    rng = np.random.default_rng(0)
    rater = rng.integers(0, 6, 600)
    severity = np.linspace(-1.5, 1.5, 6)[rater]
    x = severity + rng.normal(size=600)
    return pd.DataFrame({"x": x, "rater": rater}), x - severity + 0.3 * rng.normal(size=600)


def slope(model, X, y):
    at = pd.DataFrame({"x": [-1.0, 1.0]})
    low, high = np.ravel(model.fit(X, y).predict(at))
    return (high - low) / 2


def test_severities_do_not_bias_the_rest():
    X, y = flat_without_raters()
    model = MultiTaskLinear(alpha=1.0, early_stopping=False)
    assert slope(model, X[["x"]], y) < 0.6
    assert slope(model.set_params(rater_column="rater"), X, y) == pytest.approx(1, abs=0.1)


def test_raters_have_severities_by_target_in_long_data(ratings):
    X, Y, truth = ratings
    X = X.assign(site=np.where(np.arange(len(X)) % 2, "a", "b"))
    model = RMTGB(task_column="site", blocks=("shared",), n_rounds=10, **COMMON)
    model.fit(X, Y["length"])
    assert severities(model).corrwith(truth).item() > 0.95
    assert len(model.predict(X.drop(columns="rater"))) == len(X)


def test_positions_and_arrays(ratings):
    X, Y, _ = ratings
    array = X.to_numpy()
    at = X.columns.get_loc("rater")
    model = MultiTaskLinear(alpha=1.0, **COMMON | {"rater_column": at}).fit(array, Y["length"])
    assert model.n_features_in_ == 2
    np.testing.assert_array_equal(
        model.predict(array), model.predict(np.delete(array, at, axis=1))
    )


def test_a_question_of_too_few_labels_to_hold_any_out_is_learnt(ratings):
    X, Y, truth = ratings
    few = Y["length"].where(np.arange(len(Y)) < 3)
    model = MultiTaskLinear(alpha=1.0, **COMMON | {"n_bags": 1})
    found = severities(model.fit(X, Y[["length"]].assign(few=few)))
    assert found.notna().all(axis=None)
    assert found["length"].corr(truth) > 0.9


def test_validation_rows_may_have_other_raters(ratings):
    X, Y, _ = ratings
    model = MultiTaskLinear(alpha=1.0, rater_column="rater", random_state=0)
    others = X.tail(50).assign(rater=99)
    model.fit(X.head(350), Y["length"].head(350), eval_set=(others, Y["length"].tail(50)))
    assert 99 not in model.severity_.index
    with pytest.raises(ValueError, match=r"eval_set cannot be used.*rater_column='rater' is not"):
        model.fit(X, Y["length"], eval_set=(others.drop(columns="rater"), Y["length"].tail(50)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rater": 1}, "names one rater only, 1"),
        ({"rater": np.nan}, "have no rater in column 'rater'"),
    ],
)
def test_raters_that_cannot_be_compared_are_refused(ratings, change, message):
    X, Y, _ = ratings
    with pytest.raises(ValueError, match=message):
        MultiTaskLinear(**COMMON).fit(X.assign(**change), Y["length"])


@pytest.mark.parametrize(
    "kind", ["multiclass", Quantile([0.5]), Regression("absolute"), Regression(transform="sqrt")]
)
def test_targets_without_a_severity_are_named(ratings, kind):
    X, Y, _ = ratings
    y = Y[["question_0"]] + 1
    with pytest.raises(ValueError, match=r"'question_0' .* has no severity of raters"):
        RMTGB(tasks=kind, **COMMON).fit(X, y)


def test_focal_scores_have_no_severity_because_they_are_not_log_odds(ratings):
    X, Y, _ = ratings
    with pytest.raises(ValueError, match=r"'likes' .* has no severity .* without focal loss"):
        MultiTaskLinear(tasks={"likes": Binary(loss="focal")}, **COMMON).fit(X, Y[["likes"]])


def test_settings_that_have_no_severities_are_refused(ratings, tmp_path):
    X, Y, _ = ratings
    with pytest.raises(ValueError, match="rater_column='rater' is not for warm_start=True"):
        MultiTab(rater_column="rater", warm_start=True).check_parameters()
    X.assign(y=Y["length"]).to_parquet(tmp_path / "0.parquet")
    with pytest.raises(ValueError, match="rater_column='rater' is for rows in memory"):
        MultiTab(max_epochs=1, **COMMON).fit(ParquetTable(tmp_path), "y")
    times = pd.DataFrame({"event": Y["likes"], "time": np.arange(len(Y)) + 1.0})
    with pytest.raises(ValueError, match="has no severity of raters"):
        MultiTabSurvival(rater_column="rater").fit(X, times)


def test_there_are_no_severities_without_raters(ratings):
    X, Y, _ = ratings
    model = MultiTaskLinear(alpha=1.0, n_bags=2, random_state=0).fit(X, Y["length"])
    assert not hasattr(model, "severity_")

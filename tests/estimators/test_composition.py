"""Compositions in every engine, and in all that is asked of a fitted model."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score

import skmtl
from skmtl import RMTGB, GroupedTasks, MultiTab, MultiTaskLinear
from skmtl.inspection import transfer_report
from skmtl.metrics import d2_divergence_score, make_multitask_scorer, task_scorers
from skmtl.model_selection import cross_val_predict
from skmtl.scoring import score_frame
from skmtl.tasks import Composition, ConstantTargetWarning
from skmtl.timeseries import Forecaster

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PARTS = ["rent", "food", "fun"]
KINDS = {"budget": Composition(PARTS)}
NETWORK = {"n_bags": 1, "max_epochs": 8, "row_size": 8, "n_members": 2, "random_state": 0}
TREES = {"n_bags": 1, "n_rounds": 20, "blocks": ("shared",), "random_state": 0}
ENGINES = {
    "network": lambda **options: MultiTab(**NETWORK | options),
    "boosting": lambda **options: RMTGB(**TREES | options),
    "linear": lambda **options: MultiTaskLinear(
        **{"alpha": 1e-3, "early_stopping": False} | options
    ),
    "stack": lambda **options: skmtl.StackedTasks(
        estimators=[
            ("linear", MultiTaskLinear(alpha=1e-3, **options)),
            ("boosting", RMTGB(**TREES, **options)),
        ],
        n_bags=2,
        random_state=0,
    ),
}


def table(n=400):
    """Shares that follow from the features, some of them unknown; and a number."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))
    amounts = np.exp(X.to_numpy() + 0.3 * rng.normal(size=(n, 3)))
    Y = pd.DataFrame(amounts / amounts.sum(axis=1, keepdims=True), columns=PARTS)
    Y.loc[::9, ["food", "fun"]] = np.nan
    return X, Y.assign(size=X["a"] + rng.normal(size=n))


@pytest.fixture(scope="module", params=ENGINES)
def fitted(request):
    X, Y = table()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return X, Y, ENGINES[request.param](tasks=KINDS).fit(X, Y)


def test_shares_are_learnt_and_have_the_names_of_their_columns(fitted):
    X, Y, model = fitted
    predicted = model.predict(X)
    assert predicted.columns.tolist() == [*PARTS, "size"]
    np.testing.assert_allclose(predicted[PARTS].sum(axis=1), 1)
    assert (predicted[PARTS] > 0).all(axis=None)
    np.testing.assert_allclose(predicted[PARTS].mean(), Y[PARTS].dropna().mean(), atol=0.03)
    assert model.task_kinds_ == {"budget": "composition", "size": "regression"}
    assert not hasattr(model, "predict_proba")


def test_scores_are_those_of_the_parts_and_of_the_whole(fitted):
    X, Y, model = fitted
    known = Y[PARTS].notna().all(axis=1)
    predicted = model.predict(X)
    scores = model.score_tasks(X, Y)
    assert scores.index.tolist() == [*(("budget", part) for part in PARTS), "size"]
    for part in PARTS:
        expected = r2_score(Y[part][known], predicted[part][known])
        assert scores["budget", part] == pytest.approx(expected)
        assert expected > 0.5
    whole = make_multitask_scorer(task="budget")(model, X, Y)
    expected = d2_divergence_score(Y[PARTS][known], predicted[PARTS][known])
    assert whole == pytest.approx(expected)
    metric = {"budget": "neg_mean_absolute_error"}
    error = np.abs(Y[PARTS] - predicted[PARTS])[known].mean()
    by_part = task_scorers(metric)(model, X, Y)
    assert by_part[str(("budget", "food"))] == pytest.approx(-error["food"])
    whole = make_multitask_scorer(metric, task="budget")(model, X, Y)
    assert whole == pytest.approx(-error.mean())


def test_frames_and_files(fitted, tmp_path):
    X, _, model = fitted
    scores, predicted = score_frame(model, X), model.predict(X)
    names = [f"budget_share_{part}" for part in PARTS]
    assert scores.columns.tolist() == [*names, "size_prediction"]
    np.testing.assert_array_equal(scores[names], predicted[PARTS])
    model.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(X), predicted)
    X.to_csv(tmp_path / "rows.csv", index=False)
    skmtl.score_files(loaded, tmp_path / "rows.csv", tmp_path / "scores")
    (part,) = (tmp_path / "scores").glob("*.parquet")
    np.testing.assert_allclose(pd.read_parquet(part)[names], predicted[PARTS], atol=1e-6)


@pytest.mark.parametrize("engine", ["network", "boosting", "linear"])
def test_without_features_the_prediction_is_the_weighted_mean(engine):
    X, Y = table(200)
    weight = np.random.default_rng(1).random(len(X))
    model = ENGINES[engine](tasks=KINDS, early_stopping=False)
    if engine == "network":
        model.set_params(max_epochs=60, learning_rate=0.01, batch_size=200)
    predicted = model.fit(X.assign(a=0, b=0)[["a", "b"]], Y[PARTS], weight).predict(
        pd.DataFrame({"a": [0], "b": [0]})
    )
    known = Y[PARTS].notna().all(axis=1)
    expected = np.average(Y[PARTS][known], axis=0, weights=weight[known])
    atol = 0.01 if engine == "network" else 1e-4
    np.testing.assert_allclose(predicted.to_numpy()[0], expected, atol=atol)


@pytest.mark.parametrize("engine", ["network", "boosting", "linear"])
def test_whole_shares_are_classes(engine):
    X, Y = table(300)
    best = Y[PARTS].fillna(0).to_numpy().argmax(axis=1)
    whole = pd.DataFrame(np.eye(3)[best], columns=["a", "b", "c"])
    classes = pd.DataFrame({"best": np.array(list("abc"))[best]})
    kinds = {"best": Composition(("a", "b", "c"))}
    shares = ENGINES[engine](tasks=kinds).fit(X, whole).predict(X)
    (expected,) = ENGINES[engine]().fit(X, classes).predict_proba(X)
    np.testing.assert_allclose(shares, expected, atol=1e-4 if engine == "linear" else 1e-5)


def test_two_whole_parts_are_a_logistic_regression():
    X, Y = table(300)
    best = (Y["size"] > 0).astype(int)
    whole = pd.DataFrame({"no": 1.0 - best, "yes": best})
    kinds = {"best": Composition(("no", "yes"))}
    options = {"alpha": 1e-6, "early_stopping": False}
    shares = MultiTaskLinear(tasks=kinds, **options).fit(X, whole).predict(X)
    (expected,) = MultiTaskLinear(**options).fit(X, best.to_frame("y")).predict_proba(X)
    np.testing.assert_allclose(shares, expected, atol=1e-3)


@pytest.mark.parametrize("engine", ["boosting", "linear"])
def test_the_order_of_parts_does_not_matter(engine):
    X, Y = table(200)
    one = ENGINES[engine](tasks=KINDS).fit(X, Y[PARTS]).predict(X)
    other = ENGINES[engine](tasks={"budget": Composition(PARTS[::-1])}).fit(X, Y[PARTS])
    np.testing.assert_allclose(one, other.predict(X)[PARTS], atol=1e-4)


def test_rows_of_weight_zero_are_as_rows_without_a_label():
    X, Y = table(200)
    out = np.arange(200) % 4 == 0
    model = ENGINES["linear"](tasks=KINDS)
    hidden = Y[PARTS].copy()
    hidden[out] = np.nan
    one = model.fit(X, hidden).predict(X)
    wild = Y[PARTS].copy()
    wild[out] = [1.0, 0.0, 0.0]
    other = model.fit(X, wild, 1.0 - out).predict(X)
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_long_data():
    X, Y = table(200)
    X["market"] = np.where(np.arange(200) % 2, "de", "ch")
    model = ENGINES["linear"](tasks=KINDS, task_column="market").fit(X, Y[PARTS])
    scores = model.score_tasks(X, Y[PARTS])
    assert scores.index.tolist() == [(id_, ("budget", p)) for id_ in ("ch", "de") for p in PARTS]


def test_a_constant_composition_warns():
    X, Y = table(100)
    Y[PARTS] = [0.5, 0.25, 0.25]
    with pytest.warns(ConstantTargetWarning, match="'budget' has one observed value only"):
        model = ENGINES["linear"](tasks=KINDS).fit(X, Y)
    assert model.predict(X)[PARTS].to_numpy().tolist() == [[0.5, 0.25, 0.25]] * 100
    assert model.score_tasks(X, Y).loc[[("budget", "rent")]].tolist() == [1.0]
    with pytest.raises(ValueError, match="constant_targets='warn'"):
        ENGINES["linear"](tasks=KINDS, constant_targets="error").fit(X, Y)


def test_around_other_estimators():
    X, Y = table(200)
    inner = ENGINES["linear"](tasks=KINDS)
    grouped = GroupedTasks(inner, groups="auto", cv=2, random_state=0).fit(X, Y)
    assert grouped.predict(X).columns.tolist() == [*PARTS, "size"]
    assert (
        score_frame(grouped, X).columns.tolist()
        == score_frame(inner.fit(X, Y), X).columns.tolist()
    )
    assert grouped.score(X, Y) > 0.6
    held_out = cross_val_predict(inner, X, Y, cv=2)
    assert held_out.columns.tolist() == [*PARTS, "size"]
    report = transfer_report(inner, X, Y, cv=2, n_repeats=1, random_state=0)
    assert report.table["kind"].to_dict() == {"budget": "composition", "size": "regression"}
    assert report.table.loc["budget", "joint"] > 0.6


def test_explanations_add_up():
    X, Y = table(100)
    model = ENGINES["boosting"](tasks=KINDS).fit(X, Y[PARTS])
    parts = model.shap_values(X[:5])
    scores = parts.T.groupby(level=1).sum().T.to_numpy()
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, model.predict(X[:5]), atol=1e-6)


def test_arrays_have_the_order_of_y():
    X, Y = table(100)
    numbers = skmtl.MultiTaskLinearRegressor(tasks={"mix": Composition((0, 1, 2))}, alpha=1.0)
    predicted = numbers.fit(X.to_numpy(), Y.to_numpy()).predict(X.to_numpy())
    expected = ENGINES["linear"](tasks=KINDS, alpha=1.0, early_stopping=True).fit(X, Y).predict(X)
    np.testing.assert_allclose(predicted.sum(axis=1), 1 + expected["size"], atol=0.1)
    with pytest.raises(ValueError, match="Put its columns in the order of the predictions"):
        numbers.set_params(tasks={"mix": Composition((2, 1, 0))}).fit(X.to_numpy(), Y.to_numpy())


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (MultiTaskLinear(tasks={"budget": "composition"}), "at least two columns"),
        (MultiTaskLinear(tasks=Composition(PARTS)), "'rent' has the label 0"),
        (MultiTaskLinear(tasks={"home": Composition(("rent", "size"))}), "'size' of task 'home'"),
        (skmtl.MultiTaskLinearClassifier(tasks=KINDS), "predicts classes only"),
        (
            MultiTaskLinear(tasks=KINDS | {"home": Composition(("rent", "rest"))}),
            "'budget' and 'home' would both predict the column 'rent'",
        ),
    ],
)
def test_bad_input(estimator, message):
    X, Y = table(60)
    Y = Y.assign(rest=1 - Y["rent"])
    if isinstance(estimator, skmtl.MultiTaskLinearClassifier):
        Y = Y[PARTS]
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, Y)


def test_forecasts_of_compositions_are_refused():
    X, Y = table(60)
    X["day"] = np.arange(60)
    for kinds in (KINDS, {"rent": Composition(PARTS)}):
        model = Forecaster(MultiTaskLinear(), tasks=kinds, horizon=1, time="day")
        with pytest.raises(ValueError, match="several columns"):
            model.fit(X[["day"]], Y[PARTS])

"""Weights of labels, by task and by class."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import cross_validate
from sklearn.utils.class_weight import compute_class_weight

from skmtl import RMTGB, MultiTab, MultiTaskLinear, RMTGBRegressor, RMTGBSurvival
from skmtl.datasets import make_survival
from skmtl.metrics import make_multitask_scorer, score_tasks
from skmtl.tables import ArrayTable
from skmtl.tasks import Binary, Multiclass, Ordinal, TaskSet, mixed_kind

N = 80
RNG = np.random.default_rng(0)
X = pd.DataFrame({"size": RNG.normal(size=N), "age": RNG.integers(0, 9, N)})
Y = pd.DataFrame(
    {
        "price": X["size"] * 2 + RNG.normal(size=N),
        "sold": np.where(X["size"] + RNG.normal(size=N) > 0, "yes", "no"),
        "visits": RNG.integers(0, 5, N),
    }
)
WEIGHT = pd.DataFrame(RNG.uniform(0.5, 2, Y.shape), columns=Y.columns)
MODELS = {
    "boosting": RMTGB(n_rounds=4, n_bags=1, random_state=0),
    "network": MultiTab(max_epochs=2, n_bags=1, random_state=0),
    "linear": MultiTaskLinear(n_bags=1, random_state=0),
}
every_engine = pytest.mark.parametrize("engine", MODELS)


def fitted(engine, Y, weight=None, **parameters):
    model = type(MODELS[engine])(**MODELS[engine].get_params() | parameters)
    return model.fit(X, Y, sample_weight=weight)


def assert_same(one, other):
    pd.testing.assert_frame_equal(one.predict(X), other.predict(X), check_dtype=False)
    for a, b in zip(one.predict_proba(X), other.predict_proba(X), strict=True):
        np.testing.assert_array_equal(a, b)


@every_engine
def test_equal_columns_are_weights_of_rows_bit_for_bit(engine):
    weight = WEIGHT["price"].to_numpy()
    by_label = np.repeat(weight[:, None], 3, axis=1)
    assert_same(fitted(engine, Y, by_label), fitted(engine, Y, weight))


@every_engine
@settings(max_examples=4, deadline=None, derandomize=True)
@given(seed=st.integers(0, 100), share=st.floats(0.1, 0.5))
def test_a_label_of_weight_zero_is_a_missing_one(engine, seed, share):
    rng = np.random.default_rng(seed)
    dropped = rng.random(Y.shape) < share
    dropped[dropped.all(axis=1), 0] = False  # rows of no weight are left out
    weight = WEIGHT.mask(dropped, 0.0)
    other = Y.assign(price=Y["price"].mask(dropped[:, 0], 1e6 * rng.normal(size=N)))
    missing = Y.astype({"visits": "Int64"}).mask(dropped)
    assert_same(fitted(engine, other, weight), fitted(engine, missing, weight + dropped))


@every_engine
def test_columns_are_matched_by_name_and_matter(engine):
    model = fitted(engine, Y, WEIGHT)
    assert_same(model, fitted(engine, Y, WEIGHT[["visits", "price", "sold"]]))
    assert_same(model, fitted(engine, Y, pl.from_pandas(WEIGHT)))
    assert_same(model, fitted(engine, Y, WEIGHT.to_numpy()))
    swapped = fitted(engine, Y, WEIGHT.to_numpy()[:, ::-1])
    assert not np.allclose(model.predict(X)["price"], swapped.predict(X)["price"])


def test_whole_weights_are_repeated_labels():
    weight = np.ones((N, 1)) + (np.arange(N) % 3 == 0)[:, None]
    twice = np.flatnonzero(weight[:, 0] > 1)
    y = Y["price"]
    settings = {"n_rounds": 1, "n_bags": 1, "early_stopping": False, "random_state": 0}
    weighed = RMTGBRegressor(**settings).fit(X, y, sample_weight=weight)
    again = RMTGBRegressor(**settings).fit(
        pd.concat([X, X.iloc[twice]]), pd.concat([y, y.iloc[twice]])
    )
    head, other = weighed.task_set_.heads[0], again.task_set_.heads[0]
    np.testing.assert_allclose([head.centre_, head.scale_], [other.centre_, other.scale_])


BAD = {
    "unknown names": (WEIGHT.rename(columns={"sold": "x"}), r"columns .*'x'.*tasks are"),
    "too few": (WEIGHT.to_numpy()[:, :2], r"shape \(80, 2\): pass \(80,\).* or \(80, 3\)"),
    "negative": (-WEIGHT, "not negative"),
    "not finite": (WEIGHT.replace(WEIGHT.iloc[0, 0], np.inf), "finite"),
    "zero": (0 * WEIGHT, "zero everywhere"),
    "no label of a task": (WEIGHT.assign(sold=0.0), "'sold' has no observed label"),
}


@pytest.mark.parametrize("case", BAD)
def test_other_weights_are_refused(case):
    weight, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        RMTGB().fit(X, Y, sample_weight=weight)


def test_tables_on_disk_refuse_them():
    table = ArrayTable(X.to_numpy())
    with pytest.raises(ValueError, match=r"one weight for each row.*in memory"):
        RMTGB().fit(table, Y, sample_weight=WEIGHT.to_numpy())


@every_engine
def test_validation_rows_have_them(engine):
    model = MODELS[engine]
    weight = WEIGHT.assign(price=0.0)
    changed = Y.assign(price=-1e3)
    one, other = (
        type(model)(**model.get_params()).fit(X, Y, eval_set=(X, judged, weight))
        for judged in (Y, changed)
    )
    assert_same(one, other)


@pytest.fixture(scope="module")
def model():
    return fitted("boosting", Y)


def test_scores_are_weighed_by_task(model):
    scores = model.score_tasks(X, Y, sample_weight=WEIGHT[["sold", "visits", "price"]])
    for name in Y:
        alone = model.score_tasks(X, Y, sample_weight=WEIGHT[name])
        assert scores[name] == alone[name]
    assert model.score(X, Y, sample_weight=WEIGHT) == pytest.approx(scores.mean())
    with pytest.raises(ValueError, match="no weights of the tasks"):
        model.score_tasks(X, Y, sample_weight=WEIGHT[["price", "sold"]])


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1000))
def test_a_score_of_weight_zero_is_that_without_the_label(seed):
    dropped = np.random.default_rng(seed).random(Y.shape) < 0.5
    predicted = Y.assign(price=0.3 * Y["price"], sold=Y["sold"].to_numpy()[::-1])
    of_missing = score_tasks(Y.mask(dropped), predicted)
    of_weights = score_tasks(Y, predicted, sample_weight=(~dropped).astype(float))
    pd.testing.assert_series_equal(of_missing, of_weights)


def test_long_data_have_them_by_target():
    table = X.assign(shop=["a", "b"] * (N // 2))
    weight = WEIGHT[["price", "visits"]].mask(RNG.random((N, 2)) < 0.2, 0.0)
    model = RMTGBRegressor(task_column="shop", n_rounds=2, n_bags=1, random_state=0)
    model.fit(table, Y[["price", "visits"]], sample_weight=weight)
    scores = model.score_tasks(table, Y[["price", "visits"]], sample_weight=weight)
    missing = model.score_tasks(table, Y[["price", "visits"]].mask(weight == 0), weight + 1e-300)
    assert scores.index.tolist() == missing.index.tolist() and np.isfinite(scores).all()


def test_events_have_them():
    X, y = make_survival(60, random_state=0)
    weight = np.where(np.arange(60) % 4 == 0, 0.0, 1.0)
    settings = {"n_rounds": 2, "n_bags": 1, "random_state": 0}
    one = RMTGBSurvival(**settings).fit(X, y, sample_weight=weight[:, None])
    other = RMTGBSurvival(**settings).fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(one.predict(X), other.predict(X))


def test_scikit_learn_routes_them():
    with sklearn.config_context(enable_metadata_routing=True):
        model = RMTGB(n_rounds=2, n_bags=1, random_state=0).set_fit_request(sample_weight=True)
        scorer = make_multitask_scorer().set_score_request(sample_weight=True)
        for weight in (WEIGHT, WEIGHT.to_numpy()):
            results = cross_validate(
                model, X, Y, cv=2, scoring=scorer, params={"sample_weight": weight},
                error_score="raise",
            )  # fmt: skip
            assert np.isfinite(results["test_score"]).all()


# Weights by class.

RARE = pd.DataFrame({"rare": np.where(np.arange(N) % 8 == 0, "yes", "no"), "price": Y["price"]})
RARE.loc[RNG.random(N) < 0.3, "rare"] = None


@every_engine
@pytest.mark.parametrize("class_weight", ["balanced", {"yes": 5.0}])
@pytest.mark.parametrize("weighed", [False, True])
def test_class_weights_are_label_weights_of_scikit_learn(engine, class_weight, weighed):
    weight = WEIGHT["price"].to_numpy() if weighed else np.ones(N)
    known = RARE["rare"].notna().to_numpy()
    classes = np.array(["no", "yes"])
    if class_weight == "balanced":
        sums = np.array([weight[known & (RARE["rare"] == c)].sum() for c in classes])
        by_class = sums.sum() / (2 * sums)
        if not weighed:
            expected = compute_class_weight("balanced", classes=classes, y=RARE["rare"][known])
            np.testing.assert_allclose(by_class, expected)
    else:
        by_class = np.array([1.0, 5.0])
    by_label = np.column_stack(
        [weight * np.where(RARE["rare"] == "yes", by_class[1], by_class[0]), weight]
    )
    one = fitted(engine, RARE, weight, tasks={"rare": Binary(class_weight=class_weight)})
    other = fitted(engine, RARE, by_label)
    # Trees apart, engines scale features by the weights of rows, without those of classes.
    atol = 1e-6 if engine == "boosting" else 1e-2
    np.testing.assert_allclose(one.predict_proba(X)[0], other.predict_proba(X)[0], atol=atol)


@every_engine
def test_the_odds_are_multiplied_by_the_ratio_of_the_weights(engine):
    Y = pd.DataFrame({"rare": np.arange(N) % 8 == 0})
    flat = pd.DataFrame({"nothing": np.zeros(N)})
    settings = MODELS[engine].get_params() | {"early_stopping": False}
    settings |= {"learning_rate": 1e-9} if engine == "network" else {}
    odds = []
    for class_weight in (None, {True: 3.0}):
        tasks = {"rare": Binary(class_weight=class_weight)}
        model = type(MODELS[engine])(**settings | {"tasks": tasks}).fit(flat, Y)
        probability = model.predict_proba(flat)[0][0, 1]
        odds.append(probability / (1 - probability))
    assert odds[1] / odds[0] == pytest.approx(3.0, rel=1e-3)


@pytest.mark.parametrize("kind", [Binary, Multiclass, Ordinal])
def test_kinds_learn_the_weights_of_observed_labels(kind):
    labels = pd.Series([0, 0, 0, 1, None, 1, 0], dtype="Int64")
    Y = pd.DataFrame({"t": labels})
    tasks = TaskSet.fit(Y, infer=mixed_kind, tasks={"t": kind(class_weight="balanced")})
    np.testing.assert_allclose(tasks.heads[0].class_weight_, [6 / 8, 6 / 4])
    weight = tasks.encode(Y).weight
    np.testing.assert_allclose(weight[[0, 3], 0], [6 / 8, 6 / 4])
    weighed = kind(class_weight="balanced").fit(
        labels, task="t", weight=np.array([1, 1, 1, 1.0, 9, 0, 0])
    )
    np.testing.assert_allclose(weighed.class_weight_, [4 / 6, 4 / 2])
    assert kind(class_weight="balanced") != kind()


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ("even", "must be 'balanced', a mapping"),
        ({0: -1.0}, "not negative, got -1.0 for 0"),
        ({0: np.nan}, "finite"),
    ],
)
def test_kinds_refuse_other_class_weights(class_weight, message):
    with pytest.raises(ValueError, match=message):
        Binary(class_weight=class_weight)


def test_a_class_that_there_is_not_is_named():
    with pytest.raises(ValueError, match="'rare' names 'Yes', but its classes are"):
        RMTGB(tasks={"rare": Binary(class_weight={"Yes": 2.0})}).fit(X, RARE)

"""Funnels in every engine, and in all that is asked of a fitted model."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

import skmtl
from skmtl import RMTGB, CalibratedTasks, GroupedTasks, MultiTab, MultiTaskLinear, TunedThresholds
from skmtl.inspection import transfer_report
from skmtl.metrics import make_multitask_scorer, score_tasks, task_scorers
from skmtl.model_selection import cross_val_predict
from skmtl.models import HeldOutTask, calibration
from skmtl.scoring import score_frame
from skmtl.tasks import Binary, Funnel

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

STEPS = ("click", "cart", "buy")
NAMES = [*STEPS, "cart_given_click", "buy_given_cart"]
NETWORK = {"n_bags": 1, "max_epochs": 8, "row_size": 8, "n_members": 2, "random_state": 0}
TREES = {"n_bags": 1, "n_rounds": 30, "blocks": ("shared",), "random_state": 0}
ENGINES = {
    "network": lambda **options: MultiTab(**NETWORK, **options),
    "boosting": lambda **options: RMTGB(**TREES, **options),
    "linear": lambda **options: MultiTaskLinear(alpha=1.0, early_stopping=False, **options),
}


def table(n=500, unknown=0.1):
    """Three steps, each by a column of its own, some of the last ones unknown; and a number."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))
    chances = expit(2 * X.to_numpy())
    steps = np.cumprod(rng.random((n, 3)) < chances, axis=1)
    Y = pd.DataFrame(steps, columns=STEPS).astype(float)
    Y["buy"] = Y["buy"].mask(rng.random(n) < unknown)
    return X, Y.assign(size=X["a"] + rng.normal(size=n)), chances


def funnel(selection="observed"):
    return {"shop": Funnel(STEPS, selection)}


@pytest.fixture(scope="module", params=ENGINES)
def fitted(request):
    X, Y, chances = table()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return X, Y, chances, ENGINES[request.param](tasks=funnel()).fit(X, Y)


def test_steps_are_learnt(fitted):
    X, Y, chances, model = fitted
    steps = model.predict_steps(X)
    assert steps.columns.tolist() == [("shop", name) for name in NAMES]
    steps = steps["shop"].to_numpy()
    given = np.column_stack([steps[:, 0], steps[:, 3:]])
    for j in range(3):
        assert np.corrcoef(given[:, j], chances[:, j])[0, 1] > (0.8, 0.6, 0.3)[j]
    np.testing.assert_allclose(steps[:, :3], np.cumprod(given, axis=1))
    np.testing.assert_allclose(steps[:, 0].mean(), Y["click"].mean(), atol=0.04)


def test_classes_and_predictions(fitted):
    X, _, _, model = fitted
    (probabilities,) = model.predict_proba(X)
    assert model.classes_[0].tolist() == [
        "no click", "click without cart", "cart without buy", "buy",
    ]  # fmt: skip
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (model.predict(X)["shop"] == model.classes_[0][probabilities.argmax(axis=1)]).all()
    assert model.task_kinds_ == {"shop": "funnel", "size": "regression"}


def test_scores_by_step_are_those_of_the_steps_as_targets(fitted):
    X, Y, _, model = fitted
    known = Y[list(STEPS)].assign(buy=Y["buy"].mask(Y["cart"] == 0, 0))
    chance = model.predict_steps(X)["shop"]
    answers = {step: np.column_stack([1 - chance[step], chance[step]]) for step in STEPS}
    for metric in ("roc_auc", "neg_log_loss"):
        found = task_scorers({"shop": metric})(model, X, Y)
        expected = score_tasks(known, answers, metric=metric)
        for step in STEPS:
            assert found[str(("shop", step))] == pytest.approx(expected[step])
    one = make_multitask_scorer({("shop", "buy"): "roc_auc"}, task=("shop", "buy"))
    assert one(model, X, Y) == pytest.approx(score_tasks(known, answers, metric="roc_auc")["buy"])
    by_task = model.score_tasks(X, Y)
    assert by_task.index.tolist() == [*(("shop", step) for step in STEPS), "size"]
    assert model.score(X, Y) == pytest.approx(by_task.mean())
    weight = pd.DataFrame({"size": 1.0, "shop": np.arange(len(X)) % 2})
    half = model.score_tasks(X, Y, weight)
    odd = model.score_tasks(X[1::2], Y[1::2])
    assert half["shop", "buy"] == pytest.approx(odd["shop", "buy"])


def test_score_frame_and_files_have_the_steps(fitted, tmp_path):
    X, _, _, model = fitted
    scores = score_frame(model, X)
    assert [name for name in scores if "_step_" in name] == [f"shop_step_{n}" for n in NAMES]
    np.testing.assert_array_equal(scores.filter(like="_step_"), model.predict_steps(X))
    assert not any("step" in name for name in score_frame(model, X, proba=False))
    model.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(loaded.predict_steps(X), model.predict_steps(X))


def test_weights_undo_the_sampling_of_rows_without_a_click():
    X, Y, _ = table(3000, unknown=0)
    clicked = Y["click"] == 1
    kept = clicked | (np.random.default_rng(1).random(len(X)) < 0.2)
    model = MultiTaskLinear(tasks=funnel(), alpha=0.01, early_stopping=False)
    full = model.fit(X, Y[list(STEPS)]).predict_steps(X)["shop"]
    weight = np.where(clicked, 1.0, 5.0)[kept]
    sampled = model.fit(X[kept], Y.loc[kept, list(STEPS)], weight).predict_steps(X)["shop"]
    assert sampled["click"].mean() == pytest.approx(full["click"].mean(), abs=0.02)
    np.testing.assert_allclose(sampled.iloc[:, 3:], full.iloc[:, 3:], atol=0.01)


def test_steps_of_held_out_rows():
    X, Y, _ = table(100)
    model = MultiTaskLinear(tasks=funnel(), alpha=1.0, early_stopping=False)
    found = cross_val_predict(model, X, Y, method="predict_steps", cv=KFold(2))["shop"]
    expected = model.fit(X[50:], Y[50:]).predict_steps(X[:50])["shop"]
    pd.testing.assert_frame_equal(found[:50], expected, check_names=False)
    assert (found["click"] >= found["cart"]).all()


def test_only_funnels_have_steps():
    X, Y, _ = table(60)
    model = RMTGB(**TREES).fit(X, Y[["size"]])
    assert not hasattr(model, "predict_steps")


@pytest.mark.parametrize("weights", [False, True])
def test_a_linear_funnel_is_logistic_regressions_on_the_rows_that_reached_each_step(weights):
    X, Y, _ = table()
    weight = np.random.default_rng(1).random(len(X)) if weights else np.ones(len(X))
    model = MultiTaskLinear(tasks=funnel(), alpha=1e-4, early_stopping=False)
    steps = model.fit(X, Y[list(STEPS)], weight).predict_steps(X)["shop"].to_numpy()
    given = np.column_stack([steps[:, 0], steps[:, 3:]])
    reached = np.ones(len(X), dtype=bool)
    for j, step in enumerate(STEPS):
        known = reached & Y[step].notna()
        alone = LogisticRegression(C=np.inf).fit(X[known], Y[step][known], weight[known])
        np.testing.assert_allclose(given[:, j], alone.predict_proba(X)[:, 1], atol=4e-3)
        reached = known & (Y[step] == 1)


def test_rows_that_did_not_click_are_predicted_without_bias():
    """Who clicks converts more often, by what the features say; the truth is linear."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(6000, 2)), columns=["a", "b"])
    chances = expit(np.column_stack([1.5 * X["a"] - 1, 2 * X["a"] + X["b"] - 1]))
    steps = np.cumprod(rng.random((6000, 2)) < chances, axis=1)
    Y = pd.DataFrame(steps, columns=["click", "buy"])
    model = MultiTaskLinear(tasks={"shop": Funnel(("click", "buy"))}, alpha=0.01)
    given = model.fit(X, Y).predict_steps(X)["shop"]["buy_given_click"]
    stayed = steps[:, 0] == 0
    among_clicked = steps[~stayed, 1].mean()
    assert among_clicked - chances[stayed, 1].mean() > 0.3
    assert given[stayed].mean() == pytest.approx(chances[stayed, 1].mean(), abs=0.03)
    by_tenth = pd.qcut(given, 10, labels=False)
    gap = given.groupby(by_tenth).mean() - pd.Series(chances[:, 1]).groupby(by_tenth).mean()
    assert gap.abs().max() < 0.05


def test_a_boosted_funnel_is_nearly_fits_on_masked_labels():
    """Trees of a step split rows that did not reach it, too, so leaves may hold fewer that did."""
    X, Y, _ = table(1500, unknown=0)
    masked = Y[list(STEPS)].copy()
    masked["buy"] = masked["buy"].where(Y["cart"] == 1)
    masked["cart"] = masked["cart"].where(Y["click"] == 1)
    options = TREES | {"blocks": ("task",), "n_rounds": 40, "early_stopping": False}
    one = RMTGB(tasks=funnel(), **options).fit(X, Y[list(STEPS)])
    many = RMTGB(tasks=dict.fromkeys(STEPS, Binary()), **options).fit(X, masked)
    steps = one.predict_steps(X)["shop"].to_numpy()
    given = np.column_stack([p[:, 1] for p in many.predict_proba(X)])
    np.testing.assert_allclose(steps[:, 0], given[:, 0], atol=1e-6)
    for j, name in enumerate(STEPS[:-1]):
        reached = Y[name] == 1
        difference = np.abs(steps[reached, 3 + j] - given[reached, 1 + j])
        assert 0 < difference.mean() < 0.01


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("unknown", ["click", "cart"])
def test_steps_that_were_not_recorded_everywhere(engine, unknown):
    """A row that bought has clicked; so has, perhaps, a row with unknown click that did not."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=1000)})
    steps = np.cumprod(rng.random((1000, 3)) < 0.5, axis=1)
    Y = pd.DataFrame(steps, columns=STEPS).astype(float)
    complete = Y.mean()
    Y.loc[rng.random(1000) < 0.5, unknown] = np.nan
    model = ENGINES[engine](tasks=funnel()).fit(X, Y)
    found = model.predict_steps(X)["shop"].mean()
    pd.testing.assert_series_equal(found[list(STEPS)], complete, check_names=False, atol=0.05)
    scores = task_scorers({"shop": "neg_log_loss"})(model, X, Y)
    chance = found["buy"]
    entropy = complete["buy"] * np.log(chance) + (1 - complete["buy"]) * np.log1p(-chance)
    assert scores["('shop', 'buy')"] == pytest.approx(entropy, abs=0.02)


@pytest.mark.parametrize("engine", ["network", "boosting"])
@pytest.mark.parametrize("selection", ["entire_space", "inverse_propensity", "doubly_robust"])
def test_other_selections(engine, selection):
    X, Y, chances = table()
    model = ENGINES[engine](tasks=funnel(selection)).fit(X, Y)
    steps = model.predict_steps(X)["shop"].to_numpy()
    assert np.corrcoef(steps[:, 1], chances[:, 0] * chances[:, 1])[0, 1] > 0.7
    np.testing.assert_allclose(steps[:, :2].mean(axis=0), Y[["click", "cart"]].mean(), atol=0.06)


@pytest.mark.parametrize("engine", ["network", "boosting"])
def test_counterfactual_takes_rows_that_did_not_click_as_refusals(engine):
    """They differ from the others in a feature, by which their purchases become less probable."""
    X, Y, _ = table(1000, unknown=0)
    given = [
        ENGINES[engine](tasks=funnel(selection)).fit(X, Y).predict_steps(X)["shop"]
        for selection in ("inverse_propensity", "counterfactual")
    ]
    rarely = X["a"] < -1
    weighted, counterfactual = (frame.loc[rarely, "cart_given_click"].mean() for frame in given)
    assert counterfactual < weighted - 0.05
    assert given[1]["click"].mean() == pytest.approx(Y["click"].mean(), abs=0.06)


@pytest.mark.parametrize("selection", ["inverse_propensity", "doubly_robust", "counterfactual"])
@pytest.mark.parametrize("estimator", [MultiTaskLinear, skmtl.StackedTasks])
def test_selections_that_hold_a_part_of_the_loss_fixed_are_refused(estimator, selection):
    X, Y, _ = table(80)
    message = f"'shop'.*{selection}.*{estimator.__name__} cannot minimise.*'observed'"
    with pytest.raises(ValueError, match=message):
        estimator(tasks=funnel(selection)).fit(X, Y)


@pytest.mark.parametrize("engine", ENGINES)
def test_long_data(engine):
    X, Y, _ = table(200)
    X["market"] = np.where(np.arange(200) % 2, "de", "ch")
    model = ENGINES[engine](tasks=funnel(), task_column="market").fit(X, Y[list(STEPS)])
    scores = model.score_tasks(X, Y[list(STEPS)])
    assert scores.index.tolist() == [(id_, ("shop", s)) for id_ in ("ch", "de") for s in STEPS]


def test_around_other_estimators(tmp_path):
    X, Y, _ = table(300)
    inner = RMTGB(tasks=funnel(), **TREES | {"n_rounds": 5})
    grouped = GroupedTasks(inner, groups="auto", cv=2, random_state=0).fit(X, Y)
    tuned = TunedThresholds(inner, cv=2).fit(X, Y)
    assert tuned.thresholds_.empty
    calibrated = CalibratedTasks(inner, cv=2).fit(X, Y)
    calibrated.save(tmp_path / "calibrated.skmtl")
    loaded = skmtl.load(tmp_path / "calibrated.skmtl")
    pd.testing.assert_frame_equal(loaded.predict_steps(X), calibrated.predict_steps(X))
    for model in (grouped, tuned, calibrated):
        steps = model.predict_steps(X)["shop"].to_numpy()
        assert (steps[:, 0] >= steps[:, 1]).all() and (steps[:, 1] >= steps[:, 2]).all()
    unclear = Y.assign(click=Y["click"].mask(np.arange(300) % 5 == 0))
    with pytest.raises(ValueError, match=r"'shop' has \d+ rows of which it is unknown"):
        CalibratedTasks(inner, cv=2).fit(X, unclear)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_each_step_is_calibrated_among_the_rows_that_reached_it(method):
    """Log-odds of half the size, and shifted; some later steps are unknown."""
    rng = np.random.default_rng(0)
    truth = expit(rng.normal(size=(20_000, 2)))
    steps = np.cumprod(rng.random(truth.shape) < truth, axis=1)
    Y = pd.DataFrame(steps, columns=["click", "buy"]).astype(float)
    Y.loc[rng.random(len(Y)) < 0.3, "buy"] = np.nan
    kind = Funnel(("click", "buy"))
    labels = kind.join_columns(Y, "shop")
    distorted = kind.fit(labels, task="shop").predict_proba(logit(truth) / 2 + [0.4, -1.0])
    held_out = HeldOutTask("shop", kind, kind.funnel.classes, labels, distorted, np.ones(len(Y)))
    calibrated = calibration(held_out, method)
    assert calibrated.method == method
    found = kind.funnel.conditional(calibrated.probabilities(distorted))
    if method == "sigmoid":
        lines = [(c.slope[0], c.intercept[0]) for c in calibrated.by_step]
        np.testing.assert_allclose(lines, [(2, -0.8), (2, 2.0)], atol=0.15)
    assert np.abs(found - truth).mean() < 0.02
    np.testing.assert_allclose(found[:, 0].mean(), steps[:, 0].mean(), atol=1e-3)
    probabilities = calibrated.probabilities(distorted)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_allclose(probabilities[:, 2].mean(), steps[:, 1].mean(), atol=0.01)


def test_transfer_report_compares_the_funnel_as_one_task():
    X, Y, _ = table(300)
    inner = RMTGB(tasks=funnel(), **TREES | {"n_rounds": 5})
    report = transfer_report(inner, X, Y, cv=2, n_repeats=1, random_state=0)
    assert report.table["kind"].to_dict() == {"shop": "funnel", "size": "regression"}
    assert report.table.drop(columns=["kind", "verdict"]).notna().all(axis=None)


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ({"shop": "funnel"}, "at least two columns"),
        (Funnel(STEPS), "'click' has the label"),
        ({"shop": Funnel(("click", "visit"))}, "['visit'] are not among"),
    ],
)
def test_bad_input(tasks, message):
    X, Y, _ = table(60)
    with pytest.raises(ValueError, match=re.escape(message)):
        RMTGB(tasks=tasks).fit(X, Y[list(STEPS)])

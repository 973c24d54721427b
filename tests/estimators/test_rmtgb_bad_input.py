"""What R-MTGB cannot learn from or score is refused, and the message says what is wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.exceptions import NotFittedError

from skmtl.tasks import ProportionalHazards

N = 60
RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(N, 2)), columns=["a", "b"]).assign(
    city=RNG.choice(["Bern", "Lyon"], N), shop=np.resize(["north", "south", "west"], N)
)
Y = pd.DataFrame({"price": X["a"], "sold": np.where(X["b"] > 0, "yes", "no")})
ONE = np.ones(N)
COX = ProportionalHazards(event="died", time="days")


def cell(value, dtype=float):
    """X with one cell of column a replaced."""
    return X.assign(a=[value, *X["a"].astype(dtype)[1:]])


def lightgbm(**parameters):
    return {"lightgbm_params": parameters}


# name: (X, y, parameters of the estimator, further arguments of fit, message)
FIT = {
    # X
    "no row": (X[:0], Y[:0], {}, {}, r"0 sample\(s\).*X is empty"),
    "one row": (X[:1], Y[:1], {}, {}, "n_samples=1: at least two rows"),
    "infinity in X": (cell(np.inf), Y, {}, {}, r"X contains infinity in the columns \['a'\]"),
    "text among numbers": (cell("k", object), Y, {}, {}, "Column 'a' of X mixes numbers and text"),
    "sparse X": (scipy.sparse.eye(N).tocsr(), Y, {}, {}, "Sparse data was passed for X"),
    "dates in X": (
        X.assign(a=pd.date_range("2020-01-01", periods=N)), Y, {}, {},
        "Column 'a' of X holds dates",
    ),
    # y
    "no y": (X, None, {}, {}, "requires y to be passed"),
    "too few labels": (X, Y[:5], {}, {}, r"inconsistent numbers of samples: \[60, 5\]"),
    "infinite label": (X, Y.assign(price=-np.inf), {}, {}, "Task 'price' has infinity"),
    "task without a label": (
        X, Y.assign(price=np.nan), {}, {}, "Task 'price' has no observed label"
    ),
    "one class": (
        X, Y.assign(sold="no"), {"constant_targets": "error"}, {},
        r"Task 'sold' has one class only \('no'\)",
    ),
    "negative counts": (
        X, Y, {"tasks": {"price": "count"}}, {}, "Task 'price' is a count.*negative"
    ),
    "unknown kind": (X, Y, {"tasks": {"price": "logistic"}}, {}, "'logistic' for task 'price'"),
    "a loss that couples rows": (
        X, Y.assign(died=True, days=ONE), {"tasks": {"death": COX}}, {},
        "'death' has kind 'proportional_hazards'.* Use kind 'survival'"
    ),
    # long data
    "unknown task column": (
        X, Y, {"task_column": "branch"}, {},
        "task_column='branch' is not a column.*'shop'",
    ),
    "task position out of range": (
        X, Y, {"task_column": 9}, {},
        "task_column=9 is not a column of X",
    ),
    "missing task ids": (
        X.assign(shop=X["shop"].where(X["shop"] != "west")), Y, {"task_column": "shop"}, {},
        r"20 of 60 rows have no task id in column 'shop'.*\[2, 5, 8",
    ),
    "nothing but task ids": (
        X[["shop"]], Y, {"task_column": "shop"}, {},
        "no column besides.*'shop'",
    ),
    # blocks
    "unknown block": (
        X, Y, {"blocks": ("shard", "task")}, {}, "blocks names 'shard'.*Did you mean 'shared'"
    ),
    "a block twice": (X, Y, {"blocks": ("task", "task")}, {}, r"\('task', 'task'\).*twice"),
    "no block": (X, Y, {"blocks": ()}, {}, r"sequence of names out of.*got \(\)"),
    "blocks as one word": (X, Y, {"blocks": "shared"}, {}, "'auto' or a sequence.*got 'shared'"),
    "a line behind trees": (
        X, Y, {"blocks": ("task", "linear")}, {}, "'linear' must be the first"
    ),
    "signature of wide data": (
        X, Y, {"blocks": ("signature",)}, {}, "'signature' .*name the column of X with the task"
    ),
    # numbers
    "rounds of an unknown block": (
        X, Y, {"n_rounds": {"pooled": 5}}, {}, "n_rounds={'pooled': 5}.*mapping of linear"
    ),
    "negative rounds": (X, Y, {"n_rounds": -1}, {}, "n_rounds=-1 .* whole number of at least 0"),
    "rounds of a block are text": (X, Y, {"n_rounds": {"task": "many"}}, {}, "n_rounds={'task'"),
    "negative learning rate": (
        X, Y, {"learning_rate": -0.1}, {}, r"learning_rate=-0.1 .*number in \(0, inf\)"
    ),
    "learning rate of one block is 0": (X, Y, {"learning_rate": {"task": 0}}, {}, "{'task': 0}"),
    "one leaf": (X, Y, {"num_leaves": 1}, {}, "num_leaves=1 .* at least 2"),
    "empty leaves": (X, Y, {"min_data_in_leaf": 0}, {}, "min_data_in_leaf=0 .* at least 1"),
    "nothing held out": (X, Y, {"validation_fraction": 0}, {}, r"validation_fraction=0 .*\(0, 0"),
    "most rows held out": (X, Y, {"validation_fraction": 0.9}, {}, r"=0.9 .*\(0, 0.5\]"),
    "no patience": (X, Y, {"patience": 0}, {}, "patience=0 .* at least 1"),
    "no bag": (X, Y, {"n_bags": 0}, {}, "n_bags=0 .* at least 1 or 'auto'"),
    "no job": (X, Y, {"n_jobs": 0}, {}, "n_jobs=0 .* other than 0"),
    "early stopping is text": (X, Y, {"early_stopping": "yes"}, {}, "'yes' .* True or False"),
    "unseen": (X, Y, {"unseen": "mean"}, {}, "unseen='mean' .*'shared', 'error'"),
    # LightGBM's parameters
    "an objective": (
        X, Y, lightgbm(objective="poisson"), {}, "'objective': set the parameter 'tasks'"
    ),
    "the learning rate twice": (
        X, Y, lightgbm(eta=0.1), {}, "'eta': set the parameter 'learning_rate'"
    ),
    "the rounds twice": (X, Y, lightgbm(n_estimators=5), {}, "'n_estimators': set.*'n_rounds'"),
    "dart": (X, Y, lightgbm(boosting="dart"), {}, "boosting='dart', which does not work"),
    "linear trees": (X, Y, lightgbm(linear_tree=True), {}, "linear_tree=True, which does not"),
    "weights of classes": (
        X, Y, lightgbm(unbalance=True), {}, "'unbalance', which would have no.*sample_weight"
    ),
    "a quantile": (X, Y, lightgbm(alpha=0.9), {}, r"'alpha', which would.*'tasks'.*Quantile"),
    "tweedie": (X, Y, lightgbm(tweedie_power=1.5), {}, "does not know"),
    "power of tweedie": (X, Y, lightgbm(tweedie_variance_power=1.5), {}, "no effect.*'count'"),
    "a column of weights": (X, Y, lightgbm(weight=0), {}, "'weight', which.*sample_weight of fit"),
    "categories by position": (X, Y, lightgbm(cat_feature=[0]), {}, "convert the columns of X"),
    "other machines": (X, Y, lightgbm(workers="a:1"), {}, "fit_with_dask"),
    "a talkative LightGBM": (X, Y, lightgbm(verbose=1), {}, "verbose=1, which does not"),
    "one parameter twice": (
        X, Y, lightgbm(lambda_l2=1, reg_lambda=2), {}, "'lambda_l2' and 'reg_lambda', which are"
    ),
    "a name LightGBM does not know": (
        X, Y, lightgbm(max_bins_=5), {}, "'max_bins_', which LightGBM does not.*'max_bins'"
    ),
    "no mapping": (X, Y, {"lightgbm_params": ["max_bin"]}, {}, r"be a mapping.*\['max_bin'\]"),
    "a value that LightGBM refuses": (
        X, Y, lightgbm(max_bin=-3), {}, "LightGBM refuses.*'max_bin': -3.*max_bin"
    ),
    # monotone constraints
    "constraint of no feature": (
        X, Y, {"monotone_constraints": {"c": 1}}, {}, r"constraints names \['c'\].*\['a', 'b'"
    ),
    "constraint of the task column": (
        X, Y, {"task_column": "shop", "monotone_constraints": {"shop": 1}}, {}, r"names \['shop'\]"
    ),
    "constraint of a category": (
        X, Y, {"monotone_constraints": {"city": -1}}, {}, "-1 for 'city', whose categories"
    ),
    "constraints missing": (
        X, Y, {"task_column": "shop", "monotone_constraints": [1]}, {}, "has 1 entries.*3 features"
    ),
    "a constraint of 2": (X, Y, {"monotone_constraints": {"a": 2}}, {}, "2 for 'a'; pass 1"),
    "one constraint for all": (X, Y, {"monotone_constraints": 1}, {}, "a mapping of features"),
    # weights
    "weight of an unknown task": (
        X, Y, {"task_weight": {"rent": 1}}, {}, r"task_weight names \['rent'\].*'sold'\]"
    ),
    "negative task weight": (X, Y, {"task_weight": {"sold": -1}}, {}, "task_weight.*'sold': -1.0"),
    "task weights missing": (X, Y, {"task_weight": [1]}, {}, r"task_weight has shape \(1,\)"),
    "negative row weight": (X, Y, {}, {"sample_weight": -ONE}, "Negative values.*sample_weight"),
    "weights missing": (X, Y, {}, {"sample_weight": ONE[:3]}, r"sample_weight.shape == \(3,\)"),
    # eval_set
    "eval_set without y": (X, Y, {}, {"eval_set": (X,)}, "eval_set must be a tuple.*length 1"),
    "eval_set with an unseen task": (
        X, Y, {"task_column": "shop"}, {"eval_set": (X.assign(shop="east"), Y)},
        "eval_set cannot be used.*'shop' has 'east'.*Remove these rows",
    ),
    "eval_set without a label": (
        X, Y, {}, {"eval_set": (X, Y.where(Y.isna()))}, "eval_set.*no label that counts"
    ),
    "eval_set lacks a column": (
        X, Y, {}, {"eval_set": (X.drop(columns="b"), Y)}, "(?s)eval_set.*missing.*- b"
    ),
    "eval_set lacks a target": (X, Y, {}, {"eval_set": (X, Y[["price"]])}, "eval_set.*'sold'"),
    "eval_set with another class": (
        X, Y, {}, {"eval_set": (X, Y.assign(sold="maybe"))}, "eval_set.*'sold' has the label 'may"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FIT)
def test_fit_refuses(case, boosted):
    features, labels, parameters, arguments, message = FIT[case]
    model = boosted.mixed(**parameters)
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(features, labels, **arguments)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_numbers_and_classes_keep_to_themselves(boosted):
    with pytest.raises(ValueError, match="Task 'sold' has labels that are not numbers"):
        boosted.regressor().fit(X, Y["sold"])
    with pytest.raises(ValueError, match="Task 'price' has fractional numbers"):
        boosted.classifier().fit(X, Y["price"])
    with pytest.raises(ValueError, match=r"'sold' .* RMTGBRegressor predicts numbers only"):
        boosted.regressor(tasks={"sold": "binary"}).fit(X, Y)


PREDICT = {
    "column missing": (X.drop(columns="a"), "(?s)yet now missing:.*- a"),
    "column too many": (X.assign(z=1), "(?s)unseen at fit time:.*- z"),
    "columns in another order": (X[["b", "a", "city", "shop"]], "same order"),
    "task column missing": (X.drop(columns="shop"), "(?s)yet now missing:.*- shop"),
    "numbers became text": (X.assign(a="q"), r"columns \['a'\] of X held numbers at fit"),
    "text became numbers": (X.assign(city=1.0), r"columns \['city'\] of X held text"),
    "infinity": (cell(-np.inf), r"infinity in the columns \['a'\]"),
    "missing task ids": (X.assign(shop=None), "60 of 60 rows have no task id in column 'shop'"),
    "unseen task": (X.assign(shop="east"), "Column 'shop' has the task 'east'"),
    "one row as a Series": (X.iloc[0], "Expected 2D array, got 1D array"),
}
METHODS = ["predict", "predict_proba", "contributions", "shap_values", "staged_predict"]


@pytest.fixture(scope="module")
def fitted():
    from skmtl import RMTGB

    return RMTGB(task_column="shop", unseen="error", n_rounds=2, n_bags=1, random_state=0).fit(
        X, Y
    )


@pytest.mark.parametrize("case", PREDICT)
@pytest.mark.parametrize("method", METHODS)
def test_predict_refuses(case, method, fitted):
    features, message = PREDICT[case]
    with pytest.raises(ValueError, match=message):
        list(getattr(fitted, method)(features))


def test_predict_refuses_an_array_of_another_width(boosted):
    model = boosted.regressor().fit(X[["a", "b"]].to_numpy(), Y["price"])
    with pytest.raises(ValueError, match="X has 3 features, but RMTGBRegressor is expecting 2"):
        model.predict(np.zeros((2, 3)))


ATTRIBUTES = [
    "theta_", "outlier_score_", "blocks_", "n_rounds_", "history_", "selection_",
    "feature_importances_", "block_importances_", "task_importances_", "task_names_",
]  # fmt: skip


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_an_unfitted_model_says_so(attribute, boosted):
    with pytest.raises(NotFittedError, match="RMTGB instance is not fitted yet"):
        getattr(boosted.mixed(), attribute)


@pytest.mark.parametrize("method", METHODS)
def test_an_unfitted_model_predicts_nothing(method, boosted):
    with pytest.raises((NotFittedError, AttributeError)):
        list(getattr(boosted.mixed(), method)(X))


def test_a_loss_that_explodes_names_the_task_and_the_round(boosted):
    model = boosted.mixed(learning_rate=1e300, early_stopping=False)
    with pytest.raises(FloatingPointError, match=r"loss of task 'price' .*Lower learning_rate"):
        model.fit(X, Y)

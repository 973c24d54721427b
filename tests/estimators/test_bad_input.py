"""What cannot be learnt from or scored is refused, and the message says what is wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.exceptions import NotFittedError

from skmtl.tasks import Ordinal, Quantile

N = 60
RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(N, 2)), columns=["a", "b"]).assign(
    g=RNG.choice(["x", "y", "z"], N)
)
Y = pd.DataFrame({"r": X["a"], "c": np.where(X["b"] > 0, "u", "v")})
ONE = np.ones(N)
DATES = pd.date_range("2020-01-01", periods=N)


def cell(value, dtype=None):
    """X with one cell of column a replaced."""
    return X.assign(a=[value, *X["a"].astype(dtype or float)[1:]])


# name: (X, y, parameters of the estimator, further arguments of fit, message)
FIT = {
    # X
    "1-D X": (X["a"], Y, {}, {}, "Expected 2D array, got 1D array"),
    "3-D X": (np.zeros((N, 2, 2)), Y, {}, {}, "Found array with dim 3"),
    "rows of different length": ([[1, 2], [3]], [1, 2], {}, {}, "X must be a table.*rows differ"),
    "sparse X": (scipy.sparse.eye(N).tocsr(), Y, {}, {}, "Sparse data was passed for X"),
    "dict X": ({"a": ONE}, ONE, {}, {}, "X is a dict; pass a DataFrame"),
    "no row": (X[:0], Y[:0], {}, {}, r"0 sample\(s\).*X is empty"),
    "no column in X": (X[[]], Y, {}, {}, r"0 feature\(s\).*X is empty"),
    "one row": (X[:1], Y[:1], {}, {}, "n_samples=1: at least two rows"),
    "column name twice in X": (X.set_axis(["a", "b", "a"], axis=1), Y, {}, {}, r"of X.*\['a'\]"),
    "infinity in X": (cell(np.inf), Y, {}, {}, r"X contains infinity in the columns \['a'\]"),
    "text among numbers": (cell("k", object), Y, {}, {}, "Column 'a' of X mixes numbers and text"),
    "lists in X": (X.assign(a=[[1, 2]] * N), Y, {}, {}, "Column 'a' of X holds list"),
    "dates in X": (X.assign(a=DATES), Y, {}, {}, "Column 'a' of X holds dates.*dt.dayofweek"),
    "durations in X": (X.assign(a=DATES - DATES[0]), Y, {}, {}, "Column 'a' of X holds durations"),
    "complex X": (X.assign(a=1j), Y, {}, {}, "Complex data not supported: column 'a' of X"),
    # y
    "no y": (X, None, {}, {}, "requires y to be passed"),
    "3-D y": (X, np.zeros((N, 2, 2)), {}, {}, r"y must be 1-D or 2-D.*\(60, 2, 2\)"),
    "dict y": (X, {"r": Y["r"]}, {}, {}, "y is a dict; pass a DataFrame"),
    "no column in y": (X, Y[[]], {}, {}, "y has no column"),
    "too few labels": (X, Y[:5], {}, {}, r"inconsistent numbers of samples: \[60, 5\]"),
    "column name twice in y": (X, Y.set_axis(["r", "r"], axis=1), {}, {}, r"y has.*\['r'\].*more"),
    "infinite label": (X, Y.assign(r=np.inf), {}, {}, "Task 'r' has infinity"),
    "huge label": (X, Y.assign(r=1e200), {}, {}, r"Task 'r' has labels beyond 1e\+150"),
    "task without a label": (X, Y.assign(r=np.nan), {}, {}, "Task 'r' has no observed label"),
    "text task without a label": (X, Y.assign(c=None), {}, {}, "Task 'c' has no observed label"),
    "one class": (
        X, Y.assign(c="u"), {"constant_targets": "error"}, {},
        r"Task 'c' has one class only \('u'\)",
    ),
    "numbers and text": (X, Y.assign(c=["u", 1] * 30), {}, {}, "Task 'c' mixes labels"),
    "dates as labels": (X, Y.assign(r=DATES), {}, {}, "Task 'r' has dates"),
    "complex labels": (X, Y.assign(r=1j), {}, {}, "Complex data not supported: task 'r'"),
    # kinds
    "unknown kind": (X, Y, {"tasks": {"r": "logistic"}}, {}, "kind 'logistic' for task 'r'"),
    "kind of an unknown task": (X, Y, {"tasks": {"q": "count"}}, {}, r"`tasks` names \['q'\]"),
    "kind that is no word": (X, Y, {"tasks": {"r": 3}}, {}, "Unknown kind 3 for task 'r'"),
    "text as numbers": (X, Y, {"tasks": {"c": "regression"}}, {}, "'c' has labels that are no"),
    "fractions as classes": (X, Y, {"tasks": {"r": "binary"}}, {}, "Task 'r' has fractional"),
    "three classes as binary": (
        X, Y.assign(c=["u", "v", "w"] * 20), {"tasks": {"c": "binary"}}, {},
        "Task 'c' has 3 classes.*takes two",
    ),
    "negative counts": (X, Y, {"tasks": {"r": "count"}}, {}, "Task 'r' is a count.*negative"),
    "nothing but zero": (
        X, Y.assign(r=0.0), {"tasks": {"r": "count"}, "constant_targets": "error"}, {},
        "'r' has one observed value",
    ),
    "text without an order": (X, Y, {"tasks": {"c": "ordinal"}}, {}, "Task 'c' is ordinal"),
    "class outside the order": (
        X, Y, {"tasks": {"c": Ordinal(order=["u", "w"])}}, {}, "'c' has the label 'v'.*order"
    ),
    # long data
    "unknown task column": (
        X, Y, {"task_column": "h"}, {},
        "task_column='h' is not a column of X.*'a', 'b', 'g'",
    ),
    "task position out of range": (
        X, Y, {"task_column": 9}, {},
        "task_column=9 is not a column of X",
    ),
    "missing task id": (
        X.assign(g=X["g"].where(X["g"] != "x")),
        Y,
        {"task_column": "g"},
        {},
        "no task id in column 'g'",
    ),
    "nothing but task ids": (
        X[["g"]], Y, {"task_column": "g"}, {},
        "no column besides the task ids 'g'",
    ),
    # parameters
    "learning_rate": (X, Y, {"learning_rate": 0}, {}, r"learning_rate=0 .* number in \(0, inf\)"),
    "learning_rate NaN": (X, Y, {"learning_rate": np.nan}, {}, "learning_rate=nan"),
    "max_epochs": (X, Y, {"max_epochs": 2.5}, {}, "max_epochs=2.5 .* whole number of at least 1"),
    "batch_size": (X, Y, {"batch_size": "big"}, {}, "batch_size='big' .* at least 1 or 'auto'"),
    "dropout": (X, Y, {"dropout": 1.0}, {}, r"dropout=1.0 .* \[0, 0.99\]"),
    "mask": (X, Y, {"mask": None}, {}, "mask=None .* 'task_to_task'"),
    "early_stopping": (X, Y, {"early_stopping": "yes"}, {}, "early_stopping='yes' .* True or F"),
    "max_time": (X, Y, {"max_time": -1}, {}, "max_time=-1 .* or None"),
    "device": (X, Y, {"device": "tpu"}, {}, "device='tpu' cannot be used here"),
    "heads that do not divide": (
        X, Y, {"embedding_size": 6, "n_heads": 4}, {}, "embedding_size=6 .* n_heads=4"
    ),
    "context without a row path": (
        X, Y, {"sample_context": "memory", "row_mixing": "none"}, {}, "sample_context='memory'"
    ),
    # weights
    "weight of an unknown task": (X, Y, {"task_weight": {"q": 1}}, {}, r"task_weight names \['q'"),
    "negative task weight": (X, Y, {"task_weight": {"r": -1}}, {}, "task_weight.*'r': -1.0"),
    "task weights missing": (X, Y, {"task_weight": [1]}, {}, r"task_weight has shape \(1,\)"),
    "no task with weight": (X, Y, {"task_weight": [0, 0]}, {}, "task_weight must be.* positive"),
    "task weight is text": (X, Y, {"task_weight": {"r": "a"}}, {}, "task_weight must hold nu"),
    "negative row weight": (X, Y, {}, {"sample_weight": -ONE}, "Negative values.*sample_weight"),
    "weights missing": (X, Y, {}, {"sample_weight": ONE[:3]}, r"sample_weight.shape == \(3,\)"),
    "weights all zero": (X, Y, {}, {"sample_weight": 0 * ONE}, "ample weights.*non-zero"),
    "weight NaN": (X, Y, {}, {"sample_weight": np.nan * ONE}, "sample_weight contains NaN"),
    "weights of too few tasks": (
        X, Y[["c", "r"]], {}, {"sample_weight": np.ones((N, 1))}, "sample_weight has the shape"
    ),
    "weight for a target of one value alone": (
        X, Y[["r"]].assign(one=1.5), {"task_weight": {"r": 0}}, {}, "positive only for targets"
    ),
    "weight in one row only": (
        X, Y, {}, {"sample_weight": np.eye(N)[0]}, "n_samples=1: .* positive weight"
    ),
    "labels in rows of weight 0 only": (
        X, Y.assign(r=Y["r"].where(Y["r"] > 0)), {}, {"sample_weight": 1.0 * (Y["r"] <= 0)},
        "Task 'r' has no observed label.*zero weight",
    ),
    # eval_set
    "eval_set without y": (X, Y, {}, {"eval_set": (X,)}, "eval_set must be a tuple.*length 1"),
    "eval_set a frame": (X, Y, {}, {"eval_set": X}, "eval_set must be a tuple.*DataFrame"),
    "eval_set a number": (X, Y, {}, {"eval_set": 5}, "eval_set must be a tuple.*got a int"),
    "eval_set lacks a task": (X, Y, {}, {"eval_set": (X, Y[["r"]])}, r"eval_set.*\['r'\].*'c'\]"),
    "eval_set with another task": (
        X, Y, {}, {"eval_set": (X, Y.rename(columns={"r": "q"}))}, r"eval_set.*tasks \['q'\]"
    ),
    "eval_set lacks a column": (X, Y, {}, {"eval_set": (X[["a", "g"]], Y)}, "(?s)eval_set.*- b"),
    "eval_set with another class": (
        X, Y, {}, {"eval_set": (X, Y.assign(c="w"))}, "eval_set.*Task 'c' has the label 'w'"
    ),
    "eval_set without a label": (
        X, Y, {}, {"eval_set": (X, Y.where(Y.isna()))}, "eval_set.*no label that counts"
    ),
    "eval_set for a task of weight 0": (
        X, Y, {"task_weight": {"c": 0}}, {"eval_set": (X, Y.assign(r=np.nan))},
        "eval_set.*no label that counts",
    ),
    "eval_set with infinity": (X, Y, {}, {"eval_set": (cell(np.inf), Y)}, r"eval_set.*\['a'\]"),
}  # fmt: skip


@pytest.mark.parametrize("case", FIT)
def test_fit_refuses(case, small):
    features, labels, parameters, arguments, message = FIT[case]
    model = small.mixed(**parameters)
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(features, labels, **arguments)
    with pytest.raises(NotFittedError):
        model.predict(X)


ARRAYS = {
    "regressor, text": ("regressor", X, Y["c"], {}, "Task 'c' has labels that are not numbers"),
    "regressor, classes": ("regressor", X, Y, {"tasks": {"c": "binary"}}, "'c' .* numbers only"),
    "regressor, sparse y": ("regressor", X, scipy.sparse.eye(N).tocsr(), {}, "y.* sparse"),
    "regressor, ragged y": ("regressor", X, [[1], [1, 2]] * 30, {}, "y .*differ in length"),
    "regressor, huge y": ("regressor", X, [10**400] * N, {}, "Task 0 .*too large"),
    "classifier, fractions": ("classifier", X, Y["r"], {}, "Task 'r' has fractional numbers"),
    "classifier, numbers": ("classifier", X, Y, {"tasks": {"r": "count"}}, "Task 'r'"),
    "classifier, one class": (
        "classifier", X, ONE, {"constant_targets": "error"}, r"Task 0 has one class only \(1.0\)"
    ),
    "classifier, mixture": ("classifier", X, ["u", 1] * 30, {}, "Task 0 mixes labels"),
    "regression in a classifier": (
        "classifier", X, Y.assign(r=1.0 * (X["a"] > 0)), {"tasks": {"r": "regression"}},
        "Task 'r' has kind 'regression', but MultiTabClassifier predicts classes only",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ARRAYS)
def test_fit_of_one_kind_refuses(case, small):
    estimator, features, labels, parameters, message = ARRAYS[case]
    with pytest.raises(ValueError, match=message):
        getattr(small, estimator)(**parameters).fit(features, labels)


PREDICT = {
    "column missing": (X[["b", "g"]], "(?s)yet now missing:.*- a"),
    "column too many": (X.assign(z=1), "(?s)unseen at fit time:.*- z"),
    "columns in another order": (X[["b", "a", "g"]], "same order"),
    "column renamed": (X.rename(columns={"a": "A"}), "(?s)unseen at.*- A.*missing:.*- a"),
    "numbers became text": (X.assign(a="q"), r"columns \['a'\] of X held numbers at fit"),
    "text became numbers": (X.assign(g=1.0), r"columns \['g'\] of X held text"),
    "dates": (X.assign(a=DATES), "Column 'a' of X holds dates"),
    "infinity": (cell(-np.inf), r"infinity in the columns \['a'\]"),
    "one row as a Series": (X.iloc[0], "Expected 2D array, got 1D array"),
}


@pytest.mark.parametrize("case", PREDICT)
@pytest.mark.parametrize("method", ["predict", "predict_proba", "embed", "attention"])
def test_predict_refuses(case, method, fitted):
    features, message = PREDICT[case]
    with pytest.raises(ValueError, match=message):
        getattr(fitted, method)(features)


@pytest.mark.parametrize("method", ["embed", "attention"])
def test_without_a_row_there_is_nothing_to_show(method, fitted):
    with pytest.raises(ValueError, match="X is empty"):
        getattr(fitted, method)(X[:0])


def test_predictions_of_no_row_have_the_columns_of_others(fitted):
    nothing, something = fitted.predict(X[:0]), fitted.predict(X)
    # pandas cannot infer text from no object.
    pd.testing.assert_frame_equal(nothing, something[:0], check_dtype=False)
    for nothing, something in zip(
        fitted.predict_proba(X[:0]), fitted.predict_proba(X), strict=True
    ):
        np.testing.assert_array_equal(nothing, something[:0])


@pytest.fixture(scope="module")
def fitted():
    from skmtl import MultiTab

    parameters = {"row_size": 8, "n_members": 2, "embedding_size": 4, "random_state": 0}
    return MultiTab(max_epochs=1, device="cpu", **parameters).fit(X, Y)


def test_predict_refuses_an_array_of_another_width(small):
    model = small.regressor(max_epochs=1).fit(X[["a", "b"]].to_numpy(), Y["r"])
    with pytest.raises(ValueError, match="X has 3 features, but MultiTabRegressor is expecting 2"):
        model.predict(np.zeros((2, 3)))


def test_predict_of_long_data_refuses_missing_ids(small):
    model = small.regressor(max_epochs=1, task_column="g").fit(X, Y["r"])
    with pytest.raises(ValueError, match="60 of 60 rows have no task id in column 'g'"):
        model.predict(X.assign(g=None))
    with pytest.raises(ValueError, match=r"(?s)yet now missing:.*- g"):
        model.predict(X.drop(columns="g"))


SCORE = {
    "too few labels": (Y[:5], None, r"inconsistent numbers of samples: \[60, 5\]"),
    "unknown task": (Y.rename(columns={"r": "q"}), None, r"tasks \['q'\].*\['r', 'c'\]"),
    "array of another width": (Y[["r"]].to_numpy(), None, "1 columns.*2 tasks"),
    "weights missing": (Y, ONE[:3], r"sample_weight.*\(3,\)"),
}


@pytest.mark.parametrize("case", SCORE)
@pytest.mark.parametrize("method", ["score", "score_tasks"])
def test_score_refuses(case, method, fitted):
    labels, weight, message = SCORE[case]
    with pytest.raises(ValueError, match=message):
        getattr(fitted, method)(X, labels, weight)


@pytest.mark.parametrize("method", ["predict", "embed", "attention"])
def test_an_unfitted_model_says_so(method, small):
    with pytest.raises(NotFittedError, match="MultiTab instance is not fitted yet"):
        getattr(small.mixed(), method)(X)


@pytest.mark.parametrize("attribute", ["task_names_", "task_kinds_"])
def test_an_unfitted_model_has_no_tasks(attribute, small):
    with pytest.raises(NotFittedError):
        getattr(small.mixed(), attribute)


def test_no_probabilities_without_classes(small):
    assert not hasattr(small.regressor(), "predict_proba")
    with pytest.raises(NotFittedError):
        small.classifier().predict_proba(X)
    model = small.mixed(max_epochs=1).fit(X, Y[["r"]])
    with pytest.raises(AttributeError) as raised:
        _ = model.predict_proba
    assert "No task of this MultiTab has classes" in str(raised.value.__cause__)
    with pytest.raises(AttributeError, match="No task of this model has classes"):
        _ = model.classes_


def test_no_quantiles_without_quantile_tasks(fitted):
    with pytest.raises(AttributeError, match="predict_quantiles") as raised:
        _ = fitted.predict_quantiles
    assert "No task of this MultiTab has quantiles" in str(raised.value.__cause__)


def test_no_attention_without_blocks(small):
    model = small.mixed(n_blocks=0, max_epochs=1).fit(X, Y)
    with pytest.raises(ValueError, match="attention needs n_blocks >= 1"):
        model.attention(X)


def test_quantiles_must_increase():
    with pytest.raises(ValueError, match="strictly increasing"):
        Quantile(quantiles=(0.9, 0.1))


def test_a_loss_that_explodes_names_task_and_epoch(small):
    model = small.mixed(learning_rate=1e30, gradient_clip=1e30, batch_size=8)
    with pytest.raises(FloatingPointError, match="loss of task 'r' is not finite in epoch 0"):
        model.fit(X, Y)


def test_a_validation_loss_that_explodes_names_task_and_epoch(small):
    model = small.mixed(learning_rate=1e30, gradient_clip=1e30)  # one step an epoch
    with pytest.raises(FloatingPointError, match="loss of task 'r' is not finite in epoch 0"):
        model.fit(X, Y)


def test_going_on_needs_the_same_columns_and_tasks(small):
    model = small.mixed(warm_start=True, max_epochs=1).fit(X, Y)
    with pytest.raises(ValueError, match=r"(?s)yet now missing:.*- a"):
        model.fit(X.drop(columns="a"), Y)
    with pytest.raises(ValueError, match=r"\['r'\], but the model was fitted on \['r', 'c'\]"):
        model.fit(X, Y[["r"]])
    with pytest.raises(ValueError, match="Task 'c' has the label 'w'"):
        model.fit(X, Y.assign(c="w"))

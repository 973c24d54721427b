"""Scores by task, against scikit-learn on the rows that have a label."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from skmtl.metrics import score_tasks
from skmtl.tasks import KINDS, EventTimes, Regression


def probabilities(n_samples, n_classes, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(n_classes), n_samples)


@pytest.fixture
def truth():
    """A regression, a text and a nullable count task; two rows of each lack the label."""
    rng = np.random.default_rng(0)
    n = 40
    frame = pd.DataFrame(
        {
            "spend": rng.normal(size=n),
            "colour": rng.choice(["red", "green", "blue"], n),
            "visits": pd.array(rng.poisson(3, n), dtype="Int64"),
        }
    )
    frame.loc[[0, 7], "spend"] = np.nan
    frame.loc[[1, 8], "colour"] = None
    frame.loc[[2, 9], "visits"] = pd.NA
    return frame


@pytest.fixture
def predicted(truth):
    rng = np.random.default_rng(1)
    n = len(truth)
    return pd.DataFrame(
        {
            "visits": rng.uniform(1, 5, n),
            "colour": rng.choice(["red", "green", "blue"], n),
            "spend": rng.normal(size=n),
        }
    )


KIND_OF = {"spend": "regression", "colour": "multiclass", "visits": "count"}


def test_auto_is_each_kinds_own_metric_on_the_observed_rows(truth, predicted):
    scores = score_tasks(truth, predicted, kinds=KIND_OF)
    seen = {name: truth[name].notna() for name in truth}
    assert list(scores.index) == ["spend", "colour", "visits"]
    assert scores["spend"] == sk.r2_score(
        truth["spend"][seen["spend"]], predicted["spend"][seen["spend"]]
    )
    assert scores["colour"] == np.mean(
        truth["colour"][seen["colour"]] == predicted["colour"][seen["colour"]]
    )
    assert scores["visits"] == sk.r2_score(
        truth["visits"][seen["visits"]].astype(int), predicted["visits"][seen["visits"]]
    )


def test_d2_poisson_is_the_tweedie_score_of_power_one(truth, predicted):
    seen = truth["visits"].notna()
    expected = sk.d2_tweedie_score(
        truth["visits"][seen].astype(int), predicted["visits"][seen], power=1
    )
    assert score_tasks(truth[["visits"]], predicted, metric="d2_poisson")["visits"] == expected


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("funnel", "composition")])
def test_the_default_metric_of_every_kind_exists(kind):
    labels = np.array([0, 1, 1, 0]) if kind == "binary" else np.array([0, 1, 2, 1])
    predictions = labels if KINDS[kind].is_classification else labels + 0.5
    if KINDS[kind].default_metric == "concordance":
        labels = pd.Series(EventTimes(labels, [4.0, 3.0, 2.0, 1.0]))
    auto = score_tasks(labels, predictions, kinds=kind)
    named = score_tasks(labels, predictions, metric=KINDS[kind].default_metric)
    assert np.isfinite(auto[0])
    assert auto[0] == named[0]


def test_a_dict_gives_each_task_its_metric_and_the_rest_the_default(truth, predicted):
    chosen = {"spend": "neg_mean_absolute_error", "visits": sk.mean_poisson_deviance}
    scores = score_tasks(truth, predicted, metric=chosen, kinds=KIND_OF)
    seen = truth["spend"].notna()
    assert scores["spend"] == -sk.mean_absolute_error(
        truth["spend"][seen], predicted["spend"][seen]
    )
    seen = truth["visits"].notna()
    assert scores["visits"] == sk.mean_poisson_deviance(
        truth["visits"][seen].astype(int), predicted["visits"][seen]
    )
    assert scores["colour"] == score_tasks(truth, predicted, kinds=KIND_OF)["colour"]


@pytest.mark.parametrize("metric", [sk.median_absolute_error, sk.make_scorer(sk.max_error)])
def test_callables_and_scorers_are_metrics(metric):
    truth, predicted = np.array([1.0, np.nan, 3.0]), np.array([1.5, 9.0, 2.0])
    expected = {"median_absolute_error": 0.75}.get(getattr(metric, "__name__", ""), 1.0)
    assert score_tasks(truth, predicted, metric=metric)[0] == expected


def test_sample_weight_reaches_the_metric(truth, predicted):
    weight = np.random.default_rng(2).uniform(size=len(truth))
    scores = score_tasks(truth, predicted, kinds=KIND_OF, sample_weight=weight)
    seen = truth["spend"].notna()
    assert scores["spend"] == sk.r2_score(
        truth["spend"][seen], predicted["spend"][seen], sample_weight=weight[seen]
    )


@pytest.mark.parametrize("classes", [["a", "b"], ["a", "b", "c"]])
def test_a_label_that_the_model_has_never_seen_is_a_miss(classes):
    truth, predicted = pd.Series(["a", "b", "new", "b"]), pd.Series(["a", "b", "b", "a"])
    assert score_tasks(truth, predicted, classes=np.array(classes))[0] == 0.5


@pytest.mark.parametrize("constant", [0.5, 0.1, -1e9 / 3])
def test_r2_of_a_constant_label_is_one_or_zero(constant):
    truth = np.full(240, constant)
    weight = np.linspace(0.1, 1, 240)
    for weights in (None, weight):
        assert score_tasks(truth, truth, sample_weight=weights)[0] == 1
        assert score_tasks(truth, 1.01 * truth, sample_weight=weights)[0] == 0


def test_a_task_without_label_or_weight_is_nan():
    truth = pd.DataFrame({"a": [np.nan, np.nan], "b": [1.0, 2.0]})
    scores = score_tasks(truth, np.ones((2, 2)))
    assert np.isnan(scores["a"])
    assert scores["b"] == sk.r2_score([1.0, 2.0], [1, 1])
    assert score_tasks(truth, np.ones((2, 2)), sample_weight=[0, 0]).isna().all()


@given(st.floats(allow_nan=True, allow_infinity=True), st.text(), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_what_is_predicted_where_the_label_is_missing_has_no_influence(number, text, seed):
    rng = np.random.default_rng(seed)
    hidden = rng.random((12, 2)) < 0.4
    hidden[:2] = False
    truth = pd.DataFrame({"a": rng.normal(size=12), "b": rng.choice(["u", "v"], 12)})
    truth.loc[:1, "b"] = ["u", "v"]
    truth = truth.mask(hidden)
    predicted = pd.DataFrame({"a": rng.normal(size=12), "b": rng.choice(["u", "v"], 12)})
    changed = predicted.astype(object)
    changed.loc[hidden[:, 0], "a"] = number
    changed.loc[hidden[:, 1], "b"] = text
    metric = {"a": "neg_mean_absolute_error", "b": "f1"}
    expected = score_tasks(truth, predicted, metric=metric)
    got = score_tasks(truth, {name: changed[name] for name in changed}, metric=metric)
    pd.testing.assert_series_equal(got, expected)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_every_placeholder_is_missing(missing):
    truth = pd.DataFrame({"a": pd.Series(["x", missing, "y"], dtype=object)})
    assert score_tasks(truth, pd.DataFrame({"a": ["x", "y", "x"]}))["a"] == 0.5


def forms():
    numbers = [1.0, np.nan, 3.0, 5.0]
    yield "array", np.array(numbers), 0
    yield "list", numbers, 0
    yield "series", pd.Series(numbers, name="a", index=[7, 5, 3, 1]), "a"
    yield "nullable", pd.DataFrame({"a": pd.array([1, None, 3, 5], dtype="Int64")}), "a"
    yield "polars", pl.DataFrame({"a": [1.0, None, 3.0, 5.0]}), "a"
    yield "structured", np.array([(v,) for v in numbers], dtype=[("a", float)]), "a"
    yield "object", np.array([[1.0], [None], [3.0], [5.0]], dtype=object), 0


@pytest.mark.parametrize(("truth", "name"), [f[1:] for f in forms()], ids=[f[0] for f in forms()])
def test_labels_may_come_in_many_forms(truth, name):
    scores = score_tasks(truth, [1.0, 0.0, 2.0, 5.0])
    assert scores.to_dict() == {name: 0.875}


@pytest.mark.parametrize("dtype", ["category", "str", "boolean", object])
def test_classes_of_every_dtype_are_scored(dtype):
    labels = [True, None, False] if dtype == "boolean" else ["x", None, "y"]
    guesses = [True, True, True] if dtype == "boolean" else ["x", "x", "x"]
    truth = pd.DataFrame({"a": pd.Series(labels, dtype=dtype)})
    assert score_tasks(truth, pd.DataFrame({"a": guesses}))["a"] == 0.5


def test_polars_text_is_scored():
    truth = pl.DataFrame({"a": ["x", None, "y"]})
    assert score_tasks(truth, pl.DataFrame({"a": ["x", "x", "x"]}))["a"] == 0.5


def test_named_tables_are_matched_by_name_and_arrays_by_position(truth, predicted):
    by_name = score_tasks(truth, predicted, kinds=KIND_OF)
    by_position = score_tasks(truth, predicted[list(truth)].to_numpy(), kinds=KIND_OF)
    pd.testing.assert_series_equal(by_name, by_position)
    one = score_tasks(truth[["spend"]], predicted)
    assert one["spend"] == by_name["spend"]


def test_binary_metrics_read_the_probability_of_the_last_class():
    labels, proba = ["no", "yes", None, "yes", "no"], probabilities(5, 2)
    seen = [0, 1, 3, 4]
    expected = sk.roc_auc_score([0, 1, 1, 0], proba[seen, 1])
    truth = pd.DataFrame({"a": labels})
    for metric in ("roc_auc", "roc_auc_ovr", "roc_auc_ovo"):
        assert score_tasks(truth, [proba], metric=metric)["a"] == expected
    assert score_tasks(truth, [proba], metric="average_precision")[
        "a"
    ] == sk.average_precision_score([0, 1, 1, 0], proba[seen, 1])
    assert score_tasks(truth, [proba], metric="neg_log_loss")["a"] == -sk.log_loss(
        [0, 1, 1, 0], proba[seen]
    )
    assert score_tasks(truth, [proba], metric="neg_brier_score")["a"] == -sk.brier_score_loss(
        [0, 1, 1, 0], proba[seen, 1]
    )


def test_text_classes_have_precision_and_recall():
    truth = pd.DataFrame({"a": ["no", "yes", "yes", None]})
    guesses = pd.DataFrame({"a": ["yes", "yes", "no", "no"]})
    assert score_tasks(truth, guesses, metric="precision")["a"] == 0.5
    assert score_tasks(truth, guesses, metric="f1")["a"] == 0.5


@pytest.mark.parametrize(
    "metric", ["roc_auc_ovr", "roc_auc_ovr_weighted", "roc_auc_ovo", "roc_auc_ovo_weighted"]
)
def test_multiclass_auc_is_sklearns_when_all_classes_are_there(metric):
    proba = probabilities(60, 4)
    labels = np.array(list("abcd"))[np.random.default_rng(3).integers(0, 4, 60)]
    got = score_tasks(labels, proba, metric=metric)[0]
    scheme, _, weighted = metric.removeprefix("roc_auc_").partition("_")
    expected = sk.roc_auc_score(labels, proba, multi_class=scheme, average=weighted or "macro")
    assert got == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "metric",
    [
        "roc_auc_ovr",
        "roc_auc_ovr_weighted",
        "roc_auc_ovo",
        "average_precision",
        "neg_log_loss",
        "neg_brier_score",
        "d2_log_loss_score",
        "d2_brier_score",
        "top_k_accuracy",
    ],
)
@pytest.mark.parametrize("present", ["abc", "ab"])
def test_a_class_that_no_scored_row_has_is_no_error(metric, present):
    rng = np.random.default_rng(4)
    labels, proba = (
        np.array(list(present))[rng.integers(0, len(present), 40)],
        probabilities(40, 4),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score = score_tasks(labels, [proba], metric=metric, classes=[np.array(list("abcd"))])
    assert np.isfinite(score[0])


def test_one_vs_rest_averages_over_the_classes_present():
    labels, proba = np.array([0, 1, 1, 2, 0, 2]), probabilities(6, 4)
    each = [sk.roc_auc_score(labels == k, proba[:, k]) for k in (0, 1, 2)]
    got = score_tasks(labels, [proba], metric="roc_auc_ovr", classes=[[0, 1, 2, 3]])
    assert got[0] == pytest.approx(np.mean(each))


def test_probabilities_and_predictions_mix_by_task(truth, predicted):
    proba = probabilities(len(truth), 3)
    answers = {"spend": predicted["spend"], "colour": proba, "visits": predicted["visits"]}
    scores = score_tasks(
        truth, answers, metric={"spend": "r2", "colour": "neg_log_loss", "visits": "r2"}
    )
    seen = truth["colour"].notna().to_numpy()
    assert scores["colour"] == -sk.log_loss(truth["colour"][seen], proba[seen])
    assert scores["spend"] == score_tasks(truth, predicted)["spend"]


def test_quadratic_weighted_kappa_knows_the_order_of_the_classes():
    levels = ["low", "mid", "high"]
    truth, guesses = ["low", "mid", "high", "mid", None], ["mid", "mid", "low", "mid", "low"]
    expected = sk.cohen_kappa_score([0, 1, 2, 1], [1, 1, 0, 1], weights="quadratic")
    ordered = pd.DataFrame({"a": pd.Categorical(truth, categories=levels, ordered=True)})
    text = pd.DataFrame({"a": truth})
    ask = {"metric": "quadratic_weighted_kappa", "kinds": "ordinal"}
    assert score_tasks(ordered, pd.DataFrame({"a": guesses}), **ask)["a"] == expected
    assert score_tasks(text, guesses, classes={"a": levels}, **ask)["a"] == expected
    with pytest.raises(ValueError, match=r"'a'.*text without an order"):
        score_tasks(text, guesses, **ask)


def test_kinds_may_be_words_or_instances():
    labels = np.array([0, 1, 1, 0])
    assert score_tasks(labels, [0.0, 1.0, 0.0, 0.0], kinds="regression")[0] == 0.0
    assert score_tasks(labels, [0.0, 1.0, 0.0, 0.0], kinds=Regression())[0] == 0.0
    assert score_tasks(labels, [0, 1, 0, 0], kinds={0: "binary"})[0] == 0.75


def numbers(*columns):
    return pd.DataFrame(dict(zip("ab", columns, strict=False)))


MISTAKES = {
    "unknown metric": (numbers([1.0]), [1.0], {"metric": "rocauc"}, "'rocauc'.*'roc_auc'"),
    "no metric": (numbers([1.0]), [1.0], {"metric": 3}, "callable.*got 3"),
    "metric of unknown task": (
        numbers([1.0]),
        [1.0],
        {"metric": {"z": "r2"}},
        r"`metric` names the tasks \['z'\].*\['a'\]",
    ),
    "unknown kind": (numbers([1.0]), [1.0], {"kinds": {"a": "real"}}, "kind 'real' for task 'a'"),
    "kind of unknown task": (numbers([1.0]), [1.0], {"kinds": {"z": "count"}}, "`kinds`.*'z'"),
    "missing column": (
        numbers([1.0], [2.0]),
        numbers([1.0]),
        {},
        r"no column for the tasks \['b'\]",
    ),
    "too few columns": (numbers([1.0], [2.0]), [1.0], {}, "1 columns for 2 tasks"),
    "missing entry": (numbers([1.0], [2.0]), {"a": [1.0]}, {}, r"no entry for the tasks \['b'\]"),
    "too few arrays": (
        numbers([1.0], [2.0]),
        [np.ones((1, 2))],
        {},
        r"1 arrays for 2 tasks with classes: \['a', 'b'\]",
    ),
    "other length": (numbers([1.0, 2.0]), [1.0], {}, "2 rows, but y_pred has 1 for task 'a'"),
    "no rows": (numbers([]), np.array([]), {}, "no row"),
    "missing prediction": (
        numbers([1.0, 2.0]),
        [1.0, np.nan],
        {},
        "'r2' of task 'a'.*missing in 1 rows",
    ),
    "predictions for a probability metric": (
        pd.DataFrame({"a": ["x", "y"]}),
        ["x", "y"],
        {"metric": "roc_auc"},
        r"'roc_auc' of task 'a'.*pass an array of shape \(n_samples, n_classes\)",
    ),
    "probabilities for a label metric": (
        pd.DataFrame({"a": ["x", "y"]}),
        [probabilities(2, 2)],
        {"metric": "accuracy"},
        "'accuracy' of task 'a'.*y_pred holds probabilities",
    ),
    "probability metric of a regression": (
        numbers([1.5, 2.0]),
        [1.0, 2.0],
        {"metric": "roc_auc"},
        r"task 'a' \(kind 'regression'\).*no classes",
    ),
    "roc_auc of three classes": (
        pd.DataFrame({"a": ["x", "y", "z"]}),
        [probabilities(3, 3)],
        {"metric": "roc_auc"},
        "3 classes; choose 'roc_auc_ovr'",
    ),
    "too few classes shown": (
        pd.DataFrame({"a": ["x", "y", "x"]}),
        [probabilities(3, 3)],
        {"metric": "neg_log_loss"},
        "probabilities for 3 classes, but 2.*pass `classes`",
    ),
    "label not in classes": (
        pd.DataFrame({"a": ["x", "y", "w"]}),
        [probabilities(3, 3)],
        {"metric": "neg_log_loss", "classes": [["x", "y", "z"]]},
        "label 'w' is not among the classes",
    ),
    "classes of unknown task": (
        pd.DataFrame({"a": ["x", "y"]}),
        [probabilities(2, 2)],
        {"classes": {"z": ["x", "y"]}},
        r"`classes` names \['z'\]",
    ),
    "text against numbers": (
        pd.DataFrame({"a": ["x", "y"]}),
        [1, 2],
        {},
        "'a'.*different types, for example 'x'",
    ),
    "negative count": (
        numbers([-1.0, 2.0]),
        [1.0, 2.0],
        {"kinds": "count", "metric": "d2_poisson"},
        "'d2_poisson' of task 'a'.*non-negative",
    ),
    "infinite label": (numbers([np.inf, 2.0]), [1.0, 2.0], {}, "task 'a'.*infinity"),
    "weights of another length": (numbers([1.0]), [1.0], {"sample_weight": [1, 1]}, r"\(1,\)"),
    "negative weight": (numbers([1.0]), [1.0], {"sample_weight": [-1]}, "not negative"),
    "weights for a metric without": (
        numbers([1.0, 2.0]),
        [1.0, 2.0],
        {"metric": "neg_max_error", "sample_weight": [1, 2]},
        "'neg_max_error' of task 'a'.*sample_weight",
    ),
    "dates": (pd.DataFrame({"a": pd.to_datetime(["2024-01-01"])}), [1.0], {}, "'a' has dates"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_are_named(case):
    truth, predicted, settings, message = MISTAKES[case]
    with pytest.raises(ValueError, match=message):
        score_tasks(truth, predicted, **settings)

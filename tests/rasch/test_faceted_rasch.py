"""The public interface of FacetedRasch."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl import FacetedRasch
from skmtl.datasets import make_ratings
from skmtl.export import onnx_inputs, to_onnx


@pytest.fixture(scope="module")
def ratings():
    return make_ratings(60, 2, n_raters=5, n_questions=2, n_levels=3, random_state=0)


@pytest.fixture(scope="module")
def model(ratings):
    return FacetedRasch(item_column="item").fit(*ratings)


def test_raters_do_not_change_what_is_said_of_items(ratings, model):
    X, _ = ratings
    items = X.drop(columns="rater")
    for other in (X.assign(rater=99), X.assign(rater=None), X[X.columns[::-1]]):
        pd.testing.assert_frame_equal(model.measure(other[X.columns]), model.measure(items))
    pd.testing.assert_frame_equal(model.predict(X), model.predict(items))
    assert model.feature_names_in_.tolist() == ["item", "x_0", "x_1"]


def test_rows_are_measured_by_themselves(ratings, model):
    X, _ = ratings
    alone = pd.concat([model.measure(X.iloc[[at]]) for at in range(5)])
    pd.testing.assert_frame_equal(alone, model.measure(X).iloc[:5])


def test_predictions_are_those_of_a_rater_of_severity_zero(ratings, model):
    X, _ = ratings
    measure = model.measure(X)["measure"].to_numpy()
    threshold = model.thresholds_.loc[("question_1", 2), "threshold"]
    highest = 1 / (1 + np.exp(threshold - measure))
    assert model.predict_proba(X)[1][:, 2] == pytest.approx(highest)


def test_facets_alone_need_no_features(ratings):
    X, Y = ratings
    model = FacetedRasch(item_column="item").fit(X[["rater", "item"]], Y)
    measured = model.measure(X[["item"]].drop_duplicates())
    average = Y.mean(axis=1).groupby(X["item"]).mean()
    assert np.corrcoef(measured["measure"], average)[0, 1] > 0.9
    assert len(model.coef_) == 0
    with pytest.raises(ValueError, match="not use any feature"):
        to_onnx(model)


def test_columns_may_be_named_by_position(ratings):
    X, Y = ratings
    named = FacetedRasch(item_column="item").fit(X, Y)
    numbers = X[["rater", "x_0", "item", "x_1"]].to_numpy()
    model = FacetedRasch(rater_column=0, item_column=-2).fit(numbers, Y.to_numpy())
    assert model.severity_["severity"].to_numpy() == pytest.approx(
        named.severity_["severity"].to_numpy(), abs=1e-6
    )
    for rows in (numbers, numbers[:, 1:]):
        assert model.measure(rows).to_numpy() == pytest.approx(
            named.measure(X).to_numpy(), abs=1e-6
        )
    assert model.n_features_in_ == 3


def test_files_keep_measures_and_severities(ratings, model):
    X, _ = ratings
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    loaded = skmtl.load(file)
    pd.testing.assert_frame_equal(loaded.measure(X), model.measure(X))
    pd.testing.assert_frame_equal(loaded.severity_, model.severity_)
    pd.testing.assert_frame_equal(loaded.thresholds_, model.thresholds_)


def test_tables_are_scored_with_or_without_raters(ratings, model):
    X, _ = ratings
    scores = skmtl.score_frame(model, X.drop(columns="rater"))
    pd.testing.assert_frame_equal(skmtl.score_frame(model, X), scores)


def test_the_graph_has_the_same_probabilities(ratings, model):
    onnxruntime = pytest.importorskip("onnxruntime")
    X, _ = ratings
    X = X.assign(item=X["item"].where(X.index > 9, 1_000))  # some are new
    session = onnxruntime.InferenceSession(to_onnx(model).SerializeToString())
    feed = onnx_inputs(model, X)
    assert "rater" not in feed
    graph = session.run(["question_0_proba"], feed)[0]
    assert graph == pytest.approx(model.predict_proba(X)[0], abs=1e-6)


def test_missing_ratings_are_left_out(ratings):
    X, Y = ratings
    gaps = np.random.default_rng(0).random(Y.shape) < 0.3
    model = FacetedRasch(item_column="item").fit(X, Y.mask(gaps))
    assert model.severity_["n_ratings"].sum() == (~gaps).sum()
    summary = model.summary()
    assert summary.n_rows == len(X)
    assert summary.tasks["labels"].tolist() == (~gaps).sum(axis=0).tolist()
    weighted = FacetedRasch(item_column="item").fit(X, Y, sample_weight=1.0 * ~gaps)
    pd.testing.assert_frame_equal(weighted.severity_, model.severity_, atol=1e-6)


def test_sets_of_raters_without_a_common_item_are_named(ratings):
    X, Y = ratings
    X = X.assign(item=X["item"] * 2 + (X["rater"] > 1), rater=X["rater"].map("r{}".format))
    with pytest.warns(UserWarning, match=r"only within 2 sets: 'r2', 'r3', 'r4'; 'r0', 'r1'\."):
        FacetedRasch(item_column="item").fit(X, Y)


@pytest.mark.parametrize(
    ("parameters", "changes", "words"),
    [
        ({}, {"rater": 3}, "has only one rater, 3"),
        ({}, {"rater": [None] + [1, 2] * 89 + [1]}, "1 rows have no rater"),
        ({"rater_column": "judge"}, {}, "rater_column='judge'"),
        ({"item_column": "rater"}, {}, "same column"),
        ({"severity_scale": 0}, {}, "severity_scale=0"),
        ({"tasks": "multiclass"}, {}, "'question_0' has kind 'multiclass'"),
    ],
)
def test_what_cannot_be_measured_is_named(ratings, parameters, changes, words):
    X, Y = ratings
    with pytest.raises(ValueError, match=words):
        FacetedRasch(**parameters).fit(X.assign(**changes), Y)


def test_infinite_severities_are_refused_unless_they_are_shrunken(ratings):
    X, Y = ratings
    Y = Y.mul(X["rater"] != 2, axis=0)
    with pytest.raises(ValueError, match="Rater 2 has given the same extreme level"):
        FacetedRasch(item_column="item", severity_scale=np.inf).fit(X, Y)
    severity = FacetedRasch(item_column="item").fit(X, Y).severity_["severity"]
    assert severity.idxmax() == 2
    assert np.isfinite(severity).all()


def test_raters_without_features_or_items_are_refused(ratings):
    X, Y = ratings
    with pytest.raises(ValueError, match="no columns besides the raters"):
        FacetedRasch().fit(X[["rater"]], Y)

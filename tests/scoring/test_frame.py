"""Everything that a model predicts for a frame."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl.answers import read_probabilities
from tests.scoring.conftest import EVERY

TIMES = [1.0, 2.5]


def times_of(name):
    return TIMES if name.startswith("survival") or name == "multitab-event" else None


def assert_columns(frame, stem, expected):
    """Columns that begin with the stem hold the columns of an array."""
    names = [name for name in frame if name.startswith(stem)]
    np.testing.assert_array_equal(frame[names].to_numpy(), np.reshape(expected, (len(frame), -1)))


@pytest.mark.parametrize("name", EVERY)
def test_scores_are_what_the_methods_of_the_model_give(case_of, name):
    model, X = case_of(name)
    scores = skmtl.score_frame(model, X, times=times_of(name))
    predicted = model.predict(X)
    found = scores[[c for c in scores if re.search("_prediction$|_risk|_share_", c)]]
    np.testing.assert_array_equal(
        found.to_numpy(dtype=object),
        np.reshape(np.asarray(predicted, dtype=object), (len(X), -1)),
    )
    if hasattr(model, "predict_proba"):
        names = [c.removesuffix("_prediction") for c in scores if c.endswith("_prediction")]
        names = [c for c in names if any(s.startswith(f"{c}_proba_") for s in scores)]
        for task, expected in read_probabilities(model.predict_proba(X), names).items():
            assert_columns(scores, f"{task}_proba_", expected)
    if hasattr(model, "predict_quantiles"):
        for task, levels in model.predict_quantiles(X).T.groupby(level=0):
            assert_columns(scores, f"{task}_quantile_", levels.T)


@pytest.mark.parametrize("name", ["multitab", "survival-competing", "rmtgb", "multitab-long"])
def test_the_size_of_the_batches_does_not_matter(case_of, name):
    model, X = case_of(name)
    whole, parts = (
        skmtl.score_frame(model, X, times=times_of(name), batch_rows=n) for n in (None, 33)
    )
    # Matrix products of networks round by the number of rows.
    pd.testing.assert_frame_equal(whole, parts, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["survival", "survival-several", "survival-proportional"])
def test_survival_is_that_of_the_model(case_of, name):
    model, X = case_of(name)
    scores = skmtl.score_frame(model, X, times=TIMES)
    expected = model.predict_survival_function(X, TIMES)
    events = expected if isinstance(expected, dict) else {"event": expected}
    for event, values in events.items():
        assert_columns(scores, f"{event}_survival_", values)


def test_incidences_by_cause_are_those_of_the_model(case_of):
    model, X = case_of("survival-competing")
    scores = skmtl.score_frame(model, X, times={"event": TIMES})
    assert scores.columns.tolist() == [
        "event_risk_1", "event_risk_2", "event_survival_1", "event_survival_2.5",
        "event_incidence_1_1", "event_incidence_1_2.5",
        "event_incidence_2_1", "event_incidence_2_2.5",
    ]  # fmt: skip
    for cause, values in model.predict_cumulative_incidence(X, TIMES).items():
        assert_columns(scores, f"event_incidence_{cause}_", values)


def test_an_event_beside_other_tasks_has_survival_too(case_of):
    model, X = case_of("multitab-event")
    scores = skmtl.score_frame(model, X, times=[0.0, 2.0])
    names = ["death_risk", "death_survival_0", "death_survival_2", "cost_prediction"]
    assert scores.columns.tolist() == names
    assert (scores["death_survival_0"] == 1).all()
    assert scores["death_survival_2"].between(0, 1, inclusive="neither").all()


def test_columns_may_stand_in_any_order_and_kept_ones_come_first(case_of):
    model, X = case_of("rmtgb")
    shuffled = X[X.columns[::-1]].assign(id=range(len(X))).set_index(np.arange(len(X)) + 7)
    scores = skmtl.score_frame(model, shuffled, keep=["id", "city"], proba=False, quantiles=False)
    assert scores.columns.tolist() == [
        "id", "city", "price_prediction", "visits_prediction", "sold_prediction",
        "grade_prediction", "risk_prediction", "delay_prediction",
    ]  # fmt: skip
    assert scores.index.equals(shuffled.index)
    expected = model.predict(X)["price"].to_numpy()
    np.testing.assert_array_equal(scores["price_prediction"], expected)


def test_a_model_may_be_a_file_and_a_table_polars(case_of, tmp_path):
    model, X = case_of("rmtgb-polars")
    model.save(tmp_path / "model.skmtl")
    scores = skmtl.score_frame(tmp_path / "model.skmtl", X, keep=["city"])
    assert scores.columns.tolist() == ["city", "price_prediction"]
    np.testing.assert_array_equal(scores["price_prediction"], np.ravel(model.predict(X)))


def test_a_model_of_an_array_reads_all_columns_that_are_not_kept(case_of):
    model, X = case_of("multitab-regressor")
    frame = pd.DataFrame({"id": range(len(X)), "a": X[:, 0], "b": X[:, 1]})
    expected = model.predict(X)
    for chosen in ({}, {"columns": ["a", "b"]}):
        scores = skmtl.score_frame(model, frame, keep=["id"], **chosen)
        np.testing.assert_array_equal(scores["price_prediction"], expected)
    with pytest.raises(ValueError, match=r"reads 2 columns, and there are 3: \['id', 'a', 'b'\]"):
        skmtl.score_frame(model, frame)


@pytest.mark.parametrize("name", ["multitab", "rmtgb", "survival"])
def test_a_table_without_rows_has_all_columns(case_of, name):
    model, X = case_of(name)
    some, none = (skmtl.score_frame(model, X[:n], times=times_of(name)) for n in (5, 0))
    assert none.shape == (0, some.shape[1])
    assert none.columns.equals(some.columns)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": ["nobody"]}, r"df has no columns \['nobody'\]"),
        ({"keep": "city"}, r"keep must be a list of columns, such as \['city'\]"),
        ({"keep": ["city", "city"]}, "keep names a column twice"),
        ({"columns": ["size"]}, "The model reads 5 columns, and there are 1"),
        ({"times": [1.0]}, "times are for times to events"),
        ({"batch_rows": 0}, "batch_rows must be a whole number from 1"),
    ],
    ids=lambda value: None if isinstance(value, str) else next(iter(value)),
)
def test_what_cannot_be_done_is_said(case_of, options, message):
    model, X = case_of("rmtgb")
    with pytest.raises(ValueError, match=message):
        skmtl.score_frame(model, X, **options)


def test_a_kept_column_cannot_have_the_name_of_an_output(case_of):
    model, X = case_of("rmtgb")
    with pytest.raises(ValueError, match="also the name of an output"):
        skmtl.score_frame(model, X.assign(price_prediction=1.0), keep=["price_prediction"])


def test_times_reach_no_further_than_the_follow_up(case_of):
    model, X = case_of("survival")
    with pytest.raises(ValueError, match=r"of 'event' are known up to .* only"):
        skmtl.score_frame(model, X, times=[1e6])
    with pytest.raises(ValueError, match="times must be a list of numbers from 0, got '1,2'"):
        skmtl.score_frame(model, X, times="1,2")
    with pytest.raises(ValueError, match=r"times names \['birth'\]"):
        skmtl.score_frame(model, X, times={"birth": [1.0]})
    with pytest.raises(ValueError, match=r"times contains a time twice: \[1, 1\.0\]"):
        skmtl.score_frame(model, X, times=[1, 1.0])


def test_the_old_name_of_times_is_read_with_a_warning(case_of):
    model, X = case_of("survival")
    with pytest.warns(FutureWarning, match="pass times instead"):
        scores = skmtl.score_frame(model, X, horizons=TIMES)
    pd.testing.assert_frame_equal(scores, skmtl.score_frame(model, X, times=TIMES))
    with pytest.raises(ValueError, match="pass times only"):
        skmtl.score_frame(model, X, times=TIMES, horizons=TIMES)


def test_an_estimator_that_knows_no_tasks_is_refused():
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0])
    with pytest.raises(TypeError, match="LinearRegression does not say what its tasks are"):
        skmtl.score_frame(model, pd.DataFrame({"a": [1.0]}))


def test_a_model_that_is_not_fitted_is_refused():
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        skmtl.score_frame(skmtl.RMTGB(), pd.DataFrame({"a": [1.0]}))

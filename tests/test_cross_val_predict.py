"""Predictions for held-out rows, and folds of whole groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    PredefinedSplit,
    ShuffleSplit,
    cross_validate,
)
from sklearn.model_selection import cross_val_predict as sklearn_cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import RMTGB, MultiTaskLinear
from skmtl.metrics import score_tasks
from skmtl.model_selection import (
    MultiTaskStratifiedGroupKFold,
    MultiTaskStratifiedKFold,
    cross_val_predict,
)

N = 60
MODEL = RMTGB(n_rounds=10, n_bags=1, blocks=("shared",), random_state=0)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(N, 2)), columns=["a", "b"], index=np.arange(N) + 100)
    Y = pd.DataFrame({"delay": X["a"] * 10, "late": np.where(X["a"] > 0, "yes", "no")})
    return X, Y.mask(rng.random(Y.shape) < 0.2)


def test_every_row_is_predicted_by_a_model_that_has_not_seen_it(table):
    X, Y = table
    cv = KFold(3, shuffle=True, random_state=0)
    predicted = cross_val_predict(MODEL, X, Y, cv=cv)
    chances = cross_val_predict(MODEL, X, Y, cv=cv, method="predict_proba")
    assert predicted.columns.tolist() == ["delay", "late"]
    assert chances["late"].columns.tolist() == ["no", "yes"]
    assert list(chances) == ["late"]
    for train, test in cv.split(X):
        model = sklearn.clone(MODEL).fit(X.iloc[train], Y.iloc[train])
        pd.testing.assert_frame_equal(predicted.iloc[test], model.predict(X.iloc[test]))
        np.testing.assert_array_equal(
            chances["late"].iloc[test], model.predict_proba(X.iloc[test])[0]
        )
    pd.testing.assert_index_equal(predicted.index, X.index)
    scores = score_tasks(Y, {"delay": predicted["delay"], "late": chances["late"]},
                         metric={"late": "roc_auc"})  # fmt: skip
    assert scores.min() > 0.5


def test_pipelines_polars_and_weights(table):
    X, Y = table
    pipe = make_pipeline(StandardScaler().set_output(transform="pandas"), MODEL)
    got = cross_val_predict(pipe, X, Y, cv=3)
    assert got.columns.tolist() == ["delay", "late"]
    from_polars = cross_val_predict(MODEL, pl.from_pandas(X), pl.from_pandas(Y), cv=3)
    plain = cross_val_predict(MODEL, X, Y, cv=3)
    np.testing.assert_allclose(from_polars["delay"], plain["delay"])
    weight = (X["a"] > 0).to_numpy(dtype=float) + 0.1
    weighted = cross_val_predict(MODEL, X, Y, cv=3, params={"sample_weight": weight})
    assert weighted["delay"].mean() > plain["delay"].mean()


def test_a_class_that_a_fold_lacks_has_probability_0():
    X = pd.DataFrame({"a": np.arange(N, dtype=float)})
    labels = ["low", "mid"] * (N // 6) + ["mid", "high"] * (N // 3)
    y = pd.Series(labels, name="risk")
    fold = PredefinedSplit(np.repeat([0, 1], [N // 3, N - N // 3]))  # no "low" to learn at first
    chances = cross_val_predict(MODEL, X, y, cv=fold, method="predict_proba")["risk"]
    assert set(chances.columns) == {"low", "mid", "high"}
    assert (chances["low"].iloc[: N // 3] == 0).all()
    np.testing.assert_allclose(chances.sum(axis=1), 1)


def test_models_of_scikit_learn_are_predicted_too(table):
    X, _ = table
    y = pd.Series(X["a"] > 0, name="late")
    chances = cross_val_predict(LogisticRegression(), X, y, cv=KFold(3), method="predict_proba")
    expected = sklearn_cross_val_predict(
        LogisticRegression(), X, y, cv=KFold(3), method="predict_proba"
    )
    np.testing.assert_allclose(chances["late"], expected)
    number = cross_val_predict(Ridge(), X, X[["a", "b"]] * 2, cv=KFold(3))
    np.testing.assert_allclose(number, sklearn_cross_val_predict(Ridge(), X, X * 2, cv=KFold(3)))


def test_what_cannot_be_predicted_is_refused(table):
    X, Y = table
    with pytest.raises(ValueError, match="method must be one of"):
        cross_val_predict(MODEL, X, Y, method="transform")
    with pytest.raises(ValueError, match="must contain every row once"):
        cross_val_predict(MODEL, X, Y, cv=ShuffleSplit(2, random_state=0))


def test_codes_of_scikit_learn_are_refused_where_targets_are_named(table):
    X, Y = table
    model = sklearn.clone(MODEL).set_params(tasks={"late": "binary"})
    with pytest.raises(ValueError, match=r"passes codes .* skmtl\.model_selection"):
        sklearn_cross_val_predict(model, X, Y, cv=KFold(2), method="predict_proba")


# whole groups


def patients(n_groups=30, seed=0):
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(n_groups), rng.integers(1, 8, n_groups))
    y = pd.DataFrame(
        {
            "ill": np.where(rng.random(n_groups) < 0.2, "yes", "no")[group],
            "pressure": rng.normal(size=len(group)),
        }
    )
    return group, y.mask(rng.random(y.shape) < 0.2)


@pytest.mark.parametrize("seed", range(3))
def test_groups_stay_whole_and_labels_are_even(seed):
    group, y = patients(seed=seed)
    cv = MultiTaskStratifiedGroupKFold(3, random_state=seed)
    tests = [test for _, test in cv.split(y, y, group)]
    np.testing.assert_array_equal(np.sort(np.concatenate(tests)), np.arange(len(y)))
    assert sum(len(set(group[test])) for test in tests) == 30
    sizes = [len(test) for test in tests]
    assert max(sizes) - min(sizes) <= 8
    counts = [(y["ill"].iloc[test] == "yes").sum() for test in tests]
    plain = [(y["ill"].iloc[test] == "yes").sum() for _, test in GroupKFold(3).split(y, y, group)]
    assert np.ptp(counts) <= max(np.ptp(plain), 3)


def test_one_label_in_each_group_is_dealt_evenly():
    group = np.arange(30)
    y = pd.DataFrame({"ill": np.r_[np.ones(6), np.zeros(24)]})
    for _, test in MultiTaskStratifiedGroupKFold(3, random_state=0).split(y, y, group):
        assert y["ill"].iloc[test].sum() == 2
        assert len(test) == 10


def test_groups_come_by_metadata_routing(table):
    X, Y = table
    group = np.arange(N) // 3
    with sklearn.config_context(enable_metadata_routing=True):
        cv = MultiTaskStratifiedGroupKFold(2, random_state=0)
        cross_validate(MODEL, X, Y, cv=cv, params={"groups": group})


def test_groups_that_cannot_be_split():
    group, y = patients()
    cv = MultiTaskStratifiedGroupKFold(3)
    for groups, words in [
        (None, "pass the group"),
        (np.where(group == 2, np.nan, group), "no group"),
        (group * 0, "folds of 1 groups"),
        (group[1:], "inconsistent"),
    ]:
        with pytest.raises(ValueError, match=words):
            list(cv.split(y, y, groups))


def test_groups_that_are_ignored_are_told():
    group, y = patients()
    with pytest.warns(UserWarning, match="ignores groups.*MultiTaskStratifiedGroupKFold"):
        MultiTaskStratifiedKFold(3).split(y, y, group)


@pytest.mark.parametrize(
    ("method", "what"), [("predict_proba", "classes"), ("predict_quantiles", "quantiles")]
)
def test_methods_without_anything_to_predict_are_named(method, what):
    X, y = pd.DataFrame({"x": np.arange(20.0)}), pd.DataFrame({"y": np.arange(20.0)})
    with pytest.raises(ValueError, match=f"{method}.*no target has {what}"):
        cross_val_predict(MultiTaskLinear(), X, y, method=method, cv=2)

"""Inside scikit-learn's searches, and saved and loaded."""

from __future__ import annotations

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import StackingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.impute import SimpleImputer
from sklearn.inspection import permutation_importance
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    cross_val_predict,
    cross_validate,
    learning_curve,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from skmtl.metrics import make_multitask_scorer, task_scorers
from skmtl.model_selection import MultiTaskStratifiedKFold


def preparation():
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include="number")),
            ("codes", codes, make_column_selector(dtype_include=["string", "category"])),
        ],
        remainder="passthrough",
    )


def test_grid_search_over_a_pipeline(small, table):
    pipeline = Pipeline([("prepare", preparation()), ("model", small.mixed())])
    search = GridSearchCV(pipeline, {"model__dropout": [0.0, 0.9]}, cv=3)
    search.fit(*table)
    assert search.best_params_ == {"model__dropout": 0.0}
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    prediction = search.predict(table.X)
    assert list(prediction.columns) == list(table.Y.columns)
    assert search.score(*table) > 0.5
    assert len(search.predict_proba(table.X)) == 2


@pytest.mark.parametrize("estimator", ["regressor", "classifier"])
def test_grid_search_of_one_kind_with_missing_labels(estimator, small, table):
    regression = estimator == "regressor"
    Y = pd.DataFrame({"a": table.X["size"], "b": table.X["size"] - table.X["new"]})
    Y = (Y if regression else (Y > 0) * 1.0).mask(np.random.default_rng(0).random((240, 2)) < 0.3)
    # scikit-learn stratifies for classifiers, which missing labels do not allow.
    folds = KFold(3) if regression else MultiTaskStratifiedKFold(3)
    search = GridSearchCV(getattr(small, estimator)(), {"row_layers": np.array([1, 2])}, cv=folds)
    assert search.fit(table.X, Y).best_score_ > 0.5


def test_grid_over_switches_that_numpy_holds(small, table):
    grid = {"early_stopping": np.array([True, False]), "max_epochs": np.arange(1, 3)}
    assert len(GridSearchCV(small.mixed(), grid, cv=2).fit(*table).cv_results_["params"]) == 4


def test_cross_validate_gives_a_score_per_task(small, table):
    results = cross_validate(small.mixed(), *table, cv=3, scoring=task_scorers())
    by_task = {name: results[f"test_{name}"] for name in table.Y}
    assert all(scores.shape == (3,) for scores in by_task.values())
    np.testing.assert_allclose(results["test_mean"], np.mean(list(by_task.values()), axis=0))


def test_search_by_a_metric_of_one_task(small, table):
    scorer = make_multitask_scorer("roc_auc", task="sold")
    search = GridSearchCV(small.mixed(), {"row_size": [4, 16]}, scoring=scorer, cv=2)
    assert 0.5 < search.fit(*table).best_score_ <= 1


@pytest.mark.parametrize("estimator", ["small", "boosted"])
def test_meta_estimators_ask_a_classifier_for_probabilities_before_fit(estimator, request, table):
    model = request.getfixturevalue(estimator).classifier()
    X, sold = table.X, table.X["size"] > 0
    calibrated = CalibratedClassifierCV(model, cv=2).fit(X, sold)
    assert np.mean(calibrated.predict(X) == sold) > 0.85
    assert StackingClassifier([("inner", model)], cv=2).fit(X, sold).stack_method_ == [
        "predict_proba"
    ]
    with pytest.raises(NotFittedError):
        model.predict_proba(X)


def test_halving_search_over_epochs(small, table):
    search = HalvingGridSearchCV(
        small.mixed(),
        {"learning_rate": [1e-6, 0.03]},
        resource="max_epochs",
        min_resources=2,
        max_resources=8,
        factor=2,
        cv=2,
        random_state=0,
    )
    assert search.fit(*table).best_params_["learning_rate"] == 0.03


def test_cross_val_predict_gives_every_row_its_tasks(small, table):
    assert cross_val_predict(small.mixed(), *table, cv=2).shape == (240, 3)
    y = table.Y["sold"].fillna("no")
    proba = cross_val_predict(small.classifier(), table.X, y, cv=2, method="predict_proba")
    assert proba.shape == (240, 2)


def test_learning_curve_and_permutation_importance(small, table):
    sizes, _, scores = learning_curve(small.mixed(), *table, train_sizes=[0.5, 1.0], cv=2)
    assert sizes.tolist() == [60, 120]
    assert np.isfinite(scores).all()
    model = small.mixed(max_epochs=12).fit(*table)
    importance = permutation_importance(model, *table, n_repeats=1, random_state=0)
    assert importance.importances_mean.argmax() == 0  # "size"


COPIES = {
    "pickle": lambda model, folder: pickle.loads(pickle.dumps(model)),
    "joblib": lambda model, folder: _through_joblib(model, folder, None),
    "joblib, memory map": lambda model, folder: _through_joblib(model, folder, "r"),
    "copy": lambda model, folder: copy.copy(model),
    "deepcopy": lambda model, folder: copy.deepcopy(model),
}


def _through_joblib(model, folder, mmap_mode):
    joblib.dump(model, folder / "model.joblib")
    return joblib.load(folder / "model.joblib", mmap_mode=mmap_mode)


@pytest.mark.parametrize("context", ["memory", "prototypes"])
@pytest.mark.parametrize("way", COPIES)
def test_a_copy_predicts_the_same(way, context, small, table, tmp_path):
    model = small.mixed(sample_context=context, n_bags=2, max_epochs=2).fit(*table)
    loaded = COPIES[way](model, tmp_path)
    assert loaded is not model
    pd.testing.assert_frame_equal(
        loaded.predict(table.X), model.predict(table.X), check_exact=True
    )
    np.testing.assert_array_equal(loaded.history_, model.history_)
    loaded.set_params(warm_start=True).fit(*table)
    assert loaded.n_epochs_ > model.n_epochs_


def test_a_deep_copy_has_weights_of_its_own(small, table):
    model = small.mixed(max_epochs=2).fit(*table)
    before = model.predict(table.X)
    copy.deepcopy(model).set_params(warm_start=True).fit(*table)
    pd.testing.assert_frame_equal(model.predict(table.X), before, check_exact=True)


def test_a_pickle_holds_no_torch_object(small, table):
    pickled = pickle.dumps(small.mixed().fit(*table))
    assert b"torch" not in pickled.replace(b"skmtl", b"")


def test_a_clone_is_unfitted_and_has_the_parameters(small, table):
    model = small.mixed(tasks={"grade": "ordinal"}, task_weight={"price": 2.0})
    fresh = clone(model.fit(table.X, table.Y))
    assert not hasattr(fresh, "network_")
    assert fresh.get_params() == model.get_params()


def test_a_model_for_a_device_that_is_not_here_scores_on_the_cpu(small, table):
    model = small.mixed().fit(*table)
    expected = model.predict(table.X)
    elsewhere = pickle.loads(pickle.dumps(model.set_params(device="cuda:7")))
    pd.testing.assert_frame_equal(elsewhere.predict(table.X), expected, check_exact=True)

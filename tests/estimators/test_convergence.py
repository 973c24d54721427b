"""Fits that early stopping did not end, and models without any split, are warned of."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

from skmtl import RMTGB, MultiTab

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(300, 3)), columns=list("abc"))
Y = pd.DataFrame({"signal": X["a"] + 0.1 * RNG.normal(size=300), "noise": RNG.normal(size=300)})
FEW = pd.Series(np.where(np.arange(300) % 60, np.nan, np.arange(300)), name="few")
IDS = np.repeat(["p", "q", "r"], 100)


def warnings_of(model, X, y):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    assert all(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    return [str(warning.message) for warning in caught]


def boosting(**parameters):
    return RMTGB(n_bags=1, random_state=0, **parameters)


def network(**parameters):
    return MultiTab(n_bags=1, random_state=0, **parameters)


@pytest.mark.parametrize("blocks", [("shared",), ("task",), ("partition", "task")])
def test_targets_without_a_split_are_named(blocks):
    model = boosting(blocks=blocks, min_data_in_leaf=400)
    (message,) = warnings_of(model, X, Y)
    assert "['signal', 'noise']" in message and "constant" in message


@pytest.mark.parametrize("blocks", ["auto", ("linear", "task")])
def test_targets_with_a_line_are_not_named(blocks):
    model = boosting(blocks=blocks, min_data_in_leaf=400)
    assert warnings_of(model, X, Y[["signal"]]) == []
    (message,) = warnings_of(model, X, Y[["signal"]].join(FEW))
    assert "['few']" in message


def test_a_target_without_a_line_in_any_of_several_bags_is_named():
    labels = pd.DataFrame({"a": X["a"], "few": FEW, "b": X["b"]})
    model = RMTGB(blocks=("linear", "task"), min_data_in_leaf=400, n_bags=2, random_state=0)
    (message,) = warnings_of(model, X, labels)
    assert "['few']" in message


def test_a_target_with_splits_of_its_own_is_not_named():
    (message,) = warnings_of(boosting(blocks=("task",)), X, Y[["signal"]].join(FEW))
    assert "['few']" in message


def test_long_data_without_a_split():
    rows = X.assign(id=IDS)
    model = boosting(task_column="id", blocks=("shared", "task"))
    assert warnings_of(model, rows, Y["signal"]) == []
    (message,) = warnings_of(model.set_params(min_data_in_leaf=400), rows, Y["signal"])
    assert "['signal']" in message


def test_features_that_do_not_vary():
    (message,) = warnings_of(boosting(early_stopping=False), X * 0, Y["signal"])
    assert "split" in message


def test_a_limit_of_rounds_is_named_with_its_block():
    (message,) = warnings_of(boosting(blocks=("shared",), n_rounds=5), X, Y["signal"])
    assert "{'shared': 5}" in message and "1 of 1" in message
    assert warnings_of(boosting(blocks=("shared",)), X, Y["signal"]) == []


def test_rounds_that_nothing_stops_are_no_limit():
    model = boosting(blocks=("shared",), n_rounds=5, early_stopping=False)
    assert warnings_of(model, X, Y["signal"]) == []


def test_a_limit_of_epochs():
    (message,) = warnings_of(network(max_epochs=2), X, Y["signal"])
    assert "max_epochs=2" in message and "1 of 1" in message
    assert warnings_of(network(max_epochs=30, patience=1), X, Y["noise"]) == []


@pytest.mark.parametrize(
    "parameters", [{"early_stopping": False}, {"schedule": "cosine"}], ids=str
)
def test_epochs_that_are_to_be_used_up_are_no_limit(parameters):
    assert warnings_of(network(max_epochs=2, **parameters), X, Y["signal"]) == []

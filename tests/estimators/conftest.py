"""Small estimators and a small mixed table."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from skmtl import (
    RMTGB,
    MultiTab,
    MultiTabClassifier,
    MultiTabRegressor,
    RMTGBClassifier,
    RMTGBRegressor,
)

SMALL = {
    "n_bags": 1,
    "max_epochs": 6,
    "row_size": 16,
    "n_members": 2,
    "embedding_size": 4,
    "n_heads": 2,
    "tower_size": 8,
    "feedforward_size": 8,
    "batch_size": 64,
    "learning_rate": 0.03,
    "random_state": 0,
    "device": "cpu",
}


class Small:
    """Makes estimators that fit in a fraction of a second."""

    def mixed(self, **parameters: Any) -> MultiTab:
        return MultiTab(**SMALL | parameters)

    def regressor(self, **parameters: Any) -> MultiTabRegressor:
        return MultiTabRegressor(**SMALL | parameters)

    def classifier(self, **parameters: Any) -> MultiTabClassifier:
        return MultiTabClassifier(**SMALL | parameters)


BOOSTED = {"n_bags": 1, "n_rounds": 15, "learning_rate": 0.2, "random_state": 0}


class Boosted:
    """The same for boosting."""

    def mixed(self, **parameters: Any) -> RMTGB:
        return RMTGB(**BOOSTED | parameters)

    def regressor(self, **parameters: Any) -> RMTGBRegressor:
        return RMTGBRegressor(**BOOSTED | parameters)

    def classifier(self, **parameters: Any) -> RMTGBClassifier:
        return RMTGBClassifier(**BOOSTED | parameters)


class Table(NamedTuple):
    X: pd.DataFrame
    Y: pd.DataFrame


@pytest.fixture
def small() -> Small:
    return Small()


@pytest.fixture
def boosted() -> Boosted:
    return Boosted()


@pytest.fixture
def table() -> Table:
    """Numbers with gaps, a boolean, a category and text; three tasks, 30 % of labels missing."""
    rng = np.random.default_rng(0)
    n = 240
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "age": rng.exponential(size=n),
            "new": rng.random(n) < 0.5,
            "colour": pd.Categorical(rng.choice(["red", "green", "blue"], n)),
            "city": rng.choice(["Bern", "Lyon", "Oslo"], n),
        },
        index=pd.RangeIndex(1000, 1000 + n, name="row"),
    )
    signal = X["size"] + X["new"] + (X["city"] == "Bern")
    X["age"] = X["age"].mask(rng.random(n) < 0.1)
    Y = pd.DataFrame(
        {
            "price": 100 + 20 * (signal + 0.3 * rng.normal(size=n)),
            "sold": np.where(signal + 0.3 * rng.normal(size=n) > 1, "yes", "no"),
            "grade": pd.Categorical(np.digitize(signal, [0, 1]), categories=[0, 1, 2]),
        },
        index=X.index,
    )
    return Table(X, Y.mask(rng.random(Y.shape) < 0.3))


@pytest.fixture
def long_table() -> Table:
    """Four shops; in the last, prices fall with the size. A third of the labels is missing."""
    rng = np.random.default_rng(1)
    n = 240
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "shop": rng.choice(["east", "north", "south", "west"], n),
            "age": rng.exponential(size=n),
            "city": rng.choice(["Bern", "Lyon", "Oslo"], n),
        },
        index=pd.RangeIndex(500, 500 + n, name="row"),
    )
    sign = np.where(X["shop"] == "west", -1.0, 1.0)
    signal = sign * X["size"] + (X["city"] == "Bern")
    X["age"] = X["age"].mask(rng.random(n) < 0.1)
    Y = pd.DataFrame(
        {
            "price": 100 + 20 * (signal + 0.2 * rng.normal(size=n)),
            "sold": np.where(signal + 0.2 * rng.normal(size=n) > 0.3, "yes", "no"),
        },
        index=X.index,
    )
    return Table(X, Y.mask(rng.random(Y.shape) < 0.3))

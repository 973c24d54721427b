"""Categories with few rows count as unknown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl import MultiTab
from skmtl.tables import TableEncoder

CITIES = pd.DataFrame({"city": ["Bern"] * 3 + ["Rome"] * 2 + ["Oslo", None]})


@pytest.mark.parametrize(("least", "known"), [(1, 3), (2, 2), (3, 1), (4, 0)])
def test_categories_of_fewer_rows_are_unknown(least, known):
    encoder = TableEncoder(least_rows=least).fit(CITIES)
    n_rows = CITIES["city"].value_counts()
    assert encoder.categories_["city"].tolist() == sorted(n_rows.index[:known])
    codes = pd.Series(encoder.transform(CITIES).codes[:, 0])
    rare = CITIES["city"].map(n_rows) < least
    assert (codes[rare] == 0).all() and (codes[~rare] != 0).all()


@pytest.mark.parametrize(("least", "unknown"), [(1, 1), (2, 1), (3, 3), (4, 6)])
def test_as_many_are_expected_to_be_unknown_later(least, unknown):
    assert TableEncoder(least_rows=least).fit(CITIES).counts_.unknown.tolist() == [unknown]


def ids(n_rare, n_common):
    """Ids of one row each, and others of 20 or 19 rows in turn."""
    often = [f"common {i}" for i in range(n_common) for _ in range(20 - i % 2)]
    return pd.DataFrame({"id": [f"rare {i}" for i in range(n_rare)] + often})


@pytest.mark.parametrize(
    ("frame", "known"),
    [
        (ids(998, 2), 1000),  # not many categories
        (ids(999, 2), 1),
        (ids(2000, 6), 3),
        (ids(1500, 0), 1500),  # none would be left
    ],
)
def test_auto_is_for_ids(frame, known):
    assert len(TableEncoder(least_rows="auto").fit(frame).categories_["id"]) == known


def test_a_network_predicts_rare_and_unseen_categories_alike():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"city": rng.choice(["Bern", "Rome"], 100), "size": rng.normal(size=100)})
    X.loc[:3, "city"] = ["Oslo", "Kyiv", "Oslo", "Kyiv"]
    y = pd.DataFrame({"price": X["size"] + (X["city"] == "Bern")})
    settings = {"n_bags": 1, "max_epochs": 2, "row_size": 4, "early_stopping": False}
    asked = X.head(3).assign(size=0.0, city=["Oslo", "Kyiv", "Lima"])
    for least, alike in ((3, True), (1, False)):
        model = MultiTab(min_category_rows=least, random_state=0, **settings).fit(X, y)
        assert (model.predict(asked)["price"].nunique() == 1) == alike
    with pytest.raises(ValueError, match="min_category_rows"):
        MultiTab(min_category_rows=0).fit(X, y)

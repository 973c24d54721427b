"""Labels 0 and 1 are classes, also where pandas makes floats of them because some are missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skmtl import RMTGB, MultiTab
from skmtl.metrics import make_multitask_scorer, score_tasks

N = 40
X = pd.DataFrame({"age": np.arange(N, dtype=float)})
CLICKED = np.where(np.arange(N) % 7 == 3, np.nan, np.arange(N) >= N // 2)

OBJECTS = [None if np.isnan(label) else int(label) for label in CLICKED]
FORMS = {
    "frame": pd.DataFrame({"clicked": CLICKED}),
    "series": pd.Series(CLICKED, name="clicked"),
    "array": CLICKED[:, None],
    "one-dimensional array": CLICKED,
    "float32": CLICKED.astype(np.float32),
    "objects": pd.DataFrame({"clicked": OBJECTS}, dtype=object),
    "list": OBJECTS,
    "polars": pl.DataFrame({"clicked": CLICKED}, nan_to_null=True),
    "polars with NaN": pl.DataFrame({"clicked": CLICKED}),
}


@pytest.mark.parametrize("form", FORMS)
def test_wide_labels_in_every_form_are_binary(form):
    y = FORMS[form]
    model = RMTGB(n_rounds=3, n_bags=1, random_state=0).fit(X, y)
    assert list(model.task_kinds_.values()) == ["binary"]
    assert score_tasks(y, CLICKED.round()).iloc[0] == 1.0  # accuracy, as R2 would be
    assert score_tasks(y, np.zeros(N)).iloc[0] == pytest.approx(np.nanmean(CLICKED == 0) * N / 34)


def test_long_labels_are_binary():
    table = X.assign(shop=np.tile(["a", "b"], N // 2))
    model = RMTGB(task_column="shop", n_rounds=3, n_bags=1, random_state=0).fit(table, CLICKED)
    assert list(model.task_kinds_.values()) == ["binary"]
    known = ~np.isnan(CLICKED)
    hits = model.predict(table).to_numpy()[known, 0] == CLICKED[known]
    assert model.score(table, CLICKED) == pytest.approx(np.mean(hits))


def test_networks_take_them_for_classes_too():
    model = MultiTab(max_epochs=1, n_bags=1, random_state=0).fit(X, FORMS["frame"])
    assert model.predict_proba(X)[0].shape == (N, 2)


class Constant:
    """A model of another package that is neither a classifier nor a regressor."""

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros(len(X))


def test_models_of_other_packages_are_scored_by_accuracy():
    score = make_multitask_scorer()(Constant(), X, FORMS["frame"])
    assert score == pytest.approx(np.mean(CLICKED[~np.isnan(CLICKED)] == 0))

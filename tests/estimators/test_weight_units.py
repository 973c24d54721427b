"""Only ratios of sample weights matter, whatever they are counted in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl import RMTGB, CalibratedTasks, FacetedRasch, MultiTab, MultiTaskLinear
from skmtl.datasets import make_ratings

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(240, 3)), columns=list("abc"))
WEIGHT = RNG.uniform(0.5, 1.5, len(X))
LABELS = {
    "regression": X["a"] + RNG.normal(size=len(X)),
    "binary": X["a"] + RNG.normal(size=len(X)) > 0,
    "count": pd.Series(RNG.poisson(np.exp(X["a"]))),
}


def predictions(kind, long, weight):
    rows = X.assign(id=np.arange(len(X)) % 5) if long else X
    y = pd.DataFrame({"y": LABELS[kind]})
    y = y if long else y.assign(z=X["b"])
    model = RMTGB(
        tasks={"y": kind},
        task_column="id" if long else None,
        n_rounds=20,
        n_bags=1,
        random_state=0,
    ).fit(rows, y, sample_weight=weight)
    values = model.predict(rows)["y"] if kind != "binary" else model.predict_proba(rows)[0][:, 1]
    return np.asarray(values, dtype=float)


@pytest.mark.parametrize("unit", [1e-11, 1e17])
@pytest.mark.parametrize("long", [False, True], ids=["wide", "long"])
@pytest.mark.parametrize("kind", LABELS)
def test_the_unit_of_the_weights_has_no_effect(kind, long, unit):
    expected = predictions(kind, long, WEIGHT)
    assert np.ptp(expected) > 0.2
    # Sums of float32 differ in their last digits.
    np.testing.assert_allclose(predictions(kind, long, unit * WEIGHT), expected, atol=0.02)


def test_the_rounds_of_each_task_do_not_depend_on_the_unit():
    """The curve of all tasks counts for a number of rows, not for a sum of weights."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.normal(size=(240, 3)), columns=list("abc"))
    noise = rng.normal(size=(240, 3))
    Y = pd.DataFrame({"y": rows["a"], "z": np.sin(3 * rows["b"]), "nothing": 0.0}) + noise
    expected, of_thousands = (
        RMTGB(blocks=("task",), n_rounds=30, n_bags=1, random_state=0)
        .fit(rows, Y, sample_weight=np.full(240, unit))
        .predict(rows)
        for unit in (1.0, 1e3)
    )
    np.testing.assert_allclose(of_thousands, expected, atol=1e-6)


@pytest.mark.parametrize("unit", [1e-300, 1e-15, 1e300])
@pytest.mark.parametrize("by_label", [False, True])
@pytest.mark.parametrize("estimator", [RMTGB, MultiTaskLinear, MultiTab])
def test_weights_that_cannot_be_added_up_are_refused(estimator, by_label, unit):
    y = pd.DataFrame({"y": X["a"], "z": X["b"]})
    weight = unit * (np.column_stack([WEIGHT, WEIGHT[::-1]]) if by_label else WEIGHT)
    with pytest.raises(ValueError, match=r"The largest sample_weight is .* divide them by"):
        estimator().fit(X, y, sample_weight=weight)


@pytest.mark.parametrize("unit", [1e-11, 1e17])
def test_far_units_of_weights_have_no_effect_on_lines(unit):
    y = pd.DataFrame({"y": X["a"]})
    lines = MultiTaskLinear().fit(X, y, sample_weight=WEIGHT).predict(X)
    np.testing.assert_allclose(
        MultiTaskLinear().fit(X, y, sample_weight=unit * WEIGHT).predict(X), lines, rtol=1e-3
    )


SMALL = 1e-6


def test_calibration_by_two_numbers_does_not_depend_on_a_small_unit():
    y = pd.DataFrame({"y": LABELS["binary"]})
    expected, light = (
        CalibratedTasks(MultiTaskLinear(penalty="ridge", random_state=0), method="sigmoid", cv=2)
        .fit(X, y, sample_weight=unit * WEIGHT / WEIGHT.mean())
        .predict_proba_frame(X)
        for unit in (1.0, SMALL)
    )
    assert np.ptp(expected.iloc[:, 0]) > 0.4
    np.testing.assert_allclose(light, expected, atol=1e-4)


@pytest.mark.filterwarnings("ignore:Most rows of X are near copies")
@pytest.mark.parametrize(
    "model",
    [
        FacetedRasch(rater_column="rater"),
        MultiTaskLinear(penalty="ridge", rater_column="rater", n_bags=2, random_state=0),
    ],
    ids=["rasch", "lines"],
)
def test_severities_do_not_depend_on_a_small_unit(model):
    rows, ratings = make_ratings(40, n_raters=4, random_state=0)
    rows, ratings = rows.drop(columns="item"), ratings.iloc[:, :2]
    weight = np.random.default_rng(0).uniform(0.5, 1.5, len(rows))
    weight /= weight.mean()
    expected, light = (
        model.fit(rows, ratings, sample_weight=unit * weight).severity_ for unit in (1.0, SMALL)
    )
    np.testing.assert_allclose(light, expected, rtol=1e-3, atol=1e-3)

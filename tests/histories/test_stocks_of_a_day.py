"""Rows that are days, with a series and two targets for each stock."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from skmtl import MultiTab
from skmtl.histories import Histories
from skmtl.networks import DualFrequency, Events, HistoryShape, initialise

STOCKS = ["A", "B", "C"]
LEADERS = [1, 2, 0]  # the stocks whose past decides the future of A, B and C
OPTIONS = {
    "n_bags": 1, "row_size": 32, "n_members": 2, "batch_size": 32, "learning_rate": 0.01,
    "max_epochs": 20, "random_state": 0, "device": "cpu",
}  # fmt: skip
BANDS = {"channels": 16, "n_heads": 2, "levels": 1, "n_tokens": 1}
TRAIN, TEST = slice(0, 230), slice(230, 330)


def days(past):
    return pd.DataFrame({"prices": Histories.from_array(past, variables=STOCKS)})


@pytest.fixture(scope="module")
def data():
    """Prices of days, and the return and the trend of each stock on the day after."""
    rng = np.random.default_rng(0)
    past = rng.normal(size=(330, 3, 6))
    future = past[:, LEADERS, -2] + rng.normal(0, 0.3, (330, 3))
    Y = pd.DataFrame(future, columns=[f"return {name}" for name in STOCKS])
    return past, Y.assign(**{f"up {name}": Y[f"return {name}"] > 0 for name in STOCKS})


@pytest.fixture(scope="module")
def model(data):
    past, Y = data
    crossed = DualFrequency(cross="variables", **BANDS)
    return MultiTab(series={"prices": crossed}, **OPTIONS).fit(days(past[TRAIN]), Y[TRAIN])


def explained(truth, predicted):
    return 1 - ((truth - predicted) ** 2).mean() / truth.var()


def test_the_future_of_a_stock_is_found_in_the_past_of_another(data, model):
    past, Y = data
    predicted = model.predict(days(past[TEST])).set_index(Y.index[TEST])
    for stock in STOCKS:
        assert explained(Y[f"return {stock}"][TEST], predicted[f"return {stock}"]) > 0.6
        assert (predicted[f"up {stock}"] == Y[f"up {stock}"][TEST]).mean() > 0.8


def test_rows_that_are_stocks_do_not_hold_it(data):
    """A row that depends on itself alone knows nothing of the other stocks of the day."""
    past, Y = data
    X = pd.DataFrame({"prices": Histories.from_array(past.reshape(-1, 1, 6))})
    y = Y.filter(like="return").to_numpy().ravel()
    alone = MultiTab(series={"prices": DualFrequency(**BANDS)}, **OPTIONS | {"max_epochs": 5})
    predicted = alone.fit(X[: 3 * 230], y[: 3 * 230]).predict(X[3 * 230 :])
    assert explained(y[3 * 230 :], np.ravel(predicted)) < 0.1


def test_a_day_depends_on_itself_alone(data, model):
    past, _ = data
    expected = model.predict(days(past[:5]))
    others = np.concatenate([past[:5], 9 * past[200:]])
    pd.testing.assert_frame_equal(model.predict(days(others))[:5], expected, rtol=1e-4)


def test_a_stock_without_prices_on_a_day_changes_those_that_depend_on_it(data, model):
    past, _ = data
    without = past[TEST].copy()
    without[:, 2] = np.nan
    known, answered = model.predict(days(past[TEST])), model.predict(days(without))
    assert explained(known["return A"], answered["return A"]) > 0.8
    assert explained(known["return B"], answered["return B"]) < 0.3  # it follows C
    nothing = days(past[:2]).assign(prices=Histories.from_list([[], []]))
    assert np.isfinite(model.predict(nothing).filter(like="return")).all(axis=None)


@torch.no_grad()
def test_variables_attend_to_those_that_are_there():
    """With another embedding of C, only the tokens of rows with C change."""
    layer = DualFrequency(cross="variables", **BANDS).build(HistoryShape(3, 4.0, 1.0), 8, 0.0)
    initialise(layer, torch.Generator().manual_seed(0))
    events = Events(
        time=torch.tensor([0.0, 1.0, 2.0, 1.0, 2.0], dtype=torch.float64),
        variable=torch.tensor([0, 1, 2, 0, 1]),
        value=torch.tensor([1.0, -1.0, 0.5, 1.0, -1.0]),
        start=torch.tensor([0, 3]),
        stop=torch.tensor([3, 5]),
        end=torch.tensor([2.0, 2.0], dtype=torch.float64),
        missing=torch.tensor([False, False]),
    )
    before = layer(events)
    assert before.shape == (2, 3 * 2, 8)
    layer.variable[2] += 1.0
    changed = (layer(events) != before).any(dim=2)
    assert changed[0].all()
    assert not changed[1].any()

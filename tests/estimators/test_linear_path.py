"""A straight line beside the rest of the network."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import Ridge, RidgeCV

import skmtl
from skmtl.engines.network._line_start import ridge_start
from skmtl.networks import LinearPath
from skmtl.networks._clipping import unclipped
from skmtl.networks._row_input import TokenShape
from tests.files.cases import KINDS, NETWORK, table


def lines(n_rows, seed=0):
    X = pd.DataFrame(np.random.default_rng(seed).uniform(-1, 1, (n_rows, 2)), columns=["a", "b"])
    return X, pd.DataFrame({"up": 5 * X["a"], "down": -X["a"] + 2 * X["b"]})


@pytest.mark.filterwarnings("ignore:The loss of held-out rows")
def test_it_goes_on_where_numbers_leave_their_range():
    X, Y = lines(300)
    far = pd.DataFrame({"a": [3.0, -3.0, 0.0], "b": [0.0, 0.0, 3.0]})
    truth = np.array([[15.0, -3.0], [-15.0, 3.0], [0.0, 6.0]])
    errors = {}
    for path in (None, "learnt", "ridge"):
        model = skmtl.MultiTabRegressor(
            linear_path=path, row_size=16, n_members=1, n_bags=1, learning_rate=0.03,
            batch_size=64, max_epochs=10, random_state=0, device="cpu",
        ).fit(X, Y)  # fmt: skip
        errors[path] = np.abs(np.asarray(model.predict(far)) - truth).mean()
    assert errors["learnt"] < errors[None]
    assert errors["ridge"] < 0.05 * np.abs(truth).mean()


def test_clipping_is_undone():
    z = torch.tensor([0.0, 1.0, -5.0, 9.0, 1000.0])
    clipped = z / torch.sqrt(1 + (z / 3).square())
    torch.testing.assert_close(unclipped(clipped, 10.0)[:4], z[:4], rtol=1e-4, atol=0)
    assert 9.9 < float(unclipped(clipped, 10.0)[4]) < 10.1


@torch.no_grad()
def test_the_design_times_the_coefficients_are_the_scores():
    path = LinearPath(TokenShape(3, (4, 3), 8), 2)
    path.start_from(torch.randn(14, 2, generator=torch.Generator().manual_seed(0)))
    path.change.uniform_(-1, 1, generator=torch.Generator().manual_seed(1))
    numeric = torch.tensor([[0.5, torch.nan, -2.0], [1.0, 0.0, torch.nan]])
    codes = torch.tensor([[0, 2], [3, 1]])  # 0 is a category that fit has not seen
    design = path.design(numeric, codes)
    assert design[:, 6:].tolist() == [[0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 1, 0, 1, 0]]
    expected = design @ path.coefficients + path.start[-1]
    torch.testing.assert_close(path(numeric, codes), expected)


@pytest.fixture
def heads():
    """Heads of a number and of two classes, with some labels missing."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    number = np.where(rng.random(200) < 0.3, np.nan, X @ [1.0, -2.0, 0.5] + rng.normal(size=200))
    Y = pd.DataFrame({"number": number, "class": X[:, 0] > 0.3})
    model = skmtl.MultiTab(max_epochs=1, n_bags=1, random_state=0, row_size=4).fit(X, Y)
    return X, Y, model.task_set_


@pytest.mark.filterwarnings("ignore:The loss of held-out rows")
def test_it_begins_at_ridge_regression_and_at_a_newton_step(heads):
    X, Y, tasks = heads
    labels = tasks.encode(Y)
    weight = labels.mask.astype(float)
    base = tasks.initial_scores(labels, weight)
    start = ridge_start(X, tasks, labels.target, weight, base)
    seen = weight[:, 0] > 0
    residual = labels.target[seen, 0] - base[0]
    ridge = RidgeCV(np.logspace(-1, 4, 11)).fit(X[seen], residual)
    np.testing.assert_allclose(start[:, 0], [*ridge.coef_, ridge.intercept_], rtol=1e-6)
    # The unit of the weights does not matter, as for the rest of the network.
    light = ridge_start(X, tasks, labels.target, 1e-6 * weight, base)
    np.testing.assert_allclose(light, start, rtol=1e-6)
    share = Y["class"].mean()
    step = Ridge(1e-9).fit(X, (Y["class"] - share) / (share * (1 - share)))
    assert np.corrcoef(start[:-1, 1], step.coef_)[0, 1] > 0.99


@pytest.mark.parametrize("path", ["learnt", "ridge"])
def test_every_kind_takes_a_line(path, tmp_path):
    X, Y = table()
    model = skmtl.MultiTab(tasks=KINDS, **NETWORK | {"linear_path": path}).fit(X, Y)
    expected = model.predict(X)
    assert np.isfinite(expected["price"]).all()
    model.save(tmp_path / "line.skmtl")
    pd.testing.assert_frame_equal(skmtl.load(tmp_path / "line.skmtl").predict(X), expected)

"""The posterior agrees with the formulas, and correlated variables inform each other."""

from __future__ import annotations

import copy
import cProfile
import pstats
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from skmtl.histories import GaussianProcessGrid, Histories


def related(n=40, seed=0):
    """Create two noisy variables of the same latent level, at irregular times."""
    rng = np.random.default_rng(seed)
    tables = []
    for row in range(n):
        time = np.sort(rng.uniform(0, 20, 30))
        level = np.zeros(30)
        for i in range(1, 30):
            decay = np.exp(-(time[i] - time[i - 1]) / 4)
            level[i] = decay * level[i - 1] + np.sqrt(1 - decay**2) * rng.normal()
        code = np.where(rng.random(30) < 0.5, "a", "b")
        value = np.where(code == "a", 10 + 2 * level, 5 - level) + rng.normal(0, 0.1, 30)
        tables.append(pd.DataFrame({"id": row, "time": time, "code": code, "value": value}))
    events = pd.concat(tables)
    return Histories.from_events(events, range(n), id="id", variable="code", value="value", end=20)


@pytest.fixture(scope="module")
def fitted():
    X = pd.DataFrame({"x": related()})
    return GaussianProcessGrid(2.0, n_steps=4, n_histories=20, random_state=0).fit(X), X


def test_one_variable_has_the_posterior_of_scikit_learn():
    rng = np.random.default_rng(1)
    time, value = np.sort(rng.uniform(0, 10, 12)), rng.normal(3, 2, 12)
    X = pd.DataFrame({"x": Histories.from_list([value], times=[time]).until(11.0)})
    model = GaussianProcessGrid(1.0, n_steps=3, random_state=0).fit(X)
    learnt = model.learnt_["x"]
    kernel = learnt.kernel
    ours = model.transform(X).to_numpy().reshape(3, 2)
    theirs = GaussianProcessRegressor(
        ConstantKernel(kernel.covariance[0, 0]) * Matern(kernel.length, nu=0.5)
        + WhiteKernel(kernel.noise[0]),
        optimizer=None,
    ).fit(time[:, None], (value - value.mean()) / value.std())
    mean, sd = theirs.predict(np.array([[11.0], [10.0], [9.0]]), return_std=True)
    np.testing.assert_allclose(ours[:, 0], value.mean() + value.std() * mean, rtol=1e-6)
    noiseless = np.sqrt(sd**2 - kernel.noise[0])
    np.testing.assert_allclose(ours[:, 1], value.std() * noiseless, rtol=1e-5)


def test_the_kernel_is_found(fitted):
    kernel = fitted[0].learnt_["x"].kernel
    b = kernel.covariance
    assert b[0, 1] / np.sqrt(b[0, 0] * b[1, 1]) < -0.9
    assert 2 < kernel.length < 8


def test_a_variable_is_guessed_from_a_related_one(fitted):
    model, _ = fitted
    high = pd.DataFrame({"x": Histories.from_list([[8.0], [2.0]], variables=["b"])})
    table = model.transform(high)
    assert table["x a mean -0"][0] < 7 < 13 < table["x a mean -0"][1]


def test_far_from_events_there_is_the_usual_level_and_spread(fitted):
    model, X = fitted
    empty = X.head(1).assign(x=X["x"].array[[0]].until(-1.0))
    row = model.transform(empty).iloc[0]
    learnt = model.learnt_["x"]
    assert row["x a mean -0"] == pytest.approx(learnt.centre[0])
    prior = learnt.scale[0] * np.sqrt(learnt.kernel.covariance[0, 0])
    assert row["x a sd -0"] == pytest.approx(prior)


@pytest.mark.parametrize("n_variables", [1, 3])
def test_long_histories_have_the_posterior_of_short_ones(n_variables):
    """Events before, within and at the times of the grid, several at a time, and repeated ones."""
    rng = np.random.default_rng(0)
    n = 120
    table = pd.DataFrame(
        {
            "id": np.repeat([0, 1, 2], [n, n // 2, 1]),
            "time": rng.integers(0, 60, n + n // 2 + 1) / 3,
            "code": rng.integers(0, n_variables, n + n // 2 + 1).astype(str),
            "value": rng.normal(size=n + n // 2 + 1).cumsum(),
        }
    )
    column = Histories.from_events(
        table, range(4), id="id", variable="code", value="value", end=20.0
    )
    X = pd.DataFrame({"x": column})
    short = GaussianProcessGrid(1.5, n_steps=6, n_histories=3, random_state=0).fit(X)
    long = GaussianProcessGrid(1.5, n_steps=6, n_histories=3, max_events=1, random_state=0).fit(X)
    exact = short.transform(X)
    np.testing.assert_allclose(long.transform(X), exact, rtol=1e-7, atol=1e-9)
    # One value, and none, are not more than max_events.
    pd.testing.assert_frame_equal(long.transform(X.iloc[2:]), exact.iloc[2:], check_exact=True)


def test_long_histories_take_linear_time():
    """Count the updates of the filters, which are all that depends on the number of events."""
    time = np.arange(4000) / 100
    X = pd.DataFrame({"x": Histories.from_list([np.sin(time)], times=[time])})
    model = GaussianProcessGrid(1.0, n_steps=4, n_histories=1, random_state=0).fit(X)
    updates = []
    for n in (1000, 2000, 4000):
        profile = cProfile.Profile()
        rows = pd.DataFrame({"x": X["x"].array.until(time[n - 1])})
        profile.runcall(model.transform, rows)
        calls = pstats.Stats(profile).stats
        updates.append(sum(c[0] for where, c in calls.items() if where[2] == "_after"))
    assert updates[2] - updates[1] == 2 * (updates[1] - updates[0]) == 2000
    tracemalloc.start()
    model.transform(X)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 4000**2  # bytes; a matrix of covariances would take eight times as many


def test_rows_depend_on_themselves_alone_and_missing_ones_stay_missing(fitted):
    model, X = fitted
    rows = pd.DataFrame({"x": [*X["x"].head(3), pd.NA]})
    table = model.transform(rows)
    pd.testing.assert_frame_equal(model.transform(rows.iloc[[1]]), table.iloc[[1]])
    assert table.iloc[3].isna().all()


def test_wrong_parameters_are_refused():
    with pytest.raises(ValueError, match="n_steps must be at least 1"):
        GaussianProcessGrid(1.0, n_steps=0).fit(pd.DataFrame({"x": related(2)}))


@pytest.mark.parametrize("max_events", [300, 5])
def test_draws_have_the_moments_of_the_posterior(fitted, max_events):
    """Check a history, short or long, and an empty one, whose posterior is the prior."""
    model, X = copy.deepcopy(fitted)
    model.learnt_["x"].max_events = max_events
    empty = X["x"].iloc[:1].array.until(-1.0)
    rows = pd.DataFrame({"x": pd.concat([X["x"].iloc[:1], pd.Series(empty)], ignore_index=True)})
    assert rows["x"].array.n_events[1] == 0
    n = 500
    expected = model.transform(rows).to_numpy()
    draws = model.draw(rows.iloc[[0, 1] * n], random_state=0).to_numpy().reshape(n, 2, -1)
    mean, sd = expected[:, ::2], expected[:, 1::2]
    np.testing.assert_allclose((draws[..., ::2].mean(axis=0) - mean) / sd, 0, atol=0.15)
    np.testing.assert_allclose(draws[..., ::2].std(axis=0), sd, rtol=0.12)
    np.testing.assert_array_equal(draws[..., 1::2], np.broadcast_to(sd, (n, *sd.shape)))
    # Neighbours in time have the correlation of the prior.
    kernel = model.learnt_["x"].kernel
    of_prior = draws[:, 1, ::2]
    correlation = np.corrcoef(of_prior[:, 0], of_prior[:, 1])[0, 1]
    assert correlation == pytest.approx(np.exp(-2.0 / kernel.length), abs=0.1)


def test_drawn_histories_are_the_draws_on_the_grid(fitted):
    model, X = fitted
    rows = X.iloc[[4, 0, 2]].copy()
    rows.iloc[1, 0] = pd.NA
    table, drawn = model.draw(rows, 1), model.draw_histories(rows, 1)
    assert drawn.index.tolist() == rows.index.tolist()
    assert drawn["x"].isna().tolist() == [False, True, False]
    learnt = model.learnt_["x"]
    for row in (0, 2):
        events = drawn["x"].iloc[row].to_frame()
        for name, of_variable in events.groupby("variable"):
            means = table.iloc[row][[f"x {name} mean -{time:g}" for time in learnt.back]]
            assert of_variable["value"].tolist() == means.tolist()[::-1]
            np.testing.assert_allclose(of_variable["time"], -learnt.back[::-1])
    assert model.draw_histories(rows.iloc[:0], 1)["x"].dtype == rows["x"].dtype


def test_draws_follow_the_seed_and_leave_missing_histories_missing(fitted):
    model, X = fitted
    rows = X.iloc[:3].copy()
    rows.loc[1, "x"] = pd.NA
    rows.loc[2, "x"] = Histories.from_list([[]])[0]  # no events, and no known end
    one, again, other = (model.draw(rows, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert one.columns.tolist() == model.transform(rows).columns.tolist()
    assert one.iloc[1].isna().all() and one.iloc[2].notna().all()
    assert not np.allclose(one.iloc[0], other.iloc[0])

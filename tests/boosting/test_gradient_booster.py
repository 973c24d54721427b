"""A booster with custom gradients gives the same results as LightGBM's own class."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

from skmtl.boosting._gradient_booster import GradientBooster

N_ROWS = 60
PARAMETERS = {"num_leaves": 4, "min_data_in_leaf": 5, "verbosity": -1, "num_threads": 1}


def rows(n, seed):
    return np.random.default_rng(seed).normal(size=(n, 3))


def data():
    label = np.zeros(N_ROWS, dtype=np.float32)
    return lgb.Dataset(rows(N_ROWS, 0), label, params=PARAMETERS).construct()


def derivatives(n_scores, order):
    rng = np.random.default_rng(1)
    shape = (N_ROWS, n_scores)
    gradient, hessian = rng.normal(size=shape), rng.uniform(0.5, 2, shape)
    return np.asarray(gradient, order=order), np.asarray(hessian, order=order)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("n_scores", [1, 3])
def test_rounds_and_scores_are_those_of_lightgbm(n_scores, order):
    gradient, hessian = derivatives(n_scores, order)
    own = {"objective": "none", "metric": "none", "num_class": n_scores}
    theirs, seen = lgb.Booster(PARAMETERS | own, data()), []
    ours = GradientBooster(data(), PARAMETERS, n_scores)
    for step in (1.0, -0.5, 0.25):
        steps = [np.float32(step * gradient), np.float32(hessian)]
        shape = (-1,) if n_scores == 1 else (N_ROWS, n_scores)
        theirs.update(fobj=lambda scores, data, s=steps, n=shape: [v.reshape(n) for v in s])
        assert not ours.update(step * gradient, hessian)
    theirs.eval_train(lambda scores, data: (seen.append(scores.copy()), ("seen", 0.0, True))[1])
    np.testing.assert_array_equal(ours.scores(), seen[0].reshape(N_ROWS, n_scores))
    predicted = theirs.predict(rows(10, 2), raw_score=True)
    np.testing.assert_array_equal(ours.booster.predict(rows(10, 2), raw_score=True), predicted)


def test_scores_of_watched_rows_come_along():
    watched = rows(20, 3)
    trained = data()
    ours = GradientBooster(trained, PARAMETERS, 1)
    ours.watch(trained.create_valid(watched, np.zeros(20)).construct(), "watched")
    ours.update(*derivatives(1, "C"))
    expected = ours.booster.predict(watched, raw_score=True)
    np.testing.assert_array_equal(ours.scores(watched=1)[:, 0], expected)


def test_the_end_is_told():
    ours = GradientBooster(data(), PARAMETERS, 1)
    nothing = np.zeros((N_ROWS, 1))
    assert ours.update(nothing, np.ones_like(nothing))


@pytest.mark.parametrize("shape", [(N_ROWS - 1, 2), (N_ROWS, 1), (2 * N_ROWS,)])
def test_derivatives_of_another_shape_are_refused(shape):
    ours = GradientBooster(data(), PARAMETERS, 2)
    with pytest.raises(ValueError, match="The derivatives have the shapes"):
        ours.update(np.zeros(shape), np.zeros(shape))

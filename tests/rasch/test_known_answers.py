"""Rasch models, compared with closed forms, another optimiser and simulated parameters."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime, minimize
from scipy.special import expit

from skmtl import FacetedRasch
from skmtl.datasets import make_ratings
from skmtl.rasch import Ratings
from skmtl.rasch._likelihood import Likelihood, Nodes


@pytest.fixture(scope="module")
def planted():
    X, Y, truth = make_ratings(300, random_state=0, return_truth=True)
    return X, Y, truth, FacetedRasch(item_column="item").fit(X, Y)


def test_severities_of_two_raters_are_log_odds_of_where_they_differ():
    # P(1, 0) / P(0, 1) is e to the power of the difference of severities, for any measure.
    counts = {(1, 1): 40, (0, 0): 30, (1, 0): 24, (0, 1): 9}
    pairs = np.repeat(list(counts), list(counts.values()), axis=0)
    item = np.repeat(np.arange(len(pairs)), 2)
    X = pd.DataFrame({"item": item, "rater": ["anna", "ben"] * len(pairs)})
    model = FacetedRasch(item_column="item", severity_scale=np.inf).fit(X, pairs.ravel())
    severity = model.severity_["severity"]
    assert severity["ben"] - severity["anna"] == pytest.approx(np.log(24 / 9), abs=1e-4)
    assert severity.sum() == pytest.approx(0, abs=1e-12)
    # The variance of a log-ratio of two counts.
    error = model.severity_["standard_error"]
    assert 2 * error["anna"] == pytest.approx(np.sqrt(1 / 24 + 1 / 9), rel=1e-3)


def test_without_items_it_is_the_maximum_of_the_likelihood():
    X, Y = make_ratings(80, 2, n_raters=3, n_questions=2, n_levels=3, random_state=1)
    X = X.drop(columns="item")
    Y = Y.mask(np.random.default_rng(0).random(Y.shape) < 0.2)
    model = FacetedRasch(alpha=0.0, severity_scale=np.inf).fit(X, Y)
    x, rater, y = X[["x_0", "x_1"]].to_numpy(), X["rater"].to_numpy(), Y.to_numpy()
    x = x - x[~np.isnan(y).all(axis=1)].mean(axis=0)  # of rows that have a label

    def loss(p: np.ndarray) -> float:
        severity = np.array([p[2], p[3], -p[2] - p[3]])
        location = x @ p[:2] - severity[rater]
        total = 0.0
        for column, steps in zip(y.T, (p[4:6], p[6:8]), strict=True):
            seen = ~np.isnan(column)
            above = expit(location[seen, None] - np.append(steps, np.inf))
            below = expit(location[seen, None] - np.insert(steps, 0, -np.inf))
            level = column[seen].astype(int)
            chance = (below - above)[np.arange(len(level)), level]
            total -= np.log(np.maximum(chance, 1e-12)).sum()
        return total

    best = minimize(loss, [0, 0, 0, 0, -1, 1, -1, 1], method="BFGS", options={"gtol": 1e-5})
    assert model.coef_["coefficient"].to_numpy() == pytest.approx(best.x[:2], abs=1e-3)
    assert model.severity_["severity"].to_numpy()[:2] == pytest.approx(best.x[2:4], abs=1e-3)
    assert model.thresholds_["threshold"].to_numpy() == pytest.approx(best.x[4:], abs=1e-3)
    errors = np.sqrt(np.diag(best.hess_inv))
    assert model.thresholds_["standard_error"].to_numpy() == pytest.approx(errors[4:], rel=0.1)


@pytest.mark.parametrize("with_items", [True, False])
def test_gradient_and_information_are_derivatives(with_items):
    rng = np.random.default_rng(0)
    rows, questions = 24, 2
    ratings = Ratings(
        features=rng.normal(size=(rows, 2)),
        rater=np.arange(rows) % 3,
        item=np.arange(rows) // 3 if with_items else None,
        row=np.repeat(np.arange(rows), questions),
        question=np.tile(np.arange(questions), rows),
        level=rng.integers(0, 3, rows * questions),
        weight=rng.uniform(0.5, 2, rows * questions),
        n_levels=np.array([3, 3]),
        n_raters=3,
        n_items=8 if with_items else 1,
    )
    parameters = np.concatenate([[0.3, -0.2, 0.1, 0.4], [0.7] * with_items, [-1, 0.5, -0.3, 0.9]])
    nodes = Nodes.first(ratings)

    def at(p: np.ndarray) -> Likelihood:
        likelihood = Likelihood.at(ratings, nodes, p)
        assert likelihood is not None
        return likelihood

    gradient = approx_fprime(parameters, lambda p: at(p).value, 1e-7)
    assert at(parameters).gradient() == pytest.approx(gradient, abs=1e-4)
    steps = 1e-5 * np.eye(len(parameters))
    moved = [at(parameters + s).gradient() - at(parameters - s).gradient() for s in steps]
    assert at(parameters).information() == pytest.approx(-np.array(moved) / 2e-5, abs=1e-5)


def test_planted_severities_and_difficulties_are_recovered(planted):
    _, _, truth, model = planted
    severity = model.severity_
    wrong = severity["severity"] - truth.severity
    assert severity["severity"].corr(truth.severity) > 0.95
    assert np.sqrt((wrong**2).mean()) <= 0.195
    assert 0.6 < (wrong / severity["standard_error"]).std() < 1.5
    error = model.difficulty_["difficulty"] - truth.difficulty
    assert error.abs().max() < 4 * model.difficulty_["standard_error"].max()
    assert severity["infit"].to_numpy() == pytest.approx(1, abs=0.3)
    assert severity[["infit", "outfit"]].mean().to_numpy() == pytest.approx(1, abs=0.05)


def test_standard_errors_of_measures_are_those_of_the_truth(planted):
    X, _, truth, model = planted
    items = X.drop(columns="rater").drop_duplicates()
    measured = model.measure(items)
    wrong = measured["measure"].to_numpy() - (truth.measure - truth.measure.mean()).to_numpy()
    assert (wrong / measured["standard_error"]).std() == pytest.approx(1, abs=0.15)
    unseen = model.measure(items.assign(item=-1))
    assert (unseen["standard_error"] > measured["standard_error"].max()).all()


def test_raters_who_choose_their_items_are_told_from_the_items():
    X, Y, truth = make_ratings(
        300, selection=1.0, explained=1.0, random_state=2, return_truth=True
    )
    model = FacetedRasch().fit(X.drop(columns="item"), Y)
    assert np.sqrt(((model.severity_["severity"] - truth.severity) ** 2).mean()) < 0.195
    averages = -Y.mean(axis=1).groupby(X["rater"]).mean()
    assert model.severity_["severity"].corr(truth.severity) > averages.corr(truth.severity) + 0.1


def test_an_erratic_rater_stands_out():
    X, Y = make_ratings(100, n_raters=6, random_state=3)
    guesses = np.random.default_rng(0).integers(0, 5, Y.shape)
    Y[X["rater"] == 4] = guesses[X["rater"] == 4]
    severity = FacetedRasch(item_column="item").fit(X, Y).severity_
    others = severity.drop(index=4)
    for fit in ("infit", "outfit"):
        assert severity.loc[4, fit] > others[fit].max() + 0.15


def test_a_weight_of_two_is_two_ratings_and_of_zero_none():
    X, Y = make_ratings(40, n_raters=4, random_state=4)
    X = X.drop(columns="item")
    weight = np.arange(len(X)) % 3
    repeated = np.repeat(np.arange(len(X)), weight)
    # Features are standardised by the weighted rows too, so the models are the same.
    weighted = FacetedRasch(alpha=1.0).fit(X, Y, sample_weight=weight)
    several = FacetedRasch(alpha=1.0).fit(X.iloc[repeated], Y.iloc[repeated])
    for name in ("severity", "standard_error", "infit", "outfit"):
        assert weighted.severity_[name].to_numpy() == pytest.approx(
            several.severity_[name].to_numpy(), abs=1e-3
        )


def test_shrinkage_pulls_raters_of_few_ratings():
    X, Y = make_ratings(60, n_raters=8, random_state=5)
    few = (X["rater"] == 0) & (X["rater"].eq(0).cumsum() > 2)
    X, Y = X[~few], Y[~few]
    shrunk = FacetedRasch(item_column="item", severity_scale=0.1).fit(X, Y).severity_
    free = FacetedRasch(item_column="item", severity_scale=np.inf).fit(X, Y).severity_
    ratio = shrunk["severity"].abs() / free["severity"].abs()
    assert ratio.idxmin() == 0 or free["severity"].abs()[0] < 0.1
    assert shrunk["severity"].std() < free["severity"].std()


@pytest.mark.parametrize("seed", [6, 15, 22])
def test_variances_of_zero_are_reached(seed):
    # Neither raters nor items differ beyond the features, so both estimates are at the boundary.
    X, Y = make_ratings(40, 2, n_raters=5, explained=1.0, severity_scale=0.0, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = FacetedRasch(item_column="item").fit(X, Y)
    assert model.severity_scale_ < 0.2
    assert model.item_scale_ < 0.4

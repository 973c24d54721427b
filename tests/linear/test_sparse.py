"""Categories of many levels: sparse indicators, with the answers of dense ones."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from skmtl import MultiTaskLinear
from skmtl.linear import Design
from skmtl.tables import DesignEncoder


def frame(n_rows, n_levels, seed=0):
    rng = np.random.default_rng(seed)
    levels = [f"level {i}" for i in range(n_levels)]
    shop, town = (pd.Categorical.from_codes(rng.integers(n_levels, size=n_rows), levels)
                  for _ in range(2))  # fmt: skip
    size = np.where(rng.random(n_rows) < 0.1, np.nan, rng.normal(size=n_rows))
    return pd.DataFrame({"size": size, "shop": shop, "town": town})


def test_products_are_those_of_the_dense_matrix():
    X, rng = frame(60, 5), np.random.default_rng(1)
    matrix = DesignEncoder().fit(X).transform(X)
    dense = np.asarray(matrix)
    assert matrix.shape == dense.shape == (60, 12)
    assert (dense[:, 2:7].sum(axis=1) == 1).all() and (dense[:, 7:].sum(axis=1) == 1).all()
    coef, values, rows = rng.normal(size=(12, 2)), rng.normal(size=(60, 3)), np.array([5, 2, 2])
    np.testing.assert_allclose(matrix @ coef, dense @ coef, atol=1e-12)
    np.testing.assert_allclose(values.T @ matrix, values.T @ dense, atol=1e-12)
    assert np.array_equal(np.asarray(matrix[rows]), dense[rows])
    assert np.array_equal(
        np.asarray(matrix[rows].followed_by(matrix)), dense[[5, 2, 2, *range(60)]]
    )
    np.testing.assert_allclose(Design(matrix).take(rows).dot(coef), dense[rows] @ coef, atol=1e-12)
    with pytest.raises(TypeError):
        matrix - dense.mean(axis=0)


def test_memory_depends_on_the_rows_and_not_on_their_levels():
    X = frame(50_000, 400)
    encoder = DesignEncoder().fit(X)
    tracemalloc.start()
    matrix = encoder.transform(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert matrix.shape == (50_000, 802)  # 320 MB if it were dense
    assert peak < 20e6


def test_large_sparse_matrices_have_the_optimum_of_the_penalised_likelihood():
    X = frame(11_000, 200)
    rng = np.random.default_rng(2)
    effect = rng.normal(size=200)
    chance = effect[X["shop"].cat.codes] + X["size"].fillna(0) > rng.logistic(size=len(X))
    y = chance.to_frame("late").astype(int)
    model = MultiTaskLinear(penalty="ridge", alpha=1.0, early_stopping=False).fit(X, y)
    design = np.asarray(DesignEncoder().fit(X).transform(X))
    assert design.size > 2**22  # otherwise a dense copy is used
    error = y["late"].to_numpy() - model.predict_proba(X)[0][:, 1]
    coef = model.standardised_coef_.to_numpy()[0]
    np.testing.assert_allclose(design.T @ error, coef, atol=1e-3)  # the gradient is zero
    assert abs(error.sum()) < 1e-3

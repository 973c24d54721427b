from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skmtl.tables import quantile_bins


def edges_of(values, max_bins=48):
    (edges,) = quantile_bins(np.asarray(values, dtype=np.float32).reshape(-1, 1), max_bins)
    return edges.tolist()


def test_edges_are_the_quantiles():
    assert edges_of(np.arange(101), max_bins=4) == [0, 25, 50, 75, 100]


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        ([0, 0, 1, 1], [0, 1]),
        ([1, np.nan, 1], [0.5, 1.5]),
        ([8, 8], [4, 12]),
        ([np.nan, np.nan], [0, 1]),
        ([np.nan, 2, 0, 1], [0, 1, 2]),
        ([-3], [-4.5, -1.5]),
    ],
)
def test_columns_with_few_values(values, edges):
    assert edges_of(values) == edges


def test_many_rows_are_thinned_out_evenly():
    edges = edges_of(np.arange(1_000_000), max_bins=10)
    np.testing.assert_allclose(edges, np.linspace(0, 999_999, 11), atol=20)


def test_bins_are_counted():
    with pytest.raises(ValueError, match="max_bins must be at least 1, got 0"):
        quantile_bins(np.ones((2, 1), dtype=np.float32), max_bins=0)


@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 40), st.integers(1, 80)),
        elements=st.one_of(st.just(np.float32(np.nan)), st.floats(-3, 3, width=32)),
    ),
    st.integers(1, 48),
)
@settings(max_examples=50, deadline=None)
def test_edges_increase_and_hold_all_values(numeric, max_bins):
    all_edges = quantile_bins(numeric, max_bins)
    assert len(all_edges) == numeric.shape[1]
    for column, edges in zip(numeric.T, all_edges, strict=True):
        assert edges.dtype == np.float32
        assert 2 <= len(edges) <= max_bins + 1
        assert np.all(np.diff(edges) > 0)
        observed = column[~np.isnan(column)]
        assert np.all((observed >= edges[0]) & (observed <= edges[-1]))

"""Distances agree with the definition, and labels do not leak."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skmtl.histories import DTWNeighbours, Histories
from skmtl.histories._neighbours import warped_distances
from skmtl.tasks import EventTimes


def by_definition(one, other, band):
    n = len(one)
    cost = np.full((n + 1, n + 1), np.inf)
    cost[0, 0] = 0
    for i in range(n):
        for j in range(n):
            if abs(i - j) <= band:
                least = min(cost[i, j], cost[i, j + 1], cost[i + 1, j])
                cost[i + 1, j + 1] = (one[i] - other[j]) ** 2 + least
    return np.sqrt(cost[n, n])


@pytest.mark.parametrize("band", [0, 2, 12])
def test_distances_are_those_of_the_definition(band):
    one, other = np.random.default_rng(0).normal(size=(2, 5, 1, 12))
    wanted = [by_definition(a[0], b[0], band) for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(warped_distances(one, other, band), wanted)
    if band == 0:
        np.testing.assert_allclose(wanted, np.sqrt(((one - other) ** 2).sum(axis=(1, 2))))


def peaks(n=60, seed=0):
    """Create two peaks at random times and speeds, with the higher one first or last."""
    rng = np.random.default_rng(seed)
    first = np.arange(n) % 2
    series = []
    for high in first:
        length = int(rng.integers(30, 60))
        time = np.linspace(0, 1, length)
        heights = (2, 1) if high else (1, 2)
        centres = rng.uniform(0.2, 0.35), rng.uniform(0.65, 0.8)
        series.append(
            sum(
                h * np.exp(-(((time - c) / 0.05) ** 2))
                for h, c in zip(heights, centres, strict=True)
            )
        )
    return pd.DataFrame({"x": Histories.from_list(series)}), first


def test_the_order_of_two_peaks_is_found():
    X, first = peaks()
    Y = pd.DataFrame({"first": first.astype(bool), "kind": np.where(first, "b", "a")})
    Y.loc[3, "kind"] = None
    model = DTWNeighbours(30, n_neighbours=3, window=0.2, random_state=0)
    model.fit(X[:40], Y[:40])
    found = model.transform(X[40:])
    assert found.columns.tolist() == ["x distance", "x nearest first", "x nearest kind=b"]
    assert ((found["x nearest first"] > 0.5) == first[40:]).mean() >= 0.95
    assert ((found["x nearest kind=b"] > 0.5) == first[40:]).mean() >= 0.95


def test_no_row_votes_for_itself():
    X, _ = peaks(30)
    noise = pd.Series(np.random.default_rng(1).normal(size=30), name="noise")
    model = DTWNeighbours(30, n_neighbours=1, random_state=0)
    own = model.fit_transform(X, noise)
    assert (own["x distance"] > 0).all()
    assert not np.isclose(own["x nearest noise"], noise).any()
    later = model.transform(X)
    np.testing.assert_allclose(later["x nearest noise"], noise)
    np.testing.assert_allclose(later["x distance"], 0)


def test_equal_series_of_other_rows_vote_as_they_do_later():
    rng = np.random.default_rng(0)
    which = rng.integers(0, 4, 200)
    X = pd.DataFrame({"x": Histories.from_array(np.eye(4)[which])})
    y = pd.Series(which % 2 + 0.1 * rng.normal(size=200), name="odd")
    model = DTWNeighbours(50, n_neighbours=3, window=0, length=4, random_state=0)
    own, later = model.fit_transform(X, y), model.fit(X, y).transform(X)
    for table in (own, later):
        assert ((table["x nearest odd"] > 0.5) == (which % 2 == 1)).all()
    # The references alone have other features: they do not vote for themselves.
    differ = (own["x nearest odd"] != later["x nearest odd"]).to_numpy()
    assert 0 < differ.sum() <= 12  # three neighbours of each of four series


def test_distances_to_all_references_are_features():
    X, first = peaks(40)
    Y = pd.DataFrame({"first": first.astype(bool)})
    plain = DTWNeighbours(5, window=0.2, random_state=0)
    full = clone(plain).set_params(all_distances=True)
    table, own = full.fit(X[:30], Y[:30]).transform(X), full.fit_transform(X[:30], Y[:30])
    names = [name for name in table if " to " in name]
    pd.testing.assert_frame_equal(
        table.drop(columns=names), plain.fit(X[:30], Y[:30]).transform(X)
    )
    rows = [int(name.removeprefix("x distance to ")) for name in names]
    assert full.get_feature_names_out().tolist() == table.columns.tolist()
    assert len(set(rows)) == 5
    # The distance of a row to itself is 0, which `fit_transform` leaves out as it does votes.
    np.testing.assert_array_equal(
        [table[name][row] for name, row in zip(names, rows, strict=True)], 0
    )
    assert [own[name].isna().sum() for name in names] == [1] * 5
    assert all(np.isnan(own[name][row]) for name, row in zip(names, rows, strict=True))
    np.testing.assert_array_equal(table[names].min(axis=1), table["x distance"])
    # They are distances of the definition, between series of one length and scale.
    one = table[names[1]][rows[0]]
    assert one == table[names[0]][rows[1]] > 0


def test_without_labels_there_are_distances_and_missing_ones_stay_missing():
    X, _ = peaks(6)
    model = DTWNeighbours(random_state=0).fit(X)
    rows = pd.DataFrame({"x": [*X["x"].head(2), pd.NA]})
    table = model.transform(rows)
    assert table["x distance"].isna().tolist() == [False, False, True]
    pd.testing.assert_frame_equal(model.transform(rows.iloc[[1]]), table.iloc[[1]])


def test_times_to_events_have_no_votes():
    X = pd.DataFrame({"x": Histories.from_list([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]])})
    Y = pd.DataFrame({"death": EventTimes([1, 0, 1], [3.0, 4.0, 5.0]), "load": [1.0, 2.0, 3.0]})
    found = DTWNeighbours(2, length=4, random_state=0).fit_transform(X, Y)
    assert found.columns.tolist() == ["x distance", "x nearest load"]


@pytest.mark.parametrize("wrong", [{"n_neighbours": 0}, {"window": 2}, {"length": 0}])
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        DTWNeighbours(**wrong).fit(peaks(3)[0])

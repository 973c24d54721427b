"""Units of robust losses, which do not depend on outliers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skmtl.tasks import Quantile, Regression

ROBUST = [Regression("absolute"), Regression("huber"), Quantile((0.1, 0.5)), Quantile((0.9,))]
every_kind = pytest.mark.parametrize("kind", ROBUST, ids=str)
UNSEEN = -1


def units(kind, labels, group=None, n_groups=0, weight=None):
    """Return the centre and scale of each group and of an unseen one, from predictions."""
    labels = pd.Series(np.asarray(labels, dtype=float))
    head = kind.fit(labels, task="t", group=group, n_groups=n_groups, weight=weight)
    groups = None if group is None else np.append(np.arange(n_groups), UNSEEN)
    zeros = np.zeros((n_groups + 1, head.n_scores))
    centre = head.predict(zeros, group=groups)
    return centre, head.predict(zeros + 1, group=groups) - centre


@every_kind
def test_units_of_normal_labels_are_mean_and_standard_deviation(kind):
    labels = np.random.default_rng(0).normal(5.0, 3.0, 100_000)
    centre, scale = units(kind, labels)
    np.testing.assert_allclose([centre[0], scale[0]], [5.0, 3.0], atol=0.05)


@every_kind
@pytest.mark.parametrize("outlier", [1e5, -1e12, 1e100])
def test_one_label_in_a_hundred_hardly_moves_the_units(kind, outlier):
    labels = np.random.default_rng(0).normal(size=5_000)
    dirty = labels.copy()
    dirty[::100] = outlier
    np.testing.assert_allclose(units(kind, dirty), units(kind, labels), atol=0.05)


@every_kind
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9, 0.99])
def test_where_most_labels_are_equal_the_others_set_the_scale(kind, share):
    """With three quarters of zeros, the interquartile range is zero."""
    rng = np.random.default_rng(0)
    labels = np.where(rng.random(20_000) < share, 0.0, rng.exponential(2.0, 20_000))
    _, scale = units(kind, labels)
    assert 0.8 < scale[0] < 4.0


@every_kind
@pytest.mark.parametrize("value, scale", [(0.0, 1.0), (0.25, 0.25), (7.0, 1.0)])
def test_constant_labels_have_a_unit(kind, value, scale):
    labels = [value] * 5
    centre, found = units(kind, labels)
    assert (centre[0], found[0]) == (value, pytest.approx(scale))
    long = units(kind, labels, group=np.array([0, 0, 1, 1, 1]), n_groups=2)
    np.testing.assert_allclose(long, [[value] * 3, [scale] * 3])


@every_kind
def test_outliers_of_a_group_hardly_move_its_units(kind):
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(20), 100)
    labels = rng.normal(10.0 * (group % 5), 1.0 + group % 2)
    dirty = np.where(np.arange(len(labels)) % 50 == 0, 1e6, labels)
    one, other = units(kind, labels, group, 20), units(kind, dirty, group, 20)
    np.testing.assert_allclose(other, one, rtol=0.1, atol=0.5)
    np.testing.assert_allclose(one[0][:-1], 10.0 * (np.arange(20) % 5), atol=1.0)


@every_kind
def test_an_outlier_that_is_all_of_a_group_is_not_its_centre(kind):
    """Groups of one and two rows: a centre of 1e6 would move all predictions of the group."""
    rng = np.random.default_rng(0)
    group = np.append(np.repeat(np.arange(50), 20), [50, 51, 51])
    labels = np.append(rng.normal(np.repeat(rng.normal(size=50), 20)), [1e6, 0.0, 1e6])
    centre, scale = units(kind, labels, group, 52)
    assert np.abs(centre).max() < 5.0
    assert scale.max() < 5.0


@every_kind
def test_one_group_in_ten_that_differs_has_units_of_its_own(kind):
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(20), 400)
    labels = rng.normal(np.where(group < 2, 50.0, 0.0))
    centre, scale = units(kind, labels, group, 20)
    np.testing.assert_allclose(centre[:-1], np.where(np.arange(20) < 2, 50.0, 0.0), atol=1.0)
    assert scale.max() < 2.0


@every_kind
def test_the_unit_of_the_weights_has_no_effect_on_wide_data(kind):
    labels, weight = np.arange(9.0) ** 2, np.arange(1.0, 10.0)
    one, other = units(kind, labels, weight=weight), units(kind, labels, weight=1e-6 * weight)
    np.testing.assert_allclose(one, other)


@pytest.mark.parametrize("kind", [*ROBUST, Regression()], ids=str)
def test_small_weights_are_relative_in_long_data(kind):
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(6), [3, 5, 10, 20, 50, 100])
    labels, weight = rng.normal(3.0 * group), rng.uniform(0.1, 0.9, len(group))
    one = units(kind, labels, group, 6, weight=weight)
    np.testing.assert_allclose(units(kind, labels, group, 6, weight=1e-6 * weight), one)


@settings(max_examples=60, deadline=None)
@given(
    labels=st.lists(st.floats(-1e6, 1e6).map(lambda v: round(v, 3)), min_size=6, max_size=30),
    shift=st.floats(-1e3, 1e3).map(lambda v: round(v, 3)),
    factor=st.sampled_from([0.01, 3.0, 1e4]),
)
def test_units_move_with_the_labels(labels, shift, factor):
    """Labels in other units have the same raw scores."""
    labels = np.array(labels) + np.arange(len(labels)) / 8
    kind, group = Regression("absolute"), np.arange(len(labels)) % 3
    centre, scale = units(kind, labels, group, 3)
    moved = units(kind, factor * (labels + shift), group, 3)
    tolerance = {"rtol": 1e-6, "atol": 1e-6 * factor * (1 + np.abs(labels).max())}
    np.testing.assert_allclose(moved[0], factor * (centre + shift), **tolerance)
    np.testing.assert_allclose(moved[1], factor * scale, **tolerance)

"""Features of regular series: known answers, and simulated effects that a table lacks."""

from __future__ import annotations

import importlib.util

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl.histories import (
    ConvolutionFeatures,
    Histories,
    IntervalQuantiles,
    SeriesSummary,
    WaveletFeatures,
)
from skmtl.histories._kernels import POOLING, TAPS, Above, Kernel, PaddedSeries

HAS_WAVELETS = importlib.util.find_spec("pywt") is not None
needs_wavelets = pytest.mark.skipif(not HAS_WAVELETS, reason="PyWavelets is not installed")
TRANSFORMERS = [
    ConvolutionFeatures(84, pooling=tuple(POOLING), differences=True, random_state=0),
    IntervalQuantiles(depth=2),
    pytest.param(WaveletFeatures(), marks=needs_wavelets),
]


def waves(n=120, length=48, seed=0):
    """Create waves of equal size with random phases; the label is which of two frequencies."""
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 2
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    series = np.sin(np.arange(length) * np.where(label, 1.5, 1.0)[:, None] + phase)
    return series + 0.1 * rng.normal(size=series.shape), label


def bursts(n=120, length=64, seed=0):
    """Create a burst of fixed size at a random time: fast for one label, slow for the other."""
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 2
    series = 0.1 * rng.normal(size=(n, length))
    for row, start in enumerate(rng.integers(0, length - 16, n)):
        series[row, start : start + 16] += np.cos(np.arange(16) * (2.6 if label[row] else 0.4))
    return series, label


def accuracy(transformer, series, label):
    X = pd.DataFrame({"x": Histories.from_array(series)})
    model = make_pipeline(transformer, StandardScaler(), RidgeClassifier(10.0))
    return cross_val_score(model, X, label, cv=3).mean()


@pytest.mark.parametrize("planted", [waves, bursts])
@pytest.mark.parametrize(
    "transformer",
    [
        ConvolutionFeatures(168, random_state=0),
        IntervalQuantiles(depth=1),
        pytest.param(WaveletFeatures(), marks=needs_wavelets),
    ],
)
def test_frequencies_are_found(transformer, planted):
    assert accuracy(transformer, *planted()) > 0.95


def test_levels_alone_do_not_show_a_frequency():
    levels = SeriesSummary(statistics=["mean", "sd", "first", "last"])
    assert accuracy(levels, *waves()) < 0.65


@pytest.mark.parametrize("dilation", [1, 3])
def test_responses_are_convolutions(dilation):
    rng = np.random.default_rng(0)
    series = rng.normal(size=(2, 1, 40))
    for taps in (0, 41, 83):
        weights = np.zeros(8 * dilation + 1)
        weights[::dilation] = -1
        weights[np.array(TAPS[taps]) * dilation] = 2
        kernel = Kernel(dilation, taps, np.array([0]), False, np.empty(0))
        found = kernel.response(PaddedSeries.of(series, dilation))
        wanted = [np.correlate(one[0], weights, mode="valid") for one in series]
        np.testing.assert_allclose(found.T, wanted, atol=1e-12)


def test_pooling_by_hand():
    above = Above(np.array([[0.0, 3.0, 5.0, 1.0, 4.0], [0.0] * 5]).T, np.array([1.0]))
    found = {name: pool(above)[0].tolist() for name, pool in POOLING.items()}
    assert found == {"ppv": [0.6, 0], "mpv": [3, 0], "mipv": [7 / 12, -1], "lspv": [0.4, 0]}


def test_places_of_long_series_are_all_counted():
    above = Above(np.linspace(0, 1, 1001)[:, None], np.array([-1.0, 0.2495]))
    assert above.count.tolist() == [[1001], [751]]
    assert POOLING["lspv"](above).tolist() == [[1.0], [751 / 1001]]


def test_quantiles_by_hand():
    values = np.arange(16.0) ** 2
    X = pd.DataFrame({"x": Histories.from_array([values])})
    row = IntervalQuantiles(depth=1, per_quantile=4).fit_transform(X).iloc[0]
    whole = np.quantile(values, [0, 1 / 3, 2 / 3, 1])
    assert row["x 0 value 1/1 0"] == whole[0]
    assert row["x 0 value 1/1 0.333"] == pytest.approx(whole[1] - values.mean())
    assert row["x 0 value 1/1 0.667"] == pytest.approx(whole[2])
    assert row["x 0 value 2/2 0"] == values[8]
    assert row["x 0 value +1/2 0"] == values[4]
    assert row["x 0 change 1/1 0"] == np.mean([1, 1, 1, 3, 5]) and row["x 0 bend 1/1 0"] == 2


@pytest.mark.parametrize("transformer", TRANSFORMERS)
def test_rows_of_any_length_depend_on_themselves_alone(transformer):
    rng = np.random.default_rng(0)
    series = [rng.normal(size=(2, n)) for n in (40, 25, 40, 3, 1)]
    series[1][0, 5:20] = np.nan
    series[2][1] = np.nan
    X = pd.DataFrame({"x": Histories.from_list([*series, None, np.full((2, 9), np.nan)])})
    fitted = transformer.fit(X)
    table = fitted.transform(X)
    assert table.columns.tolist() == fitted.get_feature_names_out().tolist()
    assert table.columns.is_unique
    assert np.isfinite(table.iloc[0]).all()
    assert table.iloc[5:].isna().all(axis=None)
    for row in (1, 4):
        pd.testing.assert_frame_equal(fitted.transform(X.iloc[[row]]), table.iloc[[row]])


def test_a_gap_is_crossed_by_a_straight_line_and_ends_are_level():
    whole = np.linspace(0, 3, 31)
    gap = whole.copy()
    gap[7:12] = np.nan
    ends = np.array([np.nan, 2.0, np.nan, 6.0, np.nan])
    X = pd.DataFrame(
        {"x": Histories.from_list([whole, gap, ends], times=[range(31)] * 2 + [range(5)])}
    )
    table = IntervalQuantiles(depth=2).fit_transform(X)
    np.testing.assert_allclose(table.iloc[0], table.iloc[1], atol=1e-12)
    assert table.loc[2, "x 0 value 1/1 1"] == 6 - np.mean([2, 4, 6, 6])


def test_the_step_is_learnt_or_given():
    X = pd.DataFrame({"x": Histories.from_array(waves(4)[0], rate=100)})
    assert ConvolutionFeatures(84).fit(X).learnt_["x"].grid.step == pytest.approx(0.01)
    assert ConvolutionFeatures(84, every=0.02).fit(X).learnt_["x"].grid.step == 0.02


def test_the_same_random_state_gives_the_same_features():
    X = pd.DataFrame({"x": Histories.from_array(waves(10)[0].reshape(5, 2, 48))})
    one, other = (ConvolutionFeatures(84, random_state=3).fit_transform(X) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


def test_units_matter_only_without_standardisation():
    series = waves(20)[0].reshape(10, 2, 48)
    units = np.array([[1.0], [1000.0]])
    spread = series.std(axis=(0, 2))[:, None]

    def features(values, standardize):
        X = pd.DataFrame({"x": Histories.from_array(values)})
        kernels = ConvolutionFeatures(840, standardize=standardize, random_state=0)
        return kernels.fit_transform(X).to_numpy()

    standardised = features(series, True)
    np.testing.assert_allclose(features(units * series, True), standardised, atol=1e-6)
    np.testing.assert_allclose(features(series / spread, False), standardised, atol=1e-6)
    assert np.abs(features(units * series, False) - standardised).max() > 0.1


@pytest.mark.parametrize(
    ("transformer", "match"),
    [
        (ConvolutionFeatures(0), "n_features must be at least 1"),
        (ConvolutionFeatures(pooling=["max"]), "pooling must be some of"),
        (ConvolutionFeatures(every=0), "every must be a positive"),
        (IntervalQuantiles(depth=-1), "depth must be at least 0"),
    ],
)
def test_wrong_parameters_are_refused(transformer, match):
    X = pd.DataFrame({"x": Histories.from_array(waves(4)[0])})
    with pytest.raises(ValueError, match=match):
        transformer.fit(X)


def test_codes_alone_are_no_series():
    table = pd.DataFrame({"subject_id": [0], "time": [0.0], "code": ["flu"]})
    X = pd.DataFrame({"x": Histories.from_events(table, [0], value=None)})
    with pytest.raises(ValueError, match="have no values"):
        ConvolutionFeatures().fit(X)


def test_steps_have_equally_many_values():
    hours = pd.DataFrame({"x": Histories.from_array(np.arange(9.0)[None])})
    two_hours = IntervalQuantiles(depth=0, per_quantile=1, every=2.0).fit_transform(hours)
    levels = two_hours.filter(regex="value.*(0|0.5|1)$").iloc[0]
    # Means of hours 1 and 2, 3 and 4, ... after hour 0; every second quantile is minus the mean.
    steps = np.array([0.0, 1.5, 3.5, 5.5, 7.5])
    np.testing.assert_allclose(levels, steps[[0, 2, 4]])


def test_quantiles_of_long_series_have_names_of_their_own():
    X = pd.DataFrame({"ecg": Histories.from_array(np.zeros((1, 4500)), rate=500)})
    table = IntervalQuantiles(depth=0).fit_transform(X)
    assert table.columns.is_unique
    assert table.columns[1] == "ecg 0 value 1/1 0.0008897"


@needs_wavelets
@pytest.mark.parametrize(("wavelet", "levels"), [("db2", 3), ("haar", 5)])
def test_a_constant_has_the_same_course_at_every_length(wavelet, levels):
    flat = [np.full(length, 5.0) for length in (4, 9, 17, 40, 200)]
    X = pd.DataFrame({"x": Histories.from_list(flat)})
    table = WaveletFeatures(wavelet, levels=levels).fit_transform(X)
    courses = table.filter(like="course").to_numpy()
    np.testing.assert_allclose(courses[~np.isnan(courses)], 5 * 2 ** (levels / 2))
    np.testing.assert_allclose(table["x 0 energy low"], 25 * 2**levels)


@pytest.mark.skipif(HAS_WAVELETS, reason="PyWavelets is installed")
def test_wavelets_say_what_they_need():
    X = pd.DataFrame({"x": Histories.from_array(waves(4)[0])})
    with pytest.raises(ImportError, match=r'WaveletFeatures needs .* "skmtl\[wavelets\]"'):
        WaveletFeatures().fit(X)


@pytest.mark.parametrize("transformer", TRANSFORMERS[1:], ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("length", [1, 2, 20])
def test_a_variable_that_was_not_measured_is_not_zero(transformer, length):
    rng = np.random.default_rng(0)
    both = pd.DataFrame({"x": Histories.from_array(rng.normal(size=(6, 2, 20)))})
    one = pd.DataFrame({"x": Histories.from_array(rng.normal(size=(1, 1, length)))})
    table = transformer.fit(both).transform(one)
    assert table[[name for name in table if name.startswith("x 1 ")]].isna().all(axis=None)
    assert table[[name for name in table if name.startswith("x 0 ")]].notna().any(axis=None)

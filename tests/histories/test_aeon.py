"""The same features as aeon's, where its definitions and ours are the same.

aeon needs an environment of its own: it does not allow pandas 3.1. `test_peers.py` has some of its
answers for the others.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl.histories import Histories, IntervalQuantiles
from skmtl.histories._kernels import POOLING, Above, Kernel, PaddedSeries

convolutions = pytest.importorskip(
    "aeon.transformations.collection.convolution_based", reason="aeon is not installed"
)
N_VARIABLES = [1, 3]


def walks(n_variables, length=50, n=5):
    steps = np.random.default_rng(0).normal(size=(n, n_variables, length))
    return np.cumsum(steps, axis=-1)


def pooled(series, parameters):
    """Compute our features with the kernels and biases of aeon, and lengths of responses."""
    *channels, dilations, per_dilation, biases = parameters
    n_kernels = 84 * len(dilations)
    sizes, flat = channels or (np.ones(n_kernels, int), np.zeros(n_kernels, int))
    of_kernels = np.split(biases.astype(float), np.cumsum(np.repeat(per_dilation, 84))[:-1])
    tables, lengths = {name: [] for name in POOLING}, []
    for number, variables in enumerate(np.split(flat, np.cumsum(sizes)[:-1])):
        place, taps = divmod(number, 84)
        own, dilation = of_kernels[number], int(dilations[place])
        kernel = Kernel(dilation, taps, np.sort(variables), (place + taps) % 2 == 0, own)
        response = kernel.response(PaddedSeries.of(series, dilation))
        lengths += [len(response)] * len(own)
        for name, pool in POOLING.items():
            tables[name].append(pool(Above(response, own)))
    return {name: np.concatenate(of).T for name, of in tables.items()}, np.array(lengths)


@pytest.mark.parametrize("n_variables", N_VARIABLES)
def test_minirocket(n_variables):
    series = walks(n_variables)
    theirs = convolutions.MiniRocket(n_kernels=420, random_state=0)
    wanted = theirs.fit_transform(series)
    parameters = theirs.parameters if n_variables > 1 else theirs.parameters[2:]
    ours = pooled(series, parameters)[0]["ppv"]
    # A response that equals a bias may fall on either side in single precision.
    np.testing.assert_allclose(ours, wanted, atol=1 / 24 + 1e-6)
    assert (np.abs(ours - wanted) < 1e-6).mean() > 0.98


@pytest.mark.parametrize("n_variables", N_VARIABLES)
def test_multirocket(n_variables):
    """aeon counts a stretch from the step before it, adds the bias, and places are steps.

    Its kernels on differences are not ours: there it shifts the first four weights by a step less.
    """
    series = walks(n_variables)
    theirs = convolutions.MultiRocket(n_kernels=420, random_state=0)
    wanted = theirs.fit_transform(series).reshape(len(series), 2, 4, -1)[:, 0]
    ours, length = pooled(series, theirs.parameter)
    bias = theirs.parameter[-1].astype(float)
    share, stretch, height, place = np.moveaxis(wanted, 1, 0)
    certain = np.abs(ours["ppv"] - share) < 1e-6
    assert certain.mean() > 0.98
    some = certain & (share > 0)
    close = {"rtol": 1e-3, "atol": 1e-3}
    np.testing.assert_allclose((ours["mpv"] + 2 * bias)[some], height[some], **close)
    np.testing.assert_allclose((ours["mipv"] * (length - 1))[some], place[some], **close)
    np.testing.assert_array_equal(ours["mipv"][certain & (share == 0)], -1)
    beside = (stretch - ours["lspv"] * length)[some]
    assert beside.min() > -1 - 1e-6 and beside.max() < 1 + 1e-6


@pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")
@pytest.mark.parametrize(("place", "length"), [(0, 32), (1, 33), (2, 34), (3, 62)])
@pytest.mark.parametrize("n_variables", N_VARIABLES)
def test_quant(place, length, n_variables):
    """With lengths at which a view can be halved, because aeon and we round in other ways."""
    pytest.importorskip("torch")
    from aeon.transformations.collection.interval_based import QUANTTransformer

    series = walks(n_variables, length)
    theirs = QUANTTransformer(interval_depth=6, quantile_divisor=4).fit(series)
    sizes = [
        sum(1 + (int(stop) - int(start) - 1) // 4 for start, stop in intervals)
        for intervals in theirs.intervals_
    ]
    found = theirs.transform(series).reshape(len(series), n_variables, -1)
    wanted = np.split(found, np.cumsum(sizes)[:-1], axis=-1)[place]
    view = ["value", "change", "bend", "spectrum"][place]
    X = pd.DataFrame({"x": Histories.from_array(series)})
    ours = IntervalQuantiles(depth=5, per_quantile=4).fit_transform(X).filter(regex=f" {view} ")
    scale = length if view == "spectrum" else 1
    np.testing.assert_allclose(
        ours.to_numpy().reshape(wanted.shape) * scale, wanted, rtol=1e-4, atol=1e-4
    )

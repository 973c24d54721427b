"""Known answers of aeon 1.6, which is not installed here.

`answers/aeon-1.6.npz` holds 4 random walks of 40 steps ("series") with what aeon 1.6.0 makes of
them: the plan and the biases of ``MiniRocket(n_kernels=336, random_state=0)`` and its features,
plans of dilations for other lengths (``_fit_dilations``), and ``dtw_distance`` between 5 random
series of two variables with several windows.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skmtl.histories import DTWNeighbours, Histories
from skmtl.histories._kernels import Above, Kernel, PaddedSeries, plan_kernels, share

ANSWERS = np.load(Path(__file__).parent / "answers" / "aeon-1.6.npz")


@pytest.mark.parametrize("length", [10, 40, 150, 1000])
@pytest.mark.parametrize("n_features", [84, 840, 9996])
def test_dilations_are_those_of_minirocket(length, n_features):
    kernels = list(plan_kernels(n_features, length, 1, np.random.RandomState(0)))
    dilations, n_biases = ANSWERS[f"plan_{length}_{n_features}"]
    assert [kernel.dilation for kernel in kernels[::84]] == dilations.tolist()
    assert [len(kernel.biases) for kernel in kernels[::84]] == n_biases.tolist()
    assert len(kernels) == 84 * len(dilations)
    padded = [(place + taps) % 2 == 0 for place in range(len(dilations)) for taps in range(84)]
    assert [kernel.is_padded for kernel in kernels] == padded


def test_features_are_those_of_minirocket():
    series = ANSWERS["series"][:, None].astype(float)
    features, biases = [], iter(ANSWERS["biases"].astype(float))
    plan = zip(ANSWERS["dilations"].tolist(), ANSWERS["per_dilation"].tolist(), strict=True)
    for number, (dilation, n_biases) in enumerate(plan):
        padded = PaddedSeries.of(series, dilation)
        for taps in range(84):
            own = np.array([next(biases) for _ in range(n_biases)])
            kernel = Kernel(dilation, taps, np.array([0]), (number + taps) % 2 == 0, own)
            response = kernel.response(padded)
            features.append(share(Above(response, own)))
    found = np.concatenate(features).T
    # A response that equals a bias may fall on either side in single precision.
    np.testing.assert_allclose(found, ANSWERS["ppv"], atol=1 / 24 + 1e-6)
    assert (np.abs(found - ANSWERS["ppv"]) < 1e-6).mean() > 0.98


@pytest.mark.parametrize("window", [0.0, 0.08, 0.2, 1.0])
def test_distances_are_those_of_dynamic_time_warping(window):
    series, squares = ANSWERS["warped"], ANSWERS[f"dtw_{window}"]
    X = pd.DataFrame({"x": Histories.from_array(series)})
    settings = {"window": window, "length": series.shape[-1]}
    for row in range(4):
        learnt = DTWNeighbours(1, **settings).fit(X.iloc[[row]]).learnt_["x"]
        # In the units of the series themselves, whatever those of the references are.
        learnt.series, learnt.centre, learnt.scale = series[[row]], np.zeros(2), np.ones(2)
        distances = learnt.table(X["x"].array)[:, 0]
        np.testing.assert_allclose(distances, np.sqrt(squares[row]), rtol=1e-9)

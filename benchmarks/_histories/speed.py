"""CPU seconds of tables, beside those of NumPy, tsfresh and aeon where these are installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._data import loader_of
from benchmarks._histories.sets import SETS
from benchmarks._histories.tables import MiniRocket, Tsfresh
from benchmarks._timing import in_turns
from skmtl.histories import ConvolutionFeatures, Histories, SeriesSummary

_FEW_STAYS = 400
"""Stays that tsfresh reads: it takes minutes for all of them."""


def summary_speed(repeats: int) -> pd.DataFrame:
    """A summary of 3.5 million events, beside NumPy's bincount of these, and tsfresh of some."""
    data = loader_of("timeseries").events("physionet2012")
    vitals = Histories.from_events(
        data.events, data.labels.index, id="id", variable="variable", value="value", end=48.0
    )
    X = pd.DataFrame({"vitals": vitals})
    row = np.repeat(np.arange(len(vitals)), vitals.n_events)
    code = row * 37 + data.events["variable"].cat.codes.to_numpy()
    value = data.events["value"].to_numpy()

    def bincount() -> Any:
        count = np.bincount(code, minlength=len(vitals) * 37)
        sums = [np.bincount(code, value**power, len(count)) for power in (1, 2)]
        low, high = np.full(len(count), np.inf), np.full(len(count), -np.inf)
        np.minimum.at(low, code, value)
        np.maximum.at(high, code, value)
        return count, sums, low, high

    summary = SeriesSummary().fit(X)
    calls: dict[str, Callable[[], Any]] = {
        "bincount: count, two sums, min, max": bincount,
        "SeriesSummary: 377 columns": lambda: summary.transform(X),
        "SeriesSummary, two windows: 525 columns": lambda: (
            SeriesSummary((6, 24)).fit(X).transform(X)
        ),
    }
    table = _medians(calls, repeats)
    if find_spec("tsfresh") is None:
        print("tsfresh is left out: it is not installed")
        return table
    few = X.head(_FEW_STAYS)
    some = _medians(
        {
            f"SeriesSummary, {_FEW_STAYS} stays": lambda: summary.transform(few),
            f"tsfresh minimal, {_FEW_STAYS} stays": lambda: Tsfresh().fit(few),
        },
        1,
    )
    return pd.concat([table, some])


def convolution_speed(repeats: int) -> pd.DataFrame:
    """As many features of MiniRocket from 2,205 cycles, by us and by aeon."""
    X = next(SETS["hydraulic"]()).train.X
    n_features = 84 * 12
    ours = ConvolutionFeatures(n_features, random_state=0).fit(X)
    calls: dict[str, Callable[[], Any]] = {
        f"ConvolutionFeatures: {n_features} columns of {len(X)} cycles": lambda: ours.transform(X)
    }
    if find_spec("aeon") is None:
        print("aeon is left out: it is not installed")
    else:
        theirs = MiniRocket(n_features).fit(X)
        theirs.transform(X)  # compiles
        values = theirs.array(X)
        calls["aeon's MiniRocket of the same"] = lambda: theirs.transform_.transform(values)
    return _medians(calls, repeats)


def _medians(calls: dict[str, Callable[[], Any]], repeats: int) -> pd.DataFrame:
    return pd.DataFrame(in_turns(calls, repeats)).median().rename("cpu_seconds").to_frame()

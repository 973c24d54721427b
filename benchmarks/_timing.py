"""CPU seconds of several things, measured in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np


def in_turns(calls: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, np.ndarray]:
    """Return CPU seconds (n_repeats,) of functions in this process; see `measured_in_turns`."""
    return measured_in_turns(
        {name: partial(_cpu_seconds, call) for name, call in calls.items()}, repeats
    )


def measured_in_turns(
    measurements: Mapping[str, Callable[[], float]], repeats: int
) -> dict[str, np.ndarray]:
    """Return results (n_repeats,) of functions, which are called in turns.

    So whatever else the machine does slows all of them alike.
    """
    results: dict[str, list[float]] = {name: [] for name in measurements}
    for _ in range(repeats):
        for name, measure in measurements.items():
            results[name].append(measure())
    return {name: np.array(values) for name, values in results.items()}


def _cpu_seconds(call: Callable[[], Any]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start

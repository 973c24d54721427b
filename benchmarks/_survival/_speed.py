"""CPU seconds of fit and predict as ratios, measured in turns in one process.

Run by ``python -m benchmarks.survival --speed``. Medians over the repeats, on the rows of the
first fold of each table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks._data import loader_of
from benchmarks._survival import make_peer, missing_package, names
from benchmarks._survival._measure import grid, load, score, timed
from benchmarks._survival._report import BOOSTING, NETWORK
from benchmarks._verdict import line

REPEATS = 3
RIVALS = ("boosting", "forest")
# Boosting is to be this many times as fast as each rival, in both, at an equal or smaller error.
SPEEDUP = 5.0


def speed_report(tables: Sequence[str]) -> Iterator[str]:
    """Yield lines of the report as soon as they are known."""
    ours = [name for name in (BOOSTING, NETWORK) if name in names()]
    models = [name for name in (*ours, *RIVALS) if missing_package(name) is None]
    for table in tables:
        seconds, brier = _measured(table, models)
        yield table
        for name in models:
            fit, predict = seconds[name]
            yield f"  {name:10} fit {fit:.3f} s, predict {predict:.3f} s, Brier {brier[name]:.4f}"
        for own in ours:
            for rival in set(models).intersection(RIVALS):
                ratios = np.divide(seconds[rival], seconds[own])
                yield line(
                    bool((ratios >= SPEEDUP).all()) and brier[own] <= brier[rival],
                    f"{own} {SPEEDUP:g} times as fast as {rival} on {table} and no worse: "
                    f"fit {ratios[0]:.2f}, predict {ratios[1]:.2f}, Brier score "
                    f"{brier[own] - brier[rival]:+.4f}",
                )


def _measured(table: str, models: Sequence[str]) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Median seconds of fit and predict, and Brier scores; all models in turns."""
    X, y = load(table)
    train, test = loader_of("survival").folds(y["event"])[0]
    own, known = ({name: each[rows] for name, each in y.items()} for rows in (test, train))
    times = grid(own, known)
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in models}
    brier = {}
    for _ in range(REPEATS):
        for name in models:
            peer = make_peer(name)
            _, fit = timed(lambda peer=peer: peer.fit(X.iloc[train], known))
            curves, predict = timed(lambda peer=peer: peer.incidences(X.iloc[test], times))
            seconds[name].append((fit, predict))
            if name not in brier:
                risks = {cause: curve.mean(axis=1) for cause, curve in curves.items()}
                brier[name] = score(own, known, times, risks, curves)["brier"]
    return {name: np.median(each, axis=0) for name, each in seconds.items()}, brier

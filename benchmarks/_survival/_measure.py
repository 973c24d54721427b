"""One model on one table: scores and seconds over the folds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from benchmarks._data import loader_of
from benchmarks._survival import make_peer
from benchmarks._survival._peer import Incidences, Labels
from skmtl.survival import (
    concordance,
    concordance_incidence,
    concordance_ipcw,
    cumulative_dynamic_auc,
    d_calibration,
    integrated_brier_score,
)

SCORES = ["harrell", "uno", "brier", "auc", "d_calibration", "fit_cpu_seconds", "predict_seconds"]
KEY = ["table", "model"]
COLUMNS = [*KEY, "status", *SCORES, "note"]
_N_TIMES = 50

Answer = TypeVar("Answer")


def table_names() -> list[str]:
    loader = loader_of("survival")
    return [*loader.names("single"), *loader.names("competing")]


def is_competing(name: str) -> bool:
    return name in loader_of("survival").names("competing")


def load(name: str) -> tuple[pd.DataFrame, Labels]:
    loader = loader_of("survival")
    read = loader.competing if is_competing(name) else loader.single
    X, duration, event = read(name)[:3]
    return X, {"event": event, "duration": duration}


def measure(table: str, model: str) -> dict[str, Any]:
    """Return means over the folds, or the error that a fold raised."""
    X, y = load(table)
    try:
        rows = [_measure(model, X, y, f) for f in loader_of("survival").folds(y["event"])]
    except Exception as error:  # one failure must not end the other comparisons
        return {"status": "failed", "note": f"{type(error).__name__}: {error}"[:300]}
    return {"status": "ok"} | pd.DataFrame(rows).mean().to_dict()


def _measure(model_name: str, X: pd.DataFrame, y: Labels, fold: Any) -> dict[str, float]:
    train, test = fold
    own, known = ({name: each[rows] for name, each in y.items()} for rows in (test, train))
    times = grid(own, known)
    model = make_peer(model_name)
    _, fit_seconds = timed(lambda: model.fit(X.iloc[train], known))
    incidences, predict_seconds = timed(lambda: model.incidences(X.iloc[test], times))
    scores = score(own, known, times, model.risks(X.iloc[test]), incidences)
    return scores | {"fit_cpu_seconds": fit_seconds, "predict_seconds": predict_seconds}


def timed(call: Callable[[], Answer]) -> tuple[Answer, float]:
    """Return the result of a function, and its CPU seconds."""
    start = time.process_time()
    answer = call()
    return answer, time.process_time() - start


def grid(own: Labels, known: Labels) -> np.ndarray:
    events = known["duration"][known["event"] > 0]
    end = min(np.quantile(events, 0.9), np.nextafter(own["duration"].max(), 0))
    return np.linspace(np.quantile(events, 0.05), end, _N_TIMES)


def score(
    own: Labels, known: Labels, times: np.ndarray, risks: dict[int, Any], incidences: Incidences
) -> dict[str, float]:
    several, end = len(incidences) > 1, float(times[-1])
    rows = []
    for cause, incidence in incidences.items():
        chosen: dict[str, Any] = {"cause": cause if several else None}
        curves = incidence if several else 1 - incidence
        weighted = chosen | {"censoring": known}
        rows.append(
            {
                "harrell": concordance(own, risks[cause], **chosen),
                "uno": concordance_incidence(own, risks[cause], cause, censoring=known, tau=end)
                if several
                else concordance_ipcw(own, risks[cause], censoring=known, tau=end),
                "brier": integrated_brier_score(own, curves, times, **weighted),
                "auc": cumulative_dynamic_auc(own, incidence, times, **weighted)[1],
            }
        )
    alive = 1 - sum(incidences.values())
    at_end = [np.interp(t, times, row) for t, row in zip(own["duration"], alive, strict=True)]
    return pd.DataFrame(rows).mean().to_dict() | {
        # The statistic over its degrees of freedom: about 1 where calibrated.
        "d_calibration": d_calibration(
            censored_at(own, times[-1]), np.clip(at_end, 0, 1)
        ).statistic
        / 9
    }


def censored_at(y: Labels, end: float) -> Labels:
    """Censor events after the end of the grid, up to which curves are known."""
    return {
        "event": np.where(y["duration"] <= end, y["event"], 0),
        "duration": np.minimum(y["duration"], end),
    }

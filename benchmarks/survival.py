"""Compare MultiTabSurvival with scikit-survival on the shared survival tables.

::

    python -m benchmarks.survival                                       # everything
    python -m benchmarks.survival --tables whas500 --models multitab cox
    python -m benchmarks.survival --report                              # print what is there

Five folds of each table, as the data's loader gives them. Curves are scored at 50 times from the
5 % to the 90 % quantile of the training rows' event times, and with their censoring. Of
competing risks the scores are means over the causes, and "uno" is Wolbers' index; models of one
event are then fitted once per cause and their hazards combined. Each result is appended to a CSV
file; a second run leaves out what is in it. The tables lie in ``SKMTL_DATA``, by default
``../shared/data``.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._survival_peers import Incidences, Labels, peers
from skmtl.survival import (
    concordance,
    concordance_incidence,
    concordance_ipcw,
    cumulative_dynamic_auc,
    d_calibration,
    integrated_brier_score,
)

ROOT = Path(__file__).parents[1]
SCORES = ["harrell", "uno", "brier", "auc", "d_calibration", "fit_cpu_seconds", "predict_seconds"]


def loader() -> ModuleType:
    root = Path(os.environ.get("SKMTL_DATA", ROOT.parent / "shared" / "data"))
    path = root / "survival" / "load.py"
    if not path.exists():
        raise SystemExit(f"No tables at {path.parent}; set SKMTL_DATA to the folder of the data.")
    spec = importlib.util.spec_from_file_location("shared_survival", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measure(model_name: str, X: pd.DataFrame, y: Labels, fold: Any) -> dict[str, float]:
    train, test = fold
    own, known = ({name: each[rows] for name, each in y.items()} for rows in (test, train))
    times = grid(own, known)
    model = peers()[model_name]()
    start = time.process_time()
    model.fit(X.iloc[train], known)
    fit_seconds = time.process_time() - start
    start = time.process_time()
    incidences = model.incidences(X.iloc[test], times)
    predict_seconds = time.process_time() - start
    scores = score(own, known, times, model.risks(X.iloc[test]), incidences)
    return scores | {"fit_cpu_seconds": fit_seconds, "predict_seconds": predict_seconds}


def grid(own: Labels, known: Labels) -> np.ndarray:
    events = known["duration"][known["event"] > 0]
    end = min(np.quantile(events, 0.9), np.nextafter(own["duration"].max(), 0))
    return np.linspace(np.quantile(events, 0.05), end, 50)


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
    """Curves are known to the end of the grid: later events are not looked at."""
    return {
        "event": np.where(y["duration"] <= end, y["event"], 0),
        "duration": np.minimum(y["duration"], end),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", help="default: all")
    parser.add_argument("--models", nargs="+", choices=peers(), default=list(peers()))
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/survival.csv")
    parser.add_argument("--report", action="store_true", help="run nothing, print the results")
    arguments = parser.parse_args()
    tables = loader()
    competing = tables.names("competing")
    done = pd.read_csv(arguments.out) if arguments.out.exists() else None
    finished = set() if done is None else set(zip(done["table"], done["model"], strict=True))
    names = arguments.tables or [*tables.names("single"), *competing]
    for name in [] if arguments.report else names:
        X, duration, event = (tables.competing if name in competing else tables.single)(name)[:3]
        y = {"event": event, "duration": duration}
        for model in arguments.models:
            if (name, model) in finished:
                continue
            rows = [measure(model, X, y, fold) for fold in tables.folds(event)]
            table = pd.DataFrame(rows).mean().to_frame().T
            table.insert(0, "model", model)
            table.insert(0, "table", name)
            table.to_csv(arguments.out, mode="a", header=not arguments.out.exists(), index=False)
            print(table.round(4).to_string(index=False, header=False), flush=True)
    results = pd.read_csv(arguments.out).set_index(["table", "model"])[SCORES]
    print(results.round(4).to_string())


if __name__ == "__main__":
    main()

"""The file of results: one row per table, model and setting, written as soon as it is known."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

COLUMNS = [
    "table",
    "model",
    "device",
    "seed",
    "threads",
    "max_rows",
    "status",
    "limit",
    "n_train",
    "n_test",
    "n_features",
    "n_tasks",
    "fit_seconds",
    "fit_cpu_seconds",
    "train_rows_per_s",
    "epochs",
    "epoch_rows_per_s",
    "score_rows_per_s",
    "base_mb",
    "peak_mb",
    "gpu_peak_mb",
    "mean_score",
    "task_scores",
    "error",
]


@dataclass(frozen=True)
class Run:
    """What is to be measured."""

    table: str
    model: str
    device: str
    seed: int
    threads: int
    max_rows: int  # 0: all

    def __str__(self) -> str:
        place = "" if self.device == "cpu" else f" on {self.device}"
        return f"{self.table} x {self.model}{place}"


KEY = list(Run.__dataclass_fields__)


class Results:
    """Reads and extends a CSV file; of runs measured twice the later one counts."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> pd.DataFrame:
        if not self.path.exists():
            return pd.DataFrame(columns=COLUMNS)
        frame = pd.read_csv(self.path).drop_duplicates(KEY, keep="last")
        frame["task_scores"] = [
            json.loads(text) if isinstance(text, str) else {} for text in frame["task_scores"]
        ]
        return frame

    def finished(self, limit: float) -> set[Run]:
        """Runs not to be repeated: measured, or too slow for a limit of so many seconds."""
        results = self.read()
        too_slow = (results["status"] == "timeout") & (results["limit"] >= limit)
        done = results[(results["status"] == "ok") | too_slow]
        return {Run(*row) for row in done[KEY].itertuples(index=False)}

    def add(self, run: Run, outcome: dict[str, Any]) -> None:
        row = dict.fromkeys(COLUMNS) | asdict(run) | outcome
        if row["task_scores"] is not None:
            row["task_scores"] = json.dumps(row["task_scores"])
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = not self.path.exists()
        pd.DataFrame([row], columns=COLUMNS).to_csv(
            self.path, mode="a", header=new, index=False, float_format="%.6g"
        )

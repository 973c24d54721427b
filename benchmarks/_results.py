"""Files of results: one row per run, written as soon as it is finished."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, replace
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


def add_rows(rows: pd.DataFrame, out: Path, key: Sequence[str]) -> None:
    """Add rows to a CSV file, in place of older ones with the same key."""
    older = [pd.read_csv(out)] if out.exists() else []
    table = pd.concat([*older, rows], ignore_index=True)
    same = table[list(key)].astype(str).duplicated(keep="last")
    table[~same].to_csv(out, index=False)


@dataclass(frozen=True)
class Run:
    """A run to measure."""

    table: str
    model: str
    device: str
    seed: int
    threads: int
    max_rows: int  # 0: all

    def __str__(self) -> str:
        place = "" if self.device == "cpu" else f" on {self.device}"
        return f"{self.table} x {self.model}{place}"

    def of_model(self, model: str) -> Run:
        """The same run of another model."""
        return replace(self, model=model)


KEY = list(Run.__dataclass_fields__)


class ResultsFile:
    """Reads and extends a CSV file; if a run was measured twice, the later result is used.

    Parameters
    ----------
    path : Path
    key : sequence of str
        Columns that tell one run from another.
    columns : sequence of str
        All columns, "status" among them: "ok" where the run needs no repeat.
    """

    def __init__(self, path: Path, key: Sequence[str], columns: Sequence[str]) -> None:
        self.path = path
        self.key = list(key)
        self.columns = list(columns)

    def read(self) -> pd.DataFrame:
        if not self.path.exists():
            return pd.DataFrame(columns=self.columns)
        return pd.read_csv(self.path).drop_duplicates(self.key, keep="last")

    def done(self) -> set[tuple]:
        """Return the keys of the runs that were measured."""
        return self.keys_of(self.read().query("status == 'ok'"))

    def keys_of(self, rows: pd.DataFrame) -> set[tuple]:
        return set(rows[self.key].itertuples(index=False, name=None))

    def add(self, key: Sequence[Any], outcome: dict[str, Any]) -> None:
        row = dict.fromkeys(self.columns) | dict(zip(self.key, key, strict=True)) | outcome
        self.path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame([row], columns=self.columns).to_csv(
            self.path, mode="a", header=not self.path.exists(), index=False, float_format="%.6g"
        )

    def add_missing(self, cases: Iterable[Any], run: Callable[[Any], dict[str, Any]]) -> None:
        """Run the cases, whose fields are the key, that were not measured; print each outcome."""
        done = self.done()
        for case in cases:
            if astuple(case) not in done:
                outcome = run(case)
                self.add(astuple(case), outcome)
                print(case, outcome, flush=True)


class Results(ResultsFile):
    """Runs of `benchmarks.multitab`, with the scores of each task."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, KEY, COLUMNS)

    def read(self) -> pd.DataFrame:
        frame = super().read()
        frame["task_scores"] = [
            json.loads(text) if isinstance(text, str) else {} for text in frame["task_scores"]
        ]
        return frame

    def finished(self, limit: float) -> set[Run]:
        """Return runs not to repeat: those measured, or too slow for a limit in seconds."""
        results = self.read()
        too_slow = (results["status"] == "timeout") & (results["limit"] >= limit)
        done = results[(results["status"] == "ok") | too_slow]
        return {Run(*key) for key in self.keys_of(done)}

    def add_run(self, run: Run, outcome: dict[str, Any]) -> None:
        if outcome.get("task_scores") is not None:
            outcome = outcome | {"task_scores": json.dumps(outcome["task_scores"])}
        self.add(astuple(run), outcome)

"""Fit and score one model on one table in a separate process, and write the measurements."""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._answers import AnswersFolder
from benchmarks._data import Table, load_table
from benchmarks._peers import AVERAGE, Answers, Setting, make_model
from benchmarks._results import Run
from skmtl.metrics import score_tasks

METRICS = {"regression": "r2", "binary": "roc_auc", "multiclass": "roc_auc_ovr"}
SCORING_REPEATS = 3


def measure(table: Table, run: Run, folder: AnswersFolder) -> dict[str, Any]:
    """Seconds, rows per second, memory and scores of one model on one table."""
    setting = Setting(
        kinds=table.kinds,
        n_classes=table.n_classes,
        task_column=table.task_column,
        seed=run.seed,
        threads=run.threads,
        device=run.device,
    )
    model = make_model(run.model, setting)
    base = peak_megabytes()
    start, cpu_start = time.perf_counter(), time.process_time()
    model.fit(table.X_train, table.Y_train)
    fit_seconds = time.perf_counter() - start
    fit_cpu_seconds = time.process_time() - cpu_start  # comparable on a busy machine, too
    seconds = []
    for _ in range(SCORING_REPEATS):
        start = time.perf_counter()
        answers = model.answer(table.X_test)
        seconds.append(time.perf_counter() - start)
    folder.write(run, answers)
    n_epochs = getattr(model, "n_epochs", None)
    n_train, n_test = len(table.X_train), len(table.X_test)
    return scored(table, answers) | {
        "fit_seconds": fit_seconds,
        "fit_cpu_seconds": fit_cpu_seconds,
        "train_rows_per_s": n_train / fit_seconds,
        "epochs": n_epochs,
        "epoch_rows_per_s": None if n_epochs is None else n_train * n_epochs / fit_seconds,
        "score_rows_per_s": n_test / min(seconds),
        "base_mb": base,
        "peak_mb": peak_megabytes(),
        "gpu_peak_mb": gpu_peak_megabytes(),
    }


def scored(table: Table, answers: Answers) -> dict[str, Any]:
    """The table's shape and the scores."""
    scores = score(table, answers)
    return {
        "n_train": len(table.X_train),
        "n_test": len(table.X_test),
        "n_features": table.X_train.shape[1],
        "n_tasks": table.Y_train.shape[1],
        "mean_score": float(np.nanmean(list(scores.values()))),
        "task_scores": scores,
    }


def score(table: Table, answers: Answers) -> dict[str, float]:
    """R2, ROC AUC, or macro one-vs-rest AUC over the classes present, by task."""
    scores = score_tasks(
        table.Y_test,
        answers,
        metric={target: METRICS[kind] for target, kind in table.kinds.items()},
        kinds=table.kinds,
        classes={target: np.arange(n) for target, n in table.n_classes.items()},
    )
    return {str(target): float(value) for target, value in scores.items()}


def peak_megabytes() -> float:
    """Return the peak resident memory of this process."""
    status = Path("/proc/self/status")
    if status.exists():  # unlike ru_maxrss it does not start from the parent's peak
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def gpu_peak_megabytes() -> float | None:
    """Return torch's peak memory on the GPU, if it was used."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return None
    return torch.cuda.max_memory_allocated() / 2**20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--table", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--max-rows", type=int, required=True)
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    values = vars(arguments)
    out, folder = values.pop("out"), AnswersFolder(values.pop("answers"))
    run = Run(**values)
    table = load_table(run.table, max_rows=run.max_rows or None, seed=run.seed)
    if run.model == AVERAGE:
        outcome = scored(table, folder.average(run))
    else:
        outcome = measure(table, run, folder)
    out.write_text(json.dumps(outcome))


if __name__ == "__main__":
    main()

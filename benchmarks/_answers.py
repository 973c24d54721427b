"""Answers of models kept in files, and the plain average of what several models answered."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks._peers import Answers
from benchmarks._results import Run

# The members of `StackedTasks()`: its promise is to be better than their plain average.
MEMBERS = ("linear", "rmtgb", "multitab")


class AnswersFolder:
    """A file for each run, beside the file of results."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, run: Run, answers: Answers) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(self._file(run), **answers)

    def read(self, run: Run) -> Answers:
        file = self._file(run)
        if not file.exists():
            raise SystemExit(f"The average needs {run.model!r}, which has not been run.")
        with np.load(file) as stored:
            return dict(stored)

    def average(self, run: Run) -> Answers:
        """The mean of the members' predictions and probabilities, each with the same weight."""
        answers = [self.read(run.of_model(model)) for model in MEMBERS]
        return {target: np.mean([a[target] for a in answers], axis=0) for target in answers[0]}

    def _file(self, run: Run) -> Path:
        return self.path / f"{run.table}-{run.model}-{run.device}-{run.seed}-{run.max_rows}.npz"

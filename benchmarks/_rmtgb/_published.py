"""The authors' implementation of R-MTGB, run by an interpreter that can import it.

It is not installable (repository GAA-UAM/R-MTGB on GitHub, LGPL-2.1, no package) and needs
scikit-learn below 1.8. Give an environment with that as ``RMTGB_PYTHON`` and put the clone on
``PYTHONPATH``; without, everything that needs it is skipped.

This file is also the program that the other interpreter runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

_ENVIRONMENT = "RMTGB_PYTHON"


@cache
def why_unavailable() -> str | None:
    """What is missing to run the published code, or None."""
    interpreter = os.environ.get(_ENVIRONMENT, sys.executable)
    tried = subprocess.run(
        [interpreter, "-c", "import Models.rmtgb"], capture_output=True, text=True, check=False
    )
    if tried.returncode == 0:
        return None
    reason = (tried.stderr.strip().splitlines() or ["no message"])[-1]
    return (
        f"the published code cannot be imported ({reason}): put a clone of GAA-UAM/R-MTGB on "
        f"PYTHONPATH and set {_ENVIRONMENT} to a Python with scikit-learn below 1.8"
    )


def run_published(
    X_train: np.ndarray,
    y_train: np.ndarray,
    X_test: np.ndarray,
    *,
    is_binary: bool,
    rounds: tuple[int, int, int],
    seed: int = 0,
) -> dict[str, Any]:
    """Fit and predict in the other interpreter.

    The last column of X is the number of the row's task; `rounds` are those of the shared, the
    partition and the task-specific block. Gives ``prediction``, ``outlier_score``
    by number of the task, ``fit_seconds`` and ``predict_seconds`` (CPU).
    """
    if reason := why_unavailable():
        raise RuntimeError(reason)
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "given.npz", Path(folder) / "found.npz"
        np.savez(
            given,
            X_train=X_train,
            y_train=y_train,
            X_test=X_test,
            is_binary=is_binary,
            rounds=rounds,
            seed=seed,
        )
        interpreter = os.environ.get(_ENVIRONMENT, sys.executable)
        subprocess.run([interpreter, __file__, str(given), str(found)], check=True)
        with np.load(found) as file:
            return {name: file[name] for name in file.files}


def _work(given: Path, found: Path) -> None:
    from Models.rmtgb import RMTGBClassifier, RMTGBRegressor

    data = np.load(given)
    first, second, third = (int(n) for n in data["rounds"])
    np.random.seed(int(data["seed"]))  # its theta comes from the global generator
    form = RMTGBClassifier if data["is_binary"] else RMTGBRegressor
    model = form(
        n_iter_1st=first, n_iter_2nd=second, n_iter_3rd=third, random_state=int(data["seed"])
    )
    start = time.process_time()
    model.fit(data["X_train"], data["y_train"])
    fitted = time.process_time()
    predict = model.predict_proba if data["is_binary"] else model.predict
    prediction = predict(data["X_test"].copy())  # it changes what it is given
    predicted = time.process_time()
    np.savez(
        found,
        prediction=prediction[:, 1] if data["is_binary"] else np.ravel(prediction),
        outlier_score=1 / (1 + np.exp(-model.theta)),
        fit_seconds=fitted - start,
        predict_seconds=predicted - fitted,
    )


if __name__ == "__main__":
    _work(Path(sys.argv[1]), Path(sys.argv[2]))

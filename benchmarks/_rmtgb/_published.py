"""The authors' implementation of R-MTGB, run by an interpreter that can import it.

It is not installable (repository GAA-UAM/R-MTGB on GitHub, LGPL-2.1, no package) and needs
scikit-learn below 1.8. Give an environment with that as ``RMTGB_PYTHON`` and put the clone on
``PYTHONPATH``; without, everything that needs it is skipped.

This file is also the program that the other interpreter runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import numpy as np

_ENVIRONMENT = "RMTGB_PYTHON"


@cache
def why_unavailable() -> str | None:
    """Return what is missing to run the published code, or None."""
    tried = subprocess.run(
        [_interpreter(), "-c", "import Models.rmtgb"], capture_output=True, text=True, check=False
    )
    if tried.returncode == 0:
        return None
    reason = (tried.stderr.strip().splitlines() or ["no message"])[-1]
    return (
        f"the published code cannot be imported ({reason}): put a clone of GAA-UAM/R-MTGB on "
        f"PYTHONPATH and set {_ENVIRONMENT} to a Python with scikit-learn below 1.8"
    )


def published_seconds(
    X_train: np.ndarray,
    y_train: np.ndarray,
    X_test: np.ndarray,
    *,
    is_binary: bool,
    rounds: tuple[int, int, int],
) -> dict[str, float]:
    """CPU seconds to ``fit`` and to ``predict`` in the other interpreter.

    The last column of X is the number of the row's task; `rounds` are those of the shared, the
    partition and the task-specific block.
    """
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "given.npz"
        np.savez(
            given,
            X_train=X_train,
            y_train=y_train,
            X_test=X_test,
            is_binary=is_binary,
            rounds=rounds,
        )
        process = subprocess.run(
            [_interpreter(), __file__, str(given)],
            stdout=subprocess.PIPE,
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            check=True,
        )
    return json.loads(process.stdout.splitlines()[-1])


def _interpreter() -> str:
    return os.environ.get(_ENVIRONMENT, sys.executable)


def _work(given: Path) -> dict[str, float]:
    from Models.rmtgb import RMTGBClassifier, RMTGBRegressor

    data = np.load(given)
    first, second, third = (int(n) for n in data["rounds"])
    form = RMTGBClassifier if data["is_binary"] else RMTGBRegressor
    model = form(n_iter_1st=first, n_iter_2nd=second, n_iter_3rd=third, random_state=0)
    start = time.process_time()
    model.fit(data["X_train"], data["y_train"])
    fitted = time.process_time()
    # Its predict_proba reads an attribute that is never set; raw scores cost the same.
    (model.decision_function if data["is_binary"] else model.predict)(data["X_test"])
    return {"fit": fitted - start, "predict": time.process_time() - fitted}


if __name__ == "__main__":
    print(json.dumps(_work(Path(sys.argv[1]))))

"""Forged files with suitable checksums are refused at load, or predict; nothing else happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("forgery.py")


def outcomes(n_edits, seed, *names):
    """What becomes of that many forged files of each model, in a process that may die of them."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    variables = {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONWARNINGS": "ignore",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, SCRIPT, str(n_edits), str(seed), *names],
        env=os.environ | variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"It ended with {done.returncode}: {done.stderr}"
    return json.loads(done.stdout)


def check(n_edits, seed, *names):
    found = outcomes(n_edits, seed, *names)
    assert set(found) == {"refused", "predicts"}, found
    assert sum(found.values()) == n_edits * len(names)
    return found


def test_boosting():
    found = check(150, 0, "rmtgb", "rmtgb-long")
    assert found["refused"] > 100


def test_networks():
    check(40, 0, "multitab-long")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_ten_thousand_edits(seed):
    names = (
        "rmtgb", "rmtgb-long", "rmtgb-classifier", "rmtgb-survival", "rmtgb-competing",
        "grouped-rmtgb", "multitab", "multitab-long", "survival-competing",
        "survival-proportional",
    )  # fmt: skip
    check(200, seed + 1, *names)

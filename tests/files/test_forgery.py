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
    counts = outcomes(n_edits, seed, *names)
    assert set(counts) == {"refused", "predicts"}, counts
    assert sum(counts.values()) == n_edits * len(names)
    return counts


# The seeds are fixed, so more edits tell more only once the code has changed.
N_EDITS = int(os.environ.get("SKMTL_EDITS", 40))

QUICK = ("rmtgb", "rmtgb-long", "multitab-long")
OTHERS = (
    "rmtgb-classifier", "rmtgb-survival", "rmtgb-competing", "grouped-rmtgb", "multitab",
    "survival-competing", "survival-proportional",
)  # fmt: skip


def test_edits_of_a_few_models():
    counts = check(N_EDITS, 0, *QUICK)
    assert counts["refused"] > N_EDITS


@pytest.mark.slow
def test_edits_of_the_other_models():
    check(N_EDITS, 1, *OTHERS)

"""The process that fits and predicts is left as it was, and may be forked afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import skmtl

ROOT = Path(__file__).parents[2]
CLASSES = [name for name in skmtl.__all__ if isinstance(getattr(skmtl, name), type)]
QUICK = ["RMTGBRegressor", "MultiTab"]


def run(*command):
    """Run Python in a new process whose libraries have two threads each; what it prints."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    variables = {"OMP_NUM_THREADS": "2", "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    # Threads that wait must not spin: the cores are busy with other tests.
    variables |= {"PYTHONWARNINGS": "ignore", "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(
        [sys.executable, *command], env=os.environ | variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check_forks(names):
    endings = run(ROOT / "tests" / "models" / "forked.py", *names)
    assert len(endings) == 4 * len(names)
    assert {what: said for what, said in endings.items() if said} == {}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
class TestForkedProcesses:
    def test_they_compute(self):
        check_forks(QUICK)

    @pytest.mark.slow
    def test_they_compute_with_models_of_every_other_class(self):
        check_forks([name for name in CLASSES if name not in QUICK])


HOST = """
import json, os, random, signal, sys, warnings
import numpy as np, pandas as pd, torch
import skmtl
from skmtl.boosting import fit_pool
from skmtl.engines.network import NetworkEngine

def state():
    return {
        "environment": dict(os.environ),
        "warnings": [repr(rule) for rule in warnings.filters],
        "threads": [torch.get_num_threads(), torch.get_num_interop_threads()],
        "dtype": str(torch.get_default_dtype()),
        "gradients": torch.is_grad_enabled(),
        "random": [hash(random.getstate()), int(np.random.get_state()[1].sum()),
                   int(torch.get_rng_state().sum())],
        "numpy": str(np.geterr()),
        "signals": str(signal.getsignal(signal.SIGINT)),
        "folder": os.getcwd(),
    }

X = pd.DataFrame({"a": np.arange(60.0), "b": ["x", "y"] * 30})
Y = pd.DataFrame({"number": X["a"] * 2, "class": X["b"] == "x"})
before = state()
for model in (
    skmtl.RMTGB(n_rounds=2, n_bags=1),
    skmtl.MultiTaskLinear(),
    skmtl.MultiTab(max_epochs=1, n_bags=1, n_jobs=2),
    skmtl.GroupedTasks(skmtl.RMTGB(n_rounds=1, n_bags=1), groups=[["number"], ["class"]]),
    skmtl.MultiTab(max_epochs=1, n_bags=1, balance="famo"),
):
    model.fit(X, Y).predict(X)
    if getattr(model, "balance", None) != "famo":
        assert "torch._dynamo" not in sys.modules
    model.score(X, Y)
    model.save("model.skmtl")
    skmtl.load("model.skmtl").predict(X[:1])
    os.remove("model.skmtl")
after = state()
print(json.dumps({name: [before[name], after[name]] for name in before
                  if before[name] != after[name]}))
"""


def test_the_host_process_is_left_as_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("-c", HOST) == {}

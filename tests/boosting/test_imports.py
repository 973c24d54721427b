"""Losses, derivatives and trees do not import torch."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import numpy as np, pandas as pd
import skmtl.boosting
from skmtl.tasks import KINDS, EventTimes, Labels, TaskSet, mixed_kind

rng = np.random.default_rng(0)
events = EventTimes(rng.integers(0, 2, 40), rng.exponential(1.0, 40).round(1) + 0.1)
causes = EventTimes(np.arange(40) % 3, events.time)
times = {"survival": events, "proportional_hazards": events, "competing_risks": causes}
labels = pd.Series(np.arange(40) % 3)
ordinary = [name for name in KINDS if name not in ("funnel", "composition")]  # of several columns
columns = {name: times.get(name, labels) for name in ordinary if name != "binary"}
Y = pd.DataFrame({**columns, "binary": labels > 0})
tasks = TaskSet.fit(Y, infer=mixed_kind, tasks={name: name for name in ordinary})
encoded = tasks.encode(Y)
weight = 1.0 * encoded.mask
scores = np.tile(tasks.initial_scores(encoded, weight), (40, 1))
for head, own, part in zip(tasks.heads, tasks.score_slices, tasks.target_slices):
    target = head.prepared(encoded.target[:, part], np.float64)
    losses, gradient, hessian = head.losses_and_derivatives(scores[:, own], target)
    assert np.isfinite(losses).all() and (hessian > 0).all()
tasks.finish(scores, encoded, weight)
tasks.predict(scores)
assert {type(head) for head in tasks.heads} == {KINDS[name] for name in ordinary}

from skmtl.boosting import *

pool = wide_pools(tasks, encoded, np.ones((40, len(tasks))))[0].pool
X = rng.normal(size=(40, 2))
options = BoostingOptions({"shared": {"verbosity": -1, "num_threads": 1}}, {"shared": 3}, 1, 1)
features = Features(X, np.arange(2), np.arange(0), binned(X, [], {"verbosity": -1}))
half = np.arange(len(pool.task)) % 2 * 1.0
fitted = fit_pool(
    pool, features, [(half, 1 - half)], [("shared",)], options, lambda *bag: False, Switch()
)
assert np.isfinite(fitted.scores(X, None, 1)).all()
assert "torch" not in sys.modules
"""


def test_kinds_and_boosting_leave_torch_alone():
    result = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr

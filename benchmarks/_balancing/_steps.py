"""CPU time of a training step with each balancer."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from skmtl import MultiTab
from skmtl.engines.network import resolve_balance
from skmtl.networks import Batch
from skmtl.tables import TableEncoder
from skmtl.training import Samples, Trainer, TrainingOptions, TrainingRun

N_TASKS, N_FEATURES = 5, 20
WARM_UP, STEPS = 3, 5


def step_times(
    balancers: Sequence[str], n_rows: int, at: str, rounds: int, seed: int = 0
) -> pd.DataFrame:
    """Milliseconds of CPU time by balancer, and the ratio to equal weights, medians of rounds.

    Of `MultiTab` with its defaults, on a batch of `n_rows` rows. All take turns in every round, so
    that whatever else the machine does slows all of them alike.
    """
    runs = {name: _run(name, n_rows, at, seed) for name in balancers}
    for run, samples in runs.values():
        for _ in range(WARM_UP):
            run.step(samples)
    rows = []
    for _ in range(rounds):
        row = {}
        for name, (run, samples) in runs.items():
            start = time.process_time()
            for _ in range(STEPS):
                run.step(samples)
            row[name] = 1000 * (time.process_time() - start) / STEPS
        rows.append(row)
    times = pd.DataFrame(rows)
    ratio = times.div(times["equal"], axis=0)
    return pd.DataFrame({"milliseconds": times.median(), "ratio": ratio.median()})


def _run(balance: str, n_rows: int, at: str, seed: int) -> tuple[TrainingRun, Samples]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n_rows, N_FEATURES))).add_prefix("x")
    Y = X.to_numpy() @ rng.normal(size=(N_FEATURES, N_TASKS))
    Y = pd.DataFrame(Y + rng.normal(size=Y.shape)).add_prefix("y")
    model = MultiTab(
        balance=balance,
        balance_at=at,  # type: ignore[arg-type]
        n_bags=1,
        max_epochs=1,
        early_stopping=False,
        random_state=seed,
    ).fit(X, Y)
    table = TableEncoder().fit(X).transform(X)
    batch = Batch(torch.from_numpy(table.numeric), torch.from_numpy(table.codes), None)
    target = torch.from_numpy(((Y - Y.mean()) / Y.std(ddof=0)).to_numpy(np.float32, copy=True))
    samples = Samples(batch, target, torch.ones(n_rows, N_TASKS))
    options = TrainingOptions(balance=resolve_balance(balance, list(Y)), balance_at=at)  # type: ignore[arg-type]
    trainer = Trainer(
        next(iter(model.network_)),
        model.task_set_,
        options,
        torch.ones(N_TASKS),
        torch.Generator().manual_seed(seed),
    )
    run = trainer.start(samples)
    trainer.network.train()
    return run, samples

"""Rows per second of MultiTab beside the published MultiTab-Net, in one process and one thread.

::

    PYTHONPATH=clone python -m benchmarks.published

``clone`` is one of Armanfard-Lab/MultiTab on GitHub, which is no package and imports
``rotary_embedding_torch``. Its network has the settings of its ``configs/higgs/mtt.yaml``, with
and without rotary embedding (its attention then runs over the whole batch), sums its losses and
takes AdamW steps on batches that lie ready: nothing of its data loading is counted. Ours is
`MultiTab` with its defaults, with one network and without early stopping, and everything that
`fit` and `predict` do to a data frame is counted. CPU seconds, medians of repeats in turns.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch

from benchmarks._timing import in_turns
from benchmarks._verdict import line
from skmtl import MultiTabRegressor

N_FEATURES, N_TASKS = 32, 7
BATCH = 2048
# Fits of different lengths: their difference is epochs alone, without what comes before.
FEW, MORE = 1, 4
TRAINING, SCORING = 5.0, 7.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[8192, 32768])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--row-mixing", default="ensemble", help="of ours; default: ensemble")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for n_rows in arguments.rows:
        report(n_rows, arguments.repeats, arguments.row_mixing)


def report(n_rows: int, repeats: int, row_mixing: str) -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n_rows, N_FEATURES))).add_prefix("x")
    noise = rng.normal(size=(n_rows, N_TASKS))
    Y = pd.DataFrame(np.tanh(X) @ rng.normal(size=(N_FEATURES, N_TASKS)) + noise).add_prefix("y")

    def fitted(epochs: int) -> MultiTabRegressor:
        model = MultiTabRegressor(
            row_mixing=row_mixing,
            n_bags=1,
            max_epochs=epochs,
            early_stopping=False,
            device="cpu",
            random_state=0,
        )
        return model.fit(X, Y)

    ours = fitted(FEW)
    published = {
        "published": Published(X, Y, rotary=True),
        "published without rotary embedding": Published(X, Y, rotary=False),
    }
    jobs: dict[str, Callable[[], object]] = {
        "few": lambda: fitted(FEW),
        "more": lambda: fitted(MORE),
        "predict": lambda: ours.predict(X),
    }
    for name, theirs in published.items():
        jobs |= {f"{name} epoch": theirs.epoch, f"{name} predict": theirs.predict}
    seconds = in_turns(jobs, repeats)
    epoch = (seconds["more"] - seconds["few"]) / (MORE - FEW)
    print(f"{n_rows:,} rows, {N_FEATURES} features, {N_TASKS} targets, row_mixing={row_mixing!r}")
    for name in published:
        for what, own, other, target in (
            ("training", epoch, seconds[f"{name} epoch"], TRAINING),
            ("scoring", seconds["predict"], seconds[f"{name} predict"], SCORING),
        ):
            low, middle, high = np.quantile(other / own, [0.25, 0.5, 0.75])
            verdict = line(
                bool(middle >= target),
                f"{what} {middle:.2f} times (quartiles {low:.2f} to {high:.2f}; target "
                f"{target:g}): {name} {n_rows / np.median(other):,.0f}, ours "
                f"{n_rows / np.median(own):,.0f} rows/s",
            )
            print(f"  {verdict}", flush=True)


class Published:
    """The authors' network and their training step."""

    def __init__(self, X: pd.DataFrame, Y: pd.DataFrame, *, rotary: bool) -> None:
        from models.mtt import MTT  # type: ignore[import-not-found]

        torch.manual_seed(0)  # theirs knows no other way
        self.features = torch.tensor(X.to_numpy(), dtype=torch.float32)
        self.targets = torch.tensor(Y.to_numpy(), dtype=torch.float32)
        self.network = MTT(
            tasks=list(Y),
            task_out_dim=dict.fromkeys(Y, 1),
            feature_dims=dict.fromkeys(X, 1),
            tower_hid_dims=[64],
            n_blocks=1,
            embed_dim=16,
            ff_hid_dim=256,
            n_heads=4,
            att_dropout=0.0,
            mask_mode_if="TxT",
            att_type="row_col",
            rope=rotary,
        )
        self.optimizer = torch.optim.AdamW(self.network.parameters(), 1e-3, weight_decay=1e-5)

    def epoch(self) -> None:
        self.network.train()
        for rows in torch.randperm(len(self.features)).split(BATCH):
            answers = self.network(self.features[rows])
            loss = sum(
                torch.nn.functional.mse_loss(answer[:, 0], self.targets[rows, i])
                for i, answer in enumerate(answers.values())
            )
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    @torch.no_grad()
    def predict(self) -> None:
        self.network.eval()
        for batch in self.features.split(BATCH):
            self.network(batch)


if __name__ == "__main__":
    main()

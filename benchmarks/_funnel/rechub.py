"""MMoE and PLE of torch-rechub, which needs an environment of its own.

The networks are those of its example for AliExpress, also with a larger learning rate, and wider
ones with dropout. Its trainer does not know missing labels, so the training is done here, as it
does it: Adam, and the mean of both log losses. Validation rows choose the epoch and one of the
three settings, for each step its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from benchmarks._funnel.tables import FIRST, SECOND, FunnelTable

_SETTINGS: tuple[tuple[float, dict[str, Any]], ...] = (
    (1e-3, {"dims": [64, 32, 16]}),
    (5e-3, {"dims": [64, 32, 16]}),
    (1e-3, {"dims": [256, 128], "dropout": 0.2}),
)
"""Learning rates, and the experts."""

_TOWER = {"dims": [8]}
_EMBEDDING, _BATCH, _EPOCHS, _PATIENCE = 8, 256, 30, 4
_DECAY = 1e-5
Columns = dict[str, Tensor]


def mmoe(features: list[Any], experts: dict[str, Any]) -> nn.Module:
    from torch_rechub.models.multi_task import MMOE

    return MMOE(
        features, ["classification"] * 2, n_expert=3, expert_params=experts,
        tower_params_list=[_TOWER] * 2,
    )  # fmt: skip


def ple(features: list[Any], experts: dict[str, Any]) -> nn.Module:
    from torch_rechub.models.multi_task import PLE

    return PLE(
        features, ["classification"] * 2, n_level=1, n_expert_specific=1, n_expert_shared=1,
        expert_params=experts, tower_params_list=[_TOWER] * 2,
    )  # fmt: skip


def two_tasks(
    build: Callable[[list[Any], dict[str, Any]], nn.Module], table: FunnelTable, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Both steps as tasks of one network; the second is learnt from the rows that reached it."""
    features, read = _reader(table.X_train)
    train, valid = (
        (read(X), torch.tensor(Y[[FIRST, SECOND]].to_numpy(np.float32)))
        for X, Y in ((table.X_train, table.Y_train), (table.X_valid, table.Y_valid))
    )
    test, best = read(table.X_test), []
    for rate, experts in _SETTINGS:
        torch.manual_seed(seed)
        network = build(features(), experts)
        adam = torch.optim.Adam(network.parameters(), rate, weight_decay=_DECAY)
        best += _best_epochs(network, adam, train, valid, test)
    first, given = (min(of_step, key=lambda one: one[0])[1] for of_step in (best[::2], best[1::2]))
    return first, given


def _reader(
    X: pd.DataFrame,
) -> tuple[Callable[[], list[Any]], Callable[[pd.DataFrame], Columns]]:
    """Categories as numbers, 0 for new and missing ones; standardised numbers, 0 if missing."""
    from torch_rechub.basic.features import DenseFeature, SparseFeature

    numbers = X.select_dtypes("number").columns
    levels = {name: pd.Index(X[name].dropna().unique()) for name in X.columns.difference(numbers)}
    centre, spread = X[numbers].mean(), X[numbers].std().replace(0, 1)

    def features() -> list[Any]:
        return [
            *(
                SparseFeature(name, len(of) + 1, embed_dim=_EMBEDDING)
                for name, of in levels.items()
            ),
            *(DenseFeature(name) for name in numbers),
        ]

    def read(rows: pd.DataFrame) -> Columns:
        scaled = ((rows[numbers] - centre) / spread).fillna(0)
        codes = {name: of.get_indexer(rows[name]) + 1 for name, of in levels.items()}
        return {
            **{name: torch.tensor(code) for name, code in codes.items()},
            **{name: torch.tensor(scaled[name].to_numpy(np.float32)) for name in numbers},
        }

    return features, read


def _best_epochs(
    network: nn.Module,
    adam: torch.optim.Optimizer,
    train: tuple[Columns, Tensor],
    valid: tuple[Columns, Tensor],
    test: Columns,
) -> list[tuple[float, np.ndarray]]:
    """For each step the least loss of the validation rows, and the test rows at that epoch."""
    columns, labels = train
    best, since = [(np.inf, np.empty(0))] * 2, 0
    for _ in range(_EPOCHS):
        network.train()
        for rows in _batches(len(labels)):
            chances = network({name: of[rows] for name, of in columns.items()})
            adam.zero_grad()
            _losses(chances, labels[rows]).mean().backward()
            adam.step()
        judged = _losses(_predicted(network, valid[0]), valid[1]).tolist()
        better = [loss < least for loss, (least, _) in zip(judged, best, strict=True)]
        if any(better):
            chances = _predicted(network, test).numpy()
            best = [
                (judged[step], chances[:, step]) if better[step] else best[step] for step in (0, 1)
            ]
        since = 0 if any(better) else since + 1
        if since == _PATIENCE:
            break
    return best


def _batches(n: int) -> Iterator[Tensor]:
    """Whole batches in random order: batch normalisation needs more than a row."""
    order = torch.randperm(n)
    return iter(order[: n - n % _BATCH].split(_BATCH))


def _losses(chances: Tensor, labels: Tensor) -> Tensor:
    """The log loss of each step, means over the labels that are there."""
    known = ~labels.isnan()
    losses = nn.functional.binary_cross_entropy(
        chances, labels.nan_to_num(0.0), weight=known.float(), reduction="none"
    )
    return losses.sum(dim=0) / known.sum(dim=0).clamp(min=1)


@torch.no_grad()
def _predicted(network: nn.Module, columns: Columns) -> Tensor:
    network.eval()
    return network(columns)


NETWORKS = {"mmoe": mmoe, "ple": ple}

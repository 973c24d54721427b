"""The result of training: networks and their histories."""

from __future__ import annotations

import copy
from typing import Any, Protocol

import numpy as np
import pandas as pd
import torch
from torch import nn

from skmtl._storable import storable
from skmtl.networks import BaggedNetworks, built
from skmtl.training import Epoch


class NetworkDescription(Protocol):
    """Plain data from which a network is built, of a storable class."""

    def build(self) -> nn.Module:
        """Build the network on the CPU, without setting its parameters."""
        ...


@storable
class FittedNetworks:
    """The trained networks of all bags.

    Parameters
    ----------
    description : NetworkDescription
    networks : BaggedNetworks
    epochs : list of list of Epoch
        Epochs by bag.
    shaped_by : dict
        The parameters that determined the networks.

    Attributes
    ----------
    movements : ndarray of shape (n_tasks, n_numeric + n_categorical), or None
        See `score_movements`. None before the end of a fit, and in files without them.
    """

    movements: np.ndarray | None = None

    def __init__(
        self,
        description: NetworkDescription,
        networks: BaggedNetworks,
        epochs: list[list[Epoch]],
        shaped_by: dict[str, Any],
    ) -> None:
        self.description = description
        self.networks = networks
        self.epochs = epochs
        self.shaped_by = shaped_by

    def __len__(self) -> int:
        return len(self.networks)

    def bag(self, number: int) -> FittedNetworks:
        """Return a single network."""
        network = BaggedNetworks([list(self.networks)[number]])
        return FittedNetworks(self.description, network, [self.epochs[number]], self.shaped_by)

    def on(self, device: torch.device) -> BaggedNetworks:
        """Move the networks to a device and return them."""
        # A call of `to` takes as long as scoring a row, even if nothing moves.
        if next(self.networks.parameters()).device != device:
            # Replace them atomically by a copy, since other threads may be using them.
            self.networks = copy.deepcopy(self.networks).to(device)
        return self.networks

    def history(self, names: list) -> pd.DataFrame:
        """Return losses by epoch of each network; see `history_frame`."""
        return history_frame(self.epochs, names)

    @property
    def best_epoch(self) -> int:
        """Median over networks of the epoch whose weights were kept."""
        kept = [max(e.number for e in epochs if e.improved) for epochs in self.epochs]
        return int(np.median(kept))

    def __getstate__(self) -> dict[str, Any]:
        """Store weights as arrays, which load on any device and without torch's pickles."""
        state = dict(vars(self))
        networks = state.pop("networks")
        state["n_networks"] = len(networks)
        state["weights"] = {k: v.cpu().numpy() for k, v in networks.state_dict().items()}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        weights, n_networks = state.pop("weights"), state.pop("n_networks")
        vars(self).update(state)
        self._check_sizes(n_networks, {name: array.shape for name, array in weights.items()})
        networks = BaggedNetworks(
            built(self.description.build, torch.Generator()) for _ in range(n_networks)
        )
        networks.load_state_dict({k: torch.tensor(v) for k, v in weights.items()})
        self.networks = networks.eval()

    def _check_sizes(self, n_networks: int, shapes: dict[str, tuple[int, ...]]) -> None:
        """Compare weights with the description before allocating anything of its size."""
        with torch.device("meta"):  # shapes without memory
            network = self.description.build()
        described = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
        if len(shapes) != n_networks * len(described):
            raise ValueError(f"{len(shapes)} arrays are not the weights of {n_networks} networks")
        for name, shape in shapes.items():
            _, _, within = name.removeprefix("networks.").partition(".")
            if described.get(within) != shape:
                raise ValueError(f"the weights {name!r} have the shape {shape}")


def history_frame(histories: list[list[Epoch]], names: list) -> pd.DataFrame:
    """Return losses by epoch and network: mean over tasks, and by task as ``loss[<task>]``."""
    rows = [
        {"bag": bag} | _row(epoch, names)
        for bag, epochs in enumerate(histories)
        for epoch in epochs
    ]
    return pd.DataFrame(rows).set_index("epoch")


def _row(epoch: Epoch, names: list) -> dict[str, float | None]:
    row: dict[str, float | None] = {
        "epoch": epoch.number,
        "seconds": epoch.seconds,
        "learning_rate": epoch.learning_rate,
        "loss": epoch.loss,
    }
    by_task = {"loss": epoch.losses}
    if epoch.validation_losses is not None:
        row["validation_loss"] = epoch.validation_loss
        row["objective"] = epoch.objective
        by_task["validation_loss"] = epoch.validation_losses
    for what, values in by_task.items():
        row |= {f"{what}[{name}]": v for name, v in zip(names, values, strict=True)}
    return row | {f"auxiliary[{name}]": value for name, value in epoch.auxiliary.items()}

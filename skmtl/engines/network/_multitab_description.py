"""The description of a MultiTab network, from which it is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from skmtl._storable import storable
from skmtl.networks import Experts, MultiTabConfig, MultiTabNet

# Limits, so that numbers in a file cannot cause endless loops or fill the memory.
_MOST_LAYERS, _LONGEST_SERIES = 10_000, 4_096


@storable
@dataclass(frozen=True)
class MultiTabDescription:
    """The description of a MultiTab network, as plain data.

    Attributes
    ----------
    config : MultiTabConfig
    base_scores : ndarray of shape (n_scores,)
    bins : list of ndarray
        Bin edges of each numeric feature.
    memory : tuple of ndarray, or None
        Numbers and codes of the stored rows.
    """

    config: MultiTabConfig
    base_scores: np.ndarray
    bins: list[np.ndarray]
    memory: tuple[np.ndarray, np.ndarray] | None = None

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        config = self.config
        if sum(config.n_scores) != len(self.base_scores):
            raise ValueError(f"{len(self.base_scores)} base scores, but {config.n_scores} scores")
        for column in config.histories:
            column.tokens.check()
        mixing, n_levels = config.row_mixing, 1
        if isinstance(mixing, Experts):
            mixing.check()
            n_levels = mixing.n_levels
        if config.n_blocks + n_levels * config.row_layers > _MOST_LAYERS:
            raise ValueError(f"a network has more than {_MOST_LAYERS} layers")
        if any(config.n_series) and max(config.n_scores) > _LONGEST_SERIES:
            raise ValueError(f"a task has series of more than {_LONGEST_SERIES} scores")

    def build(self) -> MultiTabNet:
        """Build the network on the CPU, without setting its parameters."""
        memory = self.memory
        return MultiTabNet(
            self.config,
            # Copy, because a loaded description may be in a read-only memory map.
            bins=[torch.tensor(edges) for edges in self.bins],
            base_scores=torch.tensor(self.base_scores, dtype=torch.float32),
            memory=None if memory is None else (torch.tensor(memory[0]), torch.tensor(memory[1])),
        )

"""Torch modules that know tensors and nothing of scikit-learn.

`MultiTabNet` turns encoded rows into raw scores of all tasks. Its parts are files of their own:
numeric embeddings, feature tokens, masked attention, the row path, sample context, task towers.
A network is built without drawing a random number; `initialise` draws its parameters from a
generator, and `seed_dropout` gives dropout a generator of its own.

Examples
--------
>>> import torch
>>> from skmtl.networks import MultiTabConfig, MultiTabNet, initialise
>>> config = MultiTabConfig(cardinalities=(5,), n_scores=(1, 3))
>>> network = MultiTabNet(config, bins=[torch.tensor([0.0, 1.0])], base_scores=torch.zeros(4))
>>> initialise(network, torch.Generator().manual_seed(0))
>>> network.eval()(torch.zeros(2, 1), torch.zeros(2, 1, dtype=torch.long)).shape
torch.Size([2, 4, 4])
"""

from skmtl.networks._bag import Bag
from skmtl.networks._layers import initialise, parameters_by_decay, seed_dropout
from skmtl.networks._multitab import MultiTabConfig, MultiTabNet

__all__ = [
    "Bag",
    "MultiTabConfig",
    "MultiTabNet",
    "initialise",
    "parameters_by_decay",
    "seed_dropout",
]

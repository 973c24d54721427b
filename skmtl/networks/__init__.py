"""Torch modules that work on tensors, independent of scikit-learn.

A network takes a `Batch` of encoded rows and returns the raw scores of all tasks. The protocols
`TrainableNetwork`, `SplitNetwork` and `TowerNetwork` define what a network needs for training, for
gradient balancing, and for faster gradient balancing. `MultiTabNet` implements all three. Each of
its parts has its own module: numeric embeddings, feature tokens, tokens of histories, masked
attention, hub tokens, the row path, sample context and task towers. Building a network from these
parts draws no random numbers: `initialise` draws the parameters from a generator, and
`seed_dropout` sets a separate generator for dropout. User-defined networks may also contain layers
from torch; `built` makes those draw from the generator too.

Examples
--------
>>> import torch
>>> from skmtl.networks import Batch, MultiTabConfig, MultiTabNet, initialise
>>> config = MultiTabConfig(cardinalities=(5,), n_scores=(1, 3))
>>> network = MultiTabNet(config, bins=[torch.tensor([0.0, 1.0])], base_scores=torch.zeros(4))
>>> initialise(network, torch.Generator().manual_seed(0))
>>> network.eval()(Batch(torch.zeros(2, 1), torch.zeros(2, 1, dtype=torch.long))).shape
torch.Size([2, 4, 4])
"""

from skmtl.networks._activations import Activation
from skmtl.networks._attention import Mask, MaskedBlock
from skmtl.networks._bagged import BaggedNetworks
from skmtl.networks._batch import Batch, Extra, concatenated
from skmtl.networks._clipping import clipped_number
from skmtl.networks._context import ContextAttention, SampleContext
from skmtl.networks._dual_frequency import DualFrequency
from skmtl.networks._equations import (
    FURTHEST_TIME,
    Coefficient,
    Equation,
    Equations,
    LinearOutput,
)
from skmtl.networks._events import Events, FlatEvents
from skmtl.networks._expert_settings import PRESETS, Experts
from skmtl.networks._experts import ExpertBank, ExpertLayer, ExpertLevel, ExpertRows
from skmtl.networks._gates import Gates, TopK
from skmtl.networks._history_tokens import HistoryInput, HistoryShape, HistoryTokens
from skmtl.networks._hubs import HubGate, HubTokens
from skmtl.networks._layers import (
    Dropout,
    FeedForward,
    LayerNorm,
    Linear,
    initialise,
    matrix,
    parameter,
    parameters_by_decay,
    seed_dropout,
    weight,
)
from skmtl.networks._linear_path import LARGEST_CLIPPED, LinearPath
from skmtl.networks._multitab import MultiTabConfig, MultiTabNet
from skmtl.networks._numeric import LinearEmbedding, PeriodicEmbedding, PiecewiseLinearEmbedding
from skmtl.networks._protocol import (
    NetworkOutput,
    SharedOutput,
    SplitNetwork,
    TowerNetwork,
    TrainableNetwork,
    equation_losses_of,
    has_towers,
    is_split,
    n_groups_of,
    scores_of,
    split_network,
    trainable_network,
)
from skmtl.networks._random import built, check_draws
from skmtl.networks._readings import task_attention, task_tokens
from skmtl.networks._rows import EnsembleRows, LinearRows, MLPRows, RowMixing
from skmtl.networks._set_attention import SetAttention
from skmtl.networks._sources import PRESENT_SOURCES, ColumnSources
from skmtl.networks._task_inputs import FeatureGates, GatedFeatures, TaskEmbeddings, TaskTokens
from skmtl.networks._temporal_convolutions import TemporalConvolutions
from skmtl.networks._tokens import FeatureTokens, HashedColumns, NumericEmbedding
from skmtl.networks._towers import Towers
from skmtl.networks._widening import Places, take_over

__all__ = [
    "FURTHEST_TIME",
    "LARGEST_CLIPPED",
    "PRESENT_SOURCES",
    "PRESETS",
    "Activation",
    "BaggedNetworks",
    "Batch",
    "Coefficient",
    "ColumnSources",
    "ContextAttention",
    "Dropout",
    "DualFrequency",
    "EnsembleRows",
    "Equation",
    "Equations",
    "Events",
    "ExpertBank",
    "ExpertLayer",
    "ExpertLevel",
    "ExpertRows",
    "Experts",
    "Extra",
    "FeatureGates",
    "FeatureTokens",
    "FeedForward",
    "FlatEvents",
    "GatedFeatures",
    "Gates",
    "HashedColumns",
    "HistoryInput",
    "HistoryShape",
    "HistoryTokens",
    "HubGate",
    "HubTokens",
    "LayerNorm",
    "Linear",
    "LinearEmbedding",
    "LinearOutput",
    "LinearPath",
    "LinearRows",
    "MLPRows",
    "Mask",
    "MaskedBlock",
    "MultiTabConfig",
    "MultiTabNet",
    "NetworkOutput",
    "NumericEmbedding",
    "PeriodicEmbedding",
    "PiecewiseLinearEmbedding",
    "Places",
    "RowMixing",
    "SampleContext",
    "SetAttention",
    "SharedOutput",
    "SplitNetwork",
    "TaskEmbeddings",
    "TaskTokens",
    "TemporalConvolutions",
    "TopK",
    "TowerNetwork",
    "Towers",
    "TrainableNetwork",
    "built",
    "check_draws",
    "clipped_number",
    "concatenated",
    "equation_losses_of",
    "has_towers",
    "initialise",
    "is_split",
    "matrix",
    "n_groups_of",
    "parameter",
    "parameters_by_decay",
    "scores_of",
    "seed_dropout",
    "split_network",
    "take_over",
    "task_attention",
    "task_tokens",
    "trainable_network",
    "weight",
]

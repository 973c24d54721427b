"""Networks as an engine: description, training and scoring.

`NetworkEngine` trains the networks that its `Architecture` describes. `MultiTabSettings` is the
architecture of MultiTab, and `Planned` that of networks that only need a `TablePlan` and
parameters.
"""

from skmtl.engines.network._bags import n_networks
from skmtl.engines.network._balance import BalanceLike, is_balance, resolve_balance
from skmtl.engines.network._engine import NetworkEngine
from skmtl.engines.network._fitted import FittedNetworks, NetworkDescription
from skmtl.engines.network._multitab_description import MultiTabDescription
from skmtl.engines.network._multitab_settings import MultiTabSettings
from skmtl.engines.network._samples import batch_to_score
from skmtl.engines.network._start import Architecture
from skmtl.engines.network._table_plan import Planned, TablePlan

__all__ = [
    "Architecture",
    "BalanceLike",
    "FittedNetworks",
    "MultiTabDescription",
    "MultiTabSettings",
    "NetworkDescription",
    "NetworkEngine",
    "Planned",
    "TablePlan",
    "batch_to_score",
    "is_balance",
    "n_networks",
    "resolve_balance",
]

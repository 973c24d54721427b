"""Networks as an engine: what describes them, how they are trained, how they score.

`NetworkEngine` trains whatever its `Architecture` describes. `MultiTabSettings` is that of
MultiTab, `Planned` one for networks that need no more than a `TablePlan` and parameters.
"""

from skmtl.engines.network._bags import n_networks
from skmtl.engines.network._balance import BalanceLike, is_balance, resolve_balance
from skmtl.engines.network._engine import NetworkEngine
from skmtl.engines.network._fitted import FittedNetworks, NetworkDescription
from skmtl.engines.network._multitab_settings import MultiTabDescription, MultiTabSettings
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
